"""roastery tracking: what is wrong with links and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

app = typer.Typer(help="What is wrong with links and tags.", no_args_is_help=True, rich_markup_mode=None)
Day = Annotated[str | None, typer.Option(metavar="DAY", help="Such as 2026-10-01.")]


@app.callback()
def tracking() -> None:
    """What is wrong with links and tags."""


@app.command("audit")
def audit(org: Org = None, start: Day = None, end: Day = None, as_json: Json = False) -> None:
    """Mistagged and untagged links, unknown campaigns, spend that no touch answers, and attribution coverage.

    Of the last 28 whole days when no days are given; the end is the first day that no longer counts.
    """
    run_at_home(work_audit, org=org, start=start, end=end, as_json=as_json)


def work_audit(
    roastery: Roastery, terminal: Terminal, org: str | None, start: str | None, end: str | None, as_json: bool
) -> None:
    from datetime import date

    from roastery.api.app import OPERATOR
    from roastery.api.definitions import tracking_audit
    from roastery.warehouse.errors import BadPeriod

    try:
        days = [date.fromisoformat(day) if day else None for day in (start, end)]
    except ValueError as error:
        raise BadPeriod(f"{error}: write a day as 2026-10-01.") from error
    found = tracking_audit(roastery, organization_of(roastery, org), OPERATOR, *days)
    if as_json:
        terminal.json(found)
        return
    for finding in found["findings"]:
        terminal.line(f"{finding['kind']}: {finding['message']}")
    if not found["findings"]:
        terminal.line("No fault was found.")
    aim = "which reaches" if found["is_covered"] else "short of"
    said = f"{found['coverage']} of revenue, {aim} the aim of {found['coverage_aim']}"
    terminal.say(f"Marketing touches explain {said}." if found["coverage"] else "There was no revenue in these days.")
