"""ShipStation v2: parcels with what they cost and when they arrived, and stock of its warehouses.

Facts: labels are listed by creation only, so the last weeks are read again for those that were voided or delivered
since; the moment of delivery is asked for label by label, which counts against the plan; prices are in major units.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from roastery.connectors.access import Access, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.oauth import FixedToken, HeaderStyle
from roastery.connectors.readable import number, readable
from roastery.connectors.renaming import Renaming
from roastery.connectors.reports import DAY
from roastery.connectors.throttle import Rate
from roastery.connectors.webhooks import RsaSigned

TITLE = "ShipStation"
LABEL = (
    *("label_id", "status", "shipment_id", "external_order_id", "ship_date", "created_at", "shipment_cost"),
    *("insurance_cost", "carrier_code", "service_code", "tracking_status", "is_return_label", "rma_number", "voided"),
    *("voided_at", "charge_event"),
)

STOCK = ("sku", "on_hand", "average_cost", "inventory_warehouse_id")


def paid(name: str) -> str:
    return f"payload->>'$.{name}.amount'"


COST = readable(
    f"coalesce({number(paid('shipment_cost'))}, 0) + coalesce({number(paid('insurance_cost'))}, 0)",
    [paid("shipment_cost"), paid("insurance_cost")],
)


SHIPMENTS = f"""
WITH arrived AS (SELECT payload->>'label_id' AS label_id, payload->>'delivered_at' AS delivered_at FROM {{deliveries}}),
labels AS (
    SELECT payload, payload->>'label_id' AS label_id FROM {{records}}
    WHERE payload->>'voided' <> 'true' AND payload->>'status' = 'completed')
SELECT 'shipstation:' || label_id AS shipment_id,
       payload->>'$._connection.transaction_id' AS transaction_id,
       coalesce(payload->>'ship_date', payload->>'created_at') AS shipped_at,
       delivered_at,
       {COST} AS shipping_cost,
       upper(payload->>'$.shipment_cost.currency') AS currency,
       CASE WHEN payload->>'is_return_label' = 'true' THEN 'return' ELSE payload->>'tracking_status' END AS status
FROM labels LEFT JOIN arrived USING (label_id)
"""  # noqa: S608

INVENTORY = """
SELECT payload->>'$._connection.day' AS snapshot_date,
       payload->>'$._connection.product_id' AS product_id,
       'shipstation:' || (payload->>'inventory_warehouse_id') AS location_id,
       payload->>'on_hand' AS on_hand,
       payload->>'$.average_cost.amount' AS unit_cost,
       upper(payload->>'$.average_cost.currency') AS currency
