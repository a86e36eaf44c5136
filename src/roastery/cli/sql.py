"""roastery sql: read-only SQL over one organization's curated tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal


def sql(
    statement: Annotated[str, typer.Argument(metavar="SELECT", help="One SELECT over curated tables.")],
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Run one SELECT over the curated tables of one organization."""
    run_at_home(work, statement=statement, org=org, as_json=as_json)


def work(roastery: Roastery, terminal: Terminal, statement: str, org: str | None, as_json: bool) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.numbers import run_sql

    found = run_sql(roastery, organization_of(roastery, org), OPERATOR, statement)
    if as_json:
        terminal.json(found)
        return
    terminal.rows(found["columns"], found["rows"])
    if found["truncated"]:
        terminal.say(f"Only the first {len(found['rows']):,} rows are shown.")
