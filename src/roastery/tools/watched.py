"""What is looked at when somebody asks whether anything is unusual: metrics over the slices that people act on."""

from collections.abc import Mapping

WATCHED: Mapping[str, tuple[str | None, ...]] = {
    "orders": (None, "sales_channel", "location", "region", "franchise", "product", "category"),
    "online_orders": (None, "location", "region", "franchise"),
    "refund_count": (None, "location", "service_area", "region"),
    "refunds": ("product", "category", "service"),
    "spend": ("campaign", "platform"),
    "cpc": ("campaign",),
    "ctr": ("campaign",),
    "reported_conversions": ("platform", "campaign"),
    "sessions": (None, "campaign"),
    "conversion_rate": (None,),
    "open_rate": ("platform", "campaign"),
    "leads": (None, "service_area", "location", "region", "campaign"),
    "lead_score": (None, "campaign"),
    "bookings": (None, "service", "location", "region", "service_area"),
    "no_show_rate": (None, "service", "location", "service_area"),
    "failed_payments": (None, "plan"),
    "churned_subscriptions": (None, "plan"),
    "tickets": (None,),
    "win_rate": (None, "owner"),
}
"""Money is left to its counts: one large invoice or refund makes a day unlike any other, and nobody need act on it.
By product refunds are money all the same: a basket's refund would count for everything in it."""

GIVEN: Mapping[str, str] = {"sessions": "clicks", "reported_conversions": "clicks"}
"""By campaign or platform, what came is judged by what was clicked on: that more is spent is told of the spend."""
GIVEN_BY = frozenset({"campaign", "platform"})

COSTS = frozenset({"cpc", "cost_per_lead", "cost_per_booking", "cost_per_reported_conversion", "cac", "paid_cac"})
"""Money over what it bought: chance lies in the denominator."""
