"""roastery memory: what the organization means by words of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

app = typer.Typer(help="What your own words mean.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_(org: Org = None, as_json: Json = False) -> None:
    """Print what is remembered, and since when it is confirmed."""
    run_at_home(work_list, org=org, as_json=as_json)


@app.command("add")
def add(
    said: Annotated[str, typer.Argument(help="Your words, such as 'conversions'.")],
    meaning: Annotated[str, typer.Argument(help="What they mean, such as 'form submissions'.")],
    org: Org = None,
) -> None:
    """Say what is meant by some words."""
    run_at_home(work_add, said=said, meaning=meaning, org=org)


@app.command("remove")
def remove(memory_id: Annotated[str, typer.Argument(metavar="ID")], org: Org = None) -> None:
    """Forget what was meant."""
    run_at_home(work_remove, memory_id=memory_id, org=org)


def work_list(roastery: Roastery, terminal: Terminal, org: str | None, as_json: bool) -> None:
    from roastery.api.remembering import memories

    found = memories(roastery, organization_of(roastery, org))
    if as_json:
        terminal.json(found)
        return
    for one in found:
        terminal.line(f"{one['id']}  {one['said']}: {one['meaning']}  ({one['confirmed_at'][:10]})")
    if not found:
        terminal.say("Nothing is remembered yet.")


def work_add(roastery: Roastery, terminal: Terminal, said: str, meaning: str, org: str | None) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.remembering import remember

    kept = remember(roastery, organization_of(roastery, org), OPERATOR, said, meaning)
    terminal.line(f"{kept['id']}  {kept['said']}: {kept['meaning']}")


def work_remove(roastery: Roastery, terminal: Terminal, memory_id: str, org: str | None) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.remembering import forget

    terminal.line(f"forgot {forget(roastery, organization_of(roastery, org), OPERATOR, memory_id)['said']}")
