"""The build: layers by contract, deterministic, as good in steps as at once, and invisible until it is whole."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roastery.warehouse import build as building
from roastery.warehouse.build import Step
from roastery.warehouse.contracts import Fill
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import BuildFailed
from roastery.warehouse.raw import RawBatch, RawRecord
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery
from tests.examples import examples
from tests.warehouse.conftest import CLOCK, everything, put, rows

pytestmark = pytest.mark.usefixtures("all_threads")


def fill(contract: str, source: str, resource: str, *columns: str) -> Fill:
    picked = ", ".join(f"payload->>'{c}' AS {c}" for c in columns)
    return Fill(contract, source, resource, f"SELECT {picked} FROM {{records}}")


SHOP = fill("campaigns", "shop", "campaigns", "campaign_id", "campaign_name", "brand")
ADS = fill("campaigns", "ads", "campaigns", "campaign_id", "campaign_name", "status")


def land(warehouse: Warehouse, source: str, resource: str, *payloads: dict[str, Any]) -> None:
    warehouse.land(RawBatch(source, source, resource, [RawRecord(str(p), p) for p in payloads]))


def test_sources_that_fill_one_contract_stand_side_by_side(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(SHOP, ADS)
    land(warehouse, "shop", "campaigns", {"campaign_id": "1", "campaign_name": "A"})
    land(warehouse, "ads", "campaigns", {"campaign_id": "2", "campaign_name": "B"})
    put(warehouse, campaigns=[{"campaign_id": "3", "campaign_name": "C"}])
    assert rows(warehouse, "SELECT campaign_id, connection_source FROM campaigns ORDER BY 1") == [
        ("1", "shop"),
        ("2", "ads"),
        ("3", "import"),
    ]


def test_rows_of_one_key_become_one_and_imports_win(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(SHOP, ADS)
    land(warehouse, "shop", "campaigns", {"campaign_id": "1", "campaign_name": "shop's", "brand": "Oak"})
    land(warehouse, "ads", "campaigns", {"campaign_id": "1", "campaign_name": "ads'", "status": "active"})
    put(warehouse, campaigns=[{"campaign_id": "1", "objective": "sales", "brand": None}])
    found = rows(warehouse, "SELECT campaign_id, campaign_name, brand, status, objective FROM campaigns")
    assert found == [("1", "ads'", "Oak", "active", "sales")]


def test_a_value_that_cannot_be_read_is_empty_and_told(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(fill("products", "shop", "products", "product_id", "unit_cost", "category"))
    land(
        warehouse,
        "shop",
        "products",
        {"product_id": "1", "unit_cost": "1.50"},
        {"product_id": "2", "unit_cost": "n/a"},
        {"product_id": "", "unit_cost": "3"},
    )
    assert warehouse.build().at_fault == 2
    assert rows(warehouse, "SELECT product_id, unit_cost FROM products ORDER BY 1") == [
        ("1", Decimal("1.5")),
        ("2", None),
    ]
    assert rows(warehouse, "SELECT column_name, message FROM meta.quarantine ORDER BY ALL") == [
        ("product_id", "The key is missing."),
        ("unit_cost", "The value cannot be read; it counts as empty."),
    ]
    warehouse.build(full=True)
    assert rows(warehouse, "SELECT count(*) FROM meta.quarantine") == [(2,)], "a fault is told once"


def test_days_that_only_say_not_known_or_never_are_none(open_warehouse: Callable[..., Warehouse]) -> None:
    """One order of the year 1 (nothing, to a .NET system) is in no calendar of Python west of Greenwich: every question
    about sales failed. What ends in 9999 does not end."""
    warehouse = open_warehouse(
        fill("transactions", "shop", "orders", "transaction_id", "occurred_at", "amount"),
        fill("subscriptions", "shop", "plans", "subscription_id", "started_at", "canceled_at", "mrr"),
        time_zone="America/Chicago",
    )
    sale = {"amount": "10", "occurred_at": "2026-10-05T12:00:00Z"}
    land(warehouse, "shop", "orders", {"transaction_id": "1", **sale},
         {"transaction_id": "2", **sale, "occurred_at": "0001-01-01T00:00:00Z"})  # fmt: skip
    plan = {"started_at": "2026-09-01T12:00:00Z", "mrr": "20"}
    land(warehouse, "shop", "plans", {"subscription_id": "1", **plan, "canceled_at": "9999-12-31T23:59:59Z"})
    assert warehouse.build().at_fault == 1
    assert rows(warehouse, "SELECT contract, column_name FROM meta.quarantine") == [("transactions", "occurred_at")]
    frame = SemanticLayer(warehouse, CLOCK).ask(MetricQuery(metrics=("revenue", "active_subscriptions")))
    assert dict(frame.totals) == {"revenue": Decimal("10.00"), "active_subscriptions": 1}


def test_a_source_that_cannot_fill_its_contract_leaves_the_last_good_tables(
    open_warehouse: Callable[..., Warehouse],
) -> None:
    good = open_warehouse(SHOP)
    land(good, "shop", "campaigns", {"campaign_id": "1", "campaign_name": "A"})
    before = good.build().build
    good._owner.close()
    broken = open_warehouse(
        Fill("campaigns", "shop", "campaigns", "SELECT payload->>'id' AS campaign_id, nope FROM {records}")
    )
    with pytest.raises(BuildFailed, match=r"shop\.campaigns cannot fill campaigns"):
        broken.build()
    assert rows(broken, "SELECT campaign_id FROM campaigns") == [("1",)]
    assert broken.state().build == before


def test_empty_columns_take_the_contracts_defaults(warehouse: Warehouse) -> None:
    put(warehouse, transactions=[{"transaction_id": "1", "occurred_at": "2026-10-01T00:00:00Z", "amount": "5"}])
    columns = "kind, status, is_test, is_renewal, refunded_amount, currency"
    assert rows(warehouse, f"SELECT {columns} FROM transactions") == [
        ("order", "completed", False, False, Decimal(0), "USD")
    ]


def test_a_new_definition_or_setting_builds_everything_anew(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse()
    put(warehouse, transactions=[{"transaction_id": "1", "occurred_at": "2026-10-01T03:00:00Z", "amount": "5"}])
    assert rows(warehouse, "SELECT sale_date::VARCHAR FROM sales") == [("2026-10-01",)]
    warehouse._owner.close()
    moved = open_warehouse(time_zone="America/Chicago")
    assert moved.needs_build()
    assert moved.build().is_full
    assert rows(moved, "SELECT sale_date::VARCHAR FROM sales") == [("2026-09-30",)]
    assert not moved.needs_build()


def test_readers_see_the_tables_of_before_until_the_build_is_whole(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(warehouse, transactions=[{"transaction_id": "1", "occurred_at": "2026-10-01T00:00:00Z", "amount": "5"}])
    arrived, go_on = threading.Event(), threading.Event()
    run = building._run

    def stopping(cursor: Any, step: Step) -> None:
        run(cursor, step)
        if step.makes == ("curated.attribution_credits",):
            arrived.set()
            go_on.wait(30)

    monkeypatch.setattr(building, "_run", stopping)
    warehouse.upsert_rows(
        "transactions", [{"transaction_id": "2", "occurred_at": "2026-10-02T00:00:00Z", "amount": "7"}], build=False
    )
    builder = threading.Thread(target=warehouse.build)
    builder.start()
    assert arrived.wait(30)
    totals = "SELECT (SELECT sum(amount) FROM sales), (SELECT sum(credited_net) FROM attribution_credits) / 7"
    assert rows(warehouse, totals) == [(Decimal(5), 5)]
    more = warehouse.upsert_rows("leads", [{"lead_id": "1", "created_at": "2026-10-01T00:00:00Z"}], build=False)
    assert more.accepted == 1, "landing goes on while a build runs"
    go_on.set()
    builder.join()
    assert rows(warehouse, totals) == [(Decimal(12), 12)]
    assert not warehouse.state().is_current, "what landed meanwhile waits for the next build"


CUSTOMERS = st.sampled_from(["c1", "c2", "c3", None])
DAYS = st.integers(1, 28)
ROWS = {
    "customers": st.builds(
        lambda c, e: {"customer_id": c or "c9", "email": e}, CUSTOMERS, st.sampled_from(["a@x.io", "b@x.io", None])
    ),
    "transactions": st.builds(
        lambda n, c, d, amount: {
            "transaction_id": f"s{n}",
            "external_order_id": f"o{n % 3}",
            "customer_id": c,
            "occurred_at": f"2026-10-{d:02}T12:00:00Z",
            "amount": str(amount),
        },
        *(st.integers(1, 5), CUSTOMERS, DAYS, st.integers(1, 500)),
    ),
    "touchpoints": st.builds(
        lambda n, c, a, d, u: {
            "touchpoint_id": f"t{n}",
            "customer_id": c,
            "anonymous_id": a,
            "occurred_at": f"2026-10-{d:02}T11:00:00Z",
            "utm_campaign": u,
        },
        *(st.integers(1, 6), CUSTOMERS, st.sampled_from(["v1", "v2", None]), DAYS, st.sampled_from(["Spring", None])),
    ),
    "web_events": st.builds(
        lambda n, c, d, h: {
            "event_id": f"e{n}",
            "customer_id": c,
            "anonymous_id": "v1",
            "occurred_at": f"2026-10-{d:02}T{h:02}:00:00Z",
            "kind": "page_view",
        },
        *(st.integers(1, 6), CUSTOMERS, DAYS, st.integers(10, 12)),
    ),
    "ad_performance": st.builds(
        lambda d, c, spend: {
            "report_date": f"2026-10-{d:02}",
            "platform": "meta_ads",
            "campaign_id": c,
            "campaign_name": "Spring" if c == "k1" else "Autumn",
            "spend": str(spend),
        },
        *(DAYS, st.sampled_from(["k1", "k2"]), st.integers(0, 50)),
    ),
}
STEPS = st.lists(
    st.sampled_from(sorted(ROWS)).flatmap(
        lambda name: st.tuples(st.just(name), st.lists(ROWS[name], min_size=1, max_size=4), st.booleans())
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=examples(6), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_sequence_of_increments_equals_a_full_rebuild(warehouse: Warehouse, steps: list[Any]) -> None:
    for dataset, given_rows, deleting in steps:
        if deleting:
            warehouse.delete_rows(dataset, given_rows)
        else:
            warehouse.upsert_rows(dataset, given_rows)
    stepwise = everything(warehouse)
    warehouse.build(full=True)
    assert everything(warehouse) == stepwise
