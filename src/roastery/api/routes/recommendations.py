"""/v1/recommendations: what was recommended, who takes care of it, and what was measured afterwards."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from roastery.api.advising import change_advice, list_advice, read_advice
from roastery.api.routes.documented import documented
from roastery.api.routes.paging import Cursor, Limit, page
from roastery.api.security.caller import Importer, Reader
from roastery.api.store.recommendations import as_json

router = APIRouter(prefix="/v1", tags=["recommendations"])

RECOMMENDATION = {
    "id": "rec_2m9x0c7b5n1v3d8f6k4",
    "state": "proposed",
    "owner": "",
    "action": "Check the daily budget of Prospecting for a typing error.",
    "expected_effect": "Back to the usual spend of Prospecting: $310.20 over such days, range $240.10 to $400.90.",
    "confidence": "high",
    "kind": "anomaly",
    "measure": {
        "metric": "spend",
        "filters": [{"dimension": "campaign", "op": "in", "values": ["meta_ads:238"]}],
        "horizon_days": 14,
        "expected": "2171.40",
        "low": "1680.70",
        "high": "2806.30",
    },
    "basis": [{"id": "f1", "metric": "spend", "value": "930.60", "receipt_id": "rcp_…"}],
    "receipts": ["rcp_…"],
    "answer_id": "ans_…",
    "outcome": {},
    "created_at": "2026-11-02T18:00:00+00:00",
    "acted_at": None,
}
ACCEPTED = {**RECOMMENDATION, "state": "accepted", "owner": "maria", "acted_at": "2026-11-03T09:00:00+00:00"}


class Change(BaseModel):
    """state: accepted, dismissed or done. owner: who takes care of it."""

    model_config = ConfigDict(extra="forbid")
    state: str | None = None
    owner: str | None = Field(default=None, max_length=200)


@router.get("/recommendations", **documented({"items": [RECOMMENDATION], "next": None}))
def list_recommendations(
    caller: Reader, request: Request, state: str | None = None, cursor: Cursor = None, limit: Limit = 50
) -> dict[str, Any]:
    """The ledger, newest first; of one state, or of all."""
    found = list_advice(request.app.state.roastery, caller.organization, caller.actor, state)
    return page([as_json(one) for one in found], cursor, limit)


@router.get("/recommendations/{recommendation_id}", **documented(RECOMMENDATION))
def read_recommendation(recommendation_id: str, caller: Reader, request: Request) -> dict[str, Any]:
    """One recommendation with the facts behind it and what was measured afterwards."""
    return as_json(read_advice(request.app.state.roastery, caller.organization, caller.actor, recommendation_id))


@router.patch("/recommendations/{recommendation_id}", **documented(ACCEPTED, request={"state": "accepted"}))
def change_recommendation(recommendation_id: str, given: Change, caller: Importer, request: Request) -> dict[str, Any]:
    """Accept, dismiss, finish, or give it to somebody. After its horizon the digest says what happened."""
    roastery = request.app.state.roastery
    made = change_advice(roastery, caller.organization, caller.actor, recommendation_id, given.state, given.owner)
    return as_json(made)
