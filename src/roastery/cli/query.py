"""roastery query: a MetricQuery's rows, or only its SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal


def query(
    query: Annotated[str, typer.Argument(metavar="METRIC_QUERY", help='JSON, such as \'{"metrics": ["roas"]}\'.')],
    org: Org = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the SQL instead of running it.")] = False,
    as_json: Json = False,
) -> None:
    """Ask one MetricQuery and print its rows with the receipt."""
    run_at_home(work, query=query, org=org, dry_run=dry_run, as_json=as_json)


def work(roastery: Roastery, terminal: Terminal, query: str, org: str | None, dry_run: bool, as_json: bool) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.numbers import explain_query, run_query

    organization = organization_of(roastery, org)
    if dry_run:
        terminal.line(explain_query(roastery, organization, OPERATOR, query))
        return
    frame = run_query(roastery, organization, OPERATOR, query)
    if as_json:
        terminal.json(frame)
        return
    terminal.rows([column["name"] for column in frame["columns"]], frame["rows"])
    totals = ", ".join(f"{name} {value}" for name, value in frame["totals"].items() if value is not None)
    if totals:
        terminal.line(f"total: {totals}")
    terminal.say(f"receipt {frame['receipt']['id']}")
