"""roastery channel: the organization's own channel rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

app = typer.Typer(help="The organization's own channel rules.", no_args_is_help=True, rich_markup_mode=None)
RulesFile = Annotated[Path, typer.Argument(help="YAML, a list of rules.", exists=True, dir_okay=False)]


@app.command("rules")
def rules(org: Org = None, as_json: Json = False) -> None:
    """Print the rules in force, first to last; the default grouping comes after them."""
    run_at_home(work_rules, org=org, as_json=as_json)


@app.command("preview")
def preview(file: RulesFile, org: Org = None, as_json: Json = False) -> None:
    """Show what the rules of a YAML file would change in all numbers of the past; nothing is kept."""
    run_at_home(work_preview, text=file.read_text(encoding="utf-8"), org=org, as_json=as_json)


@app.command("apply")
def apply(file: RulesFile, org: Org = None) -> None:
    """Put the rules of a YAML file in force, in place of those before."""
    run_at_home(work_apply, text=file.read_text(encoding="utf-8"), org=org)


def work_rules(roastery: Roastery, terminal: Terminal, org: str | None, as_json: bool) -> None:
    from roastery.api.definitions import rules_json

    found = rules_json(organization_of(roastery, org))
    if as_json:
        terminal.json(found)
        return
    for rule in found["rules"]:
        conditions = "; ".join(f"{n} {' or '.join(v)}" for n, v in rule.items() if isinstance(v, list))
        terminal.line(f"{rule['channel']}  {conditions}")
    terminal.say(f"Version {found['version']}; the {len(found['defaults'])} rules of the default grouping follow.")


def work_preview(roastery: Roastery, terminal: Terminal, text: str, org: str | None, as_json: bool) -> None:
    from roastery.api.definitions import preview_rules, read_definitions, read_rules

    found = preview_rules(roastery, organization_of(roastery, org), read_rules(read_definitions(text)))
    if as_json:
        terminal.json(found)
        return
    names = ("touches", "orders", "revenue", "spend")
    changed = [_row(c, names) for c in found["channels"] if c["before"] != c["after"]]
    terminal.rows(["channel", *(f"{n} {when}" for n in names for when in ("before", "after"))], changed)
    for move in found["moved"]:
        terminal.line(f"{move['touches']} touches: {move['from']} → {move['to']}")
    terminal.say("Nothing has been changed. Put them in force with: roastery channel apply FILE")


def _row(change: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    sides = {f"{name} {when}": change[when][name] for name in names for when in ("before", "after")}
    return {"channel": change["channel"], **sides}


def work_apply(roastery: Roastery, terminal: Terminal, text: str, org: str | None) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.definitions import apply_rules, read_definitions, read_rules

    organization = organization_of(roastery, org)
    found = apply_rules(roastery, organization, OPERATOR, read_rules(read_definitions(text)))
    terminal.line(f"version {found['version']}")
