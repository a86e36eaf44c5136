"""One value of a wrong kind, anywhere in a record: the good rows stay as they are, and the bad one is named."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from roastery.connectors.base import Cursor, Page, Partition, Record, Resource
from roastery.connectors.batches import batch_of
from roastery.connectors.egress import Egress
from roastery.connectors.http import Politeness
from roastery.connectors.registry import SOURCES, open_source
from roastery.connectors.sync import in_order
from roastery.evals.twins.registry import twin_types
from roastery.evals.twins.server import Twins
from tests.connectors.company import connect
from tests.connectors.killed_sync import open_warehouse

PROVIDERS = tuple(name for name in twin_types() if name in SOURCES)
MOST_USED = ("shopify", "stripe", "meta_ads", "hubspot")
NOT_READ: tuple[Any, ...] = ("n/a", "9" * 40, {"an": "object"}, ["a list"], None)
RECORDS = 3
COLUMNS = "connection_id VARCHAR, key VARCHAR, payload JSON, landed_at TIMESTAMPTZ, seq BIGINT"


def first_records(twins: Twins, provider: str, politeness: Politeness) -> dict[str, list[Record]]:
    """Some records of every resource of a source, as they would land."""
    made, secrets = connect(twins, provider)
    clock, egress = twins.world.clock, Egress.parse("loopback")
    source = open_source(made, secrets, clock, politeness=politeness, egress=egress)
    found: dict[str, list[Record]] = {}
    try:
        for resource in in_order(source.resources):
            kept = found.setdefault(resource.name, [])
            for page in source.pages(resource, Cursor(), clock.now()):
                kept += page.records[: RECORDS - len(kept)]
                if len(kept) >= RECORDS:
                    break
    finally:
        source.http.close()
    return found


def spoiled(node: Any) -> Iterator[Any]:
    """A record with each of its values in turn of another kind; of a list, its first item stands for all."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from ({**node, name: bad} for bad in NOT_READ)
            yield from ({**node, name: worse} for worse in spoiled(value))
    elif isinstance(node, list) and node:
        yield from ([worse, *node[1:]] for worse in spoiled(node[0]))


def put(database: duckdb.DuckDBPyConnection, table: str, records: list[Any], first: int) -> None:
    database.execute(f"CREATE TABLE {table} ({COLUMNS})")
    database.execute(
        f"INSERT INTO {table} SELECT 'con', seq::VARCHAR, payload::JSON, now(), seq FROM "
        "(SELECT unnest(?::VARCHAR[]) AS payload, unnest(range(?, ?)) AS seq)",
        [[json.dumps(record, default=str) for record in records], first, first + len(records)],
    )


@pytest.mark.parametrize(
    "provider", [name if name in MOST_USED else pytest.param(name, marks=pytest.mark.prove) for name in PROVIDERS]
)
def test_no_value_of_any_kind_stops_the_rows_of_others(twins: Twins, provider: str, politeness: Politeness) -> None:
    records = first_records(twins, provider, politeness)
    assert any(records.values())
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        for name, kept in records.items():
            put(database, f"good_{name}", kept, 0)
            put(database, f"bad_{name}", list(spoiled(kept[0])) if kept else [], 1000)
        for fill in (fill for fill in SOURCES[provider].fills if fill.resource in records):
            for spoilt in (fill.resource, *fill.joins):

                def with_bad(name: str, spoilt: str = spoilt) -> str:
                    worse = f" UNION ALL FROM bad_{name}" if name == spoilt else ""
                    return f"(FROM good_{name}{worse})"

                # Every column is read, or the database would leave the casts in it out.
                database.execute(f"SELECT max(COLUMNS(*)::VARCHAR) FROM ({fill.bound(with_bad)})").fetchall()


BAD = "12,x"
AMOUNTS: tuple[tuple[str, str, tuple[str | int, ...], str, str], ...] = (
    ("shopify", "orders", ("subtotalPriceSet", "shopMoney", "amount"), "transactions", "amount"),
    ("shopify", "orders", ("totalTaxSet", "shopMoney", "amount"), "transactions", "tax_amount"),
    ("shopify", "orders", ("lineItems", "nodes", 0, "quantity"), "transaction_lines", "quantity"),
    ("square", "orders", ("total_money", "amount"), "transactions", "amount"),
    ("square", "orders", ("line_items", 0, "base_price_money", "amount"), "transaction_lines", "unit_price"),
    ("stripe", "charges", ("amount_captured",), "transactions", "amount"),
    ("stripe", "charges", ("created",), "transactions", "occurred_at"),
    ("stripe", "refunds", ("amount",), "refunds", "amount"),
    ("meta_ads", "campaigns", ("daily_budget",), "campaigns", "budget_amount"),
    ("meta_ads", "insights", ("spend",), "ad_performance", "spend"),
    ("google_ads", "campaigns", ("campaignBudget", "amountMicros"), "campaigns", "budget_amount"),
    ("google_ads", "performance", ("metrics", "costMicros"), "ad_performance", "spend"),
)
"""Where an amount stands in a provider's record, and the column that it fills."""


def with_value(node: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """A copy with another value at a path."""
    if not path:
        return value
    copy = list(node) if isinstance(node, list) else dict(node or {})
    copy[path[0]] = with_value(copy[path[0]] if isinstance(copy, list) else copy.get(path[0]), path[1:], value)  # type: ignore[index,call-overload]
    return copy


def page_of(records: list[Record], resource: Resource) -> Page:
    """Records as one page, of whole days where the resource is read by day."""
    if resource.partition is None or not records:
        return Page(records, Cursor())
    scopes, days = zip(*map(resource.partition, records), strict=True)
    return Page(records, Cursor(), replaces=Partition(scopes[0], tuple(sorted(set(days)))), read_id="first")


def test_an_amount_that_is_no_number_is_set_aside_with_its_row_and_column(
    twins: Twins, politeness: Politeness, tmp_path: Path
) -> None:
    warehouses, warehouse = open_warehouse(tmp_path, twins.world.clock)
    try:
        for provider in dict.fromkeys(amount[0] for amount in AMOUNTS):
            made, _ = connect(twins, provider)
            records = first_records(twins, provider, politeness)
            for resource in SOURCES[provider].resources:
                kept = records[resource.name]
                bad = [path for of, name, path, _, _ in AMOUNTS if (of, name) == (provider, resource.name)]
                spoilt = [with_value(kept[0], path, BAD) for path in bad[:1]]
                for path in bad[1:]:
                    spoilt[0] = with_value(spoilt[0], path, BAD)
                warehouse.land(batch_of(page_of([*kept[1:], *spoilt], resource), resource, made, provider))
        warehouse.build()
        aside = warehouse.query("SELECT source, contract, column_name, message FROM meta.quarantine").to_pylist()
        for provider, _, _, contract, column in AMOUNTS:
            found = [a for a in aside if (a["source"], a["contract"]) == (provider, contract)]
            assert any(column in a["column_name"].split(", ") for a in found), (provider, contract, column, aside)
        told = {a["message"] for a in aside}
        assert told == {"The value cannot be read; it counts as empty."}
        sales = warehouse.query(
            "SELECT connection_source AS source, count(*) AS sales, count(amount) AS amounts FROM curated.transactions "
            "WHERE kind = CASE connection_source WHEN 'stripe' THEN 'payment' ELSE 'order' END GROUP BY 1"
        ).to_pylist()
        assert {s["source"]: (s["sales"], s["amounts"]) for s in sales} == dict.fromkeys(
            ("shopify", "square", "stripe"), (RECORDS, RECORDS - 1)
        )
    finally:
        warehouses.close()
