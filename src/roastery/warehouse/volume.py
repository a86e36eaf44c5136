# ruff: noqa: S608 (names in SQL come from contracts and this file; what is given is quoted)
"""How much came against the usual, and what platforms and shops say of themselves against what is here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from roastery.warehouse.contracts import CONTRACTS, Contract
from roastery.warehouse.sql import name, quoted

LOOK_BACK_WEEKS, LOOK_AT_DAYS = 8, 7
LEAST_USUAL = 20
LOW, HIGH = 0.4, 2.5
"""A day is out of the usual below and above these times the median of its weekday, and outside all of them."""
CLAIM_DAYS = 28
CLAIMED_TOO_MUCH = 2
MISSING_SHARE = 0.01
PARTS = ("platform", "source_system")


@dataclass(frozen=True)
class Odd:
    """What came, against what was to be expected of it."""

    kind: str
    subject: str
    count: int
    message: str
    amount: Decimal | None = None


def unusual_days(cursor: duckdb.DuckDBPyConnection, zone: str, today: date) -> Iterator[Odd]:
    """Days of the last week with far fewer or more rows than the same weekday of the eight weeks before."""
    for contract in CONTRACTS.values():
        if contract.day is None:
            continue
        for part, day, rows, usual in cursor.execute(_days(contract, zone, today)).fetchall():
            subject = f"{contract.name} of {part}" if part else contract.name
            message = f"{subject}: {rows} rows on {day:%A}, {day}; usually it is about {round(usual)}."
            yield Odd("volume", subject, rows, message, Decimal(repr(rows / usual)).quantize(Decimal("0.0001")))


def _days(contract: Contract, zone: str, today: date) -> str:
    column = contract.by_name[contract.day or ""]
    day = name(column.name) if column.type == "date" else f"CAST(timezone({quoted(zone)}, {name(column.name)}) AS DATE)"
    part = next((f"coalesce({name(p)}, '')" for p in PARTS if p in contract.by_name), "''")
    first = f"DATE '{today}' - {LOOK_AT_DAYS + 7 * LOOK_BACK_WEEKS}"
    return f"""WITH counted AS (
        SELECT {day} AS day, {part} AS part, count(*) AS n FROM curated.{contract.name}
        WHERE {day} >= {first} AND {day} < DATE '{today}' GROUP BY ALL),
    grid AS (
        SELECT p.part, CAST(d.day AS DATE) AS day
        FROM (SELECT DISTINCT part FROM counted) p, range({first}, DATE '{today}', INTERVAL 1 DAY) d(day)),
    beside AS (
        SELECT g.part, g.day, coalesce(c.n, 0) AS n, median(coalesce(c.n, 0)) OVER w AS usual,
               min(coalesce(c.n, 0)) OVER w AS fewest, max(coalesce(c.n, 0)) OVER w AS most, count(*) OVER w AS weeks
        FROM grid g LEFT JOIN counted c USING (part, day)
        WINDOW w AS (PARTITION BY g.part, dayofweek(g.day) ORDER BY g.day
                     ROWS BETWEEN {LOOK_BACK_WEEKS} PRECEDING AND 1 PRECEDING))
    SELECT part, day, n, usual FROM beside
    WHERE day >= DATE '{today}' - {LOOK_AT_DAYS} AND weeks = {LOOK_BACK_WEEKS} AND usual >= {LEAST_USUAL}
      AND ((n < {LOW} * usual AND n < fewest) OR (n > {HIGH} * usual AND n > most))
    ORDER BY part, day"""


def platform_totals(cursor: duckdb.DuckDBPyConnection, model: str, today: date) -> Iterator[Odd]:
    """What others count of the same thing: a shop's orders, web analytics' transactions, ad platforms' conversions."""
    for source, theirs, ours in cursor.execute(ORDERS_OF_CUSTOMERS).fetchall():
        if ours < theirs * (1 - MISSING_SHARE):
            message = f"{source} says that its customers have placed {theirs} orders; {ours} of them are here."
            yield Odd("platform_totals", f"orders of {source}", theirs - ours, message, _ratio(ours, theirs))
    for seen, ours in cursor.execute(WEB_ORDERS.format(today=today, days=CLAIM_DAYS)).fetchall():
        if seen and abs(seen - ours) > 0.1 * max(seen, ours):
            message = (
                f"Web analytics saw {seen} transactions in the last {CLAIM_DAYS} days; {ours} online orders are here."
            )
            yield Odd("platform_totals", "web analytics", abs(seen - ours), message, _ratio(seen, ours or seen))
    claims = CLAIMS.format(today=today, days=CLAIM_DAYS, model=quoted(model))
    for platform, theirs, ours in cursor.execute(claims).fetchall():
        if theirs >= LEAST_USUAL and theirs > CLAIMED_TOO_MUCH * ours:
            message = (
                f"{platform} reports {theirs:.0f} conversions in the last {CLAIM_DAYS} days; {ours:.0f} orders are "
                "credited to it here. reconcile_sources tells the difference line by line."
            )
            yield Odd("platform_totals", platform, round(theirs - ours), message, _ratio(ours, theirs))


def _ratio(over: Decimal | int, under: Decimal | int) -> Decimal:
    return (Decimal(over) / Decimal(under)).quantize(Decimal("0.0001"))


ORDERS_OF_CUSTOMERS = """
SELECT c.connection_source, CAST(sum(c.source_order_count) AS BIGINT), CAST(sum(coalesce(t.n, 0)) AS BIGINT)
FROM curated.customers c LEFT JOIN (
    SELECT customer_id, connection_source, count(*) AS n FROM curated.transactions
    WHERE kind IN ('order', 'payment') AND NOT coalesce(is_test, false) GROUP BY ALL) t
  ON t.customer_id = c.customer_id AND t.connection_source = c.connection_source
WHERE c.source_order_count IS NOT NULL
GROUP BY c.connection_source HAVING sum(c.source_order_count) > 0 ORDER BY 1
"""
WEB_ORDERS = """
WITH seen AS (
    SELECT report_date AS day, sum(transactions) AS n FROM curated.web_performance
    WHERE report_date >= DATE '{today}' - {days} AND report_date < DATE '{today}' GROUP BY ALL)
SELECT CAST(sum(n) AS BIGINT), (
    SELECT count(*) FROM curated.sales s
    WHERE s.is_order AND s.sales_channel = 'online' AND s.sale_date IN (SELECT day FROM seen))
FROM seen
"""
CLAIMS = """
SELECT a.platform, sum(a.reported_conversions), coalesce(any_value(c.n), 0)
FROM curated.ad_performance a LEFT JOIN (
    SELECT platform, sum(order_weight) AS n FROM curated.attribution_credits
    WHERE model = {model} AND sale_date >= DATE '{today}' - {days} AND sale_date < DATE '{today}' GROUP BY platform) c
  ON c.platform = a.platform
WHERE a.report_date >= DATE '{today}' - {days} AND a.report_date < DATE '{today}' AND a.reported_conversions IS NOT NULL
GROUP BY a.platform ORDER BY a.platform
"""
