"""POST /v1/events: signed rows, one or many; and POST /v1/webhooks/…: what providers push."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from roastery.api.events import receive, verified
from roastery.api.provider_webhooks import receive_webhook
from roastery.api.routes.documented import documented

router = APIRouter(prefix="/v1", tags=["data"])

EVENT = {
    "type": "web_events.upserted",
    "timestamp": "2026-11-20T09:00:00Z",
    "data": {
        "event_id": "e1",
        "anonymous_id": "a1",
        "occurred_at": "2026-11-20T08:59:58Z",
        "kind": "page_view",
        "page": "/",
        "utm_id": "120210",
    },
}


@router.post("/events", **documented({"accepted": 1, "rejected": 0, "errors": [], "warnings": []}, request=EVENT))
async def receive_events(
    request: Request,
    connection: Annotated[str | None, Query(description="The events connection that signs; found without it.")] = None,
) -> dict[str, Any]:
    """Rows as events, one or a list, signed as Standard Webhooks: the signature is the credential.

    Answered when durable; a message whose `webhook-id` was already taken gives its first answer again.
    """
    roastery = request.app.state.roastery
    body = await request.body()
    headers = dict(request.headers)

    def take() -> dict[str, Any]:
        return receive(roastery, verified(roastery, body, headers, connection))

    return await run_in_threadpool(take)


@router.post(
    "/webhooks/{provider}/{connection_id}",
    **documented({"received": True}, request={"id": 820982911946154508, "email": "someone@example.com"}),
)
async def receive_provider_webhook(provider: str, connection_id: str, request: Request) -> dict[str, Any]:
    """A provider's webhook, verified by the provider's own scheme; what it is about is read from the provider soon."""
    roastery = request.app.state.roastery
    body = await request.body()
    headers = dict(request.headers)
    await run_in_threadpool(receive_webhook, roastery, provider, connection_id, body, headers, str(request.url))
    return {"received": True}
