"""One sale once: which records of orders, payments, invoices and deals are one sale, and which of them stands for it.

Records are joined by equal external order ids; a deal by its opportunity; and where no id speaks, by the same
person, the same currency, and an amount and a day within the organization's tolerance: one to one, between different
systems and kinds, nearest first. The record that counts is the best by the organization's source-of-truth order.
"""

import duckdb

from roastery.warehouse.money import micros, minor_unit_micros
from roastery.warehouse.organization import Organization
from roastery.warehouse.scalar import count
from roastery.warehouse.sql import quoted

# Valid records, each in the group of its order id. An invoice or order takes the deal of its opportunity with it.
RECORDS = """
CREATE OR REPLACE TEMP TABLE sale_rows AS
WITH ranked AS (
    SELECT
        *, coalesce(list_position({order}, kind), 99) AS rank,
        coalesce(external_order_id, transaction_id) AS order_key,
        status = 'cancelled' OR is_test AS is_void,
        status = 'completed' AND NOT is_test AND occurred_at IS NOT NULL AND amount IS NOT NULL AS is_valid
    FROM {transactions}),
-- An order that was called off takes its payment with it, whatever the payment's own system says.
called_off AS (
    SELECT order_key FROM ranked GROUP BY order_key
    HAVING min(rank) FILTER (is_void) < min(rank) FILTER (is_valid)),
valid AS (
    SELECT
        t.transaction_id, t.kind, t.rank, t.occurred_at,
        t.external_order_id,
        coalesce(l.person_id, t.customer_id) AS person_id, t.lead_id, t.fee_amount, t.currency,
        coalesce(t.source_system, t.connection_source) AS system,
        coalesce(o.opportunity_id, d.opportunity_id) AS opportunity_id,
        {amount} AS amount, {whole} AS whole_amount, {minor} AS minor, t.order_key
    FROM ranked t
    ANTI JOIN called_off USING (order_key)
    LEFT JOIN work.labels l USING (customer_id)
    LEFT JOIN curated.opportunities o ON o.opportunity_id = t.opportunity_id
    LEFT JOIN curated.opportunities d ON d.opportunity_id = t.transaction_id AND t.kind = 'deal'
    WHERE t.is_valid),
carriers AS (
    SELECT opportunity_id, arg_min(order_key, (occurred_at, transaction_id)) AS order_key
    FROM valid WHERE kind <> 'deal' AND opportunity_id IS NOT NULL GROUP BY opportunity_id)
SELECT
    v.* EXCLUDE (order_key), coalesce(c.order_key, v.order_key) AS sale_key,
    CASE WHEN c.order_key IS NOT NULL THEN 'opportunity' WHEN v.external_order_id IS NOT NULL THEN 'external_id'
         ELSE 'itself' END AS matched_by,
    NULL::INTEGER AS days_apart, NULL::HUGEINT AS amount_apart, NULL::BIGINT AS candidates
FROM valid v LEFT JOIN carriers c ON v.kind = 'deal' AND c.opportunity_id = v.opportunity_id
"""

GROUPS = """
CREATE OR REPLACE TEMP TABLE sale_groups AS
SELECT
    sale_key, min(rank) AS rank, list(DISTINCT kind) AS kinds, list(DISTINCT system) AS systems,
    arg_min(person_id, (rank, occurred_at, transaction_id)) AS person_id,
    arg_min(external_order_id, (rank, occurred_at, transaction_id)) AS external_order_id,
    arg_min(occurred_at, (rank, occurred_at, transaction_id)) AS occurred_at,
    arg_min(amount, (rank, occurred_at, transaction_id)) AS amount,
    arg_min(whole_amount, (rank, occurred_at, transaction_id)) AS whole_amount,
    arg_min(currency, (rank, occurred_at, transaction_id)) AS currency,
    arg_min(minor, (rank, occurred_at, transaction_id)) AS minor
FROM sale_rows GROUP BY sale_key
"""

