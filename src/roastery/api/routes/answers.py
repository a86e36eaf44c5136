"""/v1/answers: an answer that was given, how it came about, and the same made again now."""

from typing import Any

from fastapi import APIRouter, Request

from roastery.api.receipts import rerun_receipt
from roastery.api.routes.ask import ANSWER
from roastery.api.routes.documented import documented
from roastery.api.security.caller import Caller, Reader
from roastery.api.store.answers import StoredAnswers

router = APIRouter(prefix="/v1/answers", tags=["numbers"])

TRACE = {
    "trace_id": "5f2c…",
    "input_tokens": 1830,
    "output_tokens": 212,
    "spans": [
        {
            "name": "execute_tool query_metrics",
            "span_id": "9a0b…",
            "parent_id": "77c1…",
            "offset_ms": 4.1,
            "duration_ms": 21.7,
            "attributes": {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "query_metrics"},
        }
    ],
}
REPLAY = {
    "answer_id": "ans_…",
    "status": "same",
    "receipts": [{"id": "rcp_…", "status": "same", "causes": []}],
}
WORST = ("same", "redefined", "restated", "erased", "expired")


@router.get("/{answer_id}", **documented(ANSWER))
def get_answer(answer_id: str, caller: Reader, request: Request) -> dict[str, Any]:
    """An answer as it was given, to those who see what its asker saw."""
    return _answers(request, caller).answer(answer_id).model_dump(mode="json")


@router.get("/{answer_id}/trace", **documented(TRACE))
def get_trace(answer_id: str, caller: Reader, request: Request) -> dict[str, Any]:
    """How it came about: every step, model reply and tool call, named by OpenTelemetry's GenAI conventions."""
    return _answers(request, caller).trace(answer_id)


@router.post("/{answer_id}/replay", **documented(REPLAY))
def replay(answer_id: str, caller: Reader, request: Request) -> dict[str, Any]:
    """Make every tool call of an answer again: whether its numbers still hold, and why not where they do not."""
    answer = _answers(request, caller).answer(answer_id)
    found = []
    for receipt in answer.receipts:
        made = rerun_receipt(request.app.state.roastery, caller.organization, caller.actor, receipt.id)
        found.append({"id": receipt.id, **made})
    status = max((one["status"] for one in found), key=WORST.index, default="same")
    return {"answer_id": answer_id, "status": status, "receipts": found}


def _answers(request: Request, caller: Caller) -> StoredAnswers:
    return StoredAnswers(request.app.state.roastery.database, caller.organization.id, caller.actor)
