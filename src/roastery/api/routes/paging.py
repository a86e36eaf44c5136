"""Cursor paging of lists: `{items, next}`, where `next` is the `cursor` of the following page."""

from typing import Annotated, Any

from fastapi import Query

from roastery.api.errors import NotFound

Cursor = Annotated[str | None, Query(description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500, description="Items a page.")]


def page(items: list[dict[str, Any]], cursor: str | None, limit: int) -> dict[str, Any]:
    """The items after the one whose id is `cursor`; the list's order must be stable."""
    start = 0
    if cursor is not None:
        ids = [item["id"] for item in items]
        if cursor not in ids:
            raise NotFound("page after", cursor)
        start = ids.index(cursor) + 1
    shown = items[start : start + limit]
    return {"items": shown, "next": shown[-1]["id"] if start + limit < len(items) else None}
