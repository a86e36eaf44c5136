"""/v1/connections: sources of data, and the events connection whose secret signs pushed rows."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from roastery.api.connecting import NewConnection, connect, disconnect, pause, preview
from roastery.api.connection_health import health_of
from roastery.api.consenting import CALLBACK, Asked, ask, given
from roastery.api.errors import BadCredential
from roastery.api.routes.documented import documented
from roastery.api.routes.paging import Cursor, Limit, page
from roastery.api.security.caller import Connector, Reader
from roastery.api.store.audit import note
from roastery.api.store.connections import Connections
from roastery.api.store.tables import ConnectionRow
from roastery.connectors.registry import SOURCES
from roastery.warehouse.organization import Organization

router = APIRouter(prefix="/v1/connections", tags=["connections"])

EXAMPLE = {
    "id": "con_8f6k2m9x0c7b5n1v3d4",
    "provider": "meta_ads",
    "name": "meta_ads",
    "settings": {"account_id": "act_1"},
    "base_url": None,
    "status": "connected",
    "status_detail": "",
    "progress": {"percent": 100.0, "rows": 1204},
    "last_sync_at": "2026-11-20T09:00:00+00:00",
    "created_at": "2026-11-19T17:00:00+00:00",
}


HEALTHY = {
    **EXAMPLE,
    "health": {
        "state": "healthy",
        "since": "2026-11-19T18:00:00+00:00",
        "why": "",
        "what_to_do": "",
        "last_success": "2026-11-20T09:00:00+00:00",
        "rows": 1204,
        "age_minutes": 12,
        "promised_minutes": 240,
        "history_since": "2023-10-20",
        "complete_through": "2026-11-19",
        "sentence": "meta_ads is healthy since 19 Nov 2026 18:00 UTC.",
    },
}


class Connected(BaseModel):
    """base_url overrides the provider's own address. secrets are sealed and never shown."""

    model_config = ConfigDict(extra="forbid")
    provider: str
    name: str = ""
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    base_url: str | None = None


class ConsentAsked(BaseModel):
    """secrets: the app's client_id and client_secret, and what else it needs. redirect_uri: ours when absent."""

    model_config = ConfigDict(extra="forbid")
    provider: str | None = None
    connection_id: str | None = None
    name: str = ""
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    base_url: str | None = None
    redirect_uri: str | None = None


class ConnectionChanges(BaseModel):
    """What is absent stays; secrets given are put beside the stored ones."""

    model_config = ConfigDict(extra="forbid")
    name: str | None = None
    settings: dict[str, Any] | None = None
    secrets: dict[str, str] | None = None
    base_url: str | None = None


def as_json(row: ConnectionRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "provider": row.provider,
        "name": row.name,
        "settings": row.settings,
        "base_url": row.base_url,
        "status": row.status,
        "status_detail": row.status_detail,
        "progress": row.progress,
        "last_sync_at": row.last_sync_at.isoformat() if row.last_sync_at else None,
        "created_at": row.created_at.isoformat(),
    }


def with_health(request: Request, organization: Organization, rows: Sequence[ConnectionRow]) -> list[dict[str, Any]]:
    healths = health_of(request.app.state.roastery, organization, rows)
    return [{**as_json(row), "health": health.as_json()} for row, health in zip(rows, healths, strict=True)]


