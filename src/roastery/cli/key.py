"""roastery key: API keys of an organization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

app = typer.Typer(help="API keys of an organization.", no_args_is_help=True, rich_markup_mode=None)


@app.command("create")
def create(
    role: Annotated[str, typer.Option(help="owner, admin, analyst or viewer.")],
    org: Org = None,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    as_json: Json = False,
) -> None:
    """Make an API key; it is shown once."""
    run_at_home(work_create, role=role, org=org, name=name, as_json=as_json)


@app.command("list")
def list_(org: Org = None, as_json: Json = False) -> None:
    """Print the keys of an organization, without the keys themselves."""
    run_at_home(work_list, org=org, as_json=as_json)


@app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="Id of the key.")], org: Org = None) -> None:
    """Take a key out of use at once."""
    run_at_home(work_revoke, key_id=key_id, org=org)


def work_create(roastery: Roastery, terminal: Terminal, role: str, org: str | None, name: str, as_json: bool) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.store.audit import note
    from roastery.api.store.keys import Keys

    organization = organization_of(roastery, org)
    now = roastery.wall.now()
    with roastery.database.session() as session:
        row, key = Keys(session, roastery.keyring).create(organization.id, role, now, name)
        note(session, organization.id, OPERATOR.id, "key.create", row.id, now, role=role)
    if as_json:
        terminal.json({"id": row.id, "organization_id": organization.id, "role": row.role, "key": key})
        return
    terminal.line(row.id)
    terminal.line(key)
    terminal.say("The second line is the key. It is shown only now; keep it safe.")


def work_list(roastery: Roastery, terminal: Terminal, org: str | None, as_json: bool) -> None:
    from roastery.api.store.keys import Keys

    organization = organization_of(roastery, org)
    with roastery.database.reading() as session:
        rows = Keys(session, roastery.keyring).list(organization.id)
    shown = [
        {
            "id": row.id,
            "role": row.role,
            "name": row.name,
            "hint": f"…{row.hint}",
            "created_at": row.created_at.isoformat(timespec="seconds"),
            "revoked": row.revoked_at is not None,
        }
        for row in rows
    ]
    if as_json:
        terminal.json(shown)
    else:
        terminal.rows(("id", "role", "name", "hint", "created_at", "revoked"), shown)


def work_revoke(roastery: Roastery, terminal: Terminal, key_id: str, org: str | None) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.store.audit import note
    from roastery.api.store.keys import Keys

    organization = organization_of(roastery, org)
    now = roastery.wall.now()
    with roastery.database.session() as session:
        row = Keys(session, roastery.keyring).revoke(organization.id, key_id, now)
        note(session, organization.id, OPERATOR.id, "key.revoke", row.id, now)
    terminal.say(f"{key_id} opens nothing any more.")
