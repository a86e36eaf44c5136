"""Splits, filters, orders, limits, totals and comparisons of a query."""

# ruff: noqa: E501  (rows and cases read best on one line)

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery
from tests.warehouse.semantic.conftest import Ask


def by(frame: Any, key: str, value: str) -> dict[Any, Any]:
    return {row[key]: row[value] for row in frame.rows}


def test_spend_is_not_inflated_by_several_credits_of_a_campaign(ask: Ask, rows: Any) -> None:
    """The two-fact trap: joined row to row, each ad row would count once per credit."""
    frame = ask("spend", "attributed_revenue", "roas", dimensions=["campaign"])
    credited = rows(
        "SELECT campaign_id, count(*) AS n FROM attribution_credits WHERE model = 'last_non_direct' AND campaign_id = 'c1' "
        "AND sale_date >= DATE '2026-08-05' AND sale_date < DATE '2026-10-20' GROUP BY 1"
    )
    assert credited[0]["n"] > 1
    own = rows(
        "SELECT sum(spend) AS spend FROM ad_performance WHERE campaign_id = 'c1' "
        "AND report_date >= DATE '2026-08-05' AND report_date < DATE '2026-10-20'"
    )
    assert by(frame, "campaign", "spend")["c1"] == own[0]["spend"]


def test_campaign_without_ad_level_rows_stands_in_a_row_of_its_own(ask: Ask) -> None:
    frame = ask("spend", dimensions=["ad"])
    assert by(frame, "ad", "spend")["unknown"] > 0
    assert sum(row["spend"] for row in frame.rows) == frame.totals["spend"] == ask("spend").totals["spend"]


def test_two_campaigns_of_one_name_stay_two_rows(ask: Ask) -> None:
    frame = ask("spend", dimensions=["campaign"])
    assert {row["campaign"] for row in frame.rows if row["campaign_name"] == "Brand"} == {"c1", "c2"}
    together = ask("spend", filters=[{"dimension": "campaign", "values": ["brand"]}])
    spend = by(frame, "campaign", "spend")
    assert together.totals["spend"] == spend["c1"] + spend["c2"]


def test_campaign_that_only_the_platform_knows_has_the_platforms_name(ask: Ask) -> None:
    frame = ask("spend", dimensions=["campaign"])
    assert by(frame, "campaign", "campaign_name")["c5"] == "Name of c5"
    found = ask("spend", dimensions=["campaign"], filters=[{"dimension": "campaign", "values": ["name of C5"]}])
    assert [row["campaign"] for row in found.rows] == ["c5"]
    # The platform's name of a campaign that `campaigns` names otherwise is not its name.
    assert not ask("spend", dimensions=["campaign"], filters=[{"dimension": "campaign", "values": ["Name of c1"]}]).rows


def test_ads_carry_the_name_of_their_last_day(ask: Ask) -> None:
    frame = ask("spend", dimensions=["ad"], order_by=[{"field": "ad_name", "direction": "desc"}])
    names = by(frame, "ad", "ad_name")
    assert names["ad1"] == "Ad ad1 11"
    assert names["unknown"] == "unknown"
    assert next(row["ad"] for row in frame.rows) == "ad6"


@pytest.mark.parametrize(
    ("op", "values", "kept"),
    [
        ("in", ["META_ADS"], {"meta_ads"}),
        ("eq", ["google_ads"], {"google_ads"}),
        ("ne", ["google_ads"], {"meta_ads"}),
        ("not_in", ["google_ads", "meta_ads"], set()),
        ("contains", ["ETA"], {"meta_ads"}),
        ("starts_with", ["goo"], {"google_ads"}),
        ("not_null", [], {"meta_ads", "google_ads"}),
        ("is_null", [], set()),
        ("gt", ["h"], {"meta_ads"}),
        ("between", ["a", "h"], {"google_ads"}),
    ],
)
def test_filter_on_a_dimension_keeps(op: str, values: list[str], kept: set[str], ask: Ask) -> None:
    frame = ask("spend", dimensions=["platform"], filters=[{"dimension": "platform", "op": op, "values": values}])
    assert {row["platform"] for row in frame.rows} == kept


def test_exclusion_keeps_what_is_unknown(ask: Ask) -> None:
    everything = by(ask("revenue", dimensions=["country"]), "country", "revenue")
    without = ask("revenue", dimensions=["country"], filters=[{"dimension": "country", "op": "ne", "values": ["US"]}])
    assert by(without, "country", "revenue") == {k: v for k, v in everything.items() if k != "US"}
    assert "unknown" in everything
    alone = ask("revenue", filters=[{"dimension": "country", "op": "is_null"}])
    assert alone.totals["revenue"] == everything["unknown"]


