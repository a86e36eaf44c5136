"""Increments by affected keys: after any sequence of arrivals every table is what a full rebuild makes of raw."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roastery.warehouse import build as building
from roastery.warehouse.contracts import Fill
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import BuildFailed
from roastery.warehouse.instance import ROW_GROUP_ROWS
from roastery.warehouse.raw import CompletedRead, RawBatch, RawRecord
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery
from roastery.warehouse.sizes import Sizes
from tests.examples import examples
from tests.warehouse.conftest import everything, put, rows

pytestmark = pytest.mark.usefixtures("all_threads")

BY_KEYS = Sizes(large_from=0, anew_until=0, huge_from=10**9, fold_share=0)
IN_TWO = Sizes(large_from=0, anew_until=0, huge_from=0, fold_share=0)
ANEW = Sizes(large_from=0, huge_from=0, fold_share=0)
MIXED = Sizes(large_from=0, anew_until=0, huge_from=0, fold_share=2, most_keys=3, compared_rows=4)

CUSTOMER = st.sampled_from(["c1", "c2", "c3", "c4", "shop:1", "shop:2", None])
VISITOR = st.sampled_from(["v1", "v2", "v3", None])
EMAIL = st.sampled_from(["a@x.io", "b@x.io", "bo.li@gmail.com", "boli@gmail.com", "info@x.io", None])
PHONE = st.sampled_from(["2125550101", "+1 212 555 0101", "2125550102", None])
NAME = st.sampled_from(["Ana", "Bo", None])
CLICK = st.sampled_from(["gclid:1", "gclid:2", None])
CAMPAIGN = st.sampled_from(["k1", "k2", "meta_ads:7", "7", None])
WORDS = st.sampled_from(["Spring", "Autumn", None])
ORDER = st.sampled_from(["o1", "o2", None])
CURRENCY = st.sampled_from(["USD", "USD", "EUR"])


def when(day: int, hour: int) -> str:
    return f"2026-10-{day:02}T{hour:02}:00:00Z"


TIME = st.builds(when, st.integers(1, 28), st.integers(0, 23))
AMOUNT = st.sampled_from(["10", "25.50", "99.99", "0"])
ROWS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "customers": st.fixed_dictionaries(
        {
            "customer_id": CUSTOMER.filter(bool), "email": EMAIL, "phone": PHONE, "first_name": NAME, "last_name": NAME,
            "first_seen_at": st.none() | TIME, "segment": st.sampled_from(["gold", None]),
            "external_customer_id": st.sampled_from(["c1", "X", None]), "location_id": st.sampled_from(["l1", None]),
        }
    ),
    "transactions": st.fixed_dictionaries(
        {
            "transaction_id": st.sampled_from([f"s{n}" for n in range(8)]), "customer_id": CUSTOMER,
            "occurred_at": TIME, "amount": AMOUNT, "external_order_id": ORDER, "currency": CURRENCY,
            "kind": st.sampled_from(["order", "order", "payment", "deal", "invoice"]),
            "source_system": st.sampled_from(["shop", "pay", "crm"]), "is_renewal": st.booleans(),
            "status": st.sampled_from(["completed", "completed", "cancelled"]),
            "lead_id": st.sampled_from(["d1", "d2", None]), "opportunity_id": st.sampled_from(["p1", "p2", None]),
        }
    ),
    "transaction_lines": st.fixed_dictionaries(
        {
            "transaction_id": st.sampled_from(["s1", "s2"]), "line_no": st.sampled_from(["1", "2"]),
            "product_id": st.sampled_from(["b1", "b2"]), "quantity": st.just("1"), "unit_price": AMOUNT,
        }
    ),
    "products": st.fixed_dictionaries(
        {"product_id": st.sampled_from(["b1", "b2"]), "category": NAME, "unit_cost": AMOUNT}
    ),
    "refunds": st.fixed_dictionaries(
        {
            "refund_id": st.sampled_from(["r1", "r2"]), "transaction_id": st.sampled_from(["s1", "s2", "s3"]),
            "refunded_at": TIME, "amount": st.sampled_from(["1", "5"]),
        }
    ),
    "touchpoints": st.fixed_dictionaries(
        {
            "touchpoint_id": st.sampled_from([f"t{n}" for n in range(8)]), "customer_id": CUSTOMER,
            "anonymous_id": VISITOR, "occurred_at": TIME, "utm_campaign": WORDS, "utm_id": CAMPAIGN, "click_id": CLICK,
            "kind": st.sampled_from(["click", "view", "visit"]), "source_system": st.sampled_from(["shop", "web"]),
        }
    ),
    "web_events": st.fixed_dictionaries(
        {
            "event_id": st.sampled_from([f"e{n}" for n in range(8)]), "customer_id": CUSTOMER, "anonymous_id": VISITOR,
            "occurred_at": TIME, "kind": st.sampled_from(["page_view", "form_submission", "purchase"]), "email": EMAIL,
            "phone": PHONE, "utm_campaign": WORDS, "click_id": CLICK,
        }
    ),
    "ad_performance": st.fixed_dictionaries(
        {
            "report_date": st.sampled_from(["2026-10-05", "2026-10-12", "2026-10-20"]),
            "platform": st.sampled_from(["meta_ads", "google_ads"]), "campaign_id": CAMPAIGN.filter(bool),
            "campaign_name": WORDS, "spend": AMOUNT, "currency": CURRENCY,
        }
    ),
    "campaigns": st.fixed_dictionaries(
        {
            "campaign_id": CAMPAIGN.filter(bool), "campaign_name": WORDS, "channel": st.sampled_from(["Email", None]),
            "attribution_window_days": st.sampled_from(["1", "60", None]),
        }
    ),
    "leads": st.fixed_dictionaries(
        {
            "lead_id": st.sampled_from(["d1", "d2"]), "customer_id": CUSTOMER, "created_at": TIME, "service_area": NAME,
            "click_id": CLICK,
        }
    ),
    "opportunities": st.fixed_dictionaries(
        {
            "opportunity_id": st.sampled_from(["p1", "p2", "s3"]), "customer_id": CUSTOMER, "created_at": TIME,
            "lead_id": st.sampled_from(["d1", None]),
        }
    ),
    "identity_unlinks": st.fixed_dictionaries(
        {"customer_id": st.sampled_from(["c1", "c2"]), "other_customer_id": st.sampled_from(["c3", "shop:1"])}
    ),
    "fx_rates": st.fixed_dictionaries(
        {
            "rate_date": st.sampled_from(["2026-10-01", "2026-10-15"]), "base_currency": st.just("EUR"),
            "quote_currency": st.just("USD"), "rate": st.sampled_from(["1.1", "1.2"]),
        }
    ),
    "locations": st.fixed_dictionaries({"location_id": st.just("l1"), "region": NAME}),
    "subscriptions": st.fixed_dictionaries({"subscription_id": st.just("u1"), "customer_id": CUSTOMER}),
}  # fmt: skip
PUSHED = st.sampled_from(sorted(ROWS)).flatmap(
    lambda name: st.tuples(st.just("push"), st.just(name), st.lists(ROWS[name], min_size=1, max_size=5), st.booleans())
)
# A shop's customers and orders as records of its own, and days of an ad platform that are read again.
FILLS = (
    Fill(
        "customers", "shop", "customers",
        "SELECT 'shop:' || (payload->>'id') AS customer_id, payload->>'email' AS email, "
        "payload->>'at' AS first_seen_at FROM {records}",
    ),
    Fill(
        "transactions", "shop", "orders",
        "SELECT payload->>'id' AS transaction_id, 'shop:' || (payload->>'who') AS customer_id, "
        "payload->>'at' AS occurred_at, payload->>'amount' AS amount, 'order' AS kind FROM {records}",
    ),
    Fill(
        "transaction_lines", "shop", "orders",
        "SELECT payload->>'id' AS transaction_id, unnest(['1', '2']) AS line_no, '5' AS unit_price FROM {records}",
    ),
    # an order tells of a visit that other orders tell of too: the newest counts
    Fill(
        "touchpoints", "shop", "orders",
        "SELECT 'visit' || (payload->>'who') AS touchpoint_id, 'shop:' || (payload->>'who') AS customer_id, "
        "payload->>'at' AS occurred_at FROM {records} WHERE payload->>'at' IS NOT NULL "
        "QUALIFY row_number() OVER (PARTITION BY payload->>'who' ORDER BY seq DESC) = 1",
    ),
    Fill(
        "ad_performance", "ads", "days",
        "SELECT payload->>'day' AS report_date, 'meta_ads' AS platform, payload->>'campaign' AS campaign_id, "
        "'Spring' AS campaign_name, payload->>'spend' AS spend FROM {records}",
    ),
)  # fmt: skip
LANDED = st.one_of(
    st.builds(lambda i, e, t, gone: ("land", "customers", i, {"id": i, "email": e, "at": t}, gone),
              st.sampled_from(["1", "2"]), EMAIL, TIME, st.booleans()),
    st.builds(lambda i, w, t, a, gone: ("land", "orders", i, {"id": i, "who": w, "at": t, "amount": a}, gone),
              st.sampled_from(["s1", "s9", ""]), st.sampled_from(["1", "2"]), TIME,
              st.sampled_from(["10", "25.50", "n/a"]), st.booleans()),
)  # fmt: skip
READ = st.builds(
    lambda day, campaigns, whole: ("read", day, campaigns, whole),
    st.sampled_from([5, 6, 12]),
    st.dictionaries(st.sampled_from(["k1", "meta_ads:7", "m9"]), AMOUNT, max_size=3),
    st.booleans(),
)
STEPS = st.lists(st.one_of(PUSHED, PUSHED, PUSHED, LANDED, READ), min_size=1, max_size=8)


class Arriving:
    """Applies steps to a warehouse, and builds after each."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.reads = 0

    def apply(self, step: Any) -> None:
        kind, *rest = step
        getattr(self, kind)(*rest)
        self.warehouse.build()

    def push(self, dataset: str, given_rows: list[dict[str, Any]], deleting: bool) -> None:
        change = self.warehouse.delete_rows if deleting else self.warehouse.upsert_rows
        change(dataset, given_rows, build=False)

    def land(self, resource: str, key: str, payload: dict[str, Any], gone: bool) -> None:
        record = RawRecord(key or "none", payload, deleted=gone)
        self.warehouse.land(RawBatch("shop", "shop", resource, [record], personal={"email": "email"}))

    def read(self, day: int, campaigns: dict[str, str], whole: bool) -> None:
        self.reads += 1
        on = date(2026, 10, day)
        records = [
            RawRecord(c, {"day": on.isoformat(), "campaign": c, "spend": spend}, scope="account", day=on)
            for c, spend in campaigns.items()
        ]
        completes = CompletedRead("account", (on,)) if whole else None
        self.warehouse.land(RawBatch("ads", "ads", "days", records, read_id=f"read{self.reads}", completes=completes))


