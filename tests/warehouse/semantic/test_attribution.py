"""Credit: it conserves, it follows model and windows, and splits sum to totals."""

# ruff: noqa: E501  (rows and cases read best on one line)

from decimal import Decimal
from typing import Any

import pytest

from roastery.warehouse.attribution import CLOSED_FORM
from tests.warehouse.semantic.conftest import Ask

CENT = Decimal("0.01")


@pytest.mark.parametrize("model", CLOSED_FORM)
def test_credited_and_unattributed_revenue_sum_to_revenue(model: str, ask: Ask) -> None:
    metrics = ("attributed_revenue", "unattributed_revenue", "credited_revenue")
    totals = ask(*metrics, attribution_model=model).totals
    revenue = ask("revenue").totals["revenue"]
    assert totals["credited_revenue"] == revenue
    assert abs(totals["attributed_revenue"] + totals["unattributed_revenue"] - revenue) <= CENT
    orders = ask("credited_orders", "attributed_orders", "unattributed_orders", attribution_model=model).totals
    assert orders["credited_orders"] == ask("orders").totals["orders"]
    assert orders["attributed_orders"] + orders["unattributed_orders"] == orders["credited_orders"]


@pytest.mark.parametrize("model", ["last_non_direct", "linear", "position_based"])
def test_splits_of_new_customers_sum_to_the_total_with_an_unattributed_row(model: str, ask: Ask) -> None:
    whole = ask("new_customers", start="2026-07-01", end="2026-10-01").totals["new_customers"]
    assert isinstance(whole, int)
    frame = ask("new_customers", start="2026-07-01", end="2026-10-01", dimensions=["channel"], attribution_model=model)
    assert "unattributed" in {row["channel"] for row in frame.rows}
    assert sum(row["new_customers"] for row in frame.rows) == frame.totals["new_customers"] == whole
    assert any("in fractions" in caveat for caveat in frame.provenance.caveats)


def test_rows_of_credited_revenue_hold_direct_and_unattributed(ask: Ask) -> None:
    channels = {row["channel"]: row["credited_revenue"] for row in ask("credited_revenue", dimensions=["channel"]).rows}
    assert {"unattributed", "paid_search", "email"} <= set(channels)
    attributed = {r["channel"]: r["attributed_revenue"] for r in ask("attributed_revenue", dimensions=["channel"]).rows}
    assert attributed == {k: v for k, v in channels.items() if k not in ("unattributed", "direct")}


OF_SALES = ["promotion", "location", "franchise", "brand", "segment", "country", "sales_channel", "customer_stage"]


@pytest.mark.parametrize("dimension", OF_SALES)
def test_credit_and_sales_meet_in_one_row_also_where_a_value_is_unknown(dimension: str, ask: Ask) -> None:
    frame = ask("attributed_revenue", "revenue", "attribution_coverage", dimensions=[dimension])
    alone = {r[dimension]: r["attributed_revenue"] for r in ask("attributed_revenue", dimensions=[dimension]).rows}
    assert set(alone) <= {row[dimension] for row in ask("revenue", dimensions=[dimension]).rows}
    for row in frame.rows:
        share = (alone.get(row[dimension]) or 0) / row["revenue"] if row["revenue"] else None
        assert share is None or abs(row["attribution_coverage"] - share) < CENT


def test_a_campaign_without_an_objective_has_its_spend_and_its_credit_in_one_row(ask: Ask) -> None:
    """Only c3 and the campaign that no list holds have none; a touch without a campaign is of no objective."""
    period = {"start": "2026-08-05", "end": "2026-10-20"}
    found = {row["objective"]: row for row in ask("roas", "spend", "paid_revenue", dimensions=["objective"]).rows}
    of = [
        r
        for r in ask("spend", "paid_revenue", dimensions=["campaign", "objective"], **period).rows
        if r["objective"] == "unknown"
    ]
    assert sum(row["paid_revenue"] or 0 for row in of) > 0
    assert found["unknown"]["paid_revenue"] == sum(row["paid_revenue"] or 0 for row in of)
    assert abs(found["unknown"]["roas"] - found["unknown"]["paid_revenue"] / found["unknown"]["spend"]) < CENT


