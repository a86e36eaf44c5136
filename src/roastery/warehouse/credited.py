# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""Credit of a period's conversions by one dimension of their touches, and the paths behind it, as SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from roastery.warehouse.attribution import (
    MAXIMUM_WINDOW_DAYS,
    USUAL,
    Weights,
    competing_select,
    credits_select,
)
from roastery.warehouse.conversions import NONE, SPLITS, UNATTRIBUTED, Conversion, conversions_select, key_of
from roastery.warehouse.conversions import paths_select as touches_before
from roastery.warehouse.sql import quoted

BUCKETS = 200
"""Customers fall into so many groups by a hash of their id: what a bootstrap draws from, without any row leaving."""

OTHER = "other touches"
COLUMNS = (
    "model, sale_id, sale_date, touch_date, touchpoint_id, channel, platform, campaign_id, ad_id, asset_id, is_paid, "
    "is_direct, weight, credited_net, currency, reason"
)


@dataclass(frozen=True)
class Condition:
    """One filter: a column, how it is compared, with which values (texts)."""

    column: str
    op: str
    values: tuple[str, ...]

    def sql(self, alias: str = "") -> str:
        """With a place for every value; text is compared whatever its case."""
        column = f"coalesce({alias}{self.column}, '')"
        places = ", ".join("lower(?)" for _ in self.values)
        if self.op in ("is_null", "not_null"):
            return f"{column} {'=' if self.op == 'is_null' else '<>'} ''"
        if self.op in ("in", "eq"):
            return f"lower({column}) IN ({places})" if self.values else "false"
        if self.op in ("not_in", "ne"):
            return f"lower({column}) NOT IN ({places})" if self.values else "true"
        return f"{self.op}(lower({column}), lower(?))"


@dataclass(frozen=True)
class CreditQuery:
    """One question of credit, all names known and all defaults written out.

    start, end: days of the conversions, of the touches where by_touch. window_days, view_window_days: None for each
    campaign's own, else the organization's (own_window_days, own_view_window_days).
    """

    conversion: Conversion
    split: str
    start: date
    end: date
    zone: str
    currency: str
    own_currency: str
    own_window_days: int
    own_view_window_days: int
    window_days: int | None = None
    view_window_days: int | None = None
    by_touch: bool = False
    weights: Weights = USUAL
    conditions: tuple[Condition, ...] = ()
    touch_conditions: tuple[Condition, ...] = field(default=())

    @property
    def is_stored(self) -> bool:
        """Whether the stored credits answer it."""
        usual = self.window_days is None and self.view_window_days is None and self.weights == USUAL
        return usual and self.conversion.is_sale

    @property
    def counts_views(self) -> bool:
        days = self.view_window_days if self.view_window_days is not None else self.own_view_window_days
        return days > 0


Statement = tuple[str, list[Any]]


def asked_ctes(query: CreditQuery) -> Statement:
    """`asked`, the conversions, and `asked_paths`, the touches before them."""
    last = query.end + timedelta(days=MAXIMUM_WINDOW_DAYS + 1) if query.by_touch else query.end
    where = ["sale_date >= ?", "sale_date < ?", *(c.sql() for c in query.conditions)]
    values: list[Any] = [query.start, last, *(v for c in query.conditions for v in c.values)]
    paths = touches_before(query.conversion, "asked", query.own_window_days, query.own_view_window_days)
    rows = conversions_select(query.conversion, query.zone)
    sql = f"""asked AS MATERIALIZED (SELECT * FROM ({rows}) WHERE {" AND ".join(where)}),
asked_paths AS ({paths})"""
    return sql, values


def credits_by_key(query: CreditQuery, models: Sequence[str]) -> Statement:
    """Credit by model and key, and by model, key and bucket of customers (bucket null for the whole).

    Rows: model, key, bucket, conversions (exact), value (exact, in query.currency), direct_conversions, direct_value,
    paid_conversions, paid_value, sales, unrated (rows without an exchange rate). `none` and `unattributed` are keys.
    """
    ctes, values = asked_ctes(query)
    closed = tuple(m for m in models if m != "shapley")
    parts = [_closed(query, closed)] if closed else []
    if "shapley" in models:
        parts.append(f"SELECT {COLUMNS} FROM ({_credits(query, ('shapley',), key_of(query.split))})")
    days = "c.touch_date >= ? AND c.touch_date < ?" if query.by_touch else "true"
    key = f"CASE WHEN c.touchpoint_id IS NULL THEN '{UNATTRIBUTED}' ELSE {key_of(query.split, 'c.')} END"
    if query.touch_conditions:
        own = " AND ".join(c.sql("c.") for c in query.touch_conditions)
        key = f"CASE WHEN c.touchpoint_id IS NULL OR ({own}) THEN {key} ELSE '{OTHER}' END"
    currency = f"coalesce(nullif(c.currency, ''), {quoted(query.own_currency)})"
    sql = f"""WITH {ctes},
credits AS ({" UNION ALL ".join(parts)}),
valued AS (
    SELECT c.model, {key} AS key, c.weight, c.is_direct, c.is_paid, c.touchpoint_id,
        md5_number_lower(coalesce(s.customer_id, s.sale_id)) % {BUCKETS} AS bucket, s.sale_id,
        CASE WHEN {currency} = {quoted(query.currency)} OR c.credited_net = 0
             THEN CAST(c.credited_net AS DECIMAL(38,18))
             ELSE c.credited_net * f.rate END AS value
    FROM credits c JOIN asked s ON s.sale_id = c.sale_id
    LEFT JOIN curated.fx_daily f ON f.base_currency = {currency} AND f.quote_currency = {quoted(query.currency)}
     AND f.rate_date = least(c.sale_date, (SELECT max(rate_date) FROM curated.fx_daily))
    WHERE {days})
SELECT model, key, bucket, sum(weight) AS conversions, sum(value) AS value,
    coalesce(sum(weight) FILTER (is_direct), 0) AS direct_conversions,
    coalesce(sum(value) FILTER (is_direct), 0) AS direct_value,
    coalesce(sum(weight) FILTER (is_paid), 0) AS paid_conversions,
    coalesce(sum(value) FILTER (is_paid), 0) AS paid_value,
    count(DISTINCT sale_id) AS sales, count(*) FILTER (value IS NULL) AS unrated
FROM valued GROUP BY GROUPING SETS ((model, key), (model, key, bucket)) ORDER BY model, key, bucket NULLS FIRST"""
    if query.touch_conditions:
        values += [v for c in query.touch_conditions for v in c.values]
    if query.by_touch:
        values += [query.start, query.end]
    return sql, values


