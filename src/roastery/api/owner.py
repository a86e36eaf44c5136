"""One process owns a home: it holds a file lock and takes the work of every other command over loopback.

The lock is the system's (flock), so it is freed even after kill -9. `owner.json` (0600) beside it holds the owner's
loopback address and a random token; it is a hint only, the lock alone decides.
"""

import fcntl
import hmac
import http.client
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from roastery.api.errors import HomeTaken

REACH_TRIES = 600
REACH_PAUSE_SECONDS = 0.1


class Reply(Protocol):
    """Where a handed-over command writes: `out` and `err` text as it comes."""

    def __call__(self, stream: str, text: str) -> None: ...


Handler = Callable[[Mapping[str, Any], Reply], int]


@dataclass(frozen=True)
class Address:
    """How to reach an owner, as owner.json says it."""

    pid: int
    port: int
    token: str


class Ownership:
    """The home is ours until `release` or the end of the process."""

    def __init__(self, home: Path, lock: int) -> None:
        self._home = home
        self._lock = lock
        self._server: _Server | None = None

    def publish(self, handler: Handler) -> Address:
        """Take other commands' work from now on; `handler` runs each in a thread of its own and gives its exit code."""
        self._server = _Server(handler)
        address = Address(os.getpid(), self._server.server_address[1], self._server.token)
        draft = self._home / f"owner.json.{os.getpid()}"
        with open(draft, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            json.dump({"pid": address.pid, "port": address.port, "token": address.token}, file)
        os.replace(draft, self._home / "owner.json")
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="owner").start()
        return address

    def finish(self) -> None:
        """Take no more work and wait until what was taken is done."""
        if self._server is not None:
            (self._home / "owner.json").unlink(missing_ok=True)
            self._server.shutdown()
            self._server.server_close()  # joins the threads of requests that still run
            self._server = None

    def release(self) -> None:
        self.finish()
        os.close(self._lock)


def claim(home: Path) -> Ownership | None:
    """Become the owner of a home, or None when another process is."""
    lock = os.open(home / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return Ownership(home, lock)


def claim_or_hand_over(home: Path, work: Mapping[str, Any], reply: Reply) -> Ownership | int:
    """Become the owner, or have the owner do the work and return its exit code.

    An owner that is just ending is waited for. Errors: HomeTaken when the lock is held by a process that cannot be
    reached, or that ended in the middle of the work.
    """
    pause = threading.Event()
    for _ in range(REACH_TRIES):
        ownership = claim(home)
        if ownership is not None:
            return ownership
        code = hand_over(home, work, reply)
        if code is not None:
            return code
        pause.wait(REACH_PAUSE_SECONDS)
    raise HomeTaken(f"Another process holds {home} and does not answer. End it, or choose another ROASTERY_HOME.")


def hand_over(home: Path, work: Mapping[str, Any], reply: Reply) -> int | None:
    """The exit code of the work done by the owner, or None when it could not be reached or had not begun."""
    address = read_address(home)
    if address is None:
        return None
    begun = False
    connection = http.client.HTTPConnection("127.0.0.1", address.port)
    try:
        body = json.dumps(dict(work))
        connection.request("POST", "/work", body, {"Authorization": f"Bearer {address.token}"})
        response = connection.getresponse()
        if response.status != 200:
            return None
        for message in _lines(response):
            begun = True
            if "exit" in message:
                return int(message["exit"])
            if "stream" in message:
                reply(message["stream"], message["text"])
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()
    if begun:
        raise HomeTaken("The process that owns this home ended before the work was done. Run the command again.")
    return None


def read_address(home: Path) -> Address | None:
    try:
        document = json.loads((home / "owner.json").read_text())
        return Address(int(document["pid"]), int(document["port"]), str(document["token"]))
    except (OSError, ValueError, KeyError):
        return None


def _lines(response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    while line := response.readline():
        yield json.loads(line)


class _Server(ThreadingHTTPServer):
    """Loopback only, on a free port; every request carries the token."""

    daemon_threads = False
    block_on_close = True

    def __init__(self, handler: Handler) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.handler = handler
        self.token = secrets.token_urlsafe(32)


class _Request(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.server.token}".encode()):
            self.send_error(401)
            return
        work = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.end_headers()
        self._say({"begun": True})
        code = self.server.handler(work, lambda stream, text: self._say({"stream": stream, "text": text}))
        self._say({"exit": code})

    def _say(self, message: Mapping[str, Any]) -> None:
        try:
            self.wfile.write(json.dumps(dict(message)).encode() + b"\n")
            self.wfile.flush()
        except OSError:
            # The asker has gone; its work is finished all the same, for half an import helps nobody.
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal belongs to the owner's own command."""
