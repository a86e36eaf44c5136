"""Orders and subscriptions of identified customers, as lifetime value needs them: in one currency, up to one day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats, Integers
from roastery.tools.base import ToolContext
from roastery.tools.comparing import last_complete_day
from roastery.warehouse.errors import MissingRate, NoData, NotAllowed
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec, Provenance

ORDERS = """
SELECT s.customer_id, s.sale_date, CAST(CASE WHEN s.currency = ? THEN s.net_amount ELSE s.net_amount * f.rate END
       AS DOUBLE) AS amount, s.currency
FROM sales s LEFT JOIN fx_daily f
  ON f.rate_date = s.sale_date AND f.base_currency = s.currency AND f.quote_currency = ?
WHERE s.customer_id IS NOT NULL AND s.is_order AND s.sale_date <= ?
ORDER BY s.customer_id, s.sale_date, s.sale_id
"""
SUBSCRIPTIONS = """
WITH paid AS (
    SELECT *, CAST(timezone(?, greatest(started_at, coalesce(trial_end, started_at))) AS DATE) AS paid_on,
           CAST(timezone(?, canceled_at) AS DATE) AS ended_on FROM subscriptions WHERE started_at IS NOT NULL)
SELECT p.subscription_id, p.customer_id, p.paid_on, CASE WHEN p.ended_on <= ? THEN p.ended_on END AS ended_on,
       CAST(CASE WHEN p.currency = ? THEN p.mrr ELSE p.mrr * f.rate END AS DOUBLE) AS mrr, p.currency
FROM paid p LEFT JOIN fx_daily f ON f.rate_date = ? AND f.base_currency = p.currency AND f.quote_currency = ?
WHERE p.paid_on <= ? AND (p.ended_on IS NULL OR p.ended_on > p.paid_on)
ORDER BY p.subscription_id
"""
SEGMENTS = "SELECT customer_id, coalesce(segment, 'unknown') AS value FROM customer_lifecycle"
# First-ever sales by the touch that is credited most, as new_customers and cac are split.
CREDITED = """
SELECT s.customer_id, arg_max(coalesce(nullif({column}, ''), 'none'), (c.new_customer_weight, c.touchpoint_id)) AS value
FROM attribution_credits c JOIN sales s ON s.sale_id = c.sale_id
WHERE c.model = ? AND c.new_customer_weight > 0 AND s.customer_id IS NOT NULL GROUP BY s.customer_id
"""
COLUMNS = {"channel": "c.channel", "campaign": "c.campaign_id"}
UNATTRIBUTED = "unattributed"


@dataclass(frozen=True)
class Buying:
    """One entry an order. `customer` codes index `ids`; days count from `origin`; money as the organization counts."""

    ids: tuple[str, ...]
    customer: Integers
    day: Integers
    amount: Floats
    first_day: Integers
    origin: date
    as_of: date
    provenance: Provenance

    def acquired(self, start: date, end: date) -> Flags:
        """Whether each customer's first order falls into [start, end)."""
        first, last = (start - self.origin).days, (end - self.origin).days
        return np.asarray((self.first_day >= first) & (self.first_day < last))

    @property
    def end_day(self) -> int:
        return (self.as_of - self.origin).days


@dataclass(frozen=True)
class Subscribed:
    """One entry a paid subscription: months stayed or survived, whether it ended, its monthly value."""

    ids: tuple[str, ...]
    customers: tuple[str, ...]
    paid_day: Integers
    ended_day: Integers
    has_ended: Flags
    mrr: Floats
    origin: date
    as_of: date
    provenance: Provenance

    @property
    def end_day(self) -> int:
        return (self.as_of - self.origin).days


def refuse_scoped(context: ToolContext) -> None:
    """Errors: NotAllowed for who sees some rows only, since a customer's orders lie in others too."""
    if context.actor.row_scope:
        raise NotAllowed("Lifetime values are made of all orders of a customer, and you see some rows only.")


