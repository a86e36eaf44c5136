"""roastery privacy: what is held of one person, given out, found or forgotten; how long data is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

app = typer.Typer(help="What is held of one person.", no_args_is_help=True, rich_markup_mode=None)

Email = Annotated[str, typer.Option("--email", help="Their e-mail address.")]
Phone = Annotated[str, typer.Option("--phone", help="Their phone number.")]
CustomerId = Annotated[str, typer.Option("--customer-id", help="The id of a customer record of theirs.")]
AnonymousId = Annotated[str, typer.Option("--anonymous-id", help="The id of a device of theirs.")]


@app.command("export")
def export(
    email: Email = "", phone: Phone = "", customer_id: CustomerId = "", anonymous_id: AnonymousId = "", org: Org = None
) -> None:
    """Print everything that is held of one person, as JSON with personal values in clear."""
    run_at_home(work_export, who=_who(email, phone, customer_id, anonymous_id), org=org)


@app.command("erase")
def erase(
    email: Email = "",
    phone: Phone = "",
    customer_id: CustomerId = "",
    anonymous_id: AnonymousId = "",
    org: Org = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Forget one person everywhere. Money, orders and counts stay; this cannot be taken back."""
    if not yes and not typer.confirm("Forget this person for good?"):
        raise typer.Exit(code=2)
    run_at_home(work_erase, who=_who(email, phone, customer_id, anonymous_id), org=org, as_json=as_json)


@app.command("scan")
def scan(
    email: Email = "",
    phone: Phone = "",
    customer_id: CustomerId = "",
    anonymous_id: AnonymousId = "",
    text: Annotated[str, typer.Option("--text", help="A name, or anything else that may stand in a text.")] = "",
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Print where somebody is found: rows by table."""
    who = _who(email, phone, customer_id, anonymous_id) | ({"text": text} if text else {})
    run_at_home(work_scan, who=who, org=org, as_json=as_json)


@app.command("audience")
def audience(
    segment: Annotated[str, typer.Option(help="Their segment of today.")] = "",
    customer_stage: Annotated[str, typer.Option(help="Their stage of today.")] = "",
    country: Annotated[str, typer.Option(help="Their country.")] = "",
    org: Org = None,
) -> None:
    """Print the people to write to, as JSON: only those who have consented, and none who has refused."""
    traits = {"segment": segment, "customer_stage": customer_stage, "country": country}
    run_at_home(work_audience, traits=traits, org=org)


@app.command("retention")
def retention(
    keep: Annotated[
        list[str] | None, typer.Argument(metavar="DATASET=DAYS...", help="All rules; without any, print them.")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Print what the rules would take; change nothing.")
    ] = False,
    keep_all: Annotated[bool, typer.Option("--keep-all", help="Take every rule back.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Remove what is too old at once, not at the next day.")] = False,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """How long rows of datasets are kept, such as web_events=400; the rest is kept for good."""
    run_at_home(
        work_retention, keep=list(keep or ()), preview=preview, keep_all=keep_all, now=now, org=org, as_json=as_json
    )


def _who(email: str, phone: str, customer_id: str, anonymous_id: str) -> dict[str, str]:
    given = {"email": email, "phone": phone, "customer_id": customer_id, "anonymous_id": anonymous_id}
    return {name: value for name, value in given.items() if value}


def _one(who: dict[str, str]) -> tuple[str, str]:
    from roastery.warehouse.errors import BadQuery

    if len(who) != 1:
        raise BadQuery("Name the person by exactly one of: --email, --phone, --customer-id, --anonymous-id.")
    return next(iter(who.items()))


def work_export(roastery: Roastery, terminal: Terminal, who: dict[str, str], org: str | None) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.privacy import export_person

    terminal.json(export_person(roastery, organization_of(roastery, org), OPERATOR, *_one(who)))


def work_audience(roastery: Roastery, terminal: Terminal, traits: dict[str, str], org: str | None) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.privacy import audience_of

    terminal.json(audience_of(roastery, organization_of(roastery, org), OPERATOR, traits))


def work_erase(roastery: Roastery, terminal: Terminal, who: dict[str, str], org: str | None, as_json: bool) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.privacy import erase_person

    erased = erase_person(roastery, organization_of(roastery, org), OPERATOR, *_one(who))
    if as_json:
        terminal.json(erased)
        return
    counted = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in erased["counts"].items())
    terminal.line(f"{erased['id']}  {erased['state']}  {counted}")
    for note in erased["notes"]:
        terminal.say(note)


def work_scan(roastery: Roastery, terminal: Terminal, who: dict[str, str], org: str | None, as_json: bool) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.privacy import scan_for

    found = scan_for(roastery, organization_of(roastery, org), OPERATOR, who)
    if as_json:
        terminal.json(found)
        return
    places: dict[str, Any] = {**found["warehouse"], **{f"service {t}": n for t, n in found["service"].items()}}
    if not places:
        terminal.line("found nowhere")
        return
    terminal.rows(("place", "rows"), [{"place": place, "rows": count} for place, count in places.items()])


def work_retention(
    roastery: Roastery,
    terminal: Terminal,
    keep: list[str],
    preview: bool,
    keep_all: bool,
    now: bool,
    org: str | None,
    as_json: bool,
) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.privacy import keep_retention, preview_retention, retention_json, set_retention

    organization = organization_of(roastery, org)
    rules = {rule.dataset: rule.days for rule in organization.retention}
    if keep:
        rules = dict(_rule(text) for text in keep)
    if preview:
        found = preview_retention(roastery, organization, rules)
        if as_json:
            terminal.json(found)
            return
        terminal.rows(("dataset", "days", "before", "rows", "oldest"), found["removes"])
        for removed in found["removes"]:
            terminal.say(removed["consequence"])
        return
    if keep or keep_all:
        set_retention(roastery, organization, OPERATOR, {} if keep_all else rules)
        organization = organization_of(roastery, organization.id)
    removed = keep_retention(roastery, organization) if now else {}
    shown = retention_json(organization)
    if as_json:
        terminal.json({**shown, **removed})
        return
    for dataset, days in shown["retention"].items():
        terminal.line(f"{dataset}  {days} days")
    if not shown["retention"]:
        terminal.line("everything is kept for good")
    if now:
        terminal.line(f"removed {removed['records']} records")


def _rule(text: str) -> tuple[str, int]:
    from roastery.warehouse.errors import BadQuery

    dataset, _, days = text.partition("=")
    if not days.strip().isdigit():
        raise BadQuery(f"'{text}' is not DATASET=DAYS, such as web_events=400.")
    return dataset.strip(), int(days)