def test_filter_on_a_date_limits_the_days(ask: Ask) -> None:
    days = {"dimension": "date", "op": "between", "values": ["2026-09-01", "2026-09-03"]}
    frame = ask("spend", grain="day", filters=[days])
    assert [str(row["date"]) for row in frame.rows] == ["2026-09-01", "2026-09-02", "2026-09-03"]
    assert frame.totals["spend"] == ask("spend", start="2026-09-01", end="2026-09-04").totals["spend"]


def test_filter_on_a_metric_comes_after_aggregation_and_limits_the_totals(ask: Ask) -> None:
    everything = by(ask("spend", dimensions=["campaign"]), "campaign", "spend")
    # Amounts are compared before they are rounded, so the limit lies a little below.
    limit = sorted(everything.values())[-2] - Decimal("0.01")
    frame = ask(
        "ctr", "spend", dimensions=["campaign"], filters=[{"metric": "spend", "op": "gte", "values": [str(limit)]}]
    )
    assert {row["campaign"] for row in frame.rows} == {k for k, v in everything.items() if v >= limit}
    assert frame.totals["spend"] == sum(v for v in everything.values() if v >= limit)


def test_filter_on_a_metric_limits_totals_of_distinct_counts_too(ask: Ask, rows: Any) -> None:
    few = [{"metric": "orders", "op": "gte", "values": ["20"]}]
    frame = ask("active_customers", "orders", dimensions=["sales_channel"], filters=few)
    kept = [row["sales_channel"] for row in frame.rows]
    assert 0 < len(kept) < 3
    listed = ", ".join(f"'{channel}'" for channel in kept)
    want = rows(
        "SELECT count(DISTINCT customer_id) AS n FROM sales WHERE sale_date >= DATE '2026-08-05' AND sale_date < DATE "
        f"'2026-10-20' AND coalesce(sales_channel, 'unknown') IN ({listed})"
    )
    assert frame.totals["active_customers"] == want[0]["n"] < sum(row["active_customers"] for row in frame.rows)


@pytest.mark.parametrize("metric", ["active_customers", "first_reply_hours", "customers"])
def test_filter_on_a_metric_that_no_row_meets_leaves_none(metric: str, ask: Ask) -> None:
    frame = ask(metric, grain="week", filters=[{"metric": metric, "op": "gt", "values": ["1000000"]}])
    assert (frame.rows, frame.totals) == ((), {metric: None})


def test_ordering_and_filtering_need_not_be_shown(ask: Ask) -> None:
    frame = ask(
        "clicks",
        dimensions=["campaign"],
        order_by=[{"field": "spend", "direction": "desc"}],
        filters=[{"metric": "impressions", "op": "gt", "values": ["0"]}],
    )
    assert [c.name for c in frame.columns] == ["campaign", "campaign_name", "clicks"]
    ordered = ask("spend", dimensions=["campaign"], order_by=[{"field": "spend", "direction": "desc"}])
    assert [r["campaign"] for r in frame.rows] == [r["campaign"] for r in ordered.rows if r["spend"] is not None]


def test_equal_rows_are_ordered_by_their_dimensions_and_nulls_come_last(ask: Ask) -> None:
    frame = ask("roas", dimensions=["campaign"], order_by=[{"field": "roas", "direction": "asc"}])
    values = [(row["roas"] is None, row["roas"] or 0, row["campaign"]) for row in frame.rows]
    assert values == sorted(values)
    down = ask("roas", dimensions=["campaign"], order_by=[{"field": "roas", "direction": "desc"}])
    assert down.rows[-1]["roas"] is None


def test_limit_takes_the_first_rows_and_says_so_and_totals_count_all(ask: Ask) -> None:
    whole, two = ask("spend", "ctr", dimensions=["campaign"]), ask("spend", "ctr", dimensions=["campaign"], limit=2)
    assert two.rows == whole.rows[:2]
    assert two.truncated
    assert not whole.truncated
    assert two.totals == whole.totals


def test_totals_of_ratios_divide_sums(ask: Ask) -> None:
    frame = ask("ctr", "clicks", "impressions", dimensions=["platform"])
    mean = sum(row["ctr"] for row in frame.rows) / len(frame.rows)
    exact = Decimal(frame.totals["clicks"]) / frame.totals["impressions"]
    assert frame.totals["ctr"] == exact.quantize(Decimal("0.0001"))
    assert frame.totals["ctr"] != mean.quantize(Decimal("0.0001"))


