"""roastery digest: the weekly digest, to the terminal or to where it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal


def digest(
    org: Org = None,
    send: Annotated[bool, typer.Option("--send", help="Also send it to the linked Slack workspaces.")] = False,
    to: Annotated[
        list[str] | None, typer.Option(help="CHANNEL:DESTINATION, such as slack:C0123456, instead. Repeat for more.")
    ] = None,
) -> None:
    """Write the digest of the last complete week; with --send, send it once to each destination."""
    run_at_home(work, org=org, send=send, to=to or [])


def work(roastery: Roastery, terminal: Terminal, org: str | None, send: bool, to: list[str]) -> int:
    from roastery.api.delivery.digests import digest_message, send_digest
    from roastery.api.delivery.terminal import show
    from roastery.warehouse.errors import BadQuery

    organization = organization_of(roastery, org)
    pairs = []
    for text in to:
        channel, colon, destination = text.partition(":")
        if not colon or not destination:
            raise BadQuery(f"'{text}' is not CHANNEL:DESTINATION, such as slack:C0123456.")
        pairs.append((channel, destination))
    show(terminal.out, digest_message(roastery, organization))
    if not send and not pairs:
        return 0
    outcomes = send_digest(roastery, organization, tuple(pairs))
    for destination, outcome in outcomes.items():
        terminal.say(f"{destination}: {outcome}")
    return 0 if all(outcome == "sent" for outcome in outcomes.values()) else 1
