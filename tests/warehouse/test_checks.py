"""What data_health reads: each fault is found where it was planted, and nothing where there is none."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from roastery.warehouse.checks import Check, kept_aside
from roastery.warehouse.contracts import Fill
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.raw import RawBatch, RawRecord, SourceProgress
from tests.warehouse.conftest import put


def found(warehouse: Warehouse, name: str) -> list[Check]:
    return [check for check in warehouse.checks() if check.name == name]


def test_an_empty_warehouse_has_nothing_to_report(warehouse: Warehouse) -> None:
    assert warehouse.checks() == ()


def test_a_sound_one_reports_counts_coverage_and_freshness_only(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse()
    as_of = SourceProgress(datetime(2026, 11, 1, 10, tzinfo=UTC))
    warehouse.land(RawBatch("con", "shop", "orders", [], progress=as_of))
    put(
        warehouse,
        transactions=[
            {"transaction_id": "1", "customer_id": "a", "amount": "10", "occurred_at": "2026-10-05T12:00:00Z"}
        ],
        touchpoints=[
            {"touchpoint_id": "t", "customer_id": "a", "channel": "email", "occurred_at": "2026-10-05T11:00:00Z"}
        ],
    )
    assert {(c.name, c.subject, c.severity) for c in warehouse.checks()} == {
        ("rows", "transactions", "ok"),
        ("rows", "touchpoints", "ok"),
        ("attribution_coverage", "USD", "ok"),
        ("freshness", "shop", "ok"),
    }
    assert found(warehouse, "rows")[1].message == "Sales: 1 rows from 2026-10-05 to 2026-10-05."


def test_planted_faults_are_found_with_their_size(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse()
    stale = SourceProgress(datetime(2026, 10, 30, 12, tzinfo=UTC))
    warehouse.land(RawBatch("con", "meta_ads", "insights", [], progress=stale))
    warehouse.upsert_rows("products", [{"product_id": "p", "unit_cost": "cheap"}], build=False)
    at = "2026-10-05T12:00:00Z"
    put(
        warehouse,
        customers=[{"customer_id": "a"}],
        transactions=[
            {"transaction_id": "1", "customer_id": "a", "amount": "75", "occurred_at": at},
            {"transaction_id": "2", "customer_id": "ghost", "amount": "25", "occurred_at": at, "refunded_amount": "30"},
            {"transaction_id": "3", "amount": "5", "occurred_at": at, "currency": "EUR"},
            {"transaction_id": "4", "amount": "75", "occurred_at": at, "external_order_id": "1", "kind": "payment"},
        ],
        touchpoints=[
            {"touchpoint_id": "t", "customer_id": "a", "occurred_at": "2026-10-05T11:00:00Z", "utm_source": "facebook",
             "utm_medium": "cpc", "utm_campaign": "Typo"},
            {"touchpoint_id": "u", "occurred_at": "2026-10-05T11:00:00Z", "campaign_id": "lost"},
        ],
    )  # fmt: skip
    by_name = {(c.name, c.subject): c for c in warehouse.checks()}
    assert by_name["orphans", "transactions.customer_id"].count == 1
    assert by_name["quarantined", "products from import"].count == 1
    assert by_name["unmapped_touches", "touches"].count == 1
    assert by_name["unmapped_revenue", "USD"].amount == Decimal(75)
    assert by_name["attribution_coverage", "USD"].amount == Decimal("1.0714"), "75 of 75 - 5"
    assert by_name["attribution_coverage", "EUR"].severity == "warning"
    assert by_name["unknown_campaigns", "touches"].count == 1
    assert by_name["refunds_above_sale", "sales"].count == 1
    assert by_name["repeated_sales", "transactions"].count == 1
    assert by_name["missing_rates", "sales in EUR"].severity == "error"
    assert by_name["freshness", "meta_ads"].severity == "warning"
    assert by_name["freshness", "meta_ads"].count == 48
    assert [c.severity for c in warehouse.checks()] == sorted(
        (c.severity for c in warehouse.checks()), key=["error", "warning", "ok"].index
    )


def landed(warehouse: Warehouse, dataset: str, rows: list[dict[str, object]]) -> None:
    put(warehouse, **{dataset: rows})


def test_values_out_of_step_are_counted_and_one_is_named(warehouse: Warehouse) -> None:
    put(
        warehouse,
        ad_performance=[
            {"report_date": "2026-10-05", "platform": "meta_ads", "campaign_id": "c", "ad_id": f"a{n}", "spend": "1",
             "impressions": 10, "clicks": 11 if n == 3 else 1}
            for n in range(5)
        ],
        tickets=[{"ticket_id": "t", "opened_at": "2026-10-05T10:00:00Z", "first_reply_at": "2026-10-05T09:00:00Z"}],
    )  # fmt: skip
    messages = {c.subject: c.message for c in found(warehouse, "ranges")}
    assert messages == {
        "ad_performance": "1 rows of ad_performance have more clicks than impressions, such as "
        "'2026-10-05 meta_ads  c  a3'.",
        "tickets": "1 rows of tickets have a reply before their opening, such as 't'.",
    }


def test_what_a_source_sends_is_held_against_the_contract(open_warehouse: Callable[..., Warehouse]) -> None:
    """Imports are refused row by row; a source's rows are taken, so their ranges are looked at here."""
    fill = Fill("transactions", "shop", "orders", """
        SELECT payload->>'id' AS transaction_id, payload->>'status' AS status, payload->>'at' AS occurred_at,
               payload->>'amount' AS amount, payload->>'tax' AS tax_amount FROM {records}""")  # fmt: skip
    warehouse = open_warehouse(fill)
    rows = [
        RawRecord(str(n), {"id": str(n), "at": "2026-10-05T10:00:00Z", "amount": "5", "status": s, "tax": t})
        for n, (s, t) in enumerate([("completed", "1"), ("done", "1"), ("completed", "-2")])
    ]
    warehouse.land(RawBatch("con", "shop", "orders", rows))
    warehouse.build()
    assert {c.subject: c.count for c in found(warehouse, "ranges")} == {
        "transactions.status": 1,
        "transactions.tax_amount": 1,
    }


