"""POST /v1/ask: a question in words, answered as JSON or streamed as server-sent events."""

import json
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from roastery.api.asking import ask, stream
from roastery.api.problems import problem_document
from roastery.api.routes.documented import documented
from roastery.api.security.caller import Reader

router = APIRouter(prefix="/v1", tags=["numbers"])

ANSWER = {
    "answer_id": "ans_…",
    "conversation_id": "cnv_…",
    "question": "ROAS by platform last month",
    "status": "answered",
    "text": "ROAS last month was 2.98× overall …",
    "facts": [
        {
            "id": "f1",
            "metric": "roas",
            "value": "3.4211",
            "unit": "ratio",
            "currency": None,
            "dimensions": {"platform": "meta_ads"},
            "period": {"start": "2026-10-01", "end": "2026-11-01"},
            "receipt_id": "rcp_…",
        }
    ],
    "receipts": [{"id": "rcp_…"}],
    "tables": [],
    "charts": [],
    "recommendations": [],
    "suggestions": [],
}


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid")
    question: str = Field(min_length=1, max_length=4_000)
    conversation_id: str | None = None


@router.post(
    "/ask",
    response_model=None,
    **documented(ANSWER, request={"question": "ROAS by platform last month"}),
)
def ask_question(asked: Question, caller: Reader, request: Request) -> Response:
    """Answer a question. With `Accept: text/event-stream`: `step`s, verified sentences as `token`s, then `answer`."""
    roastery = request.app.state.roastery
    if "text/event-stream" in request.headers.get("accept", ""):
        events = stream(roastery, caller.organization, caller.actor, asked.question, asked.conversation_id)
        return StreamingResponse(_sent(events), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
    answer = ask(roastery, caller.organization, caller.actor, asked.question, asked.conversation_id)
    return Response(answer.model_dump_json(), media_type="application/json")


def _sent(events: Iterator[tuple[str, Any]]) -> Iterator[str]:
    """Server-sent events; after the first byte an error can only be an event of its own."""
    try:
        for name, data in events:
            yield f"event: {name}\ndata: {json.dumps(data, default=str, ensure_ascii=False)}\n\n"
    except Exception as error:  # noqa: BLE001 told to the listener, whatever it is
        yield f"event: problem\ndata: {json.dumps(problem_document(error))}\n\n"
