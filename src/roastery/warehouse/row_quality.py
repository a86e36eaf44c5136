# ruff: noqa: S608 (names in SQL come from contracts and this file; what is given is quoted)
"""Whether curated rows keep their contract: one row a key, needed values there, values in their range and in step.

Imports are judged row by row when they land; what a source sends is taken as it is, so it is looked at here. Each
finding counts the rows, names one, and leaves them where they are: a sum that drops rows in silence is worse.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import duckdb

from roastery.warehouse.attribution import MAXIMUM_WINDOW_DAYS
from roastery.warehouse.contracts import CONTRACTS, Column, Contract
from roastery.warehouse.sql import name, quoted

RECENT_DAYS, BEFORE_DAYS = 28, 180
GONE_BLANK = 0.2
"""A column whose share of empty values rose by this much lately has stopped coming."""
LEAST_ROWS = 20


@dataclass(frozen=True)
class RowFault:
    """Rows of a dataset that break one rule. subject: dataset.column, or the dataset."""

    kind: str
    subject: str
    count: int
    message: str
    is_error: bool = False


IN_STEP: dict[str, tuple[tuple[str, str], ...]] = {
    "ad_performance": (
        ("clicks > impressions", "more clicks than impressions"),
        ("reach > impressions", "a reach above their impressions"),
    ),
    "email_performance": (
        ("deliveries > sends", "more deliveries than sends"),
        ("unique_opens > opens", "more unique opens than opens"),
        ("unique_clicks > clicks", "more unique clicks than clicks"),
        ("kind = 'campaign' AND unique_opens > deliveries", "more unique opens than deliveries"),
    ),
    "campaigns": (
        ("end_date < start_date", "an end before their start"),
        (f"greatest(attribution_window_days, view_window_days) > {MAXIMUM_WINDOW_DAYS}",
         f"an attribution window beyond {MAXIMUM_WINDOW_DAYS} days, of which the first {MAXIMUM_WINDOW_DAYS} count"),
    ),
    "transactions": (
        ("status = 'completed' AND amount < 0", "an amount below zero though completed"),
        ("refunded_amount > amount AND amount >= 0", "more refunded than was paid"),
    ),
    "transaction_lines": (
        ("abs(CAST(coalesce(quantity, 1) AS DECIMAL(26,6)) * greatest(abs(unit_price), unit_cost)) >= 1e12",
         "a worth of a million millions or more, which is left out of splits and costs"),
    ),
    "shipments": (("delivered_at < shipped_at", "a delivery before their shipping"),),
    "tickets": (
        ("first_reply_at < opened_at", "a reply before their opening"),
        ("resolved_at < opened_at", "a resolution before their opening"),
    ),
    "leads": (
        ("stage NOT IN ('new', 'contacted', 'qualified', 'customer', 'lost')",
         "a stage that is none of new, contacted, qualified, customer, lost, so that they count as not qualified"),
    ),
    "opportunities": (
        ("closed_at < created_at", "a close before their creation"),
        ("is_won AND NOT is_closed", "a win though not closed"),
        ("is_closed AND closed_at IS NULL", "no day of closing though closed"),
    ),
    "proposals": (("decided_at < sent_at", "a decision before they were sent"),),
    "subscriptions": (("canceled_at < started_at", "an end before their start"),),
    "appointments": (("starts_at < booked_at", "a start before their booking"),),
    "promotions": (("ends_at < starts_at", "an end before their start"),),
    "ad_assets": (("share > 1", "a share above the whole"),),
    "campaign_locations": (("share > 1", "a share above the whole"),),
    "fx_rates": (
        ("rate <= 0", "a rate of nothing"),
        ("base_currency = quote_currency AND rate <> 1", "a rate in itself that is not one"),
    ),
}  # fmt: skip
"""What two columns of a row cannot say together, and how it is told."""


def faults(cursor: duckdb.DuckDBPyConnection, today: date) -> Iterator[RowFault]:
    """Every rule that some row breaks, dataset by dataset."""
    for contract in CONTRACTS.values():
        if cursor.execute(f"SELECT EXISTS (FROM curated.{contract.name})").fetchall()[0][0]:
            yield from _repeated_keys(cursor, contract)
            yield from _out_of_range(cursor, contract, today)
            yield from _gone_blank(cursor, contract, today)


def _repeated_keys(cursor: duckdb.DuckDBPyConnection, contract: Contract) -> Iterator[RowFault]:
    key = ", ".join(name(k) for k in contract.key)
    count = cursor.execute(
        f"SELECT count(*) - count(DISTINCT hash({key})) FROM curated.{contract.name}"
    ).fetchall()[0][0]  # fmt: skip
    if count:
        yield RowFault("keys", contract.name, count, f"{count} rows of {contract.name} repeat a key.", is_error=True)


def _out_of_range(cursor: duckdb.DuckDBPyConnection, contract: Contract, today: date) -> Iterator[RowFault]:
    rules = [(c.name, "nulls" if text == EMPTY else "ranges", condition, text)
             for c in contract.columns for condition, text in _of_column(c, today)]  # fmt: skip
    rules += [("", "ranges", condition, text) for condition, text in IN_STEP.get(contract.name, ())]
    if not rules:
        return
    key = " || ' ' || ".join(f"coalesce({name(k)}::VARCHAR, '')" for k in contract.key)
    counted = ", ".join(f"count(*) FILTER ({c}), min({key}) FILTER ({c})" for _, _, c, _ in rules)
    found = cursor.execute(f"SELECT {counted} FROM curated.{contract.name}").fetchall()[0]
    for n, (column, kind, _, text) in enumerate(rules):
        count, example = found[2 * n], found[2 * n + 1]
        if count:
            subject = f"{contract.name}.{column}" if column else contract.name
            message = f"{count} rows of {contract.name} have {text}, such as '{example}'."
            yield RowFault(kind, subject, count, message)


EMPTY = "nothing where a value is needed"


def _of_column(column: Column, today: date) -> Iterator[tuple[str, str]]:
    """What a value of this column may not be."""
    own = name(column.name)
    if column.required:
        yield f"{own} IS NULL", EMPTY
    if column.minimum is not None:
        yield f"{own} < {column.minimum}", f"a {column.name} below {column.minimum}"
    if column.allowed:
        listed = ", ".join(map(quoted, column.allowed))
        yield f"{own} NOT IN ({listed})", f"a {column.name} that is none of {', '.join(column.allowed)}"
    if column.past:
        # A day further on in the world is no fault.
        limit = f"DATE '{today}' + 1"
        yield f"CAST({own} AS DATE) > {limit}", f"a {column.name} in the future"
    if column.type == "currency":
        yield f"{own} <> '' AND NOT regexp_full_match({own}, '[A-Z]{{3}}')", f"a {column.name} that is no currency"


def _gone_blank(cursor: duckdb.DuckDBPyConnection, contract: Contract, today: date) -> Iterator[RowFault]:
    """Columns that used to be filled and lately are not: the usual sign of a source that changed its answer."""
    columns = [c for c in contract.columns if not c.is_key and not c.required and c.default is None]
    if contract.day is None or not columns:
        return
    day = f"CAST({name(contract.day)} AS DATE)"
    recent = f"{day} > DATE '{today}' - {RECENT_DAYS} AND {day} <= DATE '{today}'"
    before = f"{day} <= DATE '{today}' - {RECENT_DAYS} AND {day} > DATE '{today}' - {RECENT_DAYS + BEFORE_DAYS}"
    counted = ", ".join(
        f"count({_filled(c)}) FILTER ({recent}), count({_filled(c)}) FILTER ({before})" for c in columns
    )
    now, then, *found = cursor.execute(
        f"SELECT count(*) FILTER ({recent}), count(*) FILTER ({before}), {counted} FROM curated.{contract.name}"
    ).fetchall()[0]
    if now < LEAST_ROWS or then < LEAST_ROWS:
        return
    for n, column in enumerate(columns):
        blank, earlier = 1 - found[2 * n] / now, 1 - found[2 * n + 1] / then
        if blank - earlier >= GONE_BLANK:
            message = (
                f"{column.name} is empty in {blank:.0%} of the rows of {contract.name} of the last {RECENT_DAYS} days; "
                f"before it was in {earlier:.0%}."
            )
            yield RowFault("nulls", f"{contract.name}.{column.name}", now - found[2 * n], message)


def _filled(column: Column) -> str:
    return f"nullif({name(column.name)}, '')" if column.sql_type == "VARCHAR" else name(column.name)