def test_totals_of_distinct_counts_count_everyone_once(ask: Ask) -> None:
    frame = ask("active_customers", grain="month")
    assert frame.totals == ask("active_customers").totals
    assert sum(row["active_customers"] for row in frame.rows) > frame.totals["active_customers"]


def test_values_at_period_end_are_never_summed_over_time(ask: Ask) -> None:
    frame = ask("active_subscriptions", "mrr", grain="week")
    assert frame.totals == ask("active_subscriptions", "mrr").totals
    assert frame.totals["active_subscriptions"] == frame.rows[-1]["active_subscriptions"]


def test_campaign_that_spent_and_earned_nothing_has_a_roas_of_zero(ask: Ask) -> None:
    frame = ask("roas", "spend", "paid_revenue", dimensions=["campaign"])
    assert by(frame, "campaign", "roas")["c5"] == 0
    assert by(frame, "campaign", "paid_revenue")["c5"] == 0


def test_zero_spend_gives_null_not_a_division(ask: Ask) -> None:
    frame = ask("roas", "cpc", "spend", dimensions=["campaign"])
    row = next(row for row in frame.rows if row["campaign"] == "c6")
    assert (row["spend"], row["roas"]) == (0, None)


def test_days_without_rows_are_no_data_and_are_said(ask: Ask) -> None:
    frame = ask("spend", grain="day", start="2026-09-04", end="2026-09-08")
    assert [row["spend"] is None for row in frame.rows] == [False, True, True, False]
    assert any("no rows on 2026-09-05 to 2026-09-06" in caveat for caveat in frame.provenance.caveats)
    assert ask("spend", start="2026-09-05", end="2026-09-07").totals["spend"] is None


def test_filter_that_nothing_meets_is_none_where_there_is_data_and_no_data_elsewhere(ask: Ask) -> None:
    nobody = [{"dimension": "promotion", "values": ["no such promotion"]}]
    assert ask("orders", filters=nobody).totals["orders"] == 0
    assert ask("orders", filters=nobody, start="2026-09-05", end="2026-09-07").totals["orders"] is None


def test_a_name_among_those_asked_for_that_has_no_rows_is_said_first(ask: Ask) -> None:
    def first_said(*names: str, **more: Any) -> str:
        asked = [{"dimension": "campaign", "values": list(names)}]
        return next(iter(ask("spend", filters=asked, **more).provenance.caveats), "")

    split = {"dimensions": ["campaign"]}
    assert first_said("Brand", "Newsletter", **split) == "Newsletter has no rows in the period: no data, not zero."
    assert first_said("Brand", "Sprnig sale", **split) == "No campaign is called 'Sprnig sale'."
    assert "has no rows" not in first_said("Brand", "name of C5", **split)
    cut = first_said("Brand", "name of C5", limit=1, order_by=[{"field": "spend", "direction": "desc"}], **split)
    assert "has no rows" not in cut


def test_name_in_a_filter_that_nothing_carries_is_said(ask: Ask) -> None:
    missing = ask("spend", filters=[{"dimension": "campaign", "values": ["Sprnig sale"]}])
    assert "No campaign is called 'Sprnig sale'." in missing.provenance.caveats
    there = ask("spend", filters=[{"dimension": "campaign", "values": ["Newsletter"]}])
    assert not any("is called" in caveat for caveat in there.provenance.caveats)


def test_refund_lowers_revenue_on_the_day_of_the_basis(ask: Ask, rows: Any) -> None:
    august = {"start": "2026-08-01", "end": "2026-09-01"}
    want = rows(
        "SELECT sum(amount * CASE currency WHEN 'EUR' THEN (SELECT max_by(rate, rate_date) FROM fx_rates WHERE rate_date <= "
        "refund_date) ELSE 1 END) AS n FROM sale_refunds WHERE refund_date >= DATE '2026-08-01' AND refund_date < DATE "
        "'2026-09-01'"
    )
    frame = ask("refunds", **august, refund_basis="refund_day")
    assert frame.totals["refunds"] == want[0]["n"].quantize(Decimal("0.01"))
    assert frame.provenance.refund_basis == "refund_day"
    assert frame.totals != ask("refunds", **august).totals
    for basis in ("order_day", "refund_day"):
        totals = ask("revenue", "gross_revenue", "refunds", **august, refund_basis=basis).totals
        assert abs(totals["revenue"] - (totals["gross_revenue"] - totals["refunds"])) <= Decimal("0.01")


