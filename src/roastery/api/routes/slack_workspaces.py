"""/v1/slack/workspaces: which Slack workspaces speak for the caller's organization."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from roastery.api.routes.documented import documented
from roastery.api.security.caller import Connector, Reader
from roastery.api.store.slack import Workspaces

router = APIRouter(prefix="/v1/slack/workspaces", tags=["slack"])

EXAMPLE = {"team_id": "T0123456", "default_destination": "C0123456"}


class GivenWorkspace(BaseModel):
    """default_destination: the Slack channel to which digests go."""

    model_config = ConfigDict(extra="forbid")
    team_id: str
    default_destination: str | None = None


@router.get("", **documented({"items": [EXAMPLE], "next": None}))
def list_workspaces(caller: Reader, request: Request) -> dict[str, Any]:
    """The workspaces whose members can ask."""
    with request.app.state.roastery.database.reading() as session:
        rows = Workspaces(session).of(caller.organization.id)
        items = [{"team_id": row.team_id, "default_destination": row.default_destination} for row in rows]
    return {"items": items, "next": None}


@router.post("", status_code=201, **documented(EXAMPLE, request=EXAMPLE, status=201))
def link_workspace(given: GivenWorkspace, caller: Connector, request: Request) -> dict[str, Any]:
    """Let a workspace speak for the organization."""
    roastery = request.app.state.roastery
    with roastery.database.session() as session:
        Workspaces(session).link(
            given.team_id, caller.organization.id, roastery.wall.now(), default_destination=given.default_destination
        )
    return given.model_dump()


@router.delete("/{team_id}", **documented({**EXAMPLE, "default_destination": None}))
def unlink_workspace(team_id: str, caller: Connector, request: Request) -> dict[str, Any]:
    """Let a workspace speak for the organization no longer."""
    with request.app.state.roastery.database.session() as session:
        Workspaces(session).unlink(team_id, caller.organization.id)
    return {"team_id": team_id, "default_destination": None}
