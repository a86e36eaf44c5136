"""Keeps what a twin has answered, so that the same request later costs it nothing: for measuring who asks."""

import asyncio
import hashlib
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Tape:
    """An ASGI layer that answers a request which it has heard before from memory. For a world that does not change."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: dict[bytes, list[Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await _whole(receive)
        asked = f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')}".encode()
        key = hashlib.sha256(asked + b"\0" + body).digest()
        if key not in self._kept:
            held: list[Message] = []

            waiting = iter([{"type": "http.request", "body": body, "more_body": False}])

            async def again() -> Message:
                # An answer that streams goes on listening until it has ended; nobody hangs up here.
                return next(waiting, None) or await asyncio.get_running_loop().create_future()

            async def hold(message: Message) -> None:
                held.append(message)

            await self.app(scope, again, hold)
            self._kept[key] = _joined(held)
        for message in self._kept[key]:
            await send(message)


def _joined(held: list[Message]) -> list[Message]:
    """An answer as a head and one body."""
    body = b"".join(message.get("body", b"") for message in held[1:])
    head: dict[str, Any] = dict(held[0])
    kept = [(name, value) for name, value in head["headers"] if name.lower() != b"content-length"]
    head["headers"] = [*kept, (b"content-length", str(len(body)).encode())]
    return [head, {"type": "http.response.body", "body": body}]


async def _whole(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
