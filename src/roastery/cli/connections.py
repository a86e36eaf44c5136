"""roastery connections: how sources are, and pausing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

app = typer.Typer(help="How connected sources are; pausing them.", invoke_without_command=True, rich_markup_mode=None)
Id = Annotated[str, typer.Argument(help="The connection's id.")]


@app.callback()
def connections(context: typer.Context, org: Org = None, as_json: Json = False) -> None:
    """Print every connection: its state, since when, why, what to do, and how fresh and complete it is."""
    if context.invoked_subcommand is None:
        run_at_home(work, org=org, as_json=as_json)


@app.command("pause")
def pause(connection_id: Id, org: Org = None) -> None:
    """Read a connection no more by itself."""
    run_at_home(work_pause, connection_id=connection_id, org=org, paused=True)


@app.command("resume")
def resume(connection_id: Id, org: Org = None) -> None:
    """Read a paused connection again by itself."""
    run_at_home(work_pause, connection_id=connection_id, org=org, paused=False)


def work(roastery: Roastery, terminal: Terminal, org: str | None, as_json: bool) -> None:
    from roastery.api.connection_health import health_of

    found = health_of(roastery, organization_of(roastery, org))
    if as_json:
        terminal.json([health.as_json() for health in found])
        return
    rows = [
        {
            "id": h.connection_id,
            "name": h.name,
            "state": h.state,
            "last read": f"{h.last_success:%Y-%m-%d %H:%M}" if h.last_success else None,
            "rows": h.rows,
            "complete through": h.complete_through,
            "history since": h.history_since,
        }
        for h in found
    ]
    terminal.rows(
        ("id", "name", "state", "last read", "rows", "complete through", "history since"), rows, title="Connections"
    )
    for health in found:
        if health.state != "healthy":
            terminal.line(health.sentence)


def work_pause(roastery: Roastery, terminal: Terminal, connection_id: str, org: str | None, paused: bool) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.connecting import pause

    pause(roastery, organization_of(roastery, org), OPERATOR, connection_id, paused)
    terminal.line(f"{connection_id} is {'paused' if paused else 'read again'}.")
