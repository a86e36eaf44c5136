"""What providers push: verified by the provider's scheme, taken once, then read from the provider itself."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from roastery.api.errors import BadCredential, NotFound
from roastery.api.store.connections import Connections, as_connection
from roastery.api.store.once import ReceivedEvents
from roastery.api.store.organizations import Organizations
from roastery.connectors.base import Pushed, SignsAddress, TellsDeletions
from roastery.connectors.batches import batch_of
from roastery.connectors.errors import WebhookRejected
from roastery.connectors.registry import SOURCES, open_source
from roastery.warehouse.errors import Busy

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.api.store.tables import ConnectionRow
    from roastery.warehouse.organization import Organization

SECRET_NAMES = ("webhook_secret", "app_secret", "client_secret")


def receive_webhook(
    roastery: "Roastery", provider: str, connection_id: str, body: bytes, headers: Mapping[str, str], url: str = ""
) -> None:
    """Take a delivery and start to read what it is about.

    url: the address that was called, for schemes that sign it; the connection's webhook_url where a proxy changes it.
    A delivery is a hint, never data: its content is read from the provider, so a lost or repeated one does no harm.
    What it says was deleted is taken out at once: nothing is left to read, and ids are not given twice.
    Errors: NotFound, BadCredential when the signature does not hold.
    """
    with roastery.database.reading() as session:
        rows = Connections.of_provider(session, provider, connection_id)
        row = rows[0] if rows else None
        organization = Organizations(session).get(row.organization_id) if row else None
    source = SOURCES.get(provider)
    if row is None or organization is None or source is None or source.webhook is None:
        raise NotFound("webhook of connection", connection_id)
    secrets = roastery.tokens.secrets(row.id)
    signing = [secrets[name] for name in SECRET_NAMES if secrets.get(name)]
    scheme = source.webhook
    if isinstance(scheme, SignsAddress):
        scheme = scheme.at(str(row.settings.get("webhook_url") or url))
    try:
        delivery = scheme.verify(body, headers, signing, roastery.wall.now())
    except WebhookRejected as error:
        raise BadCredential(error.message) from None
    received = ReceivedEvents(roastery.database, organization.id)
    message_id = f"{provider}:{delivery.id}"
    if received.answered(message_id) is not None:
        return
    _land_pushed(roastery, organization, row, delivery.topic, body)
    topics = delivery.topic.split(",")
    only = tuple(dict.fromkeys(name for topic in topics for name in source.webhook_resources.get(topic, ())))
    if only:
        with contextlib.suppress(Busy):  # the sync that runs, or the next scheduled one, reads it
            roastery.syncs.start(organization, row.id, only=only)
    received.keep(message_id, row.id, {"received": True}, roastery.wall.now())


def _land_pushed(
    roastery: "Roastery", organization: "Organization", row: "ConnectionRow", topic: str, body: bytes
) -> None:
    """Land what a delivery itself holds, where the source says that it does; it is in the next query soon."""
    if not issubclass(SOURCES[row.provider], Pushed | TellsDeletions):
        return
    connection, clock = as_connection(row), roastery.clock_of(organization)
    source = open_source(connection, roastery.tokens, clock, egress=roastery.settings.egress)
    try:
        pages = source.pushed(body) if isinstance(source, Pushed) else ()
        if isinstance(source, TellsDeletions):
            pages = [*pages, *source.deleted(topic, body)]
    finally:
        source.http.close()
    warehouse = roastery.warehouse(organization)
    for resource, page in pages:
        batch = batch_of(page, resource, connection, row.provider)
        warehouse.land(replace(batch, cursor=None))
    if pages:
        roastery.builds.request(organization)
