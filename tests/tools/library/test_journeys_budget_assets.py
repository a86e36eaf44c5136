"""customer_journeys, recommend_budget and analyze_assets on small organizations with known answers."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from roastery.tools.base import Actor, ToolContext, ToolResult
from roastery.tools.registry import run
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.errors import BadQuery, NoData, NotAllowed, UnknownName
from tests.tools.beans import BEANS, FIRST, NOON, as_csv, context_on, days, opened
from tests.warehouse.conftest import put

OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}


def test_journeys_of_october_are_the_touched_orders(context: ToolContext) -> None:
    result = run("customer_journeys", {"period": OCTOBER}, context)
    facts = {fact.id: fact for fact in result.facts}
    totals = {name: facts[id].value for name, id in result.data["totals"].items()}
    # Of three orders a day two were touched, once each, six hours before; everybody who was touched bought.
    assert totals["converted"] == 62
    assert totals["journeys"] == 62
    assert totals["covered"] == Decimal("0.6667")
    assert totals["median_days"] == Decimal("0.25")
    links = result.data["sankey"]["links"]
    assert sum(link["value"] for link in links if link["source"] == 0) == 62


def test_one_person_s_journey_is_for_those_who_may_see_it_and_never_for_a_model(filled: Warehouse) -> None:
    context = context_on(filled)
    steps = run("customer_journeys", {"customer": "p3-1"}, context).tables[0].rows
    assert [step["step_kind"] for step in steps] == ["touch", "sale"]
    for actor in (Actor("v", role="viewer"), Actor("s", row_scope={"country": ("US",)})):
        with pytest.raises(NotAllowed):
            run("customer_journeys", {"customer": "p3-1"}, context_on(filled, actor=actor))
    from dataclasses import replace

    with pytest.raises(NotAllowed, match="through the agent"):
        run("customer_journeys", {"customer": "p3-1"}, replace(context, for_agent=True))
    with pytest.raises(BadQuery, match="No customer of that id"):
        run("customer_journeys", {"customer": "nobody"}, context)


def test_too_short_a_history_gives_no_advice_but_a_test_that_would_settle_it(context: ToolContext) -> None:
    result = run("recommend_budget", {}, context)
    assert not result.data["advised"]
    assert "84 days" in result.data["refusal"]
    facts = {fact.id: fact for fact in result.facts}
    plan = result.data["proposal"]
    assert facts[plan["facts"]["weeks"]].value >= 4
    assert facts[plan["facts"]["detectable"]].value > 0


def test_limits_name_what_is_there(context: ToolContext) -> None:
    with pytest.raises(UnknownName, match="Did you mean"):
        run("recommend_budget", {"limits": [{"value": "Brond", "most": "5"}]}, context)
    with pytest.raises(BadQuery, match="more than the most"):
        run("recommend_budget", {"limits": [{"value": "Brand", "least": "9", "most": "5"}]}, context)
    with pytest.raises(UnknownName, match="Did you mean 'campaign'"):
        run("recommend_budget", {"by": "campain"}, context)


def campaigns_that_work_unlike(home: Path) -> ToolContext:
    """Half a year in which spend on `good` brings a customer for every 4 and on `poor` for every 40, drawn by lot."""
    g = np.random.default_rng(2)
    ads, orders, people = [], [], 0
    for n in range(200):
        day = FIRST - timedelta(days=130 - n)
        spend = {c: round(float(100 * np.exp(g.normal(0, 0.5))), 2) for c in ("good", "poor", "fixed")}
        spend["fixed"] = 60.0
        brought = g.poisson(20 + spend["good"] / 4 + spend["poor"] / 40)
        for campaign, value in spend.items():
            ads.append(
                {
                    "report_date": day, "platform": "meta_ads", "account_id": "a", "campaign_id": campaign,
                    "campaign_name": campaign.title(), "currency": "USD", "spend": str(value), "impressions": 1,
                    "clicks": 1,
                }
            )  # fmt: skip
        for _ in range(brought):
            people += 1
            orders.append(
                {
                    "transaction_id": f"o{people}", "customer_id": f"p{people}", "occurred_at": f"{day}T18:00:00+00:00",
                    "amount": "50.00", "currency": "USD", "kind": "order", "status": "completed", "is_test": "false",
                }
            )  # fmt: skip
    warehouse = stack(home)
    for dataset, rows in (("ad_performance", ads), ("transactions", orders)):
        assert not warehouse.import_rows(dataset, as_csv(rows), "text/csv", build=False).rejected
    warehouse.build(full=True)
    return context_on(warehouse)


def stack(home: Path) -> Warehouse:
    from roastery.warehouse.engine import Warehouses
    from tests.tools.beans import BEANS

    return Warehouses(home, b"k" * 32, [], NOON).open(BEANS)


def test_money_moves_to_what_works_and_the_gain_is_its_own_difference(tmp_path: Path) -> None:
    context = campaigns_that_work_unlike(tmp_path)
    result = run("recommend_budget", {"most_change": 0.25}, context)
    assert result.data["advised"], result.data["refusal"]
    facts = {fact.id: fact for fact in result.facts}
    lines = {line["key"]: line for line in result.data["lines"]}
    assert facts[lines["good"]["change"]].value > 0 > facts[lines["poor"]["change"]].value
    assert facts[lines["fixed"]["change"]].value == 0
    assert sum(facts[line["advised"]].value for line in lines.values()) == facts[result.data["totals"]["budget"]].value
    totals = {name: facts[id] for name, id in result.data["totals"].items()}
    assert totals["gain"].value == totals["then"].value - totals["now"].value
    assert totals["gain_low"].value <= totals["gain"].value <= totals["gain_high"].value
    # A unit on `good` is worth 50 / 4 = 12.5 of first sales, on `poor` 1.25.
    low, high = (facts[lines["good"][name]].value for name in ("marginal_low", "marginal_high"))
    assert low <= Decimal("12.5") <= high
    assert facts[lines["poor"]["marginal_low"]].value <= Decimal("1.25")
    bounded = run(
        "recommend_budget", {"limits": [{"value": "Good", "most": "1000"}, {"value": "poor", "least": "90"}]}, context
    )
    again = {fact.id: fact for fact in bounded.facts}
    told = {line["key"]: line for line in bounded.data["lines"]}
    if bounded.data["advised"]:
        assert again[told["poor"]["advised"]].value >= 90


def said_of_bounds(result: ToolResult) -> tuple[str, list[Decimal]]:
    """The caveat of a budget beyond its bounds, and its amounts: asked, least, most, and what the answer is for."""
    (said,) = [caveat for caveat in result.caveats if "beyond what this history speaks for" in caveat]
    return said, [Decimal(amount.replace(",", "")) for amount in re.findall(r"([\d,]+\.\d\d) USD", said)]


def test_a_budget_beyond_what_was_tried_is_placed_as_far_as_the_history_speaks(tmp_path: Path) -> None:
    context = campaigns_that_work_unlike(tmp_path)
    more = {"most_change": 0.25, "objective": "new_customers", "amount": "1000000"}
    result = run("recommend_budget", more, context)
    assert result.data["advised"], result.data["refusal"]
    facts = {fact.id: fact.value for fact in result.facts}
    placed, today = (sum(facts[line[name]] for line in result.data["lines"]) for name in ("advised", "spend"))
    _, (asked, least, most, taken) = said_of_bounds(result)
    assert abs(asked - today * 30 - 1_000_000) < 1  # today's money of a day is shown in whole cents
    assert least < today * 30 < most
    assert taken == placed * 30
    assert 0 <= most - taken < Decimal("0.30")
    _, (_, least_of_cut, _, taken_of_cut) = said_of_bounds(run("recommend_budget", more | {"amount": "-6000"}, context))
    assert least_of_cut == least
    assert 0 <= taken_of_cut - least < Decimal("0.30")


def test_a_cut_of_given_size_falls_where_it_loses_least_and_is_told_beside_the_same_share_off_each(
    tmp_path: Path,
) -> None:
    context = campaigns_that_work_unlike(tmp_path)
    for objective in ("revenue", "new_customers"):
        result = run("recommend_budget", {"amount": "-600", "objective": objective}, context)
        assert result.data["advised"], result.data["refusal"]
        facts = {fact.id: fact for fact in result.facts}
        told = {name: facts[id].value for name, id in result.data["totals"].items()}
        lines = {line["key"]: {n: facts[line[n]].value for n in ("spend", "advised")} for line in result.data["lines"]}
        today, advised = (sum(line[name] for line in lines.values()) for name in ("spend", "advised"))
        assert told["cut"] == told["left"] - told["budget"]
        assert abs(today - advised - 20) <= Decimal("0.02")
        assert advised == told["left"]
        share = float(advised / today)
        # `fixed` never varied, so it bears its share and no more; of the others the good one is spared.
        assert float(lines["fixed"]["advised"]) == pytest.approx(60 * share, abs=0.02)
        assert lines["good"]["advised"] > lines["good"]["spend"] * Decimal(share)
        assert all(line["advised"] <= line["spend"] for line in lines.values())
        assert told["spared"] == told["then"] - told["even"] > 0
        assert told["lost"] == told["even"] - told["now"] < 0
        assert told["spared_low"] <= told["spared"] <= told["spared_high"]
        assert told["gain"] == told["then"] - told["now"]


def test_limits_that_cannot_hold_the_budget_are_told(tmp_path: Path) -> None:
    limited = {"amount": "1000000", "limits": [{"value": "Good", "most": "1000"}]}
    with pytest.raises(BadQuery, match="bounds allow"):
        run("recommend_budget", limited, campaigns_that_work_unlike(tmp_path))


def test_the_asset_that_tires_is_told_and_the_winner_has_its_probability(context: ToolContext) -> None:
    result = run("analyze_assets", {}, context)
    facts = {fact.id: fact for fact in result.facts}
    labels = {label.id: label.value for label in result.labels}
    lines = {line["key"]: line for line in result.data["lines"]}
    assert [labels[id] for id in result.data["tired"]] == ["short"]
    assert facts[lines["short"]["fatigue_high"]].value < 0
    assert "rate" not in lines["picture"]
    best = {key: facts[line["best"]].value for key, line in lines.items() if "best" in line}
    assert float(sum(best.values())) == pytest.approx(1, abs=1e-4)
    film = lines["film"]
    assert facts[film["impressions"]].value == 1500 * len(days())
    assert facts[film["revenue"]].value == 400
    assert facts[film["roi"]].value == (Decimal(400) / 120).quantize(Decimal("0.0001"))


def test_tags_ages_and_filters_group_assets(context: ToolContext) -> None:
    tags = run("analyze_assets", {"by": "tag"}, context)
    assert {line["key"] for line in tags.data["lines"]} == {"autumn", "people"}
    ages = run("analyze_assets", {"by": "age"}, context)
    assert "first two weeks" in {line["key"] for line in ages.data["lines"]}
    video = run("analyze_assets", {"filters": [{"dimension": "asset_type", "values": ["video"]}]}, context)
    assert {line["key"] for line in video.data["lines"]} == {"film", "short"}
    with pytest.raises(UnknownName, match="Did you mean 'tag'"):
        run("analyze_assets", {"by": "tags"}, context)
    quiet = {"start": "2026-08-01", "end": "2026-08-20"}
    with pytest.raises(NoData, match=r"Connect|import"):
        run("analyze_assets", {"period": quiet}, context)


def test_no_winner_is_told_without_volume_or_hits(context: ToolContext) -> None:
    few = run("analyze_assets", {"least_volume": 10_000_000}, context)
    assert few.data["winner"] is None
    assert any("No winner is told" in caveat for caveat in few.caveats)


def test_an_empty_home_says_what_to_connect(tmp_path: Path) -> None:
    with opened(tmp_path) as warehouse:
        for name in ("run_attribution", "customer_journeys", "recommend_budget", "analyze_assets"):
            with pytest.raises(NoData, match=r"(?i)connect|import"):
                run(name, {"period": {"start": date(2026, 10, 1), "end": date(2026, 11, 1)}}, context_on(warehouse))


def test_yen_are_advised_without_cents(tmp_path: Path) -> None:
    """1,000 yen one day and 500 on the others of the last 28 days are 517.86 a day, which nobody can spend."""
    warehouses = Warehouses(tmp_path, b"k" * 32, [], NOON)
    warehouse = warehouses.open(BEANS.with_settings(currency="JPY"))
    put(
        warehouse,
        ad_performance=[
            {"report_date": str(day), "platform": "meta_ads", "campaign_id": "k", "spend": 1000 if n == 60 else 500}
            for n, day in enumerate(days())
        ],
        transactions=[
            {"transaction_id": str(day), "customer_id": str(day), "occurred_at": f"{day}T18:00:00Z", "amount": "3000"}
            for day in days()
        ],
    )
    result = run("recommend_budget", {}, context_on(warehouse))
    assert [str(fact.value) for fact in result.facts if fact.metric == "spend_per_day"][:1] == ["518"]
    warehouses.close()


def test_where_nothing_was_spent_there_is_nothing_to_move(empty: Warehouse) -> None:
    put(
        empty,
        ad_performance=[{"report_date": "2026-10-05", "platform": "meta_ads", "campaign_id": "k", "spend": "0"}],
        transactions=[
            {"transaction_id": "s", "customer_id": "c", "occurred_at": "2026-10-05T18:00:00Z", "amount": "9"}
        ],
    )
    with pytest.raises(NoData, match="no money to move"):
        run("recommend_budget", {}, context_on(empty))


def test_half_a_cent_is_the_same_cent_in_both_tools(empty: Warehouse) -> None:
    """10.25 shown by two pictures in equal parts are 5.125 each."""
    put(
        empty,
        assets=[{"asset_id": id_} for id_ in ("one", "two")],
        ad_assets=[{"ad_id": "a", "asset_id": id_, "share": "0.5"} for id_ in ("one", "two")],
        ad_performance=[
            {"report_date": "2026-10-05", "platform": "meta_ads", "campaign_id": "k", "ad_id": "a", "spend": "10.25",
             "impressions": 100}
        ],
    )  # fmt: skip
    asked = {"metrics": ["asset_spend"], "dimensions": ["asset"], "period": OCTOBER}
    told = [run(tool, given, context_on(empty)) for tool, given in (
        ("query_metrics", asked), ("analyze_assets", {"period": OCTOBER}))]  # fmt: skip
    spends = [[f.value for f in result.facts if f.metric == "asset_spend" and f.dimensions] for result in told]
    assert spends[0][:2] == spends[1][:2] == [Decimal("5.13")] * 2
    # A tag that stands twice on an asset is one.
    put(empty, assets=[{"asset_id": "one", "tags": '["red", "red"]', "creation_cost": "8"}])
    red = {f.metric: f.value for f in run("analyze_assets", {"by": "tag", "period": OCTOBER}, context_on(empty)).facts
           if f.dimensions == {"tag": "red"}}  # fmt: skip
    assert (red["asset_spend"], red["asset_impressions"], red["creation_cost"]) == (Decimal("5.13"), 50, 8)
