"""roastery identity: whose a customer record is, and wrong links taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

app = typer.Typer(help="Which customer records are one person.", no_args_is_help=True, rich_markup_mode=None)

Record = Annotated[str, typer.Argument(metavar="RECORD", help="Id of a customer record.")]
OtherRecord = Annotated[str, typer.Argument(metavar="OTHER", help="Id of the other record.")]


@app.command("show")
def show(record: Record, org: Org = None, as_json: Json = False) -> None:
    """Print the person that a customer record belongs to, and what links their records."""
    run_at_home(work_show, record=record, org=org, as_json=as_json)


@app.command("unlink")
def unlink(
    record: Record,
    other: OtherRecord,
    org: Org = None,
    reason: Annotated[str, typer.Option(help="Why they are two people.")] = "",
    as_json: Json = False,
) -> None:
    """Take a wrong link back: two records are two people, now and after every rebuild."""
    run_at_home(work_unlink, record=record, other=other, org=org, reason=reason, as_json=as_json)


@app.command("relink")
def relink(record: Record, other: OtherRecord, org: Org = None, as_json: Json = False) -> None:
    """Withdraw an unlink: the two are linked again where the data says so."""
    run_at_home(work_relink, record=record, other=other, org=org, as_json=as_json)


def work_show(roastery: Roastery, terminal: Terminal, record: str, org: str | None, as_json: bool) -> None:
    from roastery.api.identities import person_of

    _print(terminal, [person_of(roastery, organization_of(roastery, org), record)], as_json)


def work_unlink(
    roastery: Roastery, terminal: Terminal, record: str, other: str, org: str | None, reason: str, as_json: bool
) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.identities import unlink

    found = unlink(roastery, organization_of(roastery, org), OPERATOR, record, other, reason)
    _print(terminal, found["persons"], as_json)
    if not found["was_one_person"]:
        terminal.say("They were not one person; now nothing can make them one.")


def work_relink(
    roastery: Roastery, terminal: Terminal, record: str, other: str, org: str | None, as_json: bool
) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.identities import relink

    _print(terminal, relink(roastery, organization_of(roastery, org), OPERATOR, record, other)["persons"], as_json)


def _print(terminal: Terminal, persons: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        terminal.json(persons)
        return
    rows = [
        {"person": person["customer_id"], "record": record["customer_id"], "linked by": record["linked_by"]}
        for person in persons
        for record in person["records"]
    ]
    terminal.rows(("person", "record", "linked by"), rows)
