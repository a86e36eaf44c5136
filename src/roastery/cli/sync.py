"""roastery sync: pull what is new from connected sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal
    from roastery.connectors.sync import SyncReport

PULLED = ("complete", "skipped")


def sync(
    connection: Annotated[str | None, typer.Argument(help="Connection id; all of them when left out.")] = None,
    org: Org = None,
    since: Annotated[
        str | None, typer.Option(help="A day such as 2026-10-01: read everything from it on again.", metavar="DATE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Pull what is new, land it, and build the tables; goes on where an earlier sync stopped."""
    run_at_home(work, connection=connection, org=org, since=since, as_json=as_json)


def work(
    roastery: Roastery, terminal: Terminal, connection: str | None, org: str | None, since: str | None, as_json: bool
) -> int:
    from datetime import date

    from roastery.api.connecting import syncable
    from roastery.api.connection_health import health_of
    from roastery.cli.progress import told_to
    from roastery.warehouse.errors import BadPeriod

    organization = organization_of(roastery, org)
    try:
        day = date.fromisoformat(since) if since else None
    except ValueError:
        raise BadPeriod(f"'{since}' is not a day; write it as 2026-10-05.") from None
    rows = syncable(roastery, organization, connection)
    reports = []
    for row in rows:
        with told_to(terminal, row.name) as told:
            reports.append(roastery.syncs.run(organization, row.id, told, since=day))
    terminal.say("building the tables …")
    built = roastery.warehouse(organization).build()
    if as_json:
        terminal.json([_as_json(report) for report in reports])
    else:
        for report in reports:
            _show(terminal, report)
        for health in health_of(roastery, organization):
            if health.state not in ("healthy", "new"):
                terminal.say(health.sentence)
        terminal.say(f"built {built.build}" if hasattr(built, "build") else "built")
    return 0 if all(report.outcome in PULLED for report in reports) else 2


def _show(terminal: Terminal, report: SyncReport) -> None:
    terminal.line(f"{report.provider} ({report.connection_id}): {report.landed:,} rows new or changed")
    for resource in report.resources:
        message = f" ({resource.message})" if resource.message else ""
        terminal.line(f"  {resource.resource}: {resource.outcome}, {resource.landed:,} rows{message}")
    for notice in report.notices:
        terminal.say(f"  {notice}")


def _as_json(report: SyncReport) -> dict[str, object]:
    resources = [
        {"resource": r.resource, "outcome": r.outcome, "landed": r.landed, "message": r.message}
        for r in report.resources
    ]
    return {
        "connection_id": report.connection_id,
        "provider": report.provider,
        "outcome": report.outcome,
        "landed": report.landed,
        "resources": resources,
        "notices": list(report.notices),
    }
