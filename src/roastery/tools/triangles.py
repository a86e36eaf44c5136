# ruff: noqa: S608 (names in SQL come from code; what a person gives is quoted)
"""Triangles out of the warehouse: what days of touches or of sales have brought, by how many days later it came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa

from roastery.tools.analysis.maturity import MEMORY_DAYS, Triangle
from roastery.tools.bridging.steps import converted
from roastery.warehouse.attribution import credits_select
from roastery.warehouse.semantic.query import FilterSpec
from roastery.warehouse.sql import quoted

MOST_LAGS = 120
CREDIT_COLUMNS: Mapping[str | None, str] = {"platform": "platform", "channel": "channel", "campaign": "campaign_id"}
OF_SALES = ("sales_channel", "source_system", "customer_type", "region", "franchise", "brand", "country")
SALE_COLUMNS: Mapping[str | None, str] = {**{name: name for name in OF_SALES}, "location": "location_id"}
REPORT_COLUMNS: Mapping[str | None, str] = {
    "platform": "platform", "account": "account_id", "campaign": "campaign_id"
}  # fmt: skip
SEEN_WITHIN_DAYS = 3
"""A day seen for the first time later than this has been restated unseen."""
KEPT = 24


@dataclass(frozen=True)
class Brings:
    """What matures: credited orders, revenue or new customers of a day's touches; refunds of a day's sales.

    of: the column of credits that is summed, `refunds`, or what platforms report of a day. by: `touch` (days of
    touches), `sale` (days of sales), `report` (days of platforms' reports, as they were restated).
    credited: of sales as they are credited, else of all sales. paid: touches of campaigns that stand in ad_performance.
    """

    of: Literal[
        "order_weight", "credited_net", "new_customer_weight", "refunds",
        "reported_conversions", "reported_conversion_value",
    ]  # fmt: skip
    by: Literal["touch", "sale", "report"]
    credited: bool = True
    paid: bool = False


@dataclass(frozen=True)
class Dated:
    """A triangle and the day of its first row."""

    first: date
    triangle: Triangle

    def index(self, day: date) -> int:
        return (day - self.first).days

    @property
    def end(self) -> date:
        """The day after the last whole one."""
        return self.first + timedelta(days=self.triangle.days)


def conditions(filters: Sequence[FilterSpec], columns: Mapping[str | None, str], table: str) -> str | None:
    """SQL of simple conditions; None where one of them is of another kind than can be told here."""
    found, nothing = [], "none" if columns is CREDIT_COLUMNS else "unknown"
    for item in filters:
        if (
            item.dimension is None
            or item.dimension not in columns
            or item.op not in ("in", "eq", "not_in", "ne")
            or not item.values
        ):
            return None
        listed = ", ".join(quoted(v.lower()) for v in item.values)
        negated = "NOT " if item.op in ("not_in", "ne") else ""
        value = f"coalesce(nullif(lower({table}.{columns[item.dimension]}), ''), '{nothing}')"
        found.append(f"AND {value} {negated}IN ({listed})")
    return " ".join(found)


def triangle_of(
    warehouse: Any,
    brings: Brings,
    filters: Sequence[FilterSpec],
    attribution: Mapping[str, Any],
    currency: str,
    last_whole: date,
) -> Dated | None:
    """The triangle up to the last whole day; None where the filters cannot be told or nothing has come yet."""
    columns = CREDIT_COLUMNS if brings.credited else SALE_COLUMNS
    columns = REPORT_COLUMNS if brings.by == "report" else columns
    where = {table: conditions(filters, columns, table) for table in ("c", "t", "s", "r")}
    if any(text is None for text in where.values()):
        return None
    if brings.by == "report":
        seen = warehouse.query("SELECT max(seen_on) AS day FROM meta.reported").column(0)[0].as_py()
        if seen is None:
            return None
        # What a platform said today is in its number of today.
        last_whole = seen
    exposure, arrived = _statements(brings, where, attribution, currency, _credits(warehouse, attribution))  # type: ignore[arg-type]
    key = (warehouse.organization.id, warehouse.state().build, last_whole, exposure, arrived)
    kept = _SHELF.setdefault(getattr(warehouse, "_owner", warehouse), {})
    if key not in kept:
        while len(kept) >= KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = _dense(warehouse.query(exposure), warehouse.query(arrived), last_whole)
    return kept[key]


_SHELF: WeakKeyDictionary[Any, dict[Any, Dated | None]] = WeakKeyDictionary()
"""Triangles by build, as long as the warehouses behind them are open."""


def _credits(warehouse: Any, attribution: Mapping[str, Any]) -> str:
    """The credits of a model; the stored ones where nothing but the model was asked."""
    windows = attribution.get("window_days"), attribution.get("view_window_days")
    model = attribution.get("model") or warehouse.organization.attribution.model
    if windows in ((None, None), (None, warehouse.organization.attribution.view_window_days)):
        return f"(SELECT * FROM attribution_credits WHERE model = {quoted(model)})"
    return f"({credits_select(model, *windows)})"


def _statements(
    brings: Brings, where: Mapping[str, str], attribution: Mapping[str, Any], currency: str, credits: str
) -> tuple[str, str]:
    """(exposure by day, what arrived by day and lag)."""
    if brings.by == "report":
        return _reported(brings, where["r"], currency)
    paid = {table: f"AND {table}.is_paid" if brings.paid else "" for table in ("c", "t")}
    own = f"c.touchpoint_id IS NOT NULL AND NOT c.is_direct {paid['c']} {where['c']}"
    if brings.by == "touch":
        value, rate = f"c.{brings.of}", ""
        if brings.of == "credited_net":
            value, rate = converted("c.credited_net", "c", "c.sale_date", currency)
        return (
            f"""SELECT t.touch_date AS day, count(*)::DOUBLE AS exposure FROM touches t
            WHERE NOT t.is_direct AND t.kind <> 'view' {paid["t"]} {where["t"]} GROUP BY 1""",
            f"""SELECT c.touch_date AS day, c.sale_date - c.touch_date AS lag, sum({value})::DOUBLE AS arrived
            FROM {credits} c {rate} WHERE {own} GROUP BY 1, 2""",
        )
    if brings.credited:
        gross, rate = converted("c.credited_gross", "c", "c.sale_date", currency)
        # wide before it multiplies: of DECIMAL(18,6) times DECIMAL(18,9) three digits are left before the point
        back, _ = converted("CAST(r.amount AS DECIMAL(26,6)) * c.weight", "c", "c.sale_date", currency)
        return (
            f"""SELECT c.sale_date AS day, sum({gross})::DOUBLE AS exposure
            FROM {credits} c {rate} WHERE {own} GROUP BY 1""",
            f"""SELECT c.sale_date AS day, r.refund_date - c.sale_date AS lag, sum({back})::DOUBLE AS arrived
            FROM {credits} c JOIN sale_refunds r ON r.sale_id = c.sale_id {rate} WHERE {own} GROUP BY 1, 2""",
        )
    gross, rate = converted("s.amount", "s", "s.sale_date", currency)
    back, _ = converted("r.amount", "s", "s.sale_date", currency)
    return (
        f"""SELECT s.sale_date AS day, sum({gross})::DOUBLE AS exposure
        FROM sales s {rate} WHERE true {where["s"]} GROUP BY 1""",
        f"""SELECT s.sale_date AS day, r.refund_date - s.sale_date AS lag, sum({back})::DOUBLE AS arrived
        FROM sales s JOIN sale_refunds r ON r.sale_id = s.sale_id {rate} WHERE true {where["s"]} GROUP BY 1, 2""",
    )


def _reported(brings: Brings, where: str, currency: str) -> tuple[str, str]:
    """Clicks of the days that were watched from their beginning, and what platforms added to or took from each later.

    A day that was first asked for when it was old has not shown how it grew; only days after the last such one count.
    """
    value, rate = f"r.{brings.of}", ""
    if brings.of == "reported_conversion_value":
        value, rate = converted(f"r.{brings.of}", "r", "r.report_date", currency)
    watched = f"""watched AS (
        SELECT platform, account_id, campaign_id, report_date FROM meta.reported r WHERE true {where}
        GROUP BY ALL HAVING min(seen_on) <= report_date + {SEEN_WITHIN_DAYS}),
    since AS (
        SELECT coalesce(max(r.report_date), DATE '1900-01-01') AS day FROM ad_performance r
        ANTI JOIN watched USING (platform, account_id, campaign_id, report_date) WHERE true {where})"""
    return (
        f"""WITH {watched}
        SELECT r.report_date AS day, sum(r.clicks)::DOUBLE AS exposure FROM ad_performance r
        SEMI JOIN watched USING (platform, account_id, campaign_id, report_date)
        WHERE r.report_date > (SELECT day FROM since) GROUP BY 1""",
        f"""WITH {watched},
        said AS (
            SELECT r.platform, r.account_id, r.campaign_id, r.report_date, r.seen_on, {value} AS worth
            FROM meta.reported r SEMI JOIN watched USING (platform, account_id, campaign_id, report_date) {rate}
            WHERE r.report_date > (SELECT day FROM since)),
        came AS (
            SELECT report_date, seen_on, coalesce(worth, 0) - coalesce(lag(worth) OVER (
                PARTITION BY platform, account_id, campaign_id, report_date ORDER BY seen_on), 0) AS more
            FROM said)
        SELECT report_date AS day, seen_on - report_date AS lag, sum(more)::DOUBLE AS arrived
        FROM came GROUP BY 1, 2""",
    )


def _dense(exposure: pa.Table, arrived: pa.Table, last_whole: date) -> Dated | None:
    """Days without rows stand as zeros; arrivals of days that are not whole are left out."""
    if not arrived.num_rows or not exposure.num_rows:
        return None
    days = np.asarray(exposure["day"].combine_chunks().cast(pa.int32())).astype(np.int64)
    end = (last_whole - date(1970, 1, 1)).days + 1
    first = int(max(days.min(), end - MEMORY_DAYS - 2 * MOST_LAGS))
    if end <= first:
        return None
    came = np.asarray(arrived["day"].combine_chunks().cast(pa.int32())).astype(np.int64)
    lag = np.asarray(arrived["lag"]).astype(np.int64)
    inside = (came >= first) & (came < end) & (lag >= 0) & (lag < MOST_LAGS) & (came + lag < end)
    if not inside.any():
        return None
    width = int(lag[inside].max()) + 1
    by_day, by_lag = np.zeros(end - first), np.zeros((end - first, width))
    known = (days >= first) & (days < end)
    np.add.at(by_day, days[known] - first, np.asarray(exposure["exposure"])[known])
    np.add.at(by_lag, (came[inside] - first, lag[inside]), np.asarray(arrived["arrived"])[inside])
    return Dated(date(1970, 1, 1) + timedelta(days=first), Triangle(by_day, by_lag))
