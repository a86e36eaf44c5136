# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""Data quality: what is there, how fresh, and what does not fit together. Read by data_health."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from roastery.warehouse import row_quality, volume
from roastery.warehouse.contracts import CONTRACTS
from roastery.warehouse.sql import name, quoted
from roastery.warehouse.state import IMPORT

if TYPE_CHECKING:
    from roastery.warehouse.engine import Warehouse

Severity = Literal["error", "warning", "ok"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "ok")
STALE_AFTER_HOURS = 26
COVERAGE_AIM = Decimal("0.90")


@dataclass(frozen=True)
class Check:
    """One result. subject: the dataset, column or source; count: rows at fault, or rows for `rows`; amount: the money
    behind it in `currency`, or a ratio where currency is empty."""

    name: str
    subject: str
    severity: Severity
    count: int
    message: str
    amount: Decimal | None = None
    currency: str = ""


def read(warehouse: "Warehouse") -> tuple[Check, ...]:
    """Every check over the current build, worst first; what looks at the tables is kept until the next commit."""
    organization, today = warehouse.organization, warehouse.clock.today(warehouse.organization.time_zone)
    kept_as = f"checks by {organization.attribution.model} in {organization.currency} on {today}"
    found = [*warehouse.once_per_commit(kept_as, _of_tables), *_freshness(warehouse)]
    return tuple(sorted(found, key=lambda c: (SEVERITIES.index(c.severity), c.name, c.subject, c.currency)))


def _of_tables(warehouse: "Warehouse") -> tuple[Check, ...]:
    with warehouse.reading() as cursor:
        found = [
            *_row_counts(cursor),
            *_orphans(cursor),
            *_quarantined(cursor),
            *_unmapped(cursor, warehouse.organization.attribution.model),
            *_coverage(cursor, warehouse.organization.attribution.model),
            *_unknown_campaigns(cursor),
            *_refunds(cursor),
            *_duplicates(cursor),
            *_matched_by_likeness(cursor),
            *_missing_rates(cursor, warehouse.organization.currency),
        ]
    return (*found, *_rows_and_volume(warehouse))


