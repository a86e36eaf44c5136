"""Consent: a person is sent to the provider, comes back with a code, and the connection has its access.

The state that goes along is random, kept as a digest, bound to organization and user, and taken once.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete

from roastery.api.connecting import NewConnection, connect
from roastery.api.errors import BadCredential
from roastery.api.security.roles import allow
from roastery.api.store.audit import note
from roastery.api.store.connections import Connections
from roastery.api.store.organizations import Organizations
from roastery.api.store.tables import ConnectionRow, ConsentRow
from roastery.connectors.base import Connection
from roastery.connectors.consent import exchanged, new_secret, question
from roastery.connectors.errors import BadConnection
from roastery.tools.base import Actor
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery

LIVES = timedelta(minutes=15)
CALLBACK = "/v1/connections/callback"
CLIENT = ("client_id", "client_secret")


@dataclass(frozen=True)
class Asked:
    """A consent that is asked for. connection_id: the connection that has lost its grant, else a new one is made."""

    new: NewConnection
    redirect_uri: str
    connection_id: str | None = None


def ask(roastery: "Roastery", organization: Organization, actor: Actor, asked: Asked) -> str:
    """The address where consent is given. Errors: UnknownName for the provider, BadConnection, NotFound."""
    new = asked.new
    if asked.connection_id is not None:
        with roastery.database.reading() as session:
            connections = Connections(session, roastery.keyring, organization.id)
            row = connections.get(asked.connection_id)
            kept = connections.secrets(row.id)
        secrets = {**{name: kept[name] for name in CLIENT if name in kept}, **new.secrets}
        new = NewConnection(row.provider, row.settings, secrets, row.base_url, row.name)
    client_id = new.secrets.get("client_id")
    if not client_id:
        raise BadConnection("Consent needs the app's client_id (and client_secret where it has one) as secrets.")
    state, verifier = new_secret(), new_secret()
    draft = Connection("new", organization.id, new.provider, new.settings, new.base_url)
    address = question(draft, client_id, asked.redirect_uri, state, verifier)
    kept_draft = {
        "provider": new.provider,
        "settings": json.dumps(dict(new.settings)),
        "secrets": json.dumps(dict(new.secrets)),
        "base_url": new.base_url or "",
        "name": new.name,
        "connection_id": asked.connection_id or "",
        "redirect_uri": asked.redirect_uri,
        "verifier": verifier,
    }
    now = roastery.wall.now()
    with roastery.database.session() as session:
        session.execute(delete(ConsentRow).where(ConsentRow.expires_at < now))
        session.add(
            ConsentRow(
                state_digest=_digest(state),
                organization_id=organization.id,
                actor_id=actor.id,
                actor_role=actor.role,
                sealed=roastery.keyring.seal(kept_draft, _digest(state)),
                expires_at=now + LIVES,
            )
        )
        note(session, organization.id, actor.id, "consent.ask", new.provider, now)
    return address


def given(roastery: "Roastery", state: str, code: str, caller: tuple[str, str] | None = None) -> ConnectionRow:
    """Take a consent that came back: the code becomes access, stored before it is used.

    caller: (organization, user) where the one who brings it is known; then it has to be theirs.
    Errors: BadCredential for a state that is unknown, used or too old; Reconnect when the provider refuses the code.
    """
    row = _take(roastery, state, caller)
    draft = roastery.keyring.open(row.sealed, row.state_digest)
    with roastery.database.reading() as session:
        organization = Organizations(session).get(row.organization_id)
    if organization is None:
        raise BadCredential("This consent is no longer waited for. Ask for it again.")
    actor = Actor(id=row.actor_id, role=row.actor_role)
    allow(actor, "connect")
    settings, secrets = json.loads(draft["settings"]), json.loads(draft["secrets"])
    base_url = draft["base_url"] or None
    connection = Connection("new", organization.id, draft["provider"], settings, base_url)
    client = {name: secrets[name] for name in CLIENT if secrets.get(name)}
    fresh = exchanged(
        connection,
        client,
        code,
        draft["redirect_uri"],
        draft["verifier"],
        roastery.clock_of(organization),
        egress=roastery.settings.egress,
    )
    if not draft["connection_id"]:
        new = NewConnection(draft["provider"], settings, {**secrets, **fresh}, base_url, draft["name"])
        return connect(roastery, organization, actor, new)[0]
    return renew(roastery, organization, actor, draft["connection_id"], {**client, **fresh})


def _take(roastery: "Roastery", state: str, caller: tuple[str, str] | None) -> ConsentRow:
    """The consent of a state, which is used up with this, in one transaction."""
    refused = BadCredential("This consent is not waited for: it was used, or it is older than 15 minutes. Ask again.")
    with roastery.database.session() as session:
        row = session.get(ConsentRow, _digest(state), with_for_update=True)
        if row is None or row.expires_at < roastery.wall.now():
            raise refused
        if caller is not None and caller != (row.organization_id, row.actor_id):
            raise refused
        taken = session.execute(delete(ConsentRow).where(ConsentRow.state_digest == row.state_digest))
        if not taken.rowcount:  # type: ignore[attr-defined]
            raise refused
        session.expunge(row)
    return row


def renew(
    roastery: "Roastery", organization: Organization, actor: Actor, connection_id: str, fresh: Mapping[str, str]
) -> ConnectionRow:
    """Give a connection its new grant; nothing else of it changes. Errors: NotFound."""
    now = roastery.wall.now()
    with roastery.database.reading() as session:
        Connections(session, roastery.keyring, organization.id).get(connection_id)
    roastery.tokens.rotate(connection_id, fresh)
    with roastery.database.session() as session:
        connections = Connections(session, roastery.keyring, organization.id)
        changes: dict[str, Any] = {"status": "connected", "status_detail": "", "health": {}}
        row = connections.change(connection_id, **changes)
        note(session, organization.id, actor.id, "consent.again", row.id, now, provider=row.provider)
    return row


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
