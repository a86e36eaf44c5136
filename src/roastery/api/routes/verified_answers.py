"""/v1/verified-answers: questions whose query an analyst has blessed."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, model_validator

from roastery.agent.verified import Verified
from roastery.api.routes.documented import documented
from roastery.api.routes.paging import Cursor, Limit, page
from roastery.api.security.caller import Importer, Reader
from roastery.api.verifying import bless, bless_answer, verified_of, withdraw

router = APIRouter(prefix="/v1", tags=["numbers"])

CALL = {"tool": "query_metrics", "arguments": {"metrics": ["mer"], "period": {"name": "last_month"}}}
VERIFIED = {"id": "ver_…", "question": "What was our ROAS last month?", "calls": [CALL], "by": "key_…"}


class Call(BaseModel):
    model_config = ConfigDict(extra="forbid")
    tool: str
    arguments: dict[str, Any]


class Given(BaseModel):
    """An answer that was given, or a question with the calls that answer it."""

    model_config = ConfigDict(extra="forbid")
    answer_id: str | None = None
    question: str | None = None
    calls: list[Call] = []

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "Given":
        if (self.answer_id is None) == (self.question is None):
            raise ValueError("give an answer_id, or a question with its calls")
        return self


def verified_json(verified: Verified) -> dict[str, Any]:
    return {"id": verified.id, "question": verified.question, "calls": list(verified.calls), "by": verified.by}


@router.get("/verified-answers", **documented({"items": [VERIFIED], "next": None}))
def list_verified(caller: Reader, request: Request, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """The organization's verified answers, newest first."""
    found = verified_of(request.app.state.roastery, caller.organization)
    return page([verified_json(one) for one in found], cursor, limit)


@router.post("/verified-answers", status_code=201, **documented(VERIFIED, request={"answer_id": "ans_…"}, status=201))
def verify_answer(given: Given, caller: Importer, request: Request) -> dict[str, Any]:
    """Bless a question with its query: later questions of the same meaning use it, and say so."""
    roastery = request.app.state.roastery
    if given.answer_id is not None:
        return verified_json(bless_answer(roastery, caller.organization, caller.actor, given.answer_id))
    calls = [call.model_dump() for call in given.calls]
    return verified_json(bless(roastery, caller.organization, caller.actor, given.question or "", calls))


@router.delete("/verified-answers/{verified_id}", **documented(VERIFIED))
def withdraw_verified(verified_id: str, caller: Importer, request: Request) -> dict[str, Any]:
    """Take it back."""
    return verified_json(withdraw(request.app.state.roastery, caller.organization, caller.actor, verified_id))
