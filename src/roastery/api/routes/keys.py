"""/v1/keys: API keys of the caller's organization."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from roastery.api.routes.documented import documented
from roastery.api.routes.paging import Cursor, Limit, page
from roastery.api.security.caller import KeyMaker
from roastery.api.security.roles import allow_granting
from roastery.api.security.scopes import checked_scope
from roastery.api.store.audit import note
from roastery.api.store.keys import Keys
from roastery.api.store.tables import KeyRow

router = APIRouter(prefix="/v1/keys", tags=["keys"])

EXAMPLE = {
    "id": "key_7c1b5n3v9d2f8g4h6j0",
    "name": "spreadsheet",
    "role": "analyst",
    "row_scope": {},
    "hint": "…x4Fq",
    "created_at": "2026-11-20T09:00:00+00:00",
    "last_used_at": None,
    "revoked_at": None,
}


class NewKey(BaseModel):
    """row_scope limits what the key may see: dimension to values, such as {"region": ["West"]}."""

    model_config = ConfigDict(extra="forbid")
    role: str
    name: str = ""
    row_scope: dict[str, list[str]] = {}


def as_json(row: KeyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "role": row.role,
        "row_scope": row.row_scope,
        "hint": f"…{row.hint}",
        "created_at": row.created_at.isoformat(),
        "last_used_at": row.last_used_at.isoformat() if row.last_used_at else None,
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
    }


@router.get("", **documented({"items": [EXAMPLE], "next": None}))
def list_keys(caller: KeyMaker, request: Request, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """The organization's keys, oldest first; never the keys themselves."""
    roastery = request.app.state.roastery
    with roastery.database.reading() as session:
        return page(
            [as_json(row) for row in Keys(session, roastery.keyring).list(caller.organization.id)], cursor, limit
        )


@router.post(
    "",
    status_code=201,
    **documented({**EXAMPLE, "key": "rst_…"}, request={"role": "analyst", "name": "spreadsheet"}, status=201),
)
def create_key(new: NewKey, caller: KeyMaker, request: Request) -> dict[str, Any]:
    """Make a key. `key` is shown in this answer and never again."""
    roastery = request.app.state.roastery
    allow_granting(caller.actor, new.role)
    now = roastery.wall.now()
    # Nobody grants more than they see: a key made with a scoped key has the same scope.
    scope = checked_scope(caller.organization, caller.actor.row_scope or new.row_scope)
    with roastery.database.session() as session:
        row, key = Keys(session, roastery.keyring).create(caller.organization.id, new.role, now, new.name, scope)
        note(session, caller.organization.id, caller.actor.id, "key.create", row.id, now, role=row.role)
        return {**as_json(row), "key": key}


@router.delete("/{key_id}", **documented({**EXAMPLE, "revoked_at": "2026-11-21T10:00:00+00:00"}))
def revoke_key(key_id: str, caller: KeyMaker, request: Request) -> dict[str, Any]:
    """Take a key out of use at once."""
    roastery = request.app.state.roastery
    now = roastery.wall.now()
    with roastery.database.session() as session:
        row = Keys(session, roastery.keyring).revoke(caller.organization.id, key_id, now)
        note(session, caller.organization.id, caller.actor.id, "key.revoke", row.id, now)
        return as_json(row)
