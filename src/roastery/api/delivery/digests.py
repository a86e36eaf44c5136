"""The weekly digest as a message, sent once a week to each destination."""

from datetime import timedelta
from typing import TYPE_CHECKING

from roastery.api.advising import due_advice, keep_advice, keep_outcomes
from roastery.api.delivery.message import TABLES_SHOWN, Message, with_advice
from roastery.api.store.deliveries import Deliveries
from roastery.api.store.slack import Workspaces
from roastery.tools.base import Actor
from roastery.warehouse.errors import NoData
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.query import PeriodSpec

if TYPE_CHECKING:
    from roastery.agent.digest import Digest
    from roastery.api.app import Roastery

WRITER = Actor(id="digest", role="viewer")


def digest_of(roastery: "Roastery", organization: Organization, actor: Actor = WRITER) -> "Digest":
    """The digest of the last complete week, with what became of recommendations. Its receipts are kept."""
    from roastery.agent.digest import weekly_digest
    from roastery.tools.restatement import MEMORY_DAYS

    due = due_advice(roastery, organization, actor, _week(roastery, organization))
    context = roastery.context(organization, actor)
    since = context.clock.now() - timedelta(days=MEMORY_DAYS)
    return weekly_digest(context, due, roastery.ledger(organization, actor).since(since, "compare_periods"))


def digest_message(roastery: "Roastery", organization: Organization, actor: Actor = WRITER) -> Message:
    """The digest as it would be sent."""
    return _message(digest_of(roastery, organization, actor))


def _message(digest: "Digest") -> Message:
    receipts = ", ".join(receipt.id for receipt in digest.receipts)
    return Message(
        title=digest.title,
        text=with_advice(digest.text, digest.recommendations),
        tables=digest.tables[:TABLES_SHOWN],
        footnote=f"Receipts: {receipts}",
    )


def prepare_digest(roastery: "Roastery", organization: Organization, channel: str, destination: str) -> str:
    """Put the week's digest for a destination into the outbox, written once; gives the delivery's id."""
    deliveries = Deliveries(roastery.database)
    key = f"digest:{_week(roastery, organization)}:{channel}:{destination}"
    found = deliveries.find(organization.id, key)
    if found is not None:
        return found.id
    digest = digest_of(roastery, organization)
    payload = _message(digest).as_payload()
    keep_advice(roastery, organization, WRITER, digest.recommendations, digest.evidence.facts)
    keep_outcomes(roastery, organization, WRITER, digest.outcomes, _week(roastery, organization))
    return deliveries.open(organization.id, key, channel, destination, payload, roastery.wall.now()).id


def send_digest(
    roastery: "Roastery", organization: Organization, destinations: tuple[tuple[str, str], ...] = ()
) -> dict[str, str]:
    """Send the week's digest now: what became of it by destination (`sent`, `again`, `failed`).

    destinations: (channel, destination) pairs; without any, the linked Slack workspaces' default destinations.
    A destination that has had this week's digest does not get it again. Errors: NoData when there is none.
    """
    from roastery.api.delivery.outbox import Outbox, channels

    pairs = destinations or default_destinations(roastery, organization)
    if not pairs:
        raise NoData("There is nowhere to send the digest: link a Slack workspace with a default channel first.")
    outbox = Outbox(roastery.database, channels(roastery.settings), roastery.wall)
    outcomes = {}
    for channel, destination in pairs:
        outcomes[f"{channel}:{destination}"] = outbox.attempt(
            prepare_digest(roastery, organization, channel, destination)
        )
    return outcomes


def default_destinations(roastery: "Roastery", organization: Organization) -> tuple[tuple[str, str], ...]:
    """The default Slack channels of the workspaces that speak for an organization."""
    with roastery.database.reading() as session:
        rows = Workspaces(session).of(organization.id)
    return tuple(("slack", row.default_destination) for row in rows if row.default_destination)


def _week(roastery: "Roastery", organization: Organization) -> str:
    start = roastery.layer(organization).resolve_period(PeriodSpec(name="last_week")).start
    return str(start.isoformat())
