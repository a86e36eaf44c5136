"""roastery alert: rules that watch metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

app = typer.Typer(help="Rules that watch metrics.", no_args_is_help=True, rich_markup_mode=None)


@app.command("backtest")
def backtest(
    rule: Annotated[str, typer.Argument(help="An alert's name or id, or a rule as JSON.")],
    org: Org = None,
    days: Annotated[int, typer.Option(help="How many days to look back.", min=1, max=400)] = 90,
    as_json: Json = False,
) -> None:
    """Show on which past days a rule would have told, on the data of now."""
    run_at_home(work_backtest, rule=rule, org=org, days=days, as_json=as_json)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    rule: Annotated[str, typer.Argument(help="The rule as JSON.")],
    org: Org = None,
    to: Annotated[
        list[str] | None, typer.Option(help="CHANNEL:DESTINATION, such as slack:C0123456. Repeat for more.")
    ] = None,
    cron: Annotated[str, typer.Option(help="When to look, in the organization's zone.")] = "0 8 * * *",
) -> None:
    """Make an alert that is looked at by schedule while `roastery serve` runs; prints its id."""
    run_at_home(work_create, name=name, rule=rule, org=org, to=to or [], cron=cron)


@app.command("list")
def list_(org: Org = None, as_json: Json = False) -> None:
    """Print the organization's alerts."""
    run_at_home(work_list, org=org, as_json=as_json)


def work_backtest(roastery: Roastery, terminal: Terminal, rule: str, org: str | None, days: int, as_json: bool) -> None:
    from roastery.api.alerting import rule_of
    from roastery.api.app import OPERATOR
    from roastery.api.routes.alerts import backtest_json
    from roastery.tools.alerts.registry import backtest

    organization = organization_of(roastery, org)
    document = rule_of(roastery, organization, rule)
    found = backtest_json(backtest(roastery.context(organization, OPERATOR), document, days))
    if as_json:
        terminal.json(found)
        return
    judged = days - found["skipped"]
    terminal.line(f"would have told on {len(found['fired'])} of {judged} judged days ({found['skipped']} skipped)")
    for day in found["fired"]:
        slices = ", ".join(" ".join(f"{k} {v}" for k, v in s.items()) or "the whole" for s in day["slices"])
        terminal.line(f"  {day['day']}: {slices}")


def work_create(
    roastery: Roastery, terminal: Terminal, name: str, rule: str, org: str | None, to: list[str], cron: str
) -> None:
    from roastery.api.alerting import NewAlert, make_alert, rule_of
    from roastery.api.app import OPERATOR

    organization = organization_of(roastery, org)
    destinations = [dict(zip(("channel", "destination"), text.split(":", 1), strict=False)) for text in to]
    document = rule_of(roastery, organization, rule)
    alert, schedule = make_alert(roastery, organization, OPERATOR, NewAlert(name, document, destinations, cron))
    terminal.line(alert.id)
    terminal.say(f"First looked at on {schedule.next_at:%Y-%m-%d %H:%M} UTC.")


def work_list(roastery: Roastery, terminal: Terminal, org: str | None, as_json: bool) -> None:
    from roastery.api.routes.alerts import alert_json
    from roastery.api.store.alerts import Alerts

    organization = organization_of(roastery, org)
    with roastery.database.reading() as session:
        alerts = [alert_json(alert) for alert in Alerts(session).of(organization.id)]
    if as_json:
        terminal.json(alerts)
        return
    for alert in alerts:
        terminal.line(f"{alert['id']}  {alert['name']}")