def test_refunds_fall_on_the_lines_of_their_sale_and_lose_nothing(ask: Ask, rows: Any) -> None:
    with_lines = rows(
        "SELECT sum(amount * CASE currency WHEN 'EUR' THEN (SELECT max_by(rate, rate_date) FROM fx_rates WHERE rate_date <= "
        "refund_date) ELSE 1 END) AS n FROM sale_refunds WHERE sale_id IN (SELECT sale_id FROM sale_lines)"
    )[0]["n"]
    for dimension in ("product", "category"):
        by = ask("refunds", dimensions=[dimension], period="all_time", refund_basis="refund_day")
        assert len(by.rows) > 1
        assert abs(sum(row["refunds"] for row in by.rows if row["refunds"]) - with_lines) <= Decimal("0.01") * len(
            by.rows
        )


def test_day_with_refunds_and_no_sales_has_a_revenue(ask: Ask) -> None:
    frame = ask("revenue", "gross_revenue", "refunds", grain="day", refund_basis="refund_day")
    alone = [row for row in frame.rows if row["gross_revenue"] is None and row["refunds"]]
    assert alone
    assert all(row["revenue"] == -row["refunds"] for row in alone)


def test_comparison_stands_beside_with_change_and_ratio(ask: Ask) -> None:
    frame = ask("spend", dimensions=["platform"], start="2026-10-01", end="2026-11-01", compare_to="previous_period")
    before = by(ask("spend", dimensions=["platform"], start="2026-09-01", end="2026-10-01"), "platform", "spend")
    for row in frame.rows:
        assert row["spend__previous"] == before[row["platform"]]
        assert row["spend__change"] == row["spend"] - row["spend__previous"]
        ratio = row["spend__change"] / row["spend__previous"]
        assert abs(row["spend__change_ratio"] - ratio) <= Decimal("0.00005")
    assert frame.totals["spend__previous"] == sum(before.values())
    assert str(frame.provenance.compare_period.start) == "2026-09-01"


def test_comparison_unites_the_keys_of_both_periods(ask: Ask) -> None:
    frame = ask("asset_uses", dimensions=["asset"], start="2026-10-01", end="2026-11-01", compare_to="previous_period")
    assert by(frame, "asset", "asset_uses") == {"as1": 0, "as2": 5}
    assert by(frame, "asset", "asset_uses__previous") == {"as1": 5, "as2": 0}
    assert by(frame, "asset", "asset_uses__change_ratio")["as2"] is None


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_comparison_over_time_aligns_by_ordinal(grain: str, ask: Ask) -> None:
    now = ask(
        "spend",
        grain=grain,
        start="2026-09-10",
        end="2026-10-20",
        compare_to={"start": "2026-08-01", "end": "2026-09-10"},
    )
    before = ask("spend", grain=grain, start="2026-08-01", end="2026-09-10")
    alone = ask("spend", grain=grain, start="2026-09-10", end="2026-10-20")
    assert [row["spend"] for row in now.rows][: len(alone.rows)] == [row["spend"] for row in alone.rows]
    assert [row["spend__previous"] for row in now.rows][: len(before.rows)] == [row["spend"] for row in before.rows]


def test_longer_compared_period_keeps_its_last_buckets(ask: Ask) -> None:
    frame = ask("spend", grain="day", start="2026-09-01", end="2026-10-01", compare_to="previous_period")
    assert len(frame.rows) == 31
    assert frame.rows[-1]["spend"] is None
    assert frame.rows[-1]["spend__previous"] is not None
    assert frame.totals["spend__previous"] == ask("spend", start="2026-08-01", end="2026-09-01").totals["spend"]


def test_rows_can_be_ordered_and_kept_by_their_change(ask: Ask) -> None:
    frame = ask(
        "spend",
        dimensions=["campaign"],
        start="2026-10-01",
        end="2026-11-01",
        compare_to="previous_period",
        order_by=[{"field": "spend__change", "direction": "asc"}],
        filters=[{"metric": "spend__change", "op": "gt", "values": ["60"]}],
    )
    changes = [row["spend__change"] for row in frame.rows]
    assert changes == sorted(changes)
    assert all(change > 60 for change in changes)
    assert changes


