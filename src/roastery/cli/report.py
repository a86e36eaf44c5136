"""roastery report: a ready report's tiles, run; without a name the list of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal


def report(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A report; left out, all are listed.")] = None,
    org: Org = None,
    period: Annotated[str | None, typer.Option(help="A period such as last_month, or FROM..TO (half-open).")] = None,
    where: Annotated[list[str] | None, typer.Option(help="DIMENSION=VALUE, on every tile; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Run a ready report and print its tiles with their receipts."""
    run_at_home(work, name=name, org=org, period=period, where=where or [], as_json=as_json)


def work(
    roastery: Roastery, terminal: Terminal, name: str | None, org: str | None, period: str | None, where: list[str],
    as_json: bool,
) -> int:  # fmt: skip
    from roastery.api.app import OPERATOR
    from roastery.api.reports import run_report, shown
    from roastery.warehouse.reports import reports

    if name is None:
        listed = [shown(found) for found in reports().values()]
        if as_json:
            terminal.json(listed)
        else:
            terminal.rows(["name", "industry", "title"], listed)
        return 0
    found = run_report(roastery, organization_of(roastery, org), OPERATOR, name, _asked(period, where))
    if as_json:
        terminal.json(found)
        return 0
    terminal.line(f"{found['title']}: {found['description']}")
    for tile in found["tiles"]:
        terminal.line()
        frame = tile["frame"]
        if frame is None:
            terminal.line(f"{tile['title']}: {tile['problem']}")
            continue
        terminal.rows([column["name"] for column in frame["columns"]], frame["rows"], tile["title"])
        for said in filter(None, [tile["note"], *frame["caveats"]]):
            terminal.line(f"  {said}")
        terminal.say(f"  receipt {frame['receipt']['id']}")
    return 0


def _asked(period: str | None, where: list[str]) -> object:
    """Errors: BadQuery for a condition that is not DIMENSION=VALUE, BadPeriod for days that are none."""
    from pydantic import ValidationError

    from roastery.api.reports import ReportRun
    from roastery.warehouse.errors import BadPeriod, BadQuery

    values: dict[str, list[str]] = {}
    for item in where:
        dimension, is_there, value = item.partition("=")
        if not is_there:
            raise BadQuery(f"'{item}' is not a condition such as platform=meta_ads.")
        values.setdefault(dimension.strip(), []).append(value.strip())
    document: dict[str, object] = {"filters": [{"dimension": k, "op": "in", "values": v} for k, v in values.items()]}
    if period is not None:
        start, has_end, end = period.partition("..")
        document["period"] = {"start": start, "end": end} if has_end else {"name": period}
    try:
        return ReportRun.model_validate(document)
    except ValidationError:
        raise BadPeriod(f"'{period}' is not a period such as last_month or 2026-10-01..2026-11-01.") from None
