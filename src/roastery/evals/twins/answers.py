"""Ways in which any provider's server answers badly: pages instead of data, and answers that end halfway."""

from collections.abc import AsyncIterator

from starlette.responses import HTMLResponse, Response, StreamingResponse


def html_page() -> Response:
    """What a gateway says when nothing behind it answers."""
    return HTMLResponse("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", 502)


def cut_off(body: bytes, media_type: str = "application/json") -> Response:
    """The first half of a body whose announced length never comes."""

    async def half() -> AsyncIterator[bytes]:
        yield body[: max(len(body) // 2, 1)]
        raise ConnectionResetError("the twin was told to end this answer halfway")

    return StreamingResponse(half(), media_type=media_type, headers={"content-length": str(len(body))})