def state(warehouse: Warehouse) -> dict[str, list[str]]:
    """Every curated table and what is kept aside, as sorted text."""
    faults = rows(
        warehouse, "SELECT contract, column_name, message FROM meta.quarantine WHERE batch_id IS NULL ORDER BY ALL"
    )
    return {**everything(warehouse), "quarantine": [str(row) for row in faults]}


def check(warehouse: Warehouse, steps: list[Any]) -> None:
    arriving = Arriving(warehouse)
    for step in steps:
        arriving.apply(step)
    assert not warehouse.needs_build()
    stepwise = state(warehouse)
    warehouse.build(full=True)
    rebuilt = state(warehouse)
    for name, expected in rebuilt.items():
        assert stepwise[name] == expected, name


@pytest.mark.parametrize(
    "sizes", [pytest.param(IN_TWO, marks=pytest.mark.prove, id="facts first"), pytest.param(MIXED, id="mixed")]
)
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_sequence_of_increments_by_keys_equals_a_full_rebuild(
    open_warehouse: Callable[..., Warehouse], sizes: Sizes, steps: list[Any]
) -> None:
    warehouse = open_warehouse(*FILLS, sizes=sizes)
    check(warehouse, steps)
    warehouse._owner.close()


def test_facts_are_there_before_what_is_derived_and_say_so(
    open_warehouse: Callable[..., Warehouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that is cut off after its facts leaves whole facts, the attribution of before, and the rest to do."""
    warehouse = open_warehouse(sizes=IN_TWO)
    touch = {"touchpoint_id": "t", "customer_id": "c", "campaign_id": "k", "occurred_at": "2026-10-01T08:00:00Z"}
    sale = {"transaction_id": "1", "customer_id": "c", "occurred_at": "2026-10-02T00:00:00Z", "amount": "5"}
    put(warehouse, touchpoints=[touch], transactions=[sale])
    totals = "SELECT (SELECT sum(amount) FROM sales), (SELECT sum(revenue) FROM revenue_attribution)"
    assert rows(warehouse, totals) == [(5, 5)]
    first = warehouse.state().build

    def cut_off(*_: object) -> None:
        raise BuildFailed("cut off")

    with monkeypatch.context() as patched:
        patched.setattr(building._Build, "derive", cut_off)
        warehouse.upsert_rows("transactions", [{**sale, "transaction_id": "2", "amount": "7"}], build=False)
        with pytest.raises(BuildFailed):
            warehouse.build()
    assert rows(warehouse, totals) == [(12, 5)]
    assert warehouse.state().build.endswith(f"(attribution of {first})")
    query = MetricQuery.model_validate({"metrics": ["attributed_revenue"], "period": {"name": "last_month"}})
    said = SemanticLayer(warehouse, warehouse.clock).ask(query).provenance.caveats
    assert any("not attributed yet" in caveat for caveat in said)
    assert warehouse.needs_build()
    warehouse.build()
    assert rows(warehouse, totals) == [(12, 12)]
    assert not warehouse.needs_build()
    assert "attribution of" not in warehouse.state().build


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("sizes", [BY_KEYS, IN_TWO, MIXED, ANEW], ids=["at once", "facts first", "mixed", "mostly new"])
@settings(max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(PUSHED, PUSHED, PUSHED, LANDED, READ), min_size=4, max_size=14))
def test_long_sequences_of_increments_equal_a_full_rebuild(
    open_warehouse: Callable[..., Warehouse], sizes: Sizes, steps: list[Any]
) -> None:
    warehouse = open_warehouse(*FILLS, sizes=sizes)
    check(warehouse, steps)
    warehouse._owner.close()


def test_where_most_has_just_arrived_everything_is_made_anew_and_later_only_what_changed(
    open_warehouse: Callable[..., Warehouse],
) -> None:
    warehouse = open_warehouse(sizes=ANEW)
    campaigns = [{"campaign_id": f"c{n}", "campaign_name": f"Campaign {n}"} for n in range(8)]
    for rows_of_it, is_full in ((campaigns, True), ([{"campaign_id": "c8"}], False)):
        warehouse.upsert_rows("campaigns", rows_of_it, build=False)
        assert warehouse.build().is_full == is_full
    assert rows(warehouse, "SELECT count(*) FROM curated.campaigns") == [(9,)]


def test_a_first_arrival_larger_than_a_row_group_reaches_everything_made_of_it(
    open_warehouse: Callable[..., Warehouse],
) -> None:
    """DuckDB 2.0 reads nothing from a table that CREATE … AS left empty and the same transaction fills beyond one."""
    warehouse = open_warehouse(sizes=BY_KEYS)
    put(warehouse, campaigns=[{"campaign_id": "c1"}])
    count = ROW_GROUP_ROWS + 1_000
    ids = pa.array([f"e{n}" for n in range(count)])
    when = pa.array(["2026-10-01T12:00:00+00:00"] * count)
    events = pa.table({"event_id": ids, "anonymous_id": ids, "occurred_at": when, "kind": ["page_view"] * count})
    sales = pa.table(
        {"transaction_id": ids, "occurred_at": when, "amount": ["1.00"] * count, "currency": ["USD"] * count,
         "kind": ["order"] * count, "status": ["completed"] * count}
    )  # fmt: skip
    warehouse.import_rows("web_events", events)
    warehouse.import_rows("transactions", sales)
    for table in ("work.web_visits", "work.contacts", "curated.touches", "curated.sales"):
        assert rows(warehouse, f"SELECT count(*) FROM {table}") == [(count,)], table
    assert rows(warehouse, "SELECT sum(amount) FROM curated.sales")[0][0] == count
