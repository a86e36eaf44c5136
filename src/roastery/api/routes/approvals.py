"""/v1/approvals: what waits for a person's yes or no before it is done."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from roastery.api.approving import decide
from roastery.api.routes.documented import documented
from roastery.api.routes.paging import Cursor, Limit, page
from roastery.api.security.caller import Importer, Reader
from roastery.api.store.approvals import Approval, Approvals

router = APIRouter(prefix="/v1", tags=["approvals"])

APPROVAL = {
    "id": "apr_2m9x0c7b5n1v3d8f6k4",
    "tool": "create_alert",
    "title": "Alert “ROAS below 2”",
    "will": "Every day at 08:00 (America/Chicago) I look at ROAS of yesterday, and tell C0123456 when it is below 2.",
    "arguments": {"metric": "roas", "op": "lt", "value": "2"},
    "state": "waiting",
    "proposed_by": "key_…",
    "decided_by": "",
    "created_at": "2026-11-22T18:00:00+00:00",
    "result": {},
}
DECIDED = {**APPROVAL, "state": "approved", "decided_by": "key_…", "result": {"alert_id": "alr_…"}}


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")
    decision: Literal["approve", "decline"]


def approval_json(approval: Approval) -> dict[str, Any]:
    return {
        "id": approval.id,
        "tool": approval.tool,
        "title": approval.title,
        "will": approval.will,
        "arguments": dict(approval.arguments),
        "state": approval.state,
        "proposed_by": approval.proposed_by,
        "decided_by": approval.decided_by,
        "created_at": approval.created_at.isoformat(),
        "result": dict(approval.result),
    }


@router.get("/approvals", **documented({"items": [APPROVAL], "next": None}))
def list_approvals(caller: Reader, request: Request, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """What was proposed in the organization, newest first."""
    roastery = request.app.state.roastery
    with roastery.database.session() as session:
        approvals = Approvals(session, caller.organization.id, caller.actor.scope_key).of(roastery.wall.now())
        return page([approval_json(approval) for approval in approvals], cursor, limit)


@router.post("/approvals/{approval_id}", **documented(DECIDED, request={"decision": "approve"}))
def decide_approval(approval_id: str, given: Decision, caller: Importer, request: Request) -> dict[str, Any]:
    """Approve or decline what waits; approved, it is done at once."""
    approved = given.decision == "approve"
    roastery = request.app.state.roastery
    return approval_json(decide(roastery, caller.organization, caller.actor, approval_id, approved))
