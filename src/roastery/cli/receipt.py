"""roastery receipt: what an answer was made of, and whether it still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal


def receipt(
    receipt_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a receipt.")],
    org: Org = None,
    rerun: Annotated[bool, typer.Option("--rerun", help="Ask again on the data of now, and say what differs.")] = False,
    as_json: Json = False,
) -> None:
    """Print a receipt; with --rerun also what the same question gives now."""
    run_at_home(work, receipt_id=receipt_id, org=org, rerun=rerun, as_json=as_json)


def work(roastery: Roastery, terminal: Terminal, receipt_id: str, org: str | None, rerun: bool, as_json: bool) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.receipts import read_receipt, rerun_receipt
    from roastery.cli.answers import show_receipt

    organization = organization_of(roastery, org)
    if rerun:
        found = rerun_receipt(roastery, organization, OPERATOR, receipt_id)
        if as_json:
            terminal.json(found)
            return
        terminal.line(f"{receipt_id}: {found['status']}")
        for cause in found["causes"]:
            terminal.line(f"  {cause['sentence']}")
        return
    read = read_receipt(roastery, organization, OPERATOR, receipt_id)
    if as_json:
        terminal.json(read.model_dump(mode="json"))
    else:
        show_receipt(terminal, read, with_sql=True)
