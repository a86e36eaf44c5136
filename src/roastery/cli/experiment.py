"""roastery experiment: tests of what marketing causes, which comparisons and budget advice use as what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

app = typer.Typer(
    help="Geo holdouts and lift tests that you ran; comparisons and budget advice use them as what is known.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
PLACES = "region, location, or everywhere (then the same weeks of the year before are compared)."


@app.command("list")
def list_(org: Org = None, as_json: Json = False) -> None:
    """Print what was recorded, the latest first."""
    run_at_home(work_list, org=org, as_json=as_json)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What you call it, such as 'Paid social off in the south'.")],
    by: Annotated[str, typer.Option(help="What was tested is a campaign, channel, platform, ad or asset.")],
    about: Annotated[str, typer.Option(help="Which of them, such as paid_social, or a campaign's id.")],
    start: Annotated[str, typer.Option(help="First day of the test, as YYYY-MM-DD.")],
    end: Annotated[str, typer.Option(help="First day after the test, as YYYY-MM-DD.")],
    treated: Annotated[
        list[str] | None, typer.Option("--treated", help="A place that was treated otherwise; once for each place.")
    ] = None,
    places: Annotated[str, typer.Option(help=PLACES)] = "region",
    kind: Annotated[
        str, typer.Option(help="paused: the places went without it. added: they had more of it.")
    ] = "paused",
    before_days: Annotated[int, typer.Option(help="Days before the test that are compared, 7 to 400.")] = 56,
    org: Org = None,
) -> None:
    """Propose to record a test that was run. It counts once it is approved: roastery approval approve ID."""
    given = {
        "about": about, "start": start, "end": end, "treated": treated or [], "places": places, "kind": kind,
        "before_days": before_days,
    }  # fmt: skip
    run_at_home(work_add, name=name, by=by, given=given, org=org)


@app.command("remove")
def remove(
    experiment_id: Annotated[str, typer.Argument(metavar="ID", help="As `roastery experiment list` prints it.")],
    org: Org = None,
) -> None:
    """Forget a test; what used it is computed without it from now on."""
    run_at_home(work_remove, experiment_id=experiment_id, org=org)


def work_list(roastery: Roastery, terminal: Terminal, org: str | None, as_json: bool) -> None:
    from roastery.api.experimenting import experiments

    found = experiments(roastery, organization_of(roastery, org))
    if as_json:
        terminal.json(found)
        return
    rows = [{**one, "treated": ", ".join(one["treated"]) or "everywhere"} for one in found]
    columns = ("id", "name", "by", "about", "kind", "treated", "start", "end")
    terminal.rows(columns, rows, title="Experiments")


def work_add(
    roastery: Roastery, terminal: Terminal, name: str, by: str, given: dict[str, object], org: str | None
) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.experimenting import holdout_of, propose_experiment

    organization = organization_of(roastery, org)
    waiting = propose_experiment(roastery, organization, OPERATOR, name, by, holdout_of(given))["approval"]
    terminal.line(f"{waiting['id']}  {waiting['title']}")
    terminal.say(f"{waiting['will']}\nIt waits for a yes: roastery approval approve {waiting['id']}")


def work_remove(roastery: Roastery, terminal: Terminal, experiment_id: str, org: str | None) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.experimenting import remove_experiment

    gone = remove_experiment(roastery, organization_of(roastery, org), OPERATOR, experiment_id)
    terminal.line(f"forgot {gone['name']}")
