"""Worked examples for /openapi.json: every call shows one request and its answer."""

from typing import Any

PROBLEM = {
    "description": "What is wrong, what is allowed and the nearest name (RFC 9457).",
    "content": {
        "application/problem+json": {
            "example": {
                "type": "urn:roastery:problem:unknown-name",
                "title": "Unknown name",
                "status": 400,
                "detail": "Unknown metric 'roass'. Did you mean 'roas'?",
                "allowed": ["roas", "spend"],
                "did_you_mean": "roas",
            }
        }
    },
}


def documented(
    answer: Any, *, request: Any = None, media_type: str = "application/json", status: int = 200
) -> dict[str, Any]:
    """Keyword arguments of a route: the example of its answer, and of the body that is sent for it.

    media_type is the request's; a route that reads its own body has it described here.
    """
    shown: dict[str, Any] = {
        "responses": {
            status: {"description": "As in the example.", "content": {"application/json": {"example": answer}}},
            "default": PROBLEM,
        }
    }
    if request is not None:
        body = {"required": True, "content": {media_type: {"example": request, "schema": {}}}}
        shown["openapi_extra"] = {"requestBody": body}
    return shown
