"""A twin of ShipStation v2 over the coffee shop's parcels: numbered pages, voided labels that stay listed, tracking."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from starlette.requests import Request

from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth, later
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf
from roastery.evals.world import World
from roastery.evals.world.company import NOW

FIRST_LABEL = 7_000_001
PARAMETERS = (
    *("label_status", "service_code", "carrier_id", "tracking_number", "batch_id", "rate_id", "shipment_id"),
    *("warehouse_id", "created_at_start", "created_at_end", "page", "page_size", "sort_dir", "sort_by"),
)


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def usd(cents: int) -> Row:
    return {"currency": "usd", "amount": cents / 100}


def parcels(world: World) -> list[Row]:
    """A label for each order that the shop sends, a voided one beside some; arrived three days after."""
    orders = world.orders
    sent = pc.and_(pc.equal(orders["sales_channel"], "online"), pc.equal(orders["status"], "completed"))
    rows = orders.filter(sent).select(["order_id", "occurred_at"]).to_pylist()
    now, found = world.clock.now(), []
    for number, row in enumerate(rows):
        made = row["occurred_at"] + timedelta(days=2)
        if made >= now:
            continue
        arrived = made + timedelta(days=3)
        label = _label(FIRST_LABEL + 2 * number, row["order_id"], made, 480 + 35 * (number % 11), arrived < now)
        label["arrived"] = iso(arrived) if arrived < now else None
        found.append(label)
        if number % 40 == 9:
            void = _label(FIRST_LABEL + 2 * number + 1, row["order_id"], made, 480, False)
            found.append({**void, "voided": True, "voided_at": iso(made), "status": "voided", "arrived": None})
    voided = NOW + timedelta(hours=1)
    if now > voided and found:
        # After the company's history its last parcel is taken back.
        found[-1] |= {"voided": True, "voided_at": iso(voided), "status": "voided", "arrived": None}
    return found


def _label(number: int, order: int, made: datetime, cents: int, is_there: bool) -> Row:
    return {
        "label_id": f"se-{number}", "status": "completed", "shipment_id": f"se-{number + 50_000_000}",
        "external_order_id": str(order), "ship_date": iso(made), "created_at": iso(made),
        "shipment_cost": usd(cents), "insurance_cost": usd(0), "tracking_number": f"1Z{number}",
        "is_return_label": False, "rma_number": None, "is_international": False, "carrier_id": "se-28529731",
        "carrier_code": "ups", "service_code": "ups_ground", "package_code": "package", "voided": False,
        "voided_at": None, "tracking_status": "delivered" if is_there else "in_transit",
        "ship_to": {"name": "A Buyer", "address_line1": "1 Main Street"}}  # fmt: skip


class ShipStationTwin(RestTwin):
    """One account behind one API key."""

    provider: ClassVar[str] = "shipstation"
    settings: ClassVar[Mapping[str, Any]] = {"requests_per_minute": 600_000, "page_size": 500}

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.route("/v2/labels", lambda request, body: self._labels(request))
        self.route("/v2/labels/{number}/track", lambda request, body: self._track(request))
        self.route("/v2/inventory", lambda request, body: self._inventory())

    def token_of(self, request: Request) -> str:
        return request.headers.get("api-key", "")

    def error(self, status: int, message: str) -> Any:
        return {"request_id": "twin", "errors": [{"error_source": "shipstation", "error_type": "account_status",
                                                  "error_code": "unauthorized", "message": message}]}  # fmt: skip

    def stock(self, shelf: Shelf, world: World) -> None:
        shelf.put("labels", parcels(world), "label_id")

    def _labels(self, request: Request) -> Row:
        query = request.query_params
        unknown = set(query) - set(PARAMETERS)
        if unknown or int(query.get("page_size", 25)) > 500:
            raise Refused(400, self.error(400, f"invalid_field_value {unknown}"))
        low, high = query.get("created_at_start", ""), query.get("created_at_end", "9")
        rows = [row for row in self.shelf.by("labels", "created_at", "label_id") if low <= row["created_at"] <= high]
        if query.get("sort_dir", "desc") == "desc":
            rows = rows[::-1]
        size, page = int(query.get("page_size", 25)), int(query.get("page", 1))
        shown = [{n: v for n, v in row.items() if n != "arrived"} for row in rows[(page - 1) * size : page * size]]
        pages = max(1, -(-len(rows) // size))
        url = str(request.url.remove_query_params("page"))
        links = {name: {"href": f"{url}&page={n}"} for name, n in (("first", 1), ("last", pages))}
        links |= {"prev": {}, "next": {"href": f"{url}&page={page + 1}"} if page < pages else {}}
        return {"labels": shown, "total": len(rows), "page": page, "pages": pages, "links": links}

    def _track(self, request: Request) -> Row:
        row = self.shelf.get("labels", request.path_params["number"])
        if row is None:
            raise Refused(404, self.error(404, "label not found"))
        return {"tracking_number": row["tracking_number"], "status_code": "DE" if row["arrived"] else "IT",
                "carrier_code": "ups", "ship_date": row["ship_date"], "actual_delivery_date": row["arrived"],
                "estimated_delivery_date": row["arrived"], "events": []}  # fmt: skip

    def _inventory(self) -> Row:
        products = self.control.world.products.select(["sku", "unit_cost", "is_gift_card"]).to_pylist()
        rows = [
            {"sku": row["sku"], "on_hand": 120 + 7 * number, "allocated": number, "available": 120 + 6 * number,
             "average_cost": {"currency": "usd", "amount": float(row["unit_cost"])}, "inventory_warehouse_id": "se-1"}
            for number, row in enumerate(products)
            if not row["is_gift_card"] and row["unit_cost"] is not None
        ]  # fmt: skip
        return {"inventory": rows}


def expected(world: World) -> Mapping[str, pa.Table]:
    """Parcels that count: those not voided."""
    sent = [
        {"id": row["label_id"], "order": row["external_order_id"], "at": row["ship_date"], "arrived": row["arrived"],
         "cents": round(100 * row["shipment_cost"]["amount"]), "status": row["tracking_status"]}
        for row in parcels(world) if not row["voided"]
    ]  # fmt: skip
    text = dict.fromkeys(("id", "order", "at", "arrived", "status"), pa.string())
    return {"parcels": pa.Table.from_pylist(sent, pa.schema(text | {"cents": pa.int64()}))}


SENT = """
SELECT 'shipstation:' || id AS shipment_id, 'shopify:' || "order" AS transaction_id, "at"::TIMESTAMPTZ AS shipped_at,
       cents / 100.0 AS shipping_cost, 'USD' AS currency, status FROM parcels
"""
ARRIVED = """
SELECT 'shipstation:' || id AS shipment_id, "at"::TIMESTAMPTZ AS shipped_at, arrived::TIMESTAMPTZ AS delivered_at
FROM parcels
"""
TRACKED = 14

DECLARATION = Declaration(
    provider="shipstation",
    # Stock is a photograph of each day of a sync, and the moment of arrival is asked for young parcels only.
    truth=(Truth("shipments", SENT), Truth("shipments", ARRIVED, day="shipped_at")),
    tables=expected,
    quick={"page_size": 50, "track_days": TRACKED},
    quick_since=(NOW - timedelta(days=TRACKED - 1)).date(),
    restate=later(1),
    delete=later(1),
    drift=Drift("amount", "shipments", "shipping_cost"),
    expires=False,
)
