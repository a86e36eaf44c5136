# ruff: noqa: S608 (names in SQL come from code; what a person gives is quoted)
"""From the records of a shop, payment provider or CRM to our revenue, gross revenue or orders, step by step.

A system's records of the days, with tax and shipping, dead and test ones too; then only what is a sale, each sale once,
by the record that counts and on its day; then what other systems alone know; then refunds.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from roastery.tools.bridging.steps import Bridge, Level, Note, Part, converted, counted, rounded
from roastery.warehouse.sql import quoted

SYSTEMS = """
SELECT coalesce(source_system, connection_source) AS system, count(*) AS records,
       count(*) FILTER (CAST(occurred_at AT TIME ZONE {zone} AS DATE) >= DATE '{start}'
           AND CAST(occurred_at AT TIME ZONE {zone} AS DATE) < DATE '{end}') AS within
FROM transactions GROUP BY 1 ORDER BY within DESC, system
"""


@dataclass(frozen=True)
class Books:
    """What is asked: one system's records of some days against a metric. includes: what revenue holds besides."""

    system: str
    start: date
    end: date
    metric: str
    currency: str
    zone: str
    refund_basis: str
    includes: tuple[str, ...] = ()

    @property
    def is_money(self) -> bool:
        return self.metric != "orders"


def systems_of(warehouse: Any, start: date, end: date, zone: str) -> dict[str, int]:
    """Systems that hold sales, with how many records of the days each has, most first."""
    rows = warehouse.query(SYSTEMS.format(zone=quoted(zone), start=start, end=end)).to_pylist()
    return {row["system"] or "import": row["within"] for row in rows}


def bridge(warehouse: Any, books: Books, ours: Decimal, stated: Decimal | None) -> Bridge:
    """The bridge of one system. ours: the metric as the semantic layer gives it."""
    unit, currency = ("money", books.currency) if books.is_money else ("count", None)
    parts = _parts(books)
    whole, own = counted(_prelude(books), parts)
    values = {row["level"]: rounded(row["value"], unit, currency) for row in warehouse.query(whole).to_pylist()}
    levels = tuple(
        Level(part.name, part.said, values[part.name], sql, is_first=number == 0)
        for number, (part, sql) in enumerate(zip(parts, own, strict=True))
    )
    return Bridge(
        kind="source",
        system=books.system,
        theirs_metric="recorded_sales" if books.is_money else "recorded_orders",
        ours_metric=books.metric,
        recorded=levels[0].value,
        ours=ours,
        unit=unit,
        currency=currency,
        levels=levels,
        stated=stated,
        notes=_notes(warehouse, books),
        unknown=_unknown(books),
        recorded_sql=levels[0].sql,
    )


