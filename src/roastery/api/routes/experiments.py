"""/v1/experiments: tests of what marketing causes, which comparisons and budget advice use as what is known."""

from datetime import date
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from roastery.api.experimenting import experiments, holdout_of, propose_experiment, remove_experiment
from roastery.api.routes.documented import documented
from roastery.api.routes.paging import Cursor, Limit, page
from roastery.api.security.caller import Importer, Reader

router = APIRouter(prefix="/v1/experiments", tags=["experiments"])

GIVEN = {
    "name": "Paid social off in the south",
    "by": "channel",
    "about": "paid_social",
    "kind": "paused",
    "places": "region",
    "treated": ["Southeast"],
    "start": "2026-08-03",
    "end": "2026-08-31",
    "before_days": 56,
}
EXPERIMENT = {
    "id": "exp_9d2f8g4h6j0c1b5n7m3",
    **GIVEN,
    "recorded_by": "key_7c1b5n3v9d2f8g4h6j0",
    "recorded_at": "2026-11-20T12:00:00+00:00",
}
WAITING = {
    "approval": {
        "id": "apr_4h6j0c1b5n7m39d2f8g",
        "tool": "record_experiment",
        "title": "Record the experiment “Paid social off in the south”",
        "will": "From then on comparisons of models and advice on budget use it as what is known: …",
        "state": "waiting",
    }
}


class Run(BaseModel):
    """A test as it was run. about: the value of `by` that was tested; treated: where; places `everywhere`: nowhere else
    to compare with, so the same weeks a year before are."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=120)
    by: str
    about: str = Field(min_length=1)
    kind: Literal["paused", "added"] = "paused"
    places: Literal["region", "location", "everywhere"] = "region"
    treated: tuple[str, ...] = ()
    start: date
    end: date
    before_days: int = Field(default=56, ge=7, le=400)


@router.get("", **documented({"items": [EXPERIMENT], "next": None}))
def list_experiments(caller: Reader, request: Request, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """What was tested, the latest recorded first."""
    return page(experiments(request.app.state.roastery, caller.organization), cursor, limit)


@router.post("", status_code=202, **documented(WAITING, request=GIVEN, status=202))
def add_experiment(given: Run, caller: Importer, request: Request) -> dict[str, Any]:
    """Propose to record a test; it is recorded once the approval is given (`POST /v1/approvals/{id}`)."""
    holdout = holdout_of(given.model_dump(exclude={"name", "by"}))
    roastery = request.app.state.roastery
    return propose_experiment(roastery, caller.organization, caller.actor, given.name, given.by, holdout)


@router.delete("/{experiment_id}", **documented(EXPERIMENT))
def delete_experiment(experiment_id: str, caller: Importer, request: Request) -> dict[str, Any]:
    """Forget a test; what used it is computed without it from now on."""
    return remove_experiment(request.app.state.roastery, caller.organization, caller.actor, experiment_id)