def test_sales_follow_an_asked_zone_and_platform_days_do_not(ask: Ask, rows: Any) -> None:
    september = {"start": "2026-09-01", "end": "2026-10-01"}
    own, berlin = ask("orders", **september), ask("orders", **september, time_zone="Europe/Berlin")
    want = rows(
        "SELECT count(*) AS n FROM sales WHERE is_order AND CAST(timezone('Europe/Berlin', occurred_at) AS DATE) "
        "BETWEEN DATE '2026-09-01' AND DATE '2026-09-30'"
    )
    assert berlin.totals["orders"] == want[0]["n"] != own.totals["orders"]
    spend = ask("spend", **september, time_zone="Europe/Berlin")
    assert spend.totals == ask("spend", **september).totals
    assert any("platform's own zone" in caveat for caveat in spend.provenance.caveats)


def test_daily_ratio_across_zones_carries_a_caveat(ask: Ask) -> None:
    assert any("approximate" in caveat for caveat in ask("mer", grain="day").provenance.caveats)
    assert not any("approximate" in caveat for caveat in ask("mer").provenance.caveats)


def test_open_period_is_said_and_never_silently_compared_with_a_whole_one(ask: Ask) -> None:
    frame = ask("revenue", period="this_month", compare_to="previous_period")
    assert frame.provenance.trust == "maturing"
    assert any("not over" in caveat for caveat in frame.provenance.caveats)
    assert any("like is not compared with like" in caveat for caveat in frame.provenance.caveats)
    assert ask("revenue", period="last_month").provenance.trust == "complete"


def test_cut_weeks_are_said(ask: Ask) -> None:
    caveats = ask("spend", grain="week").provenance.caveats
    assert any("first week is cut" in caveat for caveat in caveats)
    assert any("last week is cut" in caveat for caveat in caveats)


def test_sum_of_claims_across_platforms_is_said(ask: Ask) -> None:
    assert any("each platform claims" in c for c in ask("reported_conversions").provenance.caveats)
    one = ask("reported_conversions", filters=[{"dimension": "platform", "values": ["meta_ads"]}])
    assert not any("each platform claims" in c for c in one.provenance.caveats)


def test_video_views_split_by_platform_have_no_total(ask: Ask) -> None:
    frame = ask("video_views", "spend", dimensions=["platform"])
    assert frame.totals["video_views"] is None
    assert frame.totals["spend"] is not None
    assert by(frame, "platform", "video_views")["google_ads"] is None


def test_share_of_costed_revenue_is_said_beside_gross_margin(ask: Ask) -> None:
    share = ask("costed_share").totals["costed_share"]
    assert 0 < share < 1
    assert any(
        f"{share * 100:.1f} % of revenue lies on lines with a known cost" in c
        for c in ask("gross_margin").provenance.caveats
    )


def test_all_time_is_assumed_and_said_when_no_period_is_asked(layer: SemanticLayer) -> None:
    frame = layer.ask(MetricQuery(metrics=("spend",)))
    assert frame.provenance.period.start == date(2026, 7, 14)
    assert any("No period was asked" in caveat for caveat in frame.provenance.caveats)


def test_date_among_the_dimensions_means_by_day(ask: Ask) -> None:
    assert ask("spend", dimensions=["date", "platform"]).rows == ask("spend", dimensions=["platform"], grain="day").rows


def test_receipt_says_what_was_asked_and_asks_the_same_days_again(ask: Ask, layer: SemanticLayer) -> None:
    frame = ask("roas", dimensions=["platform"], period="last_month", compare_to="previous_period")
    made = frame.provenance
    assert made.query["period"] == {"start": "2026-10-01", "end": "2026-11-01"}
    assert made.query["compare_to"] == {"start": "2026-09-01", "end": "2026-10-01"}
    assert made.attribution == {
        "model": "last_non_direct",
        "window_days": None,
        "view_window_days": None,
        "date": "conversion",
    }
    assert made.fx == {"to": "USD", "from": ["EUR"], "rate_of": "the row's own day"}
    assert made.metric_definitions["roas"].startswith("Net revenue credited to paid touches")
    again = layer.ask(MetricQuery.model_validate(made.query))
    assert (again.rows, again.totals, again.result_hash) == (frame.rows, frame.totals, frame.result_hash)


def test_sql_of_a_receipt_gives_the_same_rows(ask: Ask, rows: Any) -> None:
    frame = ask("revenue", dimensions=["country"], filters=[{"dimension": "segment", "values": ["it's", "vip"]}])
    found = rows(frame.provenance.sql)
    assert [(row["country"], row["revenue"].quantize(Decimal("0.01"))) for row in found] == [
        (row["country"], row["revenue"]) for row in frame.rows
    ]