@pytest.mark.parametrize("dimension", ["objective", "audience", "ad", "asset", "asset_type"])
def test_what_is_unattributed_is_a_row_of_every_marketing_split(dimension: str, ask: Ask) -> None:
    def unattributed(split: str) -> Any:
        return [
            r["credited_revenue"]
            for r in ask("credited_revenue", dimensions=[split]).rows
            if r[split] == "unattributed"
        ]

    assert unattributed(dimension) == unattributed("channel") != []


def test_rows_without_a_value_are_null_whatever_they_are_called(ask: Ask) -> None:
    def total(op: str) -> Any:
        filters = [{"dimension": "campaign", "op": op}]
        return ask("credited_revenue", filters=filters).totals["credited_revenue"]

    rows = {r["campaign"]: r["credited_revenue"] for r in ask("credited_revenue", dimensions=["campaign"]).rows}
    assert abs(total("is_null") - (rows["none"] + rows["unattributed"])) <= CENT
    assert total("is_null") + total("not_null") == sum(rows.values())


def test_what_no_touch_earned_is_said_beside_attributed_revenue(ask: Ask) -> None:
    beside = ask("unattributed_revenue").totals["unattributed_revenue"]
    caveats = ask("attributed_revenue", dimensions=["channel"]).provenance.caveats
    assert f"Beside the attributed rows, {beside:,} USD of revenue is direct or unattributed." in caveats


def test_direct_visits_compete_under_every_model_but_last_non_direct(ask: Ask) -> None:
    kept = ask("credited_revenue", dimensions=["channel"]).rows
    last = ask("credited_revenue", dimensions=["channel"], attribution_model="last_touch").rows
    direct = [{row["channel"]: row["credited_revenue"] for row in rows}.get("direct", 0) for rows in (kept, last)]
    assert direct[1] > direct[0]


def test_roas_divides_credit_of_paid_touches_by_spend(ask: Ask) -> None:
    frame = ask("roas", "paid_revenue", "spend", "mer", dimensions=[])
    totals = frame.totals
    assert totals["roas"] == (totals["paid_revenue"] / totals["spend"]).quantize(Decimal("0.0001"))
    assert totals["mer"] > totals["roas"]


def test_credit_of_email_is_no_part_of_roas(ask: Ask) -> None:
    frame = ask("roas", "attributed_revenue", "paid_revenue", dimensions=["channel"])
    email = next(row for row in frame.rows if row["channel"] == "email")
    assert email["attributed_revenue"] > 0
    assert (email["paid_revenue"], email["roas"]) == (0, None)


def test_default_window_is_the_campaigns_own_and_an_asked_one_wins(ask: Ask, rows: Any) -> None:
    # c1 has a window of 7 days of its own, everything else the organization's 30.
    fields: dict[str, Any] = {"dimensions": ["campaign"], "attribution_model": "linear"}
    own = {row["campaign"]: row["attributed_orders"] for row in ask("attributed_orders", **fields).rows}
    long = ask("attributed_orders", **fields, attribution_window_days=30)
    asked = {row["campaign"]: row["attributed_orders"] for row in long.rows}
    assert asked["c1"] > own["c1"]
    assert asked["c2"] < own["c2"]
    assert long.provenance.attribution["window_days"] == 30
    assert any("window 30 days" in caveat for caveat in long.provenance.caveats)