FROM {records}
"""


def inventory_key(record: Record) -> str:
    return f"{record['_connection']['day']}:{record['sku']}:{record.get('inventory_warehouse_id', '')}"


class ShipStation:
    """One ShipStation account."""

    provider: ClassVar[str] = "shipstation"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://api.shipstation.com"
    required_settings: ClassVar[tuple[str, ...]] = ()
    required_secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    optional_settings: ClassVar[Mapping[str, str]] = {
        "transaction_prefix": "What stands before the order id of the shop that parcels belong to; shopify:",
        "product_prefix": "What stands before a SKU to name the product; shipstation:",
        "field_names": "Where ShipStation calls a field of a label or of stock otherwise: on_hand=quantity.",
        "reread_days": "Days of labels read again at each sync, for those voided or delivered since; 45.",
        "track_days": "For labels of how many days the moment of delivery is asked for, one request each, once; 14.",
        "requests_per_minute": "How many requests a minute; 200.",
        "page_size": "Labels a page, at most 500; 100.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "webhook_secret": "ShipStation's public key (PEM) that its webhooks are signed with.",
    }
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("labels", key=lambda r: r["label_id"], expects=("shipment_cost.amount",)),
        Resource("deliveries", key=lambda r: r["label_id"], depends_on=("labels",)),
        Resource("inventory", key=inventory_key),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = (
        ContractSql("shipments", "labels", SHIPMENTS, joins=("deliveries",)),
        ContractSql("inventory_levels", "inventory", INVENTORY),
    )
    webhook: ClassVar[RsaSigned] = RsaSigned("x-shipengine-rsa-sha256-signature", "x-shipengine-timestamp")
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **dict.fromkeys(("API_TRACK", "track", "label_created_v2", "fulfillment_shipped_v2"), ("labels",)),
    }

    def __init__(self, access: Access) -> None:
        settings = access.settings
        self._prefix = str(settings.get("transaction_prefix", "shopify:"))
        self._product_prefix = str(settings.get("product_prefix", "shipstation:"))
        self._names = Renaming.parse(TITLE, settings, "field_names", (*LABEL, *STOCK))
        self._reread = timedelta(days=whole_number(TITLE, settings, "reread_days", 45))
        self._track = timedelta(days=whole_number(TITLE, settings, "track_days", 14, least=0))
        self._size = min(500, whole_number(TITLE, settings, "page_size", 100))
        per_minute = whole_number(TITLE, settings, "requests_per_minute", 200)
        self.http = access.client(
            TITLE,
            access.connection.base_url or self.default_base_url,
            FixedToken(access.connection, access.tokens, style=HeaderStyle("api-key", "")),
            lambda reply: None,
            (access.bucket(Rate(per_second=per_minute / 60, burst=per_minute / 4)),),
        )

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        read = {"labels": self._labels, "deliveries": self._deliveries, "inventory": self._inventory}
        yield from read[resource.name](cursor, until)

    def _labels(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """Labels since the window that may still change, then history newest first from where it stopped."""
        state = dict(cursor.state)
        if state.get("newest"):
            since = _time(state["newest"]) - self._reread
            for rows in self._listed({"created_at_start": _text(since)}):
                state["newest"] = max([state["newest"], *(row["created_at"] for row in rows)])
                yield Page(self._kept(rows), Cursor(dict(state)))
        if state.get("is_whole"):
            yield Page((), Cursor(state), progress=1.0, **_told(state.get("oldest"), until))
            return
        asked = {"created_at_end": state["oldest"]} if state.get("oldest") else {}
        for rows in self._listed(asked):
            times = [row["created_at"] for row in rows]
            if times:
                state["oldest"] = min([*times, *([state["oldest"]] if state.get("oldest") else [])])
                state["newest"] = max([*times, *([state["newest"]] if state.get("newest") else [])])
            yield Page(self._kept(rows), Cursor(dict(state)))
        state["is_whole"] = bool(state.get("newest"))
        yield Page((), Cursor(state), progress=1.0, **_told(state.get("oldest"), until))

    def _listed(self, asked: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
        page = 1
        while True:
            body = self.http.get(
                "v2/labels",
                {**asked, "page": str(page), "page_size": str(self._size), "sort_by": "created_at", "sort_dir": "desc"},
            )
            yield [self._names.ours(row) for row in body["labels"]]
            if page >= int(body["pages"]):
                return
            page += 1

    def _kept(self, rows: list[dict[str, Any]]) -> list[Record]:
        """Labels without addresses, with the sale that they belong to."""
        return [
            {
                **{name: row[name] for name in LABEL if name in row},
                "_connection": {
                    "transaction_id": f"{self._prefix}{row['external_order_id']}"
                    if row.get("external_order_id")
                    else None,
                },
            }
            for row in rows
        ]

    def _deliveries(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """When parcels of the last days arrived: each is asked for once, after it has arrived."""
        known: dict[str, str] = dict(cursor.state.get("asked", {}))
        since = _text(until - self._track)
        known = {label: made for label, made in known.items() if made >= since}
        for rows in self._listed({"created_at_start": since}):
            found = []
            for row in rows:
                if row.get("tracking_status") != "delivered" or row["label_id"] in known:
                    continue
                at = self.http.get(f"v2/labels/{row['label_id']}/track").get("actual_delivery_date")
                known[row["label_id"]] = row["created_at"]
                if at:
                    found.append({"label_id": row["label_id"], "delivered_at": str(at)})
            yield Page(found, Cursor({"asked": dict(known)}))

    def _inventory(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """Today's stock; each day keeps its last one."""
        today = until.astimezone(UTC).date().isoformat()
        found = self.http.get("v2/inventory", {"group_by": "warehouse", "limit": "1000"})["inventory"]
        rows = [
            {**row, "_connection": {"day": today, "product_id": f"{self._product_prefix}{row['sku']}"}}
            for row in map(self._names.ours, found)
        ]
        yield Page(rows, cursor, progress=1.0)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _told(oldest: str | None, until: datetime) -> dict[str, Any]:
    if not oldest:
        return {}
    since: date = _time(oldest).date()
    through = until.astimezone(UTC).date() - DAY
    return {"history_since": since, "complete_through": through} if since <= through else {}
