"""roastery metric: the organization's own metrics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

app = typer.Typer(help="The organization's own metrics.", no_args_is_help=True, rich_markup_mode=None)
DefinitionFile = Annotated[Path, typer.Argument(help="YAML, metrics by name.", exists=True, dir_okay=False)]


@app.command("add")
def add(file: DefinitionFile, org: Org = None) -> None:
    """Add the metrics of a YAML file, or define own ones anew."""
    run_at_home(work_add, text=file.read_text(encoding="utf-8"), org=org)


@app.command("list")
def list_(org: Org = None, as_json: Json = False) -> None:
    """Print the organization's own metrics with their versions."""
    run_at_home(work_list, org=org, as_json=as_json)


@app.command("remove")
def remove(name: Annotated[str, typer.Argument(help="The metric's name.")], org: Org = None) -> None:
    """Remove one of the organization's own metrics."""
    run_at_home(work_remove, name=name, org=org)


def work_add(roastery: Roastery, terminal: Terminal, text: str, org: str | None) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.definitions import add_metrics, read_definitions

    organization = organization_of(roastery, org)
    written = read_definitions(text)
    for metric in add_metrics(roastery, organization, OPERATOR, written):
        if metric["name"] in written:
            terminal.line(f"{metric['name']}  version {metric['version']}")


def work_list(roastery: Roastery, terminal: Terminal, org: str | None, as_json: bool) -> None:
    from roastery.warehouse.semantic.own import readable

    found = readable(organization_of(roastery, org).metrics)
    if as_json:
        terminal.json(found)
        return
    for metric in found:
        terminal.line(f"{metric['name']}  version {metric['version']}  {metric['definition']}")
    if not found:
        terminal.say("No metric of your own yet. Add some with: roastery metric add FILE")


def work_remove(roastery: Roastery, terminal: Terminal, name: str, org: str | None) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.definitions import remove_metric

    remove_metric(roastery, organization_of(roastery, org), OPERATOR, name)
    terminal.line(f"removed {name}")