def _closed(query: CreditQuery, models: Sequence[str]) -> str:
    if query.is_stored:
        listed = ", ".join(quoted(m) for m in models)
        return (
            f"SELECT {COLUMNS} FROM curated.attribution_credits c WHERE model IN ({listed}) "
            "AND sale_id IN (SELECT sale_id FROM asked)"
        )
    return f"SELECT {COLUMNS} FROM ({_credits(query, models)})"


def _credits(query: CreditQuery, models: Sequence[str], distinct_by: str | None = None) -> str:
    return credits_select(
        models, query.window_days, query.view_window_days, sales="asked", paths="asked_paths", weights=query.weights,
        distinct_by=distinct_by,
    )  # fmt: skip


def steps_ctes(query: CreditQuery) -> Statement:
    """`asked`, `won` (eligible touches of conversions) and `lost` (touches of the period that led to none).

    Both have journey, touchpoint_id, occurred_at, key, channel, is_direct. A touch is lost when no conversion of the
    kind by its person followed within the window, as far as is known today; who converted later is in neither.
    """
    ctes, values = asked_ctes(query)
    columns = f"touchpoint_id, occurred_at, {key_of(query.split)} AS key, channel, is_direct"
    windows = (query.window_days, query.view_window_days)
    later = touches_before(query.conversion, "ever", query.own_window_days, query.own_view_window_days)
    rows = conversions_select(query.conversion, query.zone)
    views = "" if query.counts_views else " AND kind IS DISTINCT FROM 'view'"
    sql = f"""{ctes},
won AS MATERIALIZED (
    SELECT sale_id AS journey, {columns}, hours_before FROM ({competing_select(*windows, "asked_paths")})),
ever AS (SELECT * FROM ({rows}) WHERE sale_date >= ?),
led AS (SELECT DISTINCT touchpoint_id FROM ({competing_select(*windows, f"({later})")})),
lost AS MATERIALIZED (
    SELECT coalesce(customer_id, 'anonymous:' || anonymous_id, 'touch:' || touchpoint_id) AS journey, {columns},
        NULL::DOUBLE AS hours_before
    FROM curated.touches
    WHERE touch_date >= ? AND touch_date < ?{views} AND touchpoint_id NOT IN (SELECT touchpoint_id FROM led))"""
    return sql, [*values, query.start, query.start, query.end]


def path_counts(query: CreditQuery) -> Statement:
    """How often each path converted and did not. Rows: path (list of keys, earliest first), conversions, nulls."""
    ctes, values = steps_ctes(query)
    sql = f"""WITH {ctes},
journeys AS (
    SELECT list(key ORDER BY occurred_at, touchpoint_id) AS path, true AS converted FROM won GROUP BY journey
    UNION ALL
    SELECT list(key ORDER BY occurred_at, touchpoint_id), false FROM lost GROUP BY journey)
SELECT path, count(*) FILTER (converted) AS conversions, count(*) FILTER (NOT converted) AS nulls
FROM journeys GROUP BY path ORDER BY path"""
    return sql, values


def days_to_convert(query: CreditQuery) -> Statement:
    """From the first eligible touch to the conversion. Rows: median_days, most_days (nine in ten stay below)."""
    ctes, values = asked_ctes(query)
    windows = (query.window_days, query.view_window_days)
    sql = f"""WITH {ctes},
firsts AS (
    SELECT max(hours_before) / 24.0 AS days FROM ({competing_select(*windows, "asked_paths")}) GROUP BY sale_id)
SELECT quantile_cont(days, 0.5) AS median_days, quantile_cont(days, 0.9) AS most_days FROM firsts"""
    return sql, values


__all__ = ["BUCKETS", "NONE", "OTHER", "SPLITS", "UNATTRIBUTED", "Condition", "CreditQuery"]