@router.get("", **documented({"items": [HEALTHY], "next": None}))
def list_connections(caller: Reader, request: Request, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """The organization's connections with their health, status and the progress of a running sync.

    `health.state`: healthy, delayed, throttled, needs_consent, failing, paused or new; with since when, why, and what
    to do.
    """
    roastery = request.app.state.roastery
    with roastery.database.reading() as session:
        rows = Connections(session, roastery.keyring, caller.organization.id).list()
    return page(with_health(request, caller.organization, rows), cursor, limit)


@router.get("/providers", **documented({"items": [{"provider": "meta_ads", "title": "Meta Ads"}], "next": None}))
def list_providers(_caller: Reader) -> dict[str, Any]:
    """Everything that can be connected, and what each needs."""
    items = [
        {
            "provider": provider,
            "title": source.title,
            "settings": list(source.required_settings),
            "secrets": list(source.required_secrets),
            "optional_settings": dict(source.optional_settings),
            "optional_secrets": dict(source.optional_secrets),
            "resources": [resource.name for resource in source.resources],
        }
        for provider, source in SOURCES.items()
    ]
    events = {"provider": "events", "title": "Signed events", "settings": [], "secrets": [], "resources": []}
    return {"items": [*items, events], "next": None}


@router.post(
    "",
    status_code=201,
    **documented(
        {**EXAMPLE, "status": "new"},
        request={"provider": "meta_ads", "settings": {"account_id": "act_1"}, "secrets": {"access_token": "…"}},
        status=201,
    ),
)
def create_connection(new: Connected, caller: Connector, request: Request) -> dict[str, Any]:
    """Connect a source. For provider `events` the answer holds its `signing_secret`, once."""
    given = NewConnection(new.provider, new.settings, new.secrets, new.base_url, new.name)
    row, secret = connect(request.app.state.roastery, caller.organization, caller.actor, given)
    return {**as_json(row), **({"signing_secret": secret} if secret else {})}


@router.post(
    "/preview",
    **documented(
        {"datasets": [{"dataset": "customers", "rows": [{"customer_id": "7"}], "faults": [], "unmapped": ["notes"]}]},
        request={
            "provider": "custom_crm",
            "settings": {
                "mode": "rest",
                "url": "https://crm.example/api",
                "datasets": {"customers": {"path": "clients", "map": {"customer_id": "id"}}},
            },
        },
    ),
)
def preview_connection(new: Connected, caller: Connector, request: Request) -> dict[str, Any]:
    """The first rows of a custom CRM as its mapping would have them; nothing is stored."""
    given = NewConnection(new.provider, new.settings, new.secrets, new.base_url, new.name)
    return {"datasets": preview(request.app.state.roastery, caller.organization, given)}


@router.post(
    "/consent",
    status_code=201,
    **documented(
        {"url": "https://www.klaviyo.com/oauth/authorize?response_type=code&state=…"},
        request={"provider": "klaviyo", "secrets": {"client_id": "…", "client_secret": "…"}},
        status=201,
    ),
)
def ask_consent(asked: ConsentAsked, caller: Connector, request: Request) -> dict[str, Any]:
    """Where a person gives the provider's consent; it comes back to /v1/connections/callback within 15 minutes.

    With `connection_id` a connection that has lost its grant gets a new one, else a connection is made.
    """
    new = NewConnection(asked.provider or "", asked.settings, asked.secrets, asked.base_url, asked.name)
    redirect_uri = asked.redirect_uri or str(request.base_url).rstrip("/") + CALLBACK
    question = Asked(new, redirect_uri, asked.connection_id)
    return {"url": ask(request.app.state.roastery, caller.organization, caller.actor, question)}


@router.get("/callback", **documented({"connected": "klaviyo", "connection_id": "con_8f6k2m9x0c7b5n1v3d4"}))
def take_consent(request: Request, state: str = "", code: str = "", error: str = "") -> dict[str, Any]:
    """Where the provider sends a person back. The state is the credential: random, bound, and taken once."""
    if error or not code:
        raise BadCredential(f"The provider gave no consent{f' ({error[:60]})' if error else ''}. Ask for it again.")
    row = given(request.app.state.roastery, state, code)
    return {"connected": row.provider, "connection_id": row.id}


@router.get("/{connection_id}", **documented(HEALTHY))
def read_connection(connection_id: str, caller: Reader, request: Request) -> dict[str, Any]:
    """One connection with its health."""
    roastery = request.app.state.roastery
    with roastery.database.reading() as session:
        row = Connections(session, roastery.keyring, caller.organization.id).get(connection_id)
    return with_health(request, caller.organization, [row])[0]


@router.post("/{connection_id}/pause", **documented(HEALTHY))
def pause_connection(connection_id: str, caller: Connector, request: Request) -> dict[str, Any]:
    """Read a connection no more by itself, until it is resumed."""
    pause(request.app.state.roastery, caller.organization, caller.actor, connection_id, paused=True)
    return read_connection(connection_id, caller, request)


@router.post("/{connection_id}/resume", **documented(HEALTHY))
def resume_connection(connection_id: str, caller: Connector, request: Request) -> dict[str, Any]:
    """Read a paused connection again by itself."""
    pause(request.app.state.roastery, caller.organization, caller.actor, connection_id, paused=False)
    return read_connection(connection_id, caller, request)


@router.patch("/{connection_id}", **documented(EXAMPLE, request={"secrets": {"access_token": "…"}}))
def change_connection(
    connection_id: str, changes: ConnectionChanges, caller: Connector, request: Request
) -> dict[str, Any]:
    """Change a connection's settings, or give it new secrets."""
    roastery = request.app.state.roastery
    given = changes.model_dump(exclude_unset=True)
    with roastery.database.session() as session:
        connections = Connections(session, roastery.keyring, caller.organization.id)
        if given.get("secrets") is not None:
            given["secrets"] = {**connections.secrets(connection_id), **given["secrets"]}
        row = connections.change(connection_id, **{name: v for name, v in given.items() if v is not None})
        changed = sorted(given)
        now = roastery.wall.now()
        note(session, caller.organization.id, caller.actor.id, "connection.change", row.id, now, changed=changed)
        return as_json(row)


@router.delete("/{connection_id}", **documented({**EXAMPLE, "status": "removed"}))
def remove_connection(connection_id: str, caller: Connector, request: Request) -> dict[str, Any]:
    """Take a connection out of use and forget its secrets; the data that it brought stays."""
    return as_json(disconnect(request.app.state.roastery, caller.organization, caller.actor, connection_id))


@router.post("/{connection_id}/sync", status_code=202, **documented({**EXAMPLE, "status": "syncing"}, status=202))
def sync_connection(
    connection_id: str,
    caller: Connector,
    request: Request,
    since: Annotated[date | None, Query(description="Read everything from this day on again.")] = None,
) -> dict[str, Any]:
    """Start to pull what is new; the connection's `status` and `progress` tell how far it is."""
    roastery = request.app.state.roastery
    roastery.syncs.start(caller.organization, connection_id, since=since)
    with roastery.database.reading() as session:
        row = Connections(session, roastery.keyring, caller.organization.id).get(connection_id)
        return {**as_json(row), "status": "syncing"}
