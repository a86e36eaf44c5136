"""Bodies longer than their limit are refused, by their announced length or while they arrive."""

import json
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roastery.api.errors import BodyTooLarge
from roastery.api.problems import MEDIA_TYPE, problem_document

PLAIN_BYTES = 4_000_000
EVENTS_BYTES = 64_000_000
WEBHOOK_BYTES = 16_000_000


class BodyLimits:
    """ASGI middleware: a limit per kind of path, and one problem document for all."""

    def __init__(self, app: ASGIApp, imports_bytes: int) -> None:
        self._app = app
        self._limits = (
            ("/v1/imports/", imports_bytes),
            ("/v1/events", EVENTS_BYTES),
            ("/v1/webhooks/", WEBHOOK_BYTES),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = next((size for path, size in self._limits if scope["path"].startswith(path)), PLAIN_BYTES)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit:
            await _refuse(send, limit)
            return
        has_begun = False
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > limit:
                raise BodyTooLarge(limit)
            return message

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except BodyTooLarge:
            if has_begun:
                raise
            await _refuse(send, limit)


async def _refuse(send: Send, limit: int) -> None:
    document: dict[str, Any] = problem_document(BodyTooLarge(limit))
    body = json.dumps(document).encode()
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": document["status"], "headers": headers})
    await send({"type": "http.response.body", "body": body})
