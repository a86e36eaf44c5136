"""Bodies that arrive compressed (Content-Encoding) are unpacked on the way, within the same limits as plain ones."""

import zlib
from collections.abc import Iterator
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roastery.api.errors import BadBody, UnsupportedType

CODINGS = ("gzip", "deflate")
EITHER = zlib.MAX_WBITS | 32
PIECE_BYTES = 1 << 20
AS_THEY_COME = ("/v1/events", "/v1/webhooks/", "/v1/slack/events")
"""Signed on their bytes: what signed them says what they are."""


class Unpacking:
    """ASGI middleware in front of the body limits, so that these count what a body unpacks to."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        coding = dict(scope.get("headers", ())).get(b"content-encoding", b"").decode("latin-1").strip().lower()
        if scope["type"] != "http" or coding in ("", "identity") or scope["path"].startswith(AS_THEY_COME):
            await self._app(scope, receive, send)
            return
        unpacked = _Body(coding)
        waiting: Iterator[bytes] = iter(())
        is_last = False

        async def plain() -> Message:
            nonlocal waiting, is_last
            while True:
                with suppress(StopIteration):
                    return {"type": "http.request", "body": next(waiting), "more_body": True}
                if is_last:
                    unpacked.finish()
                    return {"type": "http.request", "body": b"", "more_body": False}
                message = await receive()
                if message["type"] != "http.request":
                    return message
                waiting = unpacked.pieces(message.get("body", b""))
                is_last = not message.get("more_body", False)

        await self._app(scope, plain, send)


class _Body:
    """One compressed body. Errors: UnsupportedType for another coding, BadBody for what is none or is cut off."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._open = zlib.decompressobj(EITHER)
        self._has_begun = False

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        """What some more bytes unpack to, never more at once than PIECE_BYTES: a few bytes can hold gigabytes."""
        if self._coding not in CODINGS:
            raise UnsupportedType(f"Content-Encoding: {self._coding}", CODINGS)
        piece = b""
        while packed or len(piece) == PIECE_BYTES:
            if self._open.eof:  # gzip files may be strung together
                self._open = zlib.decompressobj(EITHER)
            self._has_begun = True
            try:
                piece = self._open.decompress(packed, PIECE_BYTES)
            except zlib.error:
                raise BadBody(
                    f"The body is not of the Content-Encoding that it announces ('{self._coding}')."
                ) from None
            packed = self._open.unconsumed_tail or self._open.unused_data
            if piece:
                yield piece

    def finish(self) -> None:
        if self._has_begun and not self._open.eof:
            raise BadBody("The compressed body is cut off before its end. Send it again.")
