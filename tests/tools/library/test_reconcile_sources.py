"""reconcile_sources by hand: ten orders after clicks, and two systems that hold the same sales, each line known."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from roastery.tools.base import Actor, ToolContext, ToolResult
from roastery.tools.facts import recompute
from roastery.tools.registry import run
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import BadQuery, NotAllowed, UnknownName
from tests.tools.beans import as_csv, context_on, opened

OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}
# order: (click of meta, order, what else). Noon is the same day in every zone here; o10 is on 31 October in Chicago.
ORDERS = {
    "o1": ("2026-10-05T12:00Z", "2026-10-06T18:00Z", {"refunded_amount": "20.00"}),
    "o2": ("2026-09-28T12:00Z", "2026-10-02T18:00Z", {}),
    "o3": ("2026-10-30T12:00Z", "2026-11-02T18:00Z", {}),
    "o4": ("2026-10-01T12:00Z", "2026-10-15T18:00Z", {}),
    "o5": ("2026-10-10T12:00Z", "2026-10-12T18:00Z", {}),
    "o6": ("2026-10-10T12:00Z", "2026-10-12T18:00Z", {}),
    "o7": ("2026-10-10T12:00Z", "2026-10-12T18:00Z", {"is_test": "true"}),
    "o8": ("2026-10-10T12:00Z", "2026-10-12T18:00Z", {"status": "cancelled"}),
    "o9": ("2026-10-10T12:00Z", "2026-10-12T18:00Z", {"is_renewal": "true"}),
    "o10": ("2026-10-30T12:00Z", "2026-11-01T04:30Z", {}),
}
AFTER = {"o5": ("google_ads", "c2", "click"), "o6": ("", "", "email_click")}
COUNTS = {
    "reported_view_conversions": -2, "tests": -1, "cancelled": -1, "renewals": -1, "click_day": -1, "zone": 1,
    "window": 1, "rivals": -1, "others": -1, "own_views": 0,
}  # fmt: skip
BOOKS = [
    # id, system, kind, external id, day, amount, tax, shipping, more
    ("s1", "shop", "order", "1", "2026-10-03", "100", "8", "5", {}),
    ("s2", "shop", "order", "2", "2026-10-03", "50", "0", "0", {"status": "cancelled"}),
    ("s3", "shop", "order", "3", "2026-10-04", "10", "0", "0", {"is_test": "true"}),
    ("s4", "shop", "order", "4", "2026-10-20", "200", "0", "0", {"refunded_amount": "30"}),
    ("s5", "shop", "order", "5", "2026-09-20", "80", "0", "0", {"refunded_amount": "20"}),
    ("p1", "stripe", "payment", "1", "2026-10-03", "113", "0", "0", {}),
    ("p6", "stripe", "payment", "6", "2026-10-09", "60", "0", "0", {}),
    ("p7", "stripe", "payment", "7", "2026-10-09", "99", "0", "0", {"status": "failed"}),
]
REFUNDS = [("r4", "s4", "2026-11-03", "30"), ("r5", "s5", "2026-10-04", "20")]


def sale(id: str, at: str, **more: Any) -> dict[str, Any]:
    usual = {"customer_id": f"p-{id}", "amount": "50.00", "refunded_amount": "0", "currency": "USD", "kind": "order",
             "status": "completed", "is_test": "false", "is_renewal": "false", "source_system": "shop",
             "external_order_id": id, "tax_amount": "0", "shipping_amount": "0"}  # fmt: skip
    return {"transaction_id": id, "occurred_at": at.replace("Z", ":00+00:00"), **usual, **more}


def touch(id: str, order: str, at: str, platform: str, campaign: str, kind: str) -> dict[str, Any]:
    channel = {"meta_ads": "paid_social", "google_ads": "paid_search"}.get(platform, "email")
    return {"touchpoint_id": id, "customer_id": f"p-{order}", "occurred_at": at.replace("Z", ":00+00:00"),
            "channel": channel, "platform": platform, "campaign_id": campaign, "kind": kind}  # fmt: skip


def ad(campaign: str, platform: str, day: str, **more: Any) -> dict[str, Any]:
    return {"report_date": day, "platform": platform, "account_id": "a1", "campaign_id": campaign, "currency": "USD",
            "time_zone": "UTC", "spend": "10.00", "impressions": 900, "clicks": 40,
            "attribution_setting": "7d_click,1d_view", **more}  # fmt: skip


def filled(home: Path, datasets: dict[str, list[dict[str, Any]]]) -> Iterator[Warehouse]:
    with opened(home) as warehouse:
        for dataset, rows in datasets.items():
            report = warehouse.import_rows(dataset, as_csv(rows), "text/csv", build=False)
            assert not report.rejected, report.errors
        warehouse.build()
        yield warehouse


@pytest.fixture(scope="module")
def clicked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolContext]:
    claims = {"reported_conversions": "12", "reported_conversion_value": "640.00", "reported_view_conversions": "2"}
    none = dict.fromkeys(claims, "0")
    touches = [touch(f"t-{o}", o, click, "meta_ads", "c1", "click") for o, (click, _, _) in ORDERS.items()]
    touches += [touch(f"u-{o}", o, "2026-10-11T12:00Z", *after) for o, after in AFTER.items()]
    datasets = {
        "campaigns": [
            {"campaign_id": c, "campaign_name": c, "platform": p} for c, p in (("c1", "meta_ads"), ("c2", "google_ads"))
        ],
        "ad_performance": [ad("c1", "meta_ads", "2026-10-10", **claims), ad("c2", "google_ads", "2026-10-10", **none)],
        "transactions": [sale(o, at, **more) for o, (_, at, more) in ORDERS.items()],
        "touchpoints": touches,
    }
    for warehouse in filled(tmp_path_factory.mktemp("clicked"), datasets):
        yield context_on(warehouse)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolContext]:
    sales = [
        sale(id, f"{day}T18:00Z", customer_id="", source_system=system, kind=kind, external_order_id=external,
             amount=amount, tax_amount=tax, shipping_amount=shipping, **more)
        for id, system, kind, external, day, amount, tax, shipping, more in BOOKS
    ]  # fmt: skip
    refunds = [
        {"refund_id": r, "transaction_id": t, "refunded_at": f"{day}T18:00:00+00:00", "amount": a, "currency": "USD"}
        for r, t, day, a in REFUNDS
    ]
    for warehouse in filled(tmp_path_factory.mktemp("books"), {"transactions": sales, "refunds": refunds}):
        yield context_on(warehouse)


def lines(result: ToolResult) -> dict[str, Decimal]:
    """Every line of the only bridge, the ends and the residual, checked to sum to the difference."""
    (bridge,) = result.data["bridges"]
    facts = {fact.id: fact for fact in result.facts}
    values = {name: facts[bridge[name]].value or Decimal(0) for name in ("start", "ours", "residual", "recorded")}
    own = {line["name"]: facts[line["fact"]].value or Decimal(0) for line in bridge["lines"]}
    assert values["start"] + sum(own.values()) + values["residual"] == values["ours"]
    assert all(line["sql"] for line in bridge["lines"] if line["name"] != "reported_now")
    assert all(recompute(fact, facts) == fact.value for fact in result.facts)
    return {**own, **values}


def bridged(context: ToolContext, **arguments: Any) -> dict[str, Decimal]:
    return lines(run("reconcile_sources", {"period": OCTOBER, **arguments}, context))


def test_claims_of_a_platform_become_our_orders_line_by_line(clicked: ToolContext) -> None:
    found = bridged(clicked, platform="meta_ads")
    assert {name: found[name] for name in COUNTS} == COUNTS
    assert (found["start"], found["ours"], found["residual"]) == (12, 4, -2)


def test_a_stated_number_is_explained_from_itself(clicked: ToolContext) -> None:
    found = bridged(clicked, platform="meta_ads", stated="15")
    assert (found["start"], found["reported_now"], found["recorded"]) == (15, -3, 12)
    assert found["residual"] == -2


def test_a_platforms_value_is_bridged_in_money_with_refunds_last(clicked: ToolContext) -> None:
    found = bridged(clicked, platform="meta_ads", metric="revenue")
    ours = {"tests": -50, "cancelled": -50, "renewals": -50, "click_day": -50, "zone": 50, "window": 50, "rivals": -50,
            "others": -50, "own_views": 0, "refunds": -20}  # fmt: skip
    assert {name: found[name] for name in ours} == ours
    assert (found["start"], found["ours"], found["residual"]) == (640, 180, -240)
    assert "reported_view_conversions" not in found


def test_a_window_that_is_asked_is_ours(clicked: ToolContext) -> None:
    found = bridged(clicked, platform="meta_ads", attribution_window_days=7)
    assert (found["window"], found["ours"]) == (0, 3)


def test_a_linear_model_shares_sales_with_others(clicked: ToolContext) -> None:
    found = bridged(clicked, platform="meta_ads", attribution_model="linear")
    assert (found["rivals"], found["others"], found["ours"]) == (Decimal("-0.5"), Decimal("-0.5"), 5)


def test_the_shops_own_total_becomes_our_revenue(books: ToolContext) -> None:
    found = bridged(books, sources=["shop"], metric="revenue")
    assert found == {
        "cancelled": -50, "tests": -10, "tax_charged": -8, "shipping": -5, "called_off": 0, "further_records": 0,
        "best_record": 0, "sale_day": 0, "other_systems": 60, "refunds_given": -20, "refund_day": -10, "start": 373,
        "recorded": 373,
        "ours": 330, "residual": 0,
    }  # fmt: skip


def test_the_payment_providers_total_counts_a_sale_by_the_shops_record(books: ToolContext) -> None:
    found = bridged(books, sources=["stripe"], metric="gross_revenue")
    assert (found["start"], found["best_record"], found["other_systems"]) == (173, -13, 200)
    assert (found["ours"], found["residual"]) == (360, 0)


def test_orders_are_bridged_as_counts(books: ToolContext) -> None:
    found = bridged(books, sources=["stripe"], metric="orders")
    assert (found["start"], found["other_systems"], found["ours"], found["residual"]) == (2, 1, 3, 0)


def test_a_stated_number_that_is_one_of_the_counts_is_recognized(books: ToolContext) -> None:
    result = run("reconcile_sources", {"sources": ["shop"], "stated": "300", "period": OCTOBER}, books)
    (bridge,) = result.data["bridges"]
    assert bridge["matches"] == "up to “shipping charged”"
    assert lines(result)["residual"] == 0


def test_systems_are_bridged_each_when_none_is_named(books: ToolContext) -> None:
    result = run("reconcile_sources", {"period": OCTOBER}, books)
    assert [t.title.split(" and ")[0] for t in result.tables] == ["Shop", "Stripe"]
    assert result.receipt is not None
    assert result.receipt.trust == "complete"


def test_what_cannot_be_bridged_is_said(clicked: ToolContext, books: ToolContext) -> None:
    with pytest.raises(UnknownName, match="meta_ads"):
        bridged(clicked, platform="meta_add")
    with pytest.raises(BadQuery, match="one source"):
        bridged(books, stated="5")
    with pytest.raises(BadQuery, match="campaigns only"):
        bridged(clicked, platform="meta_ads", filters=[{"dimension": "country", "values": ["US"]}])
    scoped = context_on(clicked.metrics.warehouse, actor=Actor("a", row_scope={"location": ("x",)}))
    with pytest.raises(NotAllowed, match="all rows"):
        bridged(scoped, platform="meta_ads")
