"""/v1/users and /v1/audit: the people of the caller's organization, and who did what."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from roastery.api.routes.documented import documented
from roastery.api.routes.paging import Cursor, Limit, page
from roastery.api.security.caller import KeyMaker
from roastery.api.security.roles import allow_granting
from roastery.api.security.scopes import checked_scope
from roastery.api.store.audit import note, trail
from roastery.api.store.tables import UserRow
from roastery.api.store.users import Users

router = APIRouter(prefix="/v1", tags=["people"])

EXAMPLE = {
    "id": "usr_3v9d2f8g4h6j0c1b5n7",
    "email": "kim@example.com",
    "name": "Kim",
    "role": "analyst",
    "row_scope": {"region": ["West"]},
    "slack_user_id": "U0123456",
}
LINE = {
    "id": "aud_1b5n7c3v9d2f8g4h6j0",
    "actor_id": "key_7c1b5n3v9d2f8g4h6j0",
    "action": "key.create",
    "object_id": "key_9d2f8g4h6j01b5n7c3v",
    "detail": {"role": "analyst"},
    "at": "2026-11-20T09:00:00+00:00",
}


class NewUser(BaseModel):
    """row_scope limits what the person may see: dimension to values."""

    model_config = ConfigDict(extra="forbid")
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)
    role: str
    name: str = ""
    slack_user_id: str | None = None
    row_scope: dict[str, list[str]] = {}


def user_json(row: UserRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "email": row.email,
        "name": row.name,
        "role": row.role,
        "row_scope": row.row_scope,
        "slack_user_id": row.slack_user_id,
    }


@router.get("/users", **documented({"items": [EXAMPLE], "next": None}))
def list_users(caller: KeyMaker, request: Request, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """The people of the organization, oldest first."""
    with request.app.state.roastery.database.reading() as session:
        return page([user_json(row) for row in Users(session, caller.organization.id).list()], cursor, limit)


@router.post(
    "/users",
    status_code=201,
    **documented(EXAMPLE, request={k: v for k, v in EXAMPLE.items() if k != "id"}, status=201),
)
def create_user(new: NewUser, caller: KeyMaker, request: Request) -> dict[str, Any]:
    """Add a person; with their Slack id, what they ask in Slack is answered within their role and rows."""
    roastery = request.app.state.roastery
    allow_granting(caller.actor, new.role)
    scope = checked_scope(caller.organization, caller.actor.row_scope or new.row_scope)
    now = roastery.wall.now()
    with roastery.database.session() as session:
        row = Users(session, caller.organization.id).create(
            new.email, new.role, now, name=new.name, slack_user_id=new.slack_user_id, row_scope=scope
        )
        note(session, caller.organization.id, caller.actor.id, "user.create", row.id, now, role=row.role)
        return user_json(row)


@router.delete("/users/{user_id}", **documented(EXAMPLE))
def remove_user(user_id: str, caller: KeyMaker, request: Request) -> dict[str, Any]:
    """Remove a person."""
    roastery = request.app.state.roastery
    now = roastery.wall.now()
    with roastery.database.session() as session:
        row = Users(session, caller.organization.id).remove(user_id)
        note(session, caller.organization.id, caller.actor.id, "user.remove", row.id, now)
        return user_json(row)


@router.get("/audit", **documented({"items": [LINE], "next": None}))
def list_audit(caller: KeyMaker, request: Request, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """Who changed what, newest first; the last thousand changes."""
    with request.app.state.roastery.database.reading() as session:
        items = [
            {
                "id": row.id,
                "actor_id": row.actor_id,
                "action": row.action,
                "object_id": row.object_id,
                "detail": row.detail,
                "at": row.at.isoformat(),
            }
            for row in trail(session, caller.organization.id, limit=1_000)
        ]
    return page(items, cursor, limit)
