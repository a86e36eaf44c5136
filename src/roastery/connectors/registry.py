"""Finds the sources: every file in connectors/sources is one (or a folder, where one grew large), unregistered."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import cast

from roastery.connectors import sources as sources_folder
from roastery.connectors.access import Access
from roastery.connectors.base import Connection, SignsAddress, Source, TokenStore
from roastery.connectors.consent import CONSENTS
from roastery.connectors.egress import Egress
from roastery.connectors.errors import BadConnection
from roastery.connectors.http import Politeness
from roastery.connectors.throttle import Throttles
from roastery.warehouse.clock import Clock
from roastery.warehouse.contracts import Fill
from roastery.warehouse.errors import UnknownName


@cache
def sources() -> Mapping[str, type[Source]]:
    """Every source by its provider's name."""
    found: dict[str, type[Source]] = {}
    for module in pkgutil.iter_modules(sources_folder.__path__):
        loaded = importlib.import_module(f"{sources_folder.__name__}.{module.name}")
        for value in vars(loaded).values():
            if isinstance(value, type) and value.__module__.startswith(loaded.__name__) and hasattr(value, "provider"):
                found[value.provider] = cast(type[Source], value)
    return MappingProxyType(dict(sorted(found.items())))


SOURCES: Mapping[str, type[Source]] = sources()


def source_type(provider: str) -> type[Source]:
    """The source of a provider.

    Errors: UnknownName with the nearest one.
    """
    if provider not in SOURCES:
        raise UnknownName("provider", provider, SOURCES)
    return SOURCES[provider]


def check_connection(connection: Connection, tokens: TokenStore) -> None:
    """Make sure that everything the source needs is there.

    Errors: UnknownName for the provider, BadConnection that names what is missing.
    """
    source = source_type(connection.provider)
    if connection.base_url and not connection.base_url.startswith(("https://", "http://")):
        raise BadConnection(f"'{connection.base_url}' is no base URL of {source.title}: it begins with https://.")
    absent = [name for name in source.required_settings if not connection.settings.get(name)]
    if absent:
        raise BadConnection.missing(source.title, "settings", absent)
    secrets = tokens.secrets(connection.id)
    absent = [name for name in source.required_secrets if not secrets.get(name)]
    if absent:
        raise BadConnection.missing(source.title, "secrets", absent)
    # A source whose settings are more than names and numbers has its own look at them.
    check = getattr(source, "check", None)
    if check is not None:
        check(connection)


def check_names(provider: str, settings: Iterable[str], secrets: Iterable[str]) -> None:
    """Make sure that a new connection is given only what its source knows: a mistyped name would count as absent.

    Errors: UnknownName with the nearest one.
    """
    source = source_type(provider)
    asked = CONSENT_SETTINGS if provider in CONSENTS else ()
    signs = ("webhook_url",) if isinstance(source.webhook, SignsAddress) else ()
    known = {*source.required_settings, *source.optional_settings, *asked, *signs}
    for name in settings:
        if name not in known:
            raise UnknownName(f"setting of {source.title}", name, known)
    granted = GRANTED if provider in CONSENTS else ()
    known = {*source.required_secrets, *source.optional_secrets, *granted}
    for name in secrets:
        if name not in known:
            raise UnknownName(f"secret of {source.title}", name, known)


CONSENT_SETTINGS = ("scopes", "authorize_url", "token_url")
GRANTED = ("client_id", "client_secret", "access_token", "refresh_token", "expires_at")
"""What asking for consent can be told, and what it gives."""


def open_source(
    connection: Connection,
    tokens: TokenStore,
    clock: Clock,
    *,
    throttles: Throttles | None = None,
    politeness: Politeness | None = None,
    egress: Egress | None = None,
) -> Source:
    """The source of a connection, ready to be synced. egress: what the operator allows beyond the public internet.

    Errors: UnknownName, BadConnection.
    """
    check_connection(connection, tokens)
    access = Access(connection, tokens, clock, throttles or Throttles(), politeness or Politeness(), egress or Egress())
    made = cast("type[_Made]", source_type(connection.provider))
    return cast(Source, made(access))


class _Made:
    """How every source is constructed; a Protocol cannot say it."""

    def __init__(self, access: Access) -> None: ...


def fills() -> tuple[Fill, ...]:
    """Every SELECT by which a source fills a contract, for the warehouse's build."""
    return tuple(
        Fill(fill.contract, source.provider, fill.resource, fill.sql, fill.joins, fill.by_record)
        for source in SOURCES.values()
        for fill in source.fills
    )
