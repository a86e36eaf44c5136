"""POST /v1/slack/events: Slack's Events API over HTTP."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask

from roastery.api.routes.documented import documented
from roastery.api.slack.handling import handle
from roastery.api.slack.intake import receive

router = APIRouter(prefix="/v1/slack", tags=["slack"])


EVENT = {
    "type": "event_callback",
    "event_id": "Ev0123456",
    "team_id": "T0123456",
    "event": {"type": "app_mention", "user": "U0123456", "channel": "C0123456", "ts": "1.2", "text": "<@U1> ROAS?"},
}


@router.post("/events", response_model=dict[str, Any], **documented({"ok": True}, request=EVENT))
async def slack_events(request: Request) -> JSONResponse:
    """A Slack event, proved by its signature; 200 means that it is stored and will be answered once."""
    roastery = request.app.state.roastery
    body = await request.body()
    received = await run_in_threadpool(receive, roastery, request.headers, body)
    task = BackgroundTask(handle, roastery, received.event_id) if received.event_id else None
    return JSONResponse(received.reply, background=task)
