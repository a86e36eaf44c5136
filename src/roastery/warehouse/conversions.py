# ruff: noqa: S608 (names in SQL come from this file; what a person gives is bound or quoted)
"""What can be credited to touches: sales, orders, first sales, leads, won deals and bookings, and paths before them.

Every kind gives two selects of one shape, which `attribution.credits_select` splits: its conversions (as `sales`) and
the touches of their people in the 90 days before (as `conversion_paths`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from roastery.warehouse.sql import quoted

SPLITS = {"campaign": "campaign_id", "channel": "channel", "platform": "platform", "ad": "ad_id", "asset": "asset_id"}
"""Dimensions that a touch carries, with their columns."""

NONE, UNATTRIBUTED = "none", "unattributed"

_SALE = {
    "customer_type": "customer_type",
    "sales_channel": "sales_channel",
    "source_system": "source_system",
    "location": "location_id",
    "region": "region",
    "franchise": "franchise",
    "brand": "brand",
    "service_area": "service_area",
    "promotion": "promotion_id",
    "country": "country",
    "segment": "segment",
    "customer_stage": "customer_stage",
}
_PLACE = {"location": "location_id", "region": "region", "franchise": "franchise"}


@dataclass(frozen=True)
class Conversion:
    """One kind. metric: what its total must equal; credited: what its parts are called; condition: which sales count.

    rows: a select of conversions where they are no sales; filters: the columns that they can be narrowed by.
    """

    name: str
    metric: str
    credited: str
    unit: str
    per: str | None
    condition: str = "true"
    rows: str | None = None
    filters: Mapping[str, str] = None  # type: ignore[assignment]

    @property
    def is_sale(self) -> bool:
        return self.rows is None


_EMPTY = "0::DECIMAL(18,6) AS net_amount, 0::DECIMAL(18,6) AS amount, '' AS currency"
_FLAGS = "true AS is_order, false AS is_first_sale, false AS is_renewal"
_OWN_PERSON = "LEFT JOIN work.labels n ON n.customer_id = {0}.customer_id"
_OWN_PLACE = "LEFT JOIN curated.locations p ON p.location_id = {0}.location_id"

_LEADS = f"""
    SELECT l.lead_id AS sale_id, coalesce(n.person_id, l.customer_id) AS customer_id, l.created_at AS occurred_at,
        l.created_at AS anchor_at, NULL::TIMESTAMPTZ AS lead_created_at, NULL::TIMESTAMPTZ AS opportunity_created_at,
        {_EMPTY}, {_FLAGS}, l.service_area, l.stage, l.location_id, p.region, p.franchise
    FROM curated.leads l {_OWN_PERSON.format("l")} {_OWN_PLACE.format("l")}
    WHERE l.created_at IS NOT NULL"""
_DEALS = f"""
    SELECT o.opportunity_id AS sale_id, coalesce(n.person_id, o.customer_id) AS customer_id, o.closed_at AS occurred_at,
        least(o.closed_at, coalesce(o.created_at, o.closed_at)) AS anchor_at,
        l.created_at AS lead_created_at, o.created_at AS opportunity_created_at,
        {_EMPTY}, {_FLAGS}, o.owner, o.pipeline, o.stage
    FROM curated.opportunities o {_OWN_PERSON.format("o")} LEFT JOIN curated.leads l ON l.lead_id = o.lead_id
    WHERE o.is_closed AND o.is_won AND o.closed_at IS NOT NULL"""
_BOOKINGS = f"""
    SELECT b.appointment_id AS sale_id, coalesce(n.person_id, b.customer_id) AS customer_id, b.booked_at AS occurred_at,
        b.booked_at AS anchor_at, l.created_at AS lead_created_at, NULL::TIMESTAMPTZ AS opportunity_created_at,
        {_EMPTY}, {_FLAGS}, b.service, b.location_id, p.region, p.franchise
    FROM curated.appointments b {_OWN_PERSON.format("b")} {_OWN_PLACE.format("b")}
    LEFT JOIN curated.leads l ON l.lead_id = b.lead_id
    WHERE b.booked_at IS NOT NULL"""

CONVERSIONS: Mapping[str, Conversion] = {
    c.name: c
    for c in (
        Conversion("revenue", "revenue", "credited_revenue", "money", None, filters=_SALE),
        Conversion("orders", "orders", "credited_orders", "count", None, "is_order", filters=_SALE),
        Conversion("new_customers", "new_customers", "new_customers", "count", "cac", "is_first_sale", filters=_SALE),
        Conversion(
            "leads", "leads", "credited_leads", "count", "cost_per_lead", rows=_LEADS,
            filters={"service_area": "service_area", "stage": "stage", **_PLACE},
        ),
        Conversion(
            "deals", "deals_won", "credited_deals", "count", None, rows=_DEALS,
            filters={"owner": "owner", "pipeline": "pipeline", "stage": "stage"},
        ),
        Conversion(
            "bookings", "bookings", "credited_bookings", "count", "cost_per_booking", rows=_BOOKINGS,
            filters={"service": "service", **_PLACE},
        ),
    )
}  # fmt: skip


def conversions_select(conversion: Conversion, zone: str) -> str:
    """All conversions of a kind, with the columns of `sales` that crediting reads."""
    if conversion.rows is None:
        return f"SELECT *, occurred_at AS anchor_at FROM curated.sales WHERE {conversion.condition}"
    day = f"CAST(occurred_at AT TIME ZONE {quoted(zone)} AS DATE) AS sale_date"
    return f"SELECT *, {day} FROM ({conversion.rows})"


def paths_select(conversion: Conversion, asked: str, window_days: int, view_window_days: int) -> str:
    """The touches before the conversions of the relation `asked`, with the columns of `conversion_paths`.

    window_days, view_window_days: the organization's own, for touches whose campaign has none.
    """
    if conversion.is_sale:
        return f"SELECT p.* FROM curated.conversion_paths p SEMI JOIN {asked} s ON s.sale_id = p.sale_id"
    return f"""
    SELECT s.sale_id, t.touchpoint_id, s.customer_id, t.occurred_at, s.lead_created_at, s.opportunity_created_at,
        epoch_us(s.anchor_at - t.occurred_at) / 3600000000 AS hours_before,
        coalesce(c.attribution_window_days, {int(window_days)})::INTEGER AS campaign_window_days,
        coalesce(c.view_window_days, {int(view_window_days)})::INTEGER AS campaign_view_window_days,
        t.channel, t.platform, t.campaign_id, t.ad_id, t.asset_id, t.kind, t.is_direct, t.is_paid,
        t.touch_date, s.sale_date, s.net_amount, s.amount, s.currency, s.is_first_sale, s.is_order, s.is_renewal
    FROM {asked} s
    JOIN curated.touches t ON t.customer_id = s.customer_id
     AND t.occurred_at < s.anchor_at AND t.occurred_at >= s.anchor_at - INTERVAL 2160 HOUR
    LEFT JOIN curated.campaigns c ON c.campaign_id = t.campaign_id AND t.campaign_id <> ''"""


def key_of(split: str, alias: str = "") -> str:
    """SQL: the value of a dimension that a touch carries; a touch without one is `none`."""
    return f"coalesce(nullif({alias}{SPLITS[split]}, ''), '{NONE}')"
