"""What providers push: verified by the provider's scheme, taken once, then read from the provider itself."""

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from roastery.api.errors import BadCredential, NotFound
from roastery.api.store.connections import Connections
from roastery.api.store.once import ReceivedEvents
from roastery.api.store.organizations import Organizations
from roastery.connectors.base import SignsAddress
from roastery.connectors.errors import WebhookRejected
from roastery.connectors.registry import SOURCES
from roastery.warehouse.errors import Busy

if TYPE_CHECKING:
    from roastery.api.app import Roastery

SECRET_NAMES = ("webhook_secret", "app_secret", "client_secret")


def receive_webhook(
    roastery: "Roastery", provider: str, connection_id: str, body: bytes, headers: Mapping[str, str], url: str = ""
) -> None:
    """Take a delivery and start to read what it is about.

    url: the address that was called, for schemes that sign it; the connection's webhook_url where a proxy changes it.
    A delivery is a hint, never data: its content is read from the provider, so a lost or repeated one does no harm.
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
    topics = delivery.topic.split(",")
    only = tuple(dict.fromkeys(name for topic in topics for name in source.webhook_resources.get(topic, ())))
    if only:
        with contextlib.suppress(Busy):  # the sync that runs, or the next scheduled one, reads it
            roastery.syncs.start(organization, row.id, only=only)
    received.keep(message_id, row.id, {"received": True}, roastery.wall.now())
