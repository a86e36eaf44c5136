"""What is credited, and to whom, in the words of the attribution tools."""

from collections.abc import Sequence
from typing import Any

CONVERSIONS = {
    "revenue": ("revenue", "attributed_revenue", "gross_revenue", "paid_attributed_revenue", "roas", "spend", "mer"),
    "orders": ("orders", "attributed_orders", "reported_conversions", "aov", "units_sold"),
    "new_customers": ("new_customers", "customers", "cac", "paid_cac", "new_customer_roas"),
    "leads": ("leads", "qualified_leads", "cost_per_lead", "lead_to_customer_rate"),
    "deals": ("deals_won", "deals_closed", "win_rate", "opportunities"),
    "bookings": ("bookings", "completed_appointments", "cost_per_booking"),
}
"""Metrics by the conversion that they are about."""
SPLITS = frozenset({"channel", "platform", "campaign", "ad", "ad_group", "asset"})


def conversion_of(metrics: Sequence[str]) -> str | None:
    """The conversion that the first metric is about, or None where no metric is named."""
    for metric in metrics:
        for conversion, named in CONVERSIONS.items():
            if metric in named:
                return conversion
    return None


def split_of(dimensions: Sequence[str]) -> dict[str, Any]:
    by = next((d for d in dimensions if d in SPLITS), None)
    return {"by": by} if by else {}