def test_a_column_that_stopped_coming_is_told(warehouse: Warehouse) -> None:
    days = [date(2026, 11, 1) - timedelta(days=n) for n in range(1, 120)]
    landed(
        warehouse,
        "leads",
        [{"lead_id": f"l{n}", "created_at": f"{day}T10:00:00Z", "channel": None if n < 28 else "email"}
         for n, day in enumerate(days)],
    )  # fmt: skip
    (check,) = found(warehouse, "nulls")
    assert check.subject == "leads.channel"
    assert check.message.startswith("channel is empty in 100% of the rows of leads of the last 28 days")


def test_a_day_with_far_fewer_rows_than_its_weekdays_is_told_and_a_usual_one_is_not(warehouse: Warehouse) -> None:
    rows = []
    for n in range(1, 80):
        day = date(2026, 11, 1) - timedelta(days=n)
        busy = 40 if day.weekday() < 5 else 25
        many = {1: 3, 4: 130}.get(n, busy + n % 3)
        rows += [
            {"transaction_id": f"{day}-{k}", "occurred_at": f"{day}T12:00:00Z", "amount": "1", "source_system": "till"}
            for k in range(many)
        ]
    landed(warehouse, "transactions", rows)
    assert [c.message for c in found(warehouse, "volume")] == [
        "transactions of till: 130 rows on Wednesday, 2026-10-28; usually it is about 41.",
        "transactions of till: 3 rows on Saturday, 2026-10-31; usually it is about 26.",
    ]


def test_what_shops_web_analytics_and_platforms_count_is_held_against_ours(warehouse: Warehouse) -> None:
    put(
        warehouse,
        customers=[{"customer_id": "a", "source_order_count": 3}, {"customer_id": "b", "source_order_count": 1}],
        transactions=[
            {"transaction_id": f"t{n}", "customer_id": "a", "occurred_at": "2026-10-20T12:00:00Z", "amount": "9",
             "sales_channel": "online"}
            for n in range(3)
        ],
        web_performance=[{"report_date": "2026-10-20", "property_id": "1", "transactions": 9}],
        ad_performance=[{"report_date": "2026-10-20", "platform": "meta_ads", "campaign_id": "c", "spend": "1",
                         "reported_conversions": "50"}],
    )  # fmt: skip
    assert {c.subject: c.count for c in found(warehouse, "platform_totals")} == {
        "orders of import": 1,
        "web analytics": 6,
        "meta_ads": 50,
    }


def test_rows_kept_aside_are_listed_with_their_reason(warehouse: Warehouse) -> None:
    warehouse.upsert_rows("products", [{"product_id": "p", "unit_cost": "cheap"}])
    (row,) = kept_aside(warehouse)
    assert (row["dataset"], row["source"], row["column"]) == ("products", "import", "unit_cost")
    assert "cheap" in row["message"]
