"""Signed events: rows pushed one or many at a time, durable before the answer, each message once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from roastery.api.errors import BadBody, BadCredential
from roastery.api.imports import MOST_ERRORS_LISTED, error_as_json
from roastery.api.store.connections import Connections
from roastery.api.store.once import ReceivedEvents
from roastery.api.store.organizations import Organizations
from roastery.api.store.tables import ConnectionRow
from roastery.connectors.base import Delivery
from roastery.connectors.errors import WebhookRejected
from roastery.connectors.webhooks import StandardWebhooks
from roastery.warehouse.contracts import CONTRACTS
from roastery.warehouse.errors import nearest
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery

PROVIDER = "events"
SECRET_NAME = "signing_secret"
MOST_SECRETS_TRIED = 200
ACTIONS = ("upserted", "deleted")


@dataclass(frozen=True)
class Message:
    """A verified message: its organization comes from the secret that it is signed with (law 13)."""

    id: str
    organization: Organization
    connection_id: str
    body: bytes


@dataclass
class _Batch:
    """Rows of one dataset that are upserted, or deleted, together. positions: of their events, from 1."""

    dataset: str
    action: str
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)


def verified(
    roastery: "Roastery", body: bytes, headers: Mapping[str, str], connection_id: str | None = None
) -> Message:
    """Find the connection whose secret signed the body.

    connection_id only narrows the search: the signature decides. Errors: BadCredential.
    """
    refused = "No events connection's secret has signed this body."
    for row, secret in _candidates(roastery, connection_id):
        try:
            delivery = _verify(roastery, body, headers, secret)
        except WebhookRejected as error:
            refused = error.message
            continue
        with roastery.database.reading() as session:
            organization = Organizations(session).get(row.organization_id)
        if organization is not None:
            return Message(delivery.id, organization, row.id, body)
    raise BadCredential(f"{refused} Sign as Standard Webhooks with the secret of `roastery connect events`.")


def _verify(roastery: "Roastery", body: bytes, headers: Mapping[str, str], secret: str) -> Delivery:
    """Signed times are real time; under a fixed clock its instant counts too, for senders that live in it."""
    try:
        return StandardWebhooks().verify(body, headers, [secret], roastery.wall.now())
    except WebhookRejected:
        if roastery.clock.fixed_at is None:
            raise
        return StandardWebhooks().verify(body, headers, [secret], roastery.clock.now())


def _candidates(roastery: "Roastery", connection_id: str | None) -> list[tuple[ConnectionRow, str]]:
    with roastery.database.reading() as session:
        rows = Connections.of_provider(session, PROVIDER, connection_id)
        if len(rows) > MOST_SECRETS_TRIED:
            raise BadCredential("Name the connection that signs: POST /v1/events?connection=ID.")
        return [(row, roastery.keyring.open(row.sealed_secrets, row.id).get(SECRET_NAME, "")) for row in rows]


def receive(roastery: "Roastery", message: Message) -> dict[str, Any]:
    """Land a message's rows durably, each message once; the tables follow within seconds."""
    received = ReceivedEvents(roastery.database, message.organization.id)
    answered = received.answered(message.id)
    if answered is not None:
        return answered
    answer = land_events(roastery, message.organization, _events(message.body))
    received.keep(message.id, message.connection_id, answer, roastery.wall.now())
    return answer


def land_events(roastery: "Roastery", organization: Organization, events: Sequence[Any]) -> dict[str, Any]:
    """Land events by dataset and action, in their order; a bad one is told with its position and left out."""
    batches, errors = _batches(events)
    accepted, rejected = 0, len(errors)
    warnings: dict[str, None] = {}
    warehouse = roastery.warehouse(organization)
    for batch in batches:
        land = warehouse.upsert_rows if batch.action == "upserted" else warehouse.delete_rows
        report = land(batch.dataset, batch.rows, build=False)
        accepted += report.accepted
        rejected += report.rejected
        warnings.update(dict.fromkeys(report.warnings))
        errors += [{**error_as_json(e), "row": batch.positions[e.row - 1]} for e in report.errors]
    roastery.builds.request(organization)
    return {
        "accepted": accepted,
        "rejected": rejected,
        "errors": errors[:MOST_ERRORS_LISTED],
        "warnings": list(warnings),
    }


def _batches(events: Sequence[Any]) -> tuple[list[_Batch], list[dict[str, Any]]]:
    """Events by dataset; where a dataset's events change from upserting to deleting, a new batch keeps their order."""
    batches: list[_Batch] = []
    current: dict[str, _Batch] = {}
    errors: list[dict[str, Any]] = []
    for position, event in enumerate(events, start=1):
        fault = _fault(event)
        if fault:
            errors.append({"row": position, "column": fault[0], "message": fault[1]})
            continue
        dataset, _, action = event["type"].rpartition(".")
        batch = current.get(dataset)
        if batch is None or batch.action != action:
            batch = current[dataset] = _Batch(dataset, action)
            batches.append(batch)
        batch.rows.append(_row(event["data"]))
        batch.positions.append(position)
    return batches, errors


def _events(body: bytes) -> list[Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        raise BadBody("The body is not JSON. Send one event or a list of events.") from None
    return parsed if isinstance(parsed, list) else [parsed]


def _fault(event: Any) -> tuple[str, str] | None:
    """(field, sentence) when an event is not of its form."""
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
        return "data", "An event is an object with type, timestamp and data, and data holds the row's columns."
    dataset, _, action = str(event.get("type", "")).rpartition(".")
    if action not in ACTIONS:
        return "type", f"'{event.get('type')}' is not DATASET.upserted or DATASET.deleted."
    if dataset not in CONTRACTS:
        near = nearest(dataset, CONTRACTS)
        return "type", f"Unknown dataset '{dataset}'." + (f" Did you mean '{near}'?" if near else "")
    return None


def _row(data: dict[str, Any]) -> dict[str, Any]:
    """The row itself, or what `row` holds where a sender wraps it."""
    row = data.get("row")
    return row if len(data) == 1 and isinstance(row, dict) else data
