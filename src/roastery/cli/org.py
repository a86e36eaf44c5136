"""roastery org: organizations of this home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

app = typer.Typer(help="Organizations of this home.", no_args_is_help=True, rich_markup_mode=None)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code such as USD, the default.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA zone such as America/Chicago. Default: UTC.")] = None,
    week_start: Annotated[str | None, typer.Option(help="Day on which weeks begin. Default: monday.")] = None,
    fiscal_year_start: Annotated[
        int | None, typer.Option(help="Month from 1 to 12 in which fiscal years begin. Default: 1.")
    ] = None,
    fiscal_weeks: Annotated[
        str | None,
        typer.Option(help="4-4-5, 4-5-4 or 5-4-4 where fiscal periods are of whole weeks. Default: they are months."),
    ] = None,
    clock: Annotated[str | None, typer.Option(help="ISO instant at which this organization's clock stands.")] = None,
    as_json: Json = False,
) -> None:
    """Make an organization and print its id."""
    settings = {
        "currency": currency,
        "time_zone": time_zone,
        "week_start": week_start,
        "fiscal_year_start": fiscal_year_start,
        "fiscal_weeks": fiscal_weeks,
        "clock": clock,
    }
    run_at_home(work_create, name=name, settings=settings, as_json=as_json)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Print every organization's id and name."""
    run_at_home(work_list, as_json=as_json)


def work_create(
    roastery: Roastery, terminal: Terminal, name: str, settings: dict[str, str | int | None], as_json: bool
) -> None:
    from roastery.api.store.organizations import Organizations, new_organization

    organization = new_organization(name, **settings)
    with roastery.database.session() as session:
        Organizations(session).create(organization, roastery.wall.now())
    if as_json:
        terminal.json(_as_json(organization))
        return
    terminal.line(organization.id)
    terminal.say(f"Made '{organization.name}'. Next: roastery key create --org {organization.id} --role analyst")


def work_list(roastery: Roastery, terminal: Terminal, as_json: bool) -> None:
    from roastery.api.store.organizations import Organizations

    with roastery.database.reading() as session:
        organizations = Organizations(session).all()
    if as_json:
        terminal.json([_as_json(o) for o in organizations])
        return
    for organization in organizations:
        terminal.line(f"{organization.id}  {organization.name}")
    if not organizations:
        terminal.say("No organization yet. Make one with: roastery org create NAME")


def _as_json(organization: Any) -> dict[str, Any]:
    from roastery.api.store.organizations import settings_of

    return {"id": organization.id, "name": organization.name, **settings_of(organization)}
