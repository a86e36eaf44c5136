from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from roastery.evals.world import World
from roastery.evals.world.company import ANOMALIES, CAMPAIGNS, NOW
from roastery.evals.world.truth import Truth
from roastery.warehouse.contracts import CONTRACTS


def test_the_same_seed_makes_the_same_bytes(small_world: World) -> None:
    assert World.make(seed=7, customers=1500).digest() == small_world.digest()


def test_another_seed_makes_another_company(small_world: World) -> None:
    assert World.make(seed=8, customers=1500).digest() != small_world.digest()


def test_a_saved_company_loads_unchanged(small_world: World, tmp_path: Path) -> None:
    small_world.save(tmp_path / "world")
    assert World.load(tmp_path / "world").digest() == small_world.digest()


def test_history_is_27_full_months_and_ends_at_the_clock(small_world: World) -> None:
    first, last = (pc.min_max(small_world.orders["occurred_at"]).as_py()[end] for end in ("min", "max"))
    assert first.date() <= date(2024, 8, 12)
    assert datetime(2026, 11, 1, tzinfo=UTC) < last < NOW
    assert small_world.clock.now() == NOW
    assert small_world.clock.today("America/Chicago") == date(2026, 11, 2)


@pytest.mark.parametrize(
    ("table", "column"),
    [("orders", "occurred_at"), ("orders", "updated_at"), ("refunds", "refunded_at"), ("web_events", "occurred_at"),
     ("journeys", "occurred_at"), ("customers", "created_at"), ("visits", "occurred_at")],
)  # fmt: skip
def test_nothing_happens_after_the_clock(small_world: World, table: str, column: str) -> None:
    assert pc.max(getattr(small_world, table)[column]).as_py() < NOW


@pytest.mark.parametrize(
    ("table", "key"),
    [("orders", ["order_id"]), ("customers", ["customer_id"]), ("customers", ["email"]), ("products", ["product_id"]),
     ("order_lines", ["order_id", "line_no"]), ("refunds", ["refund_id"]), ("refund_lines", ["refund_id", "line_id"]),
     ("web_events", ["event_id"]), ("campaigns", ["campaign_id"]), ("ads", ["ad_id"]), ("journeys", ["visit_id"]),
     ("ad_days", ["report_date", "campaign_id", "ad_group_id", "ad_id"]),
     ("email_performance", ["report_date", "platform", "campaign_id"])],
)  # fmt: skip
def test_keys_are_unique(small_world: World, table: str, key: list[str]) -> None:
    rows = getattr(small_world, table)
    assert rows.group_by(key).aggregate([]).num_rows == rows.num_rows


def test_web_events_and_email_rows_have_the_columns_of_their_contracts(small_world: World) -> None:
    for name in ("web_events", "email_performance"):
        assert set(getattr(small_world, name).column_names) <= set(CONTRACTS[name].column_names)


def test_every_order_adds_up_to_the_cent(small_truth: Truth) -> None:
    assert not small_truth.rows("SELECT * FROM orders WHERE subtotal + tax_amount + shipping_amount <> total")
    small_truth._db.register("order_lines", small_truth.world.order_lines)
    wrong = small_truth.rows(
        """SELECT order_id FROM orders JOIN (
               SELECT order_id, sum(net) AS net, sum(discount_amount) AS discount, sum(tax) AS tax
               FROM order_lines GROUP BY 1) USING (order_id)
           WHERE net <> subtotal OR discount <> discount_amount OR tax <> tax_amount"""
    )
    assert not wrong


def test_refunds_come_later_and_never_exceed_what_was_paid(small_truth: Truth) -> None:
    assert not small_truth.rows(
        "SELECT 1 FROM refunds JOIN orders USING (order_id) WHERE refunded_at <= occurred_at OR refunds.amount <= 0"
    )
    assert not small_truth.rows("SELECT 1 FROM orders WHERE refunded_amount > amount OR total_refunded > total")
    assert small_truth.rows("SELECT 1 FROM refunds WHERE adjustment > 0 LIMIT 1"), "goodwill without a line"
    assert small_truth.rows("SELECT 1 FROM refunds WHERE adjustment < 0 LIMIT 1"), "a restocking fee kept"


