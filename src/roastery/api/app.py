"""The application object: settings, store, warehouses, sources, tools and agent, wired once per process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import structlog

from roastery.api.approving import ServiceActions
from roastery.api.builds import Builds
from roastery.api.connection_health import Healths
from roastery.api.experimenting import RecordedExperiments
from roastery.api.logs import configure_logs
from roastery.api.security.secrets import Keyring
from roastery.api.settings import Settings
from roastery.api.store.connections import SealedTokens
from roastery.api.store.database import Database
from roastery.api.store.once import IdempotencyKeys
from roastery.api.store.organizations import Organizations
from roastery.api.store.receipts import StoredLedger
from roastery.tools.base import Actor, ToolContext, ToolResult
from roastery.warehouse.clock import Clock
from roastery.warehouse.errors import BuildFailed
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from fastapi import FastAPI

    from roastery.agent.graph import Analyst
    from roastery.api.connecting import Syncs
    from roastery.connectors.throttle import Throttles
    from roastery.warehouse.engine import Warehouse, Warehouses
    from roastery.warehouse.erasing import Needles
    from roastery.warehouse.semantic.layer import SemanticLayer

FRESH_WITHIN_SECONDS = 10.0
OPERATOR = Actor(id="operator", role="owner")
"""Who types at the command line of the home: whoever can read its files may do everything."""

log = structlog.get_logger()


class Roastery:
    """One process's whole service. Commands and routes are thin over it; use it as a context manager."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock: Clock = settings.clock
        self.wall = Clock()
        self.keyring = Keyring(settings.secret_keys())
        self.database = Database(settings.store_url)
        self.tokens = SealedTokens(self.database, self.keyring)
        self.builds = Builds(lambda organization: self._build(organization))
        self.beside = ExitStack()
        """What runs as long as this object does, such as the demo's providers; ended first."""
        self._lock = threading.RLock()

    @classmethod
    def open(cls, settings: Settings | None = None) -> Self:
        """Read the environment, bring the service's database up to date, and be ready."""
        settings = settings or Settings.from_environment()
        configure_logs(settings.log_level)
        roastery = cls(settings)
        roastery.database.migrate()
        if settings.database_url is None:
            IdempotencyKeys.forget_unfinished(roastery.database)
        return roastery

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish syncs and builds that were asked for, then close every file."""
        self.beside.close()
        if "syncs" in self.__dict__:
            self.syncs.close()
        self.builds.close()
        if "warehouses" in self.__dict__:
            self.warehouses.close()
        self.database.close()

    @cached_property
    def syncs(self) -> Syncs:
        from roastery.api.connecting import Syncs

        return Syncs(self)

    @cached_property
    def throttles(self) -> Throttles:
        """The limits of the home, so that connections of one app share its provider's, in every process."""
        from roastery.connectors.throttle import Throttles

        return Throttles(folder=self.settings.home / "limits")

    @cached_property
    def warehouses(self) -> Warehouses:
        from roastery.connectors.registry import fills
        from roastery.warehouse.engine import Warehouses

        return Warehouses(
            self.settings.warehouse_home,
            self.keyring.warehouse_key(),
            fills(),
            self.clock,
            query_timeout_seconds=self.settings.query_timeout_seconds,
            memory_limit=self.settings.warehouse_memory,
            tombstones=self.settings.tombstones_home,
            on_forget=self._on_forget,
        )

    def _on_forget(self, organization_id: str, needles: Needles) -> None:
        from roastery.api.privacy import on_forget

        on_forget(self, organization_id, needles)

    def organization(self, name_or_id: str) -> Organization:
        """By id or name, for whoever operates the home; requests take theirs from the credential (law 13)."""
        with self.database.reading() as session:
            return Organizations(session).find(name_or_id)

    def warehouse(self, organization: Organization) -> Warehouse:
        with self._lock:
            warehouses = self.warehouses
        return warehouses.open(organization)

    def clock_of(self, organization: Organization) -> Clock:
        return organization.clock_or(self.clock)

    def layer(self, organization: Organization, role: str | None = None) -> SemanticLayer:
        """The organization's numbers for the eyes of a role; None for the house's own work."""
        from roastery.warehouse.semantic.layer import SemanticLayer

        return SemanticLayer(self.warehouse(organization), self.clock_of(organization), role=role)

    def ledger(self, organization: Organization, actor: Actor) -> StoredLedger:
        return StoredLedger(self.database, organization.id, actor.scope_key)

    def context(self, organization: Organization, actor: Actor) -> ToolContext:
        """What tools get to work with, on tables that hold what has landed."""
        self.freshen(organization)
        return ToolContext(
            organization=organization,
            actor=actor,
            clock=self.clock_of(organization),
            metrics=self.layer(organization, actor.role),
            ledger=self.ledger(organization, actor),
            actions=ServiceActions(self, organization, actor),
            connections=Healths(self, organization),
            experiments=RecordedExperiments(self, organization),
        )

    def run_tool(
        self, organization: Organization, actor: Actor, name: str, arguments: Mapping[str, Any] | str
    ) -> ToolResult:
        """Run one tool and keep its receipt."""
        from roastery.tools.registry import run

        return run(name, arguments, self.context(organization, actor))

    @cached_property
    def analyst(self) -> Analyst:
        """The agent; one for the process, with the model that the settings name."""
        from roastery.api.asking import analyst_of

        return analyst_of(self.settings)

    def freshen(self, organization: Organization) -> None:
        """Bring the tables up to what has landed and to the day; the last good ones serve when that is slow."""
        if self.warehouse(organization).needs_build():
            self.builds.request(organization)
        try:
            self.builds.settle(organization, FRESH_WITHIN_SECONDS)
        except BuildFailed as error:
            log.warning("asking the last good tables", organization_id=organization.id, error=error.message)

    def _build(self, organization: Organization) -> float:
        current = self.organization(organization.id)
        return self.warehouse(current).build().facts_seconds


def create_app(roastery: Roastery) -> FastAPI:
    """The HTTP service over an application object."""
    from roastery.api.http import create_http_app

    return create_http_app(roastery)
