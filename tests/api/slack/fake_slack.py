"""A Slack Web API on loopback: the methods that Roastery calls, with Slack's shapes and failures on demand."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse


@dataclass
class FakeSlack:
    """What was posted and uploaded. failures: answers to give next by method, as (status, body, headers)."""

    url: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)
    failures: dict[str, list[tuple[int, dict[str, Any], dict[str, str]]]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    drop_after_post: bool = False
    kill_client_after_post: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, method: str, error: str, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.failures.setdefault(method, []).append((status, {"ok": False, "error": error}, headers or {}))

    def thread(self, ts: str) -> list[dict[str, Any]]:
        return [post for post in self.posts if post["ts"] == ts or post.get("thread_ts") == ts]

    def answer(self, method: str, form: dict[str, Any]) -> dict[str, Any]:
        if method == "chat.postMessage":
            ts = f"1700000000.{len(self.posts) + 1:06d}"
            self.posts.append({**form, "ts": ts})
            return {"ok": True, "ts": ts, "channel": form["channel"]}
        if method == "files.getUploadURLExternal":
            file_id = f"F{len(self.uploads) + 1}"
            self.uploads[file_id] = b""
            self.files.append({"id": file_id, "name": form["filename"], "length": int(form["length"])})
            return {"ok": True, "file_id": file_id, "upload_url": f"{self.url}/upload/{file_id}"}
        if method == "files.completeUploadExternal":
            for done in form["files"]:
                file = next(f for f in self.files if f["id"] == done["id"])
                file |= {"channel": form.get("channel_id"), "thread_ts": form.get("thread_ts"), "complete": True}
            return {"ok": True, "files": form["files"]}
        if method in ("conversations.replies", "conversations.history"):
            return {"ok": True, "messages": self._messages(form)}
        return {"ok": False, "error": "unknown_method"}

    def _messages(self, form: dict[str, Any]) -> list[dict[str, Any]]:
        ts = form.get("ts")
        posts = self.thread(ts) if ts else [p for p in self.posts if not p.get("thread_ts")]
        files = [f for f in self.files if f.get("complete") and (not ts or f.get("thread_ts") == ts)]
        return [*posts, {"ts": "1700000000.900000", "files": files}]


def _kill_peer(port: int) -> None:
    """SIGKILL the process at the other end of a loopback connection."""
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) != os.getpid() and _holds(process, _inode(port)):
            os.kill(int(process.name), signal.SIGKILL)


def _inode(port: int) -> str:
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return next(line.split()[9] for line in lines if line.split()[1].endswith(f":{port:04X}"))


def _holds(process: Path, inode: str) -> bool:
    try:
        return any(os.readlink(fd) == f"socket:[{inode}]" for fd in (process / "fd").iterdir())
    except OSError:
        return False


@contextmanager
def fake_slack() -> Iterator[FakeSlack]:
    """Serve a fake Slack on a free port."""
    slack = FakeSlack()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            path = urlparse(self.path).path
            if path.startswith("/upload/"):
                slack.uploads[path.rsplit("/", 1)[1]] = body
                self._reply(200, b"OK - 1", {})
                return
            method = path.rsplit("/", 1)[1]
            with slack.lock:
                slack.calls.append(method)
                slack.tokens.add(self.headers.get("authorization", ""))
                waiting = slack.failures.get(method)
                if waiting:
                    status, document, headers = waiting.pop(0)
                else:
                    status, document, headers = 200, slack.answer(method, self._form(body)), {}
            if method == "chat.postMessage" and slack.kill_client_after_post:
                slack.kill_client_after_post = False
                _kill_peer(self.client_address[1])
                return
            if method == "chat.postMessage" and slack.drop_after_post and document["ok"]:
                # The message is there, the answer is lost: what a crash in between looks like from outside.
                slack.drop_after_post = False
                self.close_connection = True
                self.connection.close()
                return
            self._reply(status, json.dumps(document).encode(), {"content-type": "application/json", **headers})

        do_GET = do_POST

        def _form(self, body: bytes) -> dict[str, Any]:
            if "json" in (self.headers.get("content-type") or ""):
                return dict(json.loads(body))
            text = body.decode() or urlparse(self.path).query
            form: dict[str, Any] = {name: values[0] for name, values in parse_qs(text).items()}
            for name in ("blocks", "metadata", "files"):
                if isinstance(form.get(name), str):
                    form[name] = json.loads(form[name])
            return form

        def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    slack.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield slack
    finally:
        server.shutdown()
        server.server_close()
