"""roastery approval: what waits for a yes or no before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

app = typer.Typer(help="What waits for a yes or no before it is done.", no_args_is_help=True, rich_markup_mode=None)
Id = Annotated[str, typer.Argument(help="The approval's id, as `roastery approval list` prints it.")]


@app.command("list")
def list_(org: Org = None, as_json: Json = False) -> None:
    """Print what was proposed, newest first."""
    run_at_home(work_list, org=org, as_json=as_json)


@app.command("approve")
def approve(approval_id: Id, org: Org = None) -> None:
    """Say yes: it is done at once."""
    run_at_home(work_decide, approval_id=approval_id, org=org, approved=True)


@app.command("decline")
def decline(approval_id: Id, org: Org = None) -> None:
    """Say no."""
    run_at_home(work_decide, approval_id=approval_id, org=org, approved=False)


def work_list(roastery: Roastery, terminal: Terminal, org: str | None, as_json: bool) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.routes.approvals import approval_json
    from roastery.api.store.approvals import Approvals

    organization = organization_of(roastery, org)
    with roastery.database.session() as session:
        found = Approvals(session, organization.id, OPERATOR.scope_key).of(roastery.wall.now())
    rows = [approval_json(approval) for approval in found]
    if as_json:
        terminal.json(rows)
        return
    terminal.rows(("id", "state", "title", "will"), rows, title="Approvals")


def work_decide(roastery: Roastery, terminal: Terminal, approval_id: str, org: str | None, approved: bool) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.approving import decide

    made = decide(roastery, organization_of(roastery, org), OPERATOR, approval_id, approved)
    terminal.line(f"{made.title} was {made.state}.")
    for name, value in made.result.items():
        terminal.line(f"  {name}: {value}")
