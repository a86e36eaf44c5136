"""roastery recommendation: what was recommended, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

app = typer.Typer(help="What was recommended, and what became of it.", no_args_is_help=True, rich_markup_mode=None)
Id = Annotated[str, typer.Argument(help="The id, as `roastery recommendation list` prints it.")]
State = Annotated[str | None, typer.Option(help="proposed, accepted, dismissed or done; all when left out.")]


@app.command("list")
def list_(org: Org = None, state: State = None, as_json: Json = False) -> None:
    """Print the ledger, newest first."""
    run_at_home(work_list, org=org, state=state, as_json=as_json)


@app.command("accept")
def accept(recommendation_id: Id, org: Org = None) -> None:
    """It will be done; after its horizon the digest says what happened."""
    run_at_home(work_change, recommendation_id=recommendation_id, org=org, state="accepted", owner=None)


@app.command("dismiss")
def dismiss(recommendation_id: Id, org: Org = None) -> None:
    """It will not be done."""
    run_at_home(work_change, recommendation_id=recommendation_id, org=org, state="dismissed", owner=None)


@app.command("done")
def done(recommendation_id: Id, org: Org = None) -> None:
    """It has been done; after its horizon the digest says what happened."""
    run_at_home(work_change, recommendation_id=recommendation_id, org=org, state="done", owner=None)


@app.command("assign")
def assign(
    recommendation_id: Id, owner: Annotated[str, typer.Argument(help="Who takes care of it.")], org: Org = None
) -> None:
    """Give it to somebody."""
    run_at_home(work_change, recommendation_id=recommendation_id, org=org, state=None, owner=owner)


def work_list(roastery: Roastery, terminal: Terminal, org: str | None, state: str | None, as_json: bool) -> None:
    from roastery.api.advising import list_advice
    from roastery.api.app import OPERATOR
    from roastery.api.store.recommendations import as_json as json_of

    rows = [json_of(one) for one in list_advice(roastery, organization_of(roastery, org), OPERATOR, state)]
    if as_json:
        terminal.json(rows)
        return
    columns = ("id", "state", "owner", "action", "expected_effect", "confidence")
    terminal.rows(columns, rows, title="Recommendations")


def work_change(
    roastery: Roastery,
    terminal: Terminal,
    recommendation_id: str,
    org: str | None,
    state: str | None,
    owner: str | None,
) -> None:
    from roastery.api.advising import change_advice
    from roastery.api.app import OPERATOR

    made = change_advice(roastery, organization_of(roastery, org), OPERATOR, recommendation_id, state, owner)
    terminal.line(f"{made.action} It is {made.state}{f', with {made.owner}' if made.owner else ''}.")