def orders_of(context: ToolContext, as_of: date | None) -> Buying:
    """Errors: NoData, MissingRate, NotAllowed."""
    refuse_scoped(context)
    made, day = _provenance(context, ("revenue", "orders"), as_of)
    currency = context.organization.currency
    rows = context.metrics.warehouse.query(ORDERS, [currency, currency, day])
    if not rows.num_rows:
        raise NoData("No identified customer has ordered yet. Connect a shop, or import transactions with customer_id.")
    _refuse_missing(rows, currency)
    ids = rows.column("customer_id").combine_chunks().dictionary_encode()
    days = np.array(rows.column("sale_date").to_pylist(), dtype="datetime64[D]")
    origin = days.min()
    codes = ids.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    at = (days - origin).astype(np.int64)
    first = np.full(len(ids.dictionary), np.iinfo(np.int64).max)
    np.minimum.at(first, codes, at)
    amount = rows.column("amount").to_numpy(zero_copy_only=False)
    return Buying(tuple(ids.dictionary.to_pylist()), codes, at, amount, first, origin.astype(object), day, made)


def subscriptions_of(context: ToolContext, as_of: date | None) -> Subscribed:
    """Errors: NoData, MissingRate, NotAllowed."""
    refuse_scoped(context)
    made, day = _provenance(context, ("mrr", "active_subscriptions"), as_of)
    currency, zone = context.organization.currency, context.organization.time_zone
    rows = context.metrics.warehouse.query(SUBSCRIPTIONS, [zone, zone, day, currency, day, currency, day])
    if not rows.num_rows:
        raise NoData("There are no paid subscriptions yet. Connect a payment provider, or import subscriptions.")
    _refuse_missing(rows, currency, "mrr")
    paid = np.array(rows.column("paid_on").to_pylist(), dtype="datetime64[D]")
    ended = np.array([d or day for d in rows.column("ended_on").to_pylist()], dtype="datetime64[D]")
    gone = np.array([d is not None for d in rows.column("ended_on").to_pylist()], dtype=np.bool_)
    origin = paid.min()
    return Subscribed(
        tuple(rows.column("subscription_id").to_pylist()),
        tuple(c or "" for c in rows.column("customer_id").to_pylist()),
        (paid - origin).astype(np.int64), (ended - origin).astype(np.int64), gone,
        rows.column("mrr").to_numpy(zero_copy_only=False), origin.astype(object), day, made,
    )  # fmt: skip


def groups_of(context: ToolContext, dimension: str, customers: Sequence[str]) -> list[str]:
    """The value of a dimension for each customer; 'unattributed' and 'unknown' where there is none."""
    if dimension == "segment":
        rows, nothing = context.metrics.warehouse.query(SEGMENTS), "unknown"
    else:
        sql = CREDITED.format(column=COLUMNS[dimension])
        rows, nothing = context.metrics.warehouse.query(sql, [context.organization.attribution.model]), UNATTRIBUTED
    found = dict(zip(rows.column("customer_id").to_pylist(), rows.column("value").to_pylist(), strict=True))
    return [found.get(customer) or nothing for customer in customers]


def _provenance(context: ToolContext, metrics: tuple[str, ...], as_of: date | None) -> tuple[Provenance, date]:
    """What a receipt says, and the last day that counts."""
    today = context.clock.today(context.organization.time_zone)
    start = context.metrics.resolve_period(PeriodSpec(name="all_time")).start
    period = PeriodSpec(start=min(start, today - timedelta(days=1)), end=today)
    made = context.metrics.ask(MetricQuery(metrics=metrics, period=period)).provenance
    day = last_complete_day(context, made.complete_through)
    return made, min(as_of, day) if as_of else day


def _refuse_missing(rows: Any, currency: str, column: str = "amount") -> None:
    if rows.column(column).null_count:
        lacking = sorted({c for c, v in zip(rows.column("currency").to_pylist(), rows.column(column).to_pylist(),
                                            strict=True) if v is None and c and c != currency})  # fmt: skip
        if lacking:
            raise MissingRate(
                f"There is no exchange rate from {', '.join(lacking)} to {currency} for some orders, so their value "
                "cannot be summed. Import fx_rates."
            )