def test_the_shop_is_not_kind(small_truth: Truth) -> None:
    for wanted in (
        "is_test", "status = 'cancelled'", "status = 'pending'", "sales_channel = 'pos' AND customer_id IS NULL",
        "presentment_currency = 'CAD'", "financial_status = 'PARTIALLY_REFUNDED'", "subtotal > amount",
    ):  # fmt: skip
        assert small_truth.rows(f"SELECT 1 FROM orders WHERE {wanted} LIMIT 1"), wanted


def test_tracking_is_not_kind(small_truth: Truth) -> None:
    db = small_truth._db
    db.register("true_visits", small_truth.world.visits)
    share = small_truth.rows("SELECT avg(is_in_storefront::INT) AS seen FROM true_visits")[0]["seen"]
    assert 0.5 < share < 0.8
    for link in ("tagged", "named", "click_id_only", "bare"):
        assert small_truth.rows("SELECT 1 FROM true_visits WHERE way = 'paid' AND link = ? LIMIT 1", [link]), link
    assert small_truth.rows("SELECT 1 FROM web_events WHERE consent = 'denied' AND anonymous_id IS NULL LIMIT 1")
    by_browser = "SELECT anonymous_id FROM true_visits WHERE customer_id IS NOT NULL GROUP BY 1"
    assert small_truth.rows(f"{by_browser} HAVING count(DISTINCT customer_id) > 1"), "a shared browser"
    assert small_truth.rows(
        "SELECT 1 FROM orders o JOIN true_visits v ON v.next_order_id = o.order_id AND v.occurred_at = o.occurred_at"
    )


def test_true_visits_of_one_person_lie_far_enough_apart(small_truth: Truth) -> None:
    small_truth._db.register("true_visits", small_truth.world.visits)
    [row] = small_truth.rows(
        """SELECT epoch(min(gap)) AS nearest FROM (SELECT occurred_at - lag(occurred_at) OVER
           (PARTITION BY customer_id ORDER BY occurred_at) AS gap FROM true_visits WHERE customer_id IS NOT NULL)"""
    )
    assert row["nearest"] > 1800


def test_platforms_claim_more_sales_than_their_visits_made(small_world: World, small_truth: Truth) -> None:
    start, end = date(2026, 1, 1), date(2026, 11, 1)
    claimed = small_truth.delivery(start, end, "platform")
    credited = small_truth.attribution(start, end, "platform")
    for platform in ("meta_ads", "google_ads"):
        assert claimed[platform]["reported_conversion_value"] > Decimal("1.3") * credited[platform].attributed_revenue


def test_performance_max_has_no_ads_and_a_deleted_ad_leaves_a_residual_row(small_world: World) -> None:
    residual = small_world.ad_days.filter(pc.equal(small_world.ad_days["ad_id"], ""))
    campaigns = set(residual["campaign_id"].to_pylist())
    assert campaigns == {c.curated_id for c in CAMPAIGNS if not c.ads or c.deleted_ad_share}


def test_a_name_is_used_by_two_campaigns_and_campaigns_are_renamed(small_world: World) -> None:
    names = small_world.campaign_names.to_pylist()
    holiday = {row["campaign_id"] for row in names if row["campaign_name"] == "Holiday Gifting"}
    assert len(holiday) == 3
    fall = [row for row in names if row["campaign_name"].startswith("Fall")]
    assert [row["campaign_name"] for row in fall] == ["Fall Launch", "Fall Roast Launch"]
    assert fall[0]["until"] == fall[1]["since"]
    reported = small_world.ad_days.filter(pc.equal(small_world.ad_days["campaign_id"], fall[0]["campaign_id"]))
    on = dict(zip(reported["report_date"].to_pylist(), reported["campaign_name"].to_pylist(), strict=True))
    assert on[date(2026, 10, 11)] == "Fall Launch"
    assert on[date(2026, 10, 12)] == "Fall Roast Launch"


