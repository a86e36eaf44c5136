"""What the shop has deleted: webhooks tell it at once, and lists of numbers find what no webhook told.

Orders of the last year are looked through daily; everything that landed, customers and products too, weekly. An access
to the last 60 days alone lists no older orders: of those only webhooks tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from roastery.connectors.base import Cursor, Page, Resource
from roastery.connectors.graphql import GraphQL
from roastery.connectors.parsing import parsed
from roastery.connectors.reports import DAY
from roastery.connectors.sources.shopify.documents import EXISTING, NUMBERS
from roastery.connectors.sweeping import Listed

TOPICS = {"orders/delete": "orders", "customers/delete": "customers", "products/delete": "products"}
KINDS = {"orders": "Order", "customers": "Customer", "products": "Product"}
RECENT_ORDERS = timedelta(days=60)
EVER = datetime(1970, 1, 1, tzinfo=UTC)
MARKS = ("swept_at", "all_swept_at")
"""When the orders of the last year, and when all that landed, were last held against what the shop has."""


def marks(cursor: Cursor, until: datetime) -> Mapping[str, str | None]:
    """A cursor's marks; what a first sync reads need not be looked for."""
    first = None if cursor.state else until.isoformat()
    return {name: cursor.state.get(name) or first for name in MARKS}


def told(topic: str, body: bytes, resources: Sequence[Resource]) -> Sequence[tuple[Resource, Page]]:
    """What a webhook says is gone; nothing where it is about something else."""
    name = TOPICS.get(topic)
    record = parsed(body) if name else None
    number = record.get("id") if isinstance(record, dict) else None
    if not number:
        return ()
    resource = next(resource for resource in resources if resource.name == name)
    return ((resource, Page((), Cursor(), deleted=[str(number)])),)


@dataclass(frozen=True)
class Deletions:
    """Lists what the shop still has. recent: how often the orders made within `reach`, full: how often everything."""

    api: GraphQL
    recent: timedelta
    reach: timedelta
    full: timedelta

    def still_listed(self, resource: Resource, cursor: Cursor, until: datetime) -> Listed | None:
        """The numbers of what is due to be looked for, None where nothing is."""
        if resource.name not in KINDS:
            return None
        state, now = cursor.state, until.isoformat()
        sees_all = resource.name != "orders" or bool(state.get("all_orders"))
        if sees_all and _is_due(state.get("all_swept_at"), self.full, until):
            return Listed(self._numbers(resource, None), "createdAt", EVER, {**state, **dict.fromkeys(MARKS, now)})
        if resource.name != "orders" or not _is_due(state.get("swept_at"), self.recent, until):
            return None
        # An order at the edge of what may be read is missing for that reason alone.
        since = until - (self.reach if sees_all else min(self.reach, RECENT_ORDERS - DAY))
        query = f"created_at:>='{since:%Y-%m-%dT%H:%M:%SZ}'"
        return Listed(self._numbers(resource, query), "createdAt", since, {**state, "swept_at": now})

    def gone(self, resource: Resource, keys: Sequence[str]) -> Sequence[str]:
        kind, document = KINDS[resource.name], EXISTING[resource.name]
        asked = ((key, self.api.ask(document, id=f"gid://shopify/{kind}/{key}")) for key in keys)
        return [key for key, answer in asked if answer[kind.lower()] is None]

    def _numbers(self, resource: Resource, query: str | None) -> list[str]:
        pages = self.api.walk(NUMBERS[resource.name], resource.name, 250, query=query, reverse=False)
        return [str(node["legacyResourceId"]) for nodes in pages for node in nodes]


def _is_due(last: Any, every: timedelta, until: datetime) -> bool:
    return not last or until - datetime.fromisoformat(last) >= every