# A group, and every better one of its person and currency that is near and shares no kind and no system with it.
# An amount is compared with and without tax and shipping, for payments hold what was charged.
CANDIDATES = """
CREATE OR REPLACE TEMP TABLE candidates AS
WITH near AS (
    SELECT
        m.sale_key AS mover, t.sale_key AS target,
        abs(CAST(m.occurred_at AT TIME ZONE {zone} AS DATE) - CAST(t.occurred_at AT TIME ZONE {zone} AS DATE)) AS days,
        least(abs(m.amount - t.amount), abs(m.amount - t.whole_amount), abs(m.whole_amount - t.amount)) AS apart,
        abs(epoch_us(m.occurred_at) - epoch_us(t.occurred_at)) AS microseconds, m.minor
    FROM sale_groups m
    JOIN sale_groups t ON t.person_id = m.person_id AND t.currency = m.currency AND t.rank < m.rank
    WHERE m.rank = {rank} AND NOT list_has_any(m.kinds, t.kinds) AND NOT list_has_any(m.systems, t.systems)
      AND (m.external_order_id IS NULL OR t.external_order_id IS NULL)),
within AS (SELECT * FROM near WHERE days <= {match_days} AND apart <= {match_minor_units} * minor)
SELECT *, greatest(count(*) OVER (PARTITION BY mover), count(*) OVER (PARTITION BY target)) AS choices FROM within
"""

# The pairs that are each other's nearest; taken together they are one to one.
NEAREST = """
CREATE OR REPLACE TEMP TABLE nearest AS
SELECT * FROM (
    SELECT *,
        row_number() OVER (PARTITION BY mover ORDER BY apart, microseconds, target) AS of_mover,
        row_number() OVER (PARTITION BY target ORDER BY apart, microseconds, mover) AS of_target
    FROM candidates)
WHERE of_mover = 1 AND of_target = 1
"""

TAKE = (
    """UPDATE sale_rows SET sale_key = n.target, matched_by = 'likeness', days_apart = n.days, amount_apart = n.apart,
    candidates = n.choices FROM nearest n WHERE n.mover = sale_rows.sale_key""",
    "DELETE FROM candidates WHERE mover IN (SELECT mover FROM nearest) OR target IN (SELECT target FROM nearest)",
)

# Fees in another currency than the sale's would not add up with it; they are left out.
PLACED = """
SELECT
    transaction_id, first_value(transaction_id) OVER best AS sale_id, row_number() OVER best AS place, kind, system,
    person_id,
    lead_id, opportunity_id, CASE WHEN currency = first_value(currency) OVER best THEN fee_amount END AS fee_amount,
    matched_by, days_apart,
    CAST(amount_apart * 0.000001::DECIMAL(7,6) AS DECIMAL(18,6)) AS amount_apart, candidates
FROM sale_rows
WINDOW best AS (PARTITION BY sale_key ORDER BY rank, occurred_at, transaction_id)
"""


def match_sales(
    cursor: duckdb.DuckDBPyConnection,
    organization: Organization,
    into: str = "work.sale_records",
    transactions: str = "curated.transactions",
) -> None:
    """Write a table with a row for each valid record: the sale that it is of, and its place among that sale's records.

    transactions: whole groups, every record of the persons and orders that are in it.
    """
    cursor.execute(
        RECORDS.format(
            order=_listed(organization.source_of_truth),
            transactions=transactions,
            amount=micros("t.amount"),
            whole=micros("t.amount + t.tax_amount + t.shipping_amount"),
            minor=minor_unit_micros("t.currency"),
        )
    )
    overlapping = _overlapping(cursor) if organization.sale_match_days >= 0 else frozenset()
    for rank, kind in enumerate(organization.source_of_truth[1:], start=2):
        if kind in overlapping:
            _match_by_likeness(cursor, organization, rank)
    temporary = "" if "." in into else "TEMP "
    cursor.execute(f"CREATE OR REPLACE {temporary}TABLE {into} AS {PLACED}")
    for table in ("sale_rows", "sale_groups", "candidates", "nearest"):
        cursor.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _overlapping(cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The kinds of records, where several kinds and systems tell of sales; none of them where one alone does."""
    kinds, systems = cursor.execute("SELECT list(DISTINCT kind), count(DISTINCT system) FROM sale_rows").fetchall()[0]
    return frozenset(kinds) if systems > 1 and len(kinds) > 1 else frozenset()


def _match_by_likeness(cursor: duckdb.DuckDBPyConnection, organization: Organization, rank: int) -> None:
    cursor.execute(GROUPS)
    cursor.execute(
        CANDIDATES.format(
            zone=quoted(organization.time_zone),
            rank=rank,
            match_days=organization.sale_match_days,
            match_minor_units=organization.sale_match_minor_units,
        )
    )
    while count(cursor, "SELECT count(*) FROM candidates"):
        cursor.execute(NEAREST)
        for statement in TAKE:
            cursor.execute(statement)


def _listed(values: tuple[str, ...]) -> str:
    return f"[{', '.join(map(quoted, values))}]"