def test_spend_varies_without_regard_to_demand(small_world: World) -> None:
    multiplier = np.log(small_world.spend_variation["multiplier"].to_numpy())
    assert multiplier.std() > 0.2
    assert abs(multiplier.mean()) < 0.1


def test_more_spend_brought_more_customers(small_world: World) -> None:
    effects = small_world.effects.to_pydict()
    caused, expected = np.array(effects["caused_customers"]), np.array(effects["expected_first_orders"])
    share = caused.sum() / small_world.size
    assert 0.15 < share < 0.6
    assert np.corrcoef(caused, expected)[0, 1] > 0.97


def test_every_planted_anomaly_lies_in_the_last_90_days_and_shows(small_truth: Truth) -> None:
    for planted in ANOMALIES:
        assert (NOW.date() - planted.start).days <= 91
    [row] = small_truth.rows(
        """SELECT sum(spend) FILTER (report_date IN ('2026-10-03', '2026-10-04')) / 2 AS odd, sum(spend) / 44 AS usual
           FROM ad_days WHERE campaign_name LIKE 'Prospecting | LAL%'
               AND report_date BETWEEN '2026-09-20' AND '2026-11-02'"""
    )
    assert float(row["odd"]) > 1.9 * float(row["usual"])
    [row] = small_truth.rows(
        "SELECT sum(reported_conversions) AS n FROM ad_days WHERE platform = 'meta_ads' "
        "AND report_date BETWEEN '2026-09-22' AND '2026-09-24'"
    )
    assert row["n"] == 0
    [row] = small_truth.rows(
        "SELECT unique_opens / deliveries AS rate FROM email_performance WHERE campaign_id = 'klaviyo-20261013'"
    )
    assert row["rate"] < 0.25
    recalled = small_truth.rows(
        "SELECT count(*) AS n FROM refunds WHERE refunded_at BETWEEN '2026-10-20' AND '2026-10-23'"
    )
    assert recalled[0]["n"] >= 5


def test_events_come_in_batches_ready_to_be_signed(small_world: World) -> None:
    batches = list(small_world.storefront_events(batch_rows=700))
    assert sum(map(len, batches)) == small_world.web_events.num_rows
    assert max(map(len, batches)) <= 700
    message = batches[0][0]
    assert message["type"] == "web_events.upserted"
    assert message["data"]["event_id"]
    assert datetime.fromisoformat(message["data"]["occurred_at"]).tzinfo
    assert None not in message["data"].values()


def test_email_csv_has_one_line_per_row(small_world: World) -> None:
    assert small_world.email_csv().count(b"\n") == small_world.email_performance.num_rows + 1
    assert b"attribution_window_days" in small_world.email_campaigns_csv()


def test_at_its_own_instant_the_company_is_itself(small_world: World) -> None:
    same = small_world.as_of(NOW).tables
    assert [name for name, table in small_world.tables.items() if not table.equals(same[name])] == []


def test_earlier_the_later_has_not_happened(small_world: World) -> None:
    then = datetime(2026, 10, 21, 17, tzinfo=UTC)
    earlier = small_world.as_of(then)
    assert earlier.clock.now() == then
    for table, column in (("orders", "updated_at"), ("refunds", "refunded_at"), ("web_events", "occurred_at")):
        assert pc.max(getattr(earlier, table)[column]).as_py() <= then
    assert 0 < earlier.orders.num_rows < small_world.orders.num_rows
    truth = Truth(earlier)
    assert (
        truth.sales(date(2026, 10, 1), date(2026, 10, 15)).refunds
        < Truth(small_world).sales(date(2026, 10, 1), date(2026, 10, 15)).refunds
    )
    assert not truth.rows("SELECT 1 FROM orders WHERE cancelled_at > ? OR refunded_amount > amount", [then])
