"""How any provider's server answers: quickly, or badly with pages instead of data and answers that end halfway."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse


class Json(JSONResponse):
    """JSON written fast: the twins share the machine with whoever asks them."""

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def html_page() -> Response:
    """What a gateway says when nothing behind it answers."""
    return HTMLResponse("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", 502)


def cut_off(body: bytes, media_type: str = "application/json") -> Response:
    """The first half of a body whose announced length never comes."""

    async def half() -> AsyncIterator[bytes]:
        yield body[: max(len(body) // 2, 1)]
        raise ConnectionResetError("the twin was told to end this answer halfway")

    return StreamingResponse(half(), media_type=media_type, headers={"content-length": str(len(body))})