@pytest.mark.parametrize("days", [0, 1, 7, 90])
def test_asked_windows_conserve_and_reach_further_the_longer_they_are(days: int, ask: Ask) -> None:
    frame = ask("credited_revenue", "attributed_revenue", attribution_window_days=days, attribution_model="linear")
    assert frame.totals["credited_revenue"] == ask("revenue").totals["revenue"]
    assert untouched(ask, days) <= untouched(ask, days // 2)


def untouched(ask: Ask, days: int) -> Decimal:
    """Revenue of sales without any eligible touch."""
    nobody = [{"dimension": "channel", "values": ["unattributed"]}]
    frame = ask("credited_revenue", filters=nobody, attribution_window_days=days, attribution_model="linear")
    found: Decimal = frame.totals["credited_revenue"]
    return found


def test_touches_before_the_period_earn_for_sales_within_it(ask: Ask, rows: Any) -> None:
    week = {"start": "2026-10-05", "end": "2026-10-12"}
    early = rows(
        "SELECT count(*) AS n FROM attribution_credits WHERE model = 'linear' AND sale_date BETWEEN DATE '2026-10-05' AND "
        "DATE '2026-10-11' AND touch_date < DATE '2026-10-05' AND touchpoint_id IS NOT NULL"
    )
    assert early[0]["n"] > 0
    frame = ask("credited_orders", **week, attribution_model="linear")
    assert frame.totals["credited_orders"] == ask("orders", **week).totals["orders"]


def test_credit_by_touch_date_stands_on_the_day_of_the_touch(ask: Ask, rows: Any) -> None:
    week = {"start": "2026-09-07", "end": "2026-09-14"}
    frame = ask("attributed_orders", **week, attribution_date="touch", attribution_model="linear")
    want = rows(
        "SELECT sum(order_weight) AS n FROM attribution_credits WHERE model = 'linear' AND touchpoint_id IS NOT NULL AND NOT "
        "is_direct AND touch_date BETWEEN DATE '2026-09-07' AND DATE '2026-09-13'"
    )
    assert frame.totals["attributed_orders"] == want[0]["n"]
    assert frame.totals != ask("attributed_orders", **week, attribution_model="linear").totals
    assert any("day of the touch" in caveat for caveat in frame.provenance.caveats)
    assert frame.provenance.trust == "maturing"
    assert ask("attributed_orders", **week).provenance.trust == "complete"
    rezoned = ask(
        "credited_orders", start="2026-07-01", end="2026-11-12", attribution_date="touch", time_zone="Asia/Tokyo"
    )
    assert rezoned.totals["credited_orders"] == ask("orders", start="2026-07-01", end="2026-11-12").totals["orders"]


def test_cac_says_whether_it_is_blended_or_credited(ask: Ask) -> None:
    fields = {"start": "2026-07-14", "end": "2026-10-01"}
    blended = ask("cac", "spend", "new_customers", **fields)
    totals = blended.totals
    assert totals["cac"] == (totals["spend"] / totals["new_customers"]).quantize(CENT)
    assert any("blended over all new customers" in caveat for caveat in blended.provenance.caveats)
    credited = ask("cac", **fields, dimensions=["platform"])
    assert any("credited new customers" in caveat for caveat in credited.provenance.caveats)
    assert credited.totals == {"cac": totals["cac"]}


def test_customers_whom_nobody_paid_for_have_no_cost_rather_than_a_cost_of_nothing(ask: Ask) -> None:
    frame = ask("cac", "spend", "new_customers", start="2026-07-14", end="2026-10-01", dimensions=["channel"])
    rows = {row["channel"]: row for row in frame.rows}
    assert rows["unattributed"]["new_customers"] > 0
    assert rows["unattributed"]["cac"] is None
    assert rows["paid_social"]["cac"] > 0


def test_credits_carry_what_the_sale_carries(ask: Ask) -> None:
    frame = ask(
        "attributed_revenue", dimensions=["channel", "country"], filters=[{"dimension": "country", "values": ["US"]}]
    )
    assert {row["country"] for row in frame.rows} == {"US"}
    assert (
        frame.totals["attributed_revenue"]
        == ask("attributed_revenue", filters=[{"dimension": "country", "values": ["us"]}]).totals["attributed_revenue"]
    )
