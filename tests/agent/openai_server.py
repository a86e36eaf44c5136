"""A loopback OpenAI-compatible server that plays a scripted language model, faults included.

    with ScriptedModel([calls(("query_metrics", {...})), says("ROAS was [[f1]] …")]) as served:
        model = chat_model("openai:scripted", base_url=served.base_url, api_key="test")

Each request takes the next move; the last one is played for ever. A move may be a function of the request's JSON.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Move:
    """What one request gets.

    fault: cut, html, status, hang, empty, slow or disconnect. raw_arguments replace the JSON of the calls.
    """

    text: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    fault: str = ""
    status: int = 200
    finish: str | None = ""
    seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    raw_arguments: str | None = None


def says(text: str, **options: Any) -> Move:
    return Move(text=text, **options)


def calls(*asked: tuple[str, Any], **options: Any) -> Move:
    return Move(calls=asked, **options)


def broken(name: str, arguments: str, **options: Any) -> Move:
    """A tool call whose arguments are the given text, valid JSON or not."""
    return Move(calls=((name, {}),), raw_arguments=arguments, **options)


def fails(status: int, **headers: str) -> Move:
    return Move(fault="status", status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


HTML = Move(fault="html")
HANGS = Move(fault="hang", seconds=30.0)
CUT = Move(text="ROAS was highest on ", fault="cut")


class ScriptedModel:
    """Serves on a free port of 127.0.0.1 until closed; `requests` holds every body that came."""

    def __init__(self, moves: Sequence[Move | Callable[[dict[str, Any]], Move]]) -> None:
        self.moves = list(moves)
        self.requests: list[dict[str, Any]] = []
        self._closed = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> "ScriptedModel":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    def next_move(self, request: dict[str, Any]) -> Move:
        self.requests.append(request)
        move = self.moves[min(len(self.requests), len(self.moves)) - 1]
        return move(request) if callable(move) else move

    def hold(self, seconds: float) -> None:
        """Wait, but not beyond the end of the test."""
        self._closed.wait(seconds)


def tool_results(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The JSON of every tool message in a request, in order."""
    return [json.loads(m["content"]) for m in request["messages"] if m["role"] == "tool"]


def facts_of(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [fact for result in tool_results(request) for fact in result.get("facts", [])]


def label_id(request: Mapping[str, Any], name: str) -> str:
    """The id of a label by its name."""
    labels = {v["name"]: k for result in tool_results(request) for k, v in result.get("labels", {}).items()}
    return labels[name]


def _handler(scripted: ScriptedModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            move = scripted.next_move(request)
            try:
                self._play(move, request)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _play(self, move: Move, request: dict[str, Any]) -> None:
            if move.fault == "hang":
                scripted.hold(move.seconds)
                self.close_connection = True
            elif move.fault == "disconnect":
                self.close_connection = True
            elif move.fault == "status":
                self._send(
                    move.status,
                    "application/json",
                    json.dumps({"error": {"message": "no", "code": move.status}}),
                    move.headers,
                )
            elif move.fault == "html":
                self._send(200, "text/html", "<!doctype html><html><body>Gateway</body></html>", {})
            elif request.get("stream"):
                self._stream(move)
            else:
                self._send(200, "application/json", json.dumps(_completion(move)), {})

        def _send(self, status: int, kind: str, text: str, headers: Mapping[str, str]) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, move: Move) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            self.close_connection = True
            for chunk in _chunks(move):
                self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                self.wfile.flush()
                if move.fault == "slow":
                    scripted.hold(move.seconds)
            if move.fault != "cut":
                self.wfile.write(b"data: [DONE]\n\n")

    return Handler


def _tool_calls(move: Move) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call_{time.monotonic_ns()}_{n}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": move.raw_arguments if move.raw_arguments is not None else json.dumps(arguments),
            },
        }
        for n, (name, arguments) in enumerate(move.calls)
    ]


def _finish(move: Move) -> str | None:
    if move.finish != "":
        return move.finish
    return "tool_calls" if move.calls else "stop"


def _completion(move: Move) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": move.text or None}
    if move.calls:
        message["tool_calls"] = _tool_calls(move)
    if move.fault == "empty":
        message = {"role": "assistant", "content": ""}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": _finish(move)}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def _chunks(move: Move) -> list[dict[str, Any]]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "scripted",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }

    chunks = [chunk({"role": "assistant", "content": ""})]
    for start in range(0, len(move.text), 24):
        chunks.append(chunk({"content": move.text[start : start + 24]}))
    for n, call in enumerate(_tool_calls(move)):
        arguments = call["function"]["arguments"]
        head = {
            "index": n,
            "id": call["id"],
            "type": "function",
            "function": {"name": call["function"]["name"], "arguments": ""},
        }
        chunks.append(chunk({"tool_calls": [head]}))
        for start in range(0, len(arguments), 16):
            part = {"index": n, "function": {"arguments": arguments[start : start + 16]}}
            chunks.append(chunk({"tool_calls": [part]}))
    if move.fault == "empty":
        chunks = chunks[:1]
    if move.fault != "cut":
        chunks.append(chunk({}, _finish(move)))
    return chunks