def _prelude(books: Books) -> str:
    """records: what the system holds of valid days. counted: its sales, by their own best record here. ours: all."""
    zone = quoted(books.zone)
    day = f"CAST(t.occurred_at AT TIME ZONE {zone} AS DATE)"
    inside = f">= DATE '{books.start}'", f"< DATE '{books.end}'"
    kept = " + ".join(["t.amount", *(f"t.{name}_amount" for name in books.includes)])
    everything, rate = converted("t.amount + t.tax_amount + t.shipping_amount", "t", day, books.currency)
    no_tax, _ = converted(
        f"t.amount + t.shipping_amount{' + t.tax_amount' if 'tax' in books.includes else ''}", "t", day, books.currency
    )
    own, _ = converted(kept, "t", day, books.currency)
    gross, sale_rate = converted("s.amount", "s", "s.sale_date", books.currency)
    net, _ = converted("s.net_amount", "s", "s.sale_date", books.currency)
    back, back_rate = converted("b.amount", "b", "b.refund_date", books.currency)
    if not books.is_money:
        everything = no_tax = own = "1"
        gross = net = "CAST(s.is_order AS INTEGER)"
    return f"""WITH held AS MATERIALIZED (
    SELECT {day} AS day, t.status, t.is_test, r.sale_id, {everything} AS everything, {no_tax} AS no_tax, {own} AS own,
           row_number() OVER (PARTITION BY r.sale_id ORDER BY r.place) AS nth
    FROM transactions t LEFT JOIN work.sale_records r ON r.transaction_id = t.transaction_id {rate}
    WHERE coalesce(t.source_system, t.connection_source, 'import') = {quoted(books.system)} AND t.status <> 'failed'
      AND t.amount IS NOT NULL),
sold AS MATERIALIZED (
    SELECT s.sale_id, s.sale_date, {gross} AS gross, {net} AS net FROM sales s {sale_rate}),
ours AS (SELECT * FROM sold WHERE sale_date {inside[0]} AND sale_date {inside[1]}),
records AS (SELECT * FROM held WHERE day {inside[0]} AND day {inside[1]}),
firsts AS (
    SELECT f.own, s.gross FROM records f JOIN sold s ON s.sale_id = f.sale_id WHERE f.nth = 1),
shared AS (SELECT * FROM ours WHERE sale_id IN (SELECT sale_id FROM held WHERE sale_id IS NOT NULL)),
given_back AS (
    SELECT gross AS value FROM ours UNION ALL
    SELECT -({back}) FROM sale_refunds b {back_rate} WHERE b.refund_date {inside[0]} AND b.refund_date {inside[1]})"""


def _parts(books: Books) -> list[Part]:
    valid = "status = 'completed'"
    parts = [
        Part("recorded", "what the system recorded", "records", "true", "everything"),
        Part("cancelled", "orders cancelled or not paid", "records", valid, "everything"),
        Part("tests", "test orders", "records", f"{valid} AND NOT is_test", "everything"),
    ]
    if books.is_money:
        parts += [
            Part("tax_charged", "tax charged", "records", f"{valid} AND NOT is_test", "no_tax"),
            Part("shipping", "shipping charged", "records", f"{valid} AND NOT is_test", "own"),
        ]
    called_off = "records of orders that a system which counts before this one has cancelled"
    parts += [
        Part("called_off", called_off, "records", f"{valid} AND NOT is_test AND sale_id IS NOT NULL", "own"),
        Part("further_records", "further records of the same sale in this system", "firsts", "true", "own"),
        Part("best_record", _best_said(books), "firsts", "true", "gross"),
        Part("sale_day", "counted on the day of the record that stands for the sale", "shared", "true", "gross"),
        Part("other_systems", "sales that only your other systems hold", "ours", "true", "gross"),
    ]
    if books.metric == "revenue":
        parts.append(Part("refunds_given", "refunds given on these days", "given_back", "true"))
        if books.refund_basis == "order_day":
            said = "refunds counted on the day of the order, not of the refund"
            parts.append(Part("refund_day", said, "ours", "true", "net"))
    return parts


def _best_said(books: Books) -> str:
    if books.is_money:
        return "the same sales by the record that counts (shop, then payment, invoice, deal)"
    return "records that are no orders by definition (renewals, invoices, deals)"


def _notes(warehouse: Any, books: Books) -> tuple[Note, ...]:
    """How many of the system's sales another system holds as well."""
    found = warehouse.query(
        f"""SELECT count(DISTINCT r.sale_id) AS twice FROM work.sale_records r
        JOIN sales s ON s.sale_id = r.sale_id
        WHERE r.system = {quoted(books.system)} AND s.sale_date >= DATE '{books.start}'
          AND s.sale_date < DATE '{books.end}'
          AND r.sale_id IN (SELECT sale_id FROM work.sale_records WHERE system <> {quoted(books.system)})"""
    ).to_pylist()[0]["twice"]
    return (Note("sales_in_several_systems", Decimal(found)),)


def _unknown(books: Books) -> tuple[str, ...]:
    found = [f"The zone of {books.system}'s own screen is not in the data; its records are counted in yours."]
    if books.is_money:
        found.append("Tips and gift cards are not in what was read: on a screen that shows them, they are residual.")
    return tuple(found)
