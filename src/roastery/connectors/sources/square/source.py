"""Reading Square: which pages are asked for, of which locations, and where the next sync goes on."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

from roastery.connectors.access import Access, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.changes import OVERLAP, Ask, changed_records
from roastery.connectors.errors import RetryLater
from roastery.connectors.http import Reply
from roastery.connectors.oauth import FixedToken, Grant, HeaderStyle, OAuthToken
from roastery.connectors.reports import DAY, today_in
from roastery.connectors.sources.square.fills import FILLS
from roastery.connectors.throttle import Rate
from roastery.connectors.webhooks import SignedAddress

TITLE = "Square"
LOCATIONS_A_SEARCH = 10
CATALOG_TYPES = ("ITEM", "ITEM_VARIATION", "CATEGORY", "DISCOUNT")
PAYMENT = (
    *("id", "created_at", "updated_at", "status", "amount_money", "total_money", "tip_money", "processing_fee"),
    *("refunded_money", "location_id", "order_id", "customer_id", "source_type", "reference_id"),
)
REFUND = (
    *("id", "status", "location_id", "amount_money", "payment_id", "order_id", "reason", "created_at", "updated_at"),
    "processing_fee",
)
CUSTOMER = ("id", "created_at", "updated_at", "given_name", "family_name", "email_address", "phone_number", "version")
ORDER_LEFT_OUT = ("fulfillments", "tenders", "ticket_name", "pricing_options")


def inventory_key(record: Record) -> str:
    return f"{record['_connection']['day']}:{record['catalog_object_id']}:{record['location_id']}"


class Square:
    """One Square seller with all of its locations."""

    provider: ClassVar[str] = "square"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://connect.squareup.com"
    required_settings: ClassVar[tuple[str, ...]] = ()
    required_secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    optional_settings: ClassVar[Mapping[str, str]] = {
        "order_id_key": "The metadata key of orders that holds their id in another shop system; order_id.",
        "requests_per_second": "How many requests a second; 8 (Square publishes no limit).",
        "order_page": "Orders a page, at most 1000; 500.",
        "api_version": "Square-Version; 2026-09-16.",
        "token_url": "Where access is refreshed, where it is not Square's own address.",
        "webhook_url": "The address that Square calls, exactly as it is set there, where a proxy changes it.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "refresh_token": "Refreshes the access, with client_id (and client_secret, unless it was given by PKCE).",
        "client_id": "The application's id.",
        "client_secret": "The application's secret.",
        "webhook_secret": "The signature key of the webhook subscription.",
    }
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("locations", key=lambda r: r["id"]),
        Resource("catalog", key=lambda r: r["id"]),
        Resource(
            "customers",
            key=lambda r: r["id"],
            personal={
                "given_name": "name",
                "family_name": "name",
                "email_address": "email",
                "phone_number": "phone",
            },
        ),
        Resource("orders", key=lambda r: r["id"], depends_on=("locations",)),
        Resource("payments", key=lambda r: r["id"], depends_on=("locations",)),
        Resource("refunds", key=lambda r: r["id"], depends_on=("locations",)),
        Resource("inventory", key=inventory_key, depends_on=("locations",)),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = FILLS
    webhook: ClassVar[SignedAddress] = SignedAddress("x-square-hmacsha256-signature", "event_id")
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **dict.fromkeys(("order.created", "order.updated", "order.fulfillment.updated"), ("orders",)),
        **dict.fromkeys(("payment.created", "payment.updated"), ("payments", "orders")),
        **dict.fromkeys(("refund.created", "refund.updated"), ("refunds", "orders")),
        **dict.fromkeys(("customer.created", "customer.updated", "customer.deleted"), ("customers",)),
        "catalog.version.updated": ("catalog",),
        "inventory.count.updated": ("inventory",),
    }

    def __init__(self, access: Access) -> None:
        settings = access.settings
        base_url = (access.connection.base_url or self.default_base_url).rstrip("/")
        grant = Grant(
            TITLE, str(settings.get("token_url") or f"{base_url}/oauth2/token"), HeaderStyle(), {}, as_json=True
        )
        rate = whole_number(TITLE, settings, "requests_per_second", 8)
        self._order_page = min(1000, whole_number(TITLE, settings, "order_page", 500))
        self._order_key = str(settings.get("order_id_key", "order_id"))
        self.http = access.client(
            TITLE,
            base_url,
            OAuthToken(access.connection, access.tokens, grant, access.clock, access.politeness, access.egress)
            if access.secret("refresh_token")
            else FixedToken(access.connection, access.tokens),
            refuse_errors,
            (access.bucket(Rate(per_second=rate, burst=rate)),),
            headers={"Square-Version": str(settings.get("api_version", "2026-09-16"))},
        )

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        if resource.name == "locations":
            yield Page(self._locations, cursor, progress=1.0)
            return
        read = {
            "catalog": self._catalog,
            "customers": self._customers,
            "orders": self._orders,
            "payments": self._payments,
            "refunds": self._refunds,
            "inventory": self._inventory,
        }
        yield from read[resource.name](cursor, until)

    @cached_property
    def _locations(self) -> list[dict[str, Any]]:
        found = self.http.get("v2/locations")["locations"]
        keep = ("id", "name", "timezone", "status", "created_at", "merchant_id", "country", "currency", "type")
        return [{name: row[name] for name in keep if name in row} for row in found]

    def _catalog(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """What changed in the catalogue, with what was deleted."""
        since = cursor.state.get("latest")
        body: dict[str, Any] = {"object_types": list(CATALOG_TYPES), "include_deleted_objects": True, "limit": 1000}
        if since:
            body["begin_time"] = _text(_time(since) - OVERLAP)
        latest = since
        for answer in self._walk("v2/catalog/search", body):
            found = answer.get("objects", [])
            latest = answer.get("latest_time") or latest
            gone = [row["id"] for row in found if row.get("is_deleted")]
            yield Page([row for row in found if not row.get("is_deleted")], cursor, deleted=gone)
        yield Page((), Cursor({"latest": latest}), progress=1.0)

    def _customers(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        def fetch(ask: Ask) -> Iterator[list[Record]]:
            filters = {"filter": {"updated_at": _range(ask)}} if ask.since or ask.up_to else {}
            query = {**filters, "sort": {"field": "CREATED_AT", "order": "DESC" if ask.newest_first else "ASC"}}
            held: list[Record] = []
            # Sorted by creation only, while changes are what the next sync goes on from: kept until all are there.
            for answer in self._walk("v2/customers/search", {"query": query, "limit": 100}):
                held += [_customer(row) for row in answer.get("customers", [])]
            held.sort(key=lambda row: row["updated_at"], reverse=ask.newest_first)
            for start in range(0, len(held), 1000):
                yield held[start : start + 1000]

        for records, reading in changed_records(cursor, fetch, _changed):
            yield Page(records, Cursor(reading.state()))

    # By location: each group of them goes on from its own place, for a new shop's history is still to be read.

    def _orders(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        def fetch(group: Sequence[str], ask: Ask) -> Iterator[list[Record]]:
            filters = {"date_time_filter": {"updated_at": _range(ask)}} if ask.since or ask.up_to else {}
            sort = {"sort_field": "UPDATED_AT", "sort_order": "DESC" if ask.newest_first else "ASC"}
            body = {
                "location_ids": list(group),
                "limit": self._order_page,
                "query": {"sort": sort, **({"filter": filters} if filters else {})},
            }
            for answer in self._walk("v2/orders/search", body):
                yield [self._order(row) for row in answer.get("orders", [])]

        yield from self._grouped(cursor, until, LOCATIONS_A_SEARCH, fetch, told=True)

    def _payments(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        yield from self._grouped(cursor, until, 1, lambda group, ask: self._paid("payments", group[0], ask))

    def _refunds(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        yield from self._grouped(cursor, until, 1, lambda group, ask: self._paid("refunds", group[0], ask))

    def _paid(self, kind: str, location: str, ask: Ask) -> Iterator[list[Record]]:
        asked = {
            "location_id": location,
            "sort_field": "UPDATED_AT",
            "sort_order": "DESC" if ask.newest_first else "ASC",
            "limit": "100",
            "begin_time": "2009-01-01T00:00:00Z",
        }
        if ask.since:
            asked["updated_at_begin_time"] = _text(ask.since)
        if ask.up_to:
            asked["updated_at_end_time"] = _text(ask.up_to + timedelta(seconds=1))
        keep = PAYMENT if kind == "payments" else REFUND
        after: dict[str, str] = {}
        while True:
            answer = self.http.get(f"v2/{kind}", {**asked, **after})
            yield [{name: row[name] for name in keep if name in row} for row in answer.get(kind, [])]
            if not answer.get("cursor"):
                return
            after = {"cursor": answer["cursor"]}

    def _grouped(self, cursor: Cursor, until: datetime, size: int, fetch: Any, *, told: bool = False) -> Iterator[Page]:
        groups: list[dict[str, Any]] = [dict(group) for group in cursor.state.get("groups", [])]
        known = {number for group in groups for number in group["ids"]}
        new = [row["id"] for row in self._locations if row["id"] not in known]
        groups += [{"ids": new[start : start + size]} for start in range(0, len(new), size)]
        for place, group in enumerate(groups):
            start = Cursor({k: v for k, v in group.items() if k not in ("ids", "first")})
            for records, reading in changed_records(start, lambda ask, ids=group["ids"]: fetch(ids, ask), _changed):  # type: ignore[misc]
                first = min([*(r["created_at"] for r in records), group.get("first") or "9"])
                groups[place] = group = {"ids": group["ids"], "first": first, **reading.state()}
                yield Page(records, Cursor({"groups": groups}), progress=(place + 0.5) / len(groups))
        yield Page((), Cursor({"groups": groups}), progress=1.0, **(self._told(until) if told else {}))

    def _told(self, until: datetime) -> dict[str, Any]:
        """Complete since the first location was opened: no order is older."""
        opened = min((row.get("created_at", "") for row in self._locations), default="")
        if not opened:
            return {}
        zone = self._locations[0].get("timezone") or "UTC"
        through: date = today_in(zone, until, TITLE) - DAY
        return {"history_since": today_in(zone, _time(opened), TITLE), "complete_through": through}

    def _order(self, order: Mapping[str, Any]) -> Record:
        """An order with what its tenders and parcels say, without names and addresses."""
        tenders, parcels = order.get("tenders") or (), order.get("fulfillments") or ()
        source = str((order.get("source") or {}).get("name") or "")
        is_online = "online" in source.lower() or any(p.get("type") == "SHIPMENT" for p in parcels)
        due = (order.get("net_amount_due_money") or {}).get("amount")
        return {
            **{name: value for name, value in order.items() if name not in ORDER_LEFT_OUT},
            "_connection": {
                "customer_id": next((t["customer_id"] for t in tenders if t.get("customer_id")), None),
                "is_paid": str(bool(tenders) and due in (0, None)).lower(),
                "channel": "online" if is_online else "pos",
                "order_id": (order.get("metadata") or {}).get(self._order_key),
            },
        }

    def _inventory(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """Today's counts; each day keeps its last ones."""
        zone = (self._locations[0].get("timezone") or "UTC") if self._locations else "UTC"
        today = today_in(zone, until, TITLE).isoformat()
        body = {"location_ids": [row["id"] for row in self._locations], "states": ["IN_STOCK"], "limit": 1000}
        for answer in self._walk("v2/inventory/counts/batch-retrieve", body):
            counts = [{**row, "_connection": {"day": today}} for row in answer.get("counts", [])]
            yield Page(counts, cursor)

    def _walk(self, path: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        after: dict[str, str] = {}
        while True:
            answer = self.http.post(path, body={**body, **after})
            yield answer
            if not answer.get("cursor"):
                return
            after = {"cursor": answer["cursor"]}


def refuse_errors(reply: Reply) -> None:
    """Errors may stand in the body of a good answer; empty lists are left out of it, so they have to be looked for."""
    if reply.status < 300 and isinstance(reply.body, dict) and reply.body.get("errors"):
        raise RetryLater(f"{TITLE} answered with an error instead of data.")


def _customer(row: Mapping[str, Any]) -> Record:
    kept = {name: row[name] for name in CUSTOMER if name in row}
    refused = (row.get("preferences") or {}).get("email_unsubscribed")
    return {
        **kept,
        "address": {"country": (row.get("address") or {}).get("country")},
        "preferences": {"email_unsubscribed": refused},
    }


def _changed(row: Record) -> datetime:
    return _time(row["updated_at"])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _range(ask: Ask) -> dict[str, str]:
    if ask.since:
        return {"start_at": _text(ask.since)}
    return {"end_at": _text(ask.up_to + timedelta(seconds=1))} if ask.up_to else {}