def _rows(cursor: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return cursor.execute(sql).fetchall()


def _row_counts(cursor: duckdb.DuckDBPyConnection) -> Iterator[Check]:
    for contract in CONTRACTS.values():
        span = (
            f"min({name(contract.day)})::DATE, max({name(contract.day)})::DATE"
            if contract.day
            else "NULL::DATE, NULL::DATE"
        )
        count, first, last = _rows(cursor, f"SELECT count(*), {span} FROM curated.{contract.name}")[0]
        if count:
            when = f" from {first} to {last}" if isinstance(first, date) else ""
            yield Check("rows", contract.name, "ok", count, f"{contract.title}: {count} rows{when}.")


def _orphans(cursor: duckdb.DuckDBPyConnection) -> Iterator[Check]:
    """Values that name a row of another dataset which is not there; unchecked while that dataset is empty."""
    filled = {c for c in CONTRACTS if _rows(cursor, f"SELECT EXISTS (FROM curated.{c})")[0][0]}
    for contract in CONTRACTS.values():
        for column in contract.columns:
            if contract.name not in filled or column.references not in filled:
                continue
            target = CONTRACTS[column.references]
            value = name(column.name)
            count = _rows(
                cursor,
                f"SELECT count(*) FROM curated.{contract.name} WHERE {value} <> '' "
                f"AND {value} NOT IN (SELECT {name(target.key[0])} FROM curated.{target.name})",
            )[0][0]
            if count:
                message = f"{count} rows of {contract.name} name a {column.name} that {target.name} does not have."
                yield Check("orphans", f"{contract.name}.{column.name}", "warning", count, message)


def _quarantined(cursor: duckdb.DuckDBPyConnection) -> Iterator[Check]:
    for contract, source, count, message in _rows(
        cursor,
        "SELECT contract, source, count(*), mode(message) FROM meta.quarantine GROUP BY ALL ORDER BY ALL",
    ):
        text = f"{count} faults in rows of {contract} from {source} are kept aside, mostly: {message}"
        yield Check("quarantined", f"{contract} from {source}", "warning", count, text)


def _unmapped(cursor: duckdb.DuckDBPyConnection, model: str) -> Iterator[Check]:
    """Touches whose tags name a campaign that is not known, and the revenue credited to them."""
    count = _rows(cursor, "SELECT count(*) FROM curated.touches WHERE resolution = 'unmapped'")[0][0]
    if not count:
        return
    yield Check(
        "unmapped_touches", "touches", "warning", count, f"{count} touches carry a tag that names no known campaign."
    )
    for currency, amount in _rows(
        cursor,
        f"""SELECT a.currency, sum(a.credited_net) FROM curated.attribution_credits a
            JOIN curated.touches t ON t.touchpoint_id = a.touchpoint_id
            WHERE a.model = {quoted(model)} AND t.resolution = 'unmapped' GROUP BY a.currency ORDER BY a.currency""",
    ):
        text = f"{amount:.2f} {currency} of revenue is credited to touches whose campaign is not known."
        yield Check("unmapped_revenue", currency, "warning", count, text, amount, currency)


def _coverage(cursor: duckdb.DuckDBPyConnection, model: str) -> Iterator[Check]:
    """Revenue credited to touches other than direct, of all revenue, per currency of the sales."""
    for currency, credited, total in _rows(
        cursor,
        f"""SELECT currency, sum(CASE WHEN touchpoint_id IS NOT NULL AND NOT is_direct THEN credited_net ELSE 0 END),
            sum(credited_net) FROM curated.attribution_credits WHERE model = {quoted(model)}
            GROUP BY currency HAVING sum(credited_net) > 0 ORDER BY currency""",
    ):
        share = (Decimal(credited) / Decimal(total)).quantize(Decimal("0.0001"))
        severity: Severity = "ok" if share >= COVERAGE_AIM else "warning"
        text = f"{share * 100:.1f} % of revenue in {currency} is attributed to marketing; the aim is 90 %."
        yield Check("attribution_coverage", currency, severity, 0, text, share)


def _unknown_campaigns(cursor: duckdb.DuckDBPyConnection) -> Iterator[Check]:
    count, example = _rows(
        cursor,
        """SELECT count(DISTINCT campaign_id), min(campaign_id) FROM curated.touches
           WHERE campaign_id <> '' AND campaign_id NOT IN (SELECT campaign_id FROM work.campaign_keys)""",
    )[0]
    if count:
        text = f"{count} campaigns are named by touchpoints but are in no other dataset, such as '{example}'."
        yield Check("unknown_campaigns", "touches", "warning", count, text)


def _refunds(cursor: duckdb.DuckDBPyConnection) -> Iterator[Check]:
    count = _rows(cursor, "SELECT count(*) FROM curated.sales WHERE refunded_amount > amount")[0][0]
    if count:
        yield Check("refunds_above_sale", "sales", "warning", count, f"{count} sales were refunded above their amount.")
    strange = _rows(
        cursor,
        """SELECT count(*), min(refund_id) FROM work.refunds_seen r JOIN curated.sales s USING (sale_id)
           WHERE r.currency <> s.currency""",
    )[0]
    if strange[0]:
        text = (
            f"{strange[0]} refunds are in another currency than their sale, such as '{strange[1]}'. They lower revenue "
            "on the day of the refund (refund_basis refund_day), and not that of the day of the order."
        )
        yield Check("refunds_in_another_currency", "refunds", "warning", strange[0], text)


def _duplicates(cursor: duckdb.DuckDBPyConnection) -> Iterator[Check]:
    count = _rows(cursor, "SELECT count(*) FROM work.sale_records WHERE place > 1")[0][0]
    if count:
        text = f"{count} records repeat a sale that another record stands for; each sale counts once."
        yield Check("repeated_sales", "transactions", "ok", count, text)


LIKENESS: dict[str, tuple[Severity, str]] = {
    "matched": ("ok", "{} records were found to be of another system's sale by customer, amount and day."),
    "ambiguous": ("warning", "{} records could be of several sales of another system; the nearest one was taken."),
    "unmatched": (
        "warning",
        "{} records of overlapping systems have no partner in another and count as sales of their own.",
    ),
}


def _matched_by_likeness(cursor: duckdb.DuckDBPyConnection) -> Iterator[Check]:
    """Sales that no id joins (curated.sale_matches)."""
    for status, system, count in _rows(
        cursor, "SELECT status, source_system, count(*) FROM curated.sale_matches GROUP BY ALL ORDER BY ALL"
    ):
        severity, text = LIKENESS[status]
        yield Check(f"{status}_sales", system, severity, count, f"{system}: {text.format(count)}")


def _missing_rates(cursor: duckdb.DuckDBPyConnection, currency: str) -> Iterator[Check]:
    for table, day in (("sales", "sale_date"), ("ad_performance", "report_date")):
        for base, count in _rows(
            cursor,
            f"""SELECT s.currency, count(*) FROM curated.{table} s
                WHERE s.currency <> {quoted(currency)} AND NOT EXISTS (
                    FROM curated.fx_daily f WHERE f.rate_date = s.{day}
                      AND f.base_currency = s.currency AND f.quote_currency = {quoted(currency)})
                GROUP BY s.currency ORDER BY s.currency""",
        ):
            text = f"{count} rows of {table} are in {base}, which has no exchange rate into {currency} on their day."
            yield Check("missing_rates", f"{table} in {base}", "error", count, text)


def _rows_and_volume(warehouse: "Warehouse") -> tuple[Check, ...]:
    organization, today = warehouse.organization, warehouse.clock.today(warehouse.organization.time_zone)
    with warehouse.reading() as cursor:
        rows = [
            Check(f.kind, f.subject, "error" if f.is_error else "warning", f.count, f.message)
            for f in row_quality.faults(cursor, today)
        ]
        odd = [
            *volume.unusual_days(cursor, organization.time_zone, today),
            *volume.platform_totals(cursor, organization.attribution.model, today),
        ]
    return (*rows, *(Check(o.kind, o.subject, "warning", o.count, o.message, o.amount) for o in odd))


def kept_aside(warehouse: "Warehouse", most: int = 50) -> list[dict[str, Any]]:
    """The rows at fault themselves, without personal columns: dataset, source, row, column, message, record."""
    rows: list[dict[str, Any]] = warehouse.query(
        """SELECT contract AS dataset, source, row_number AS row, column_name AS "column", message,
                  record::VARCHAR AS record
           FROM meta.quarantine ORDER BY noted_at DESC, contract, row_number, column_name, message LIMIT ?""",
        [most],
    ).to_pylist()
    return rows


def _freshness(warehouse: "Warehouse") -> Iterator[Check]:
    now = warehouse.clock.now()
    for source, as_of in warehouse.state().data_as_of.items():
        if source == IMPORT:
            continue
        hours = int((now - as_of).total_seconds() // 3600)
        severity: Severity = "warning" if hours > STALE_AFTER_HOURS else "ok"
        text = f"{source} is as of {as_of:%Y-%m-%d %H:%M} UTC, {max(hours, 0)} hours ago."
        yield Check("freshness", source, severity, max(hours, 0), text)
