"""Attribution tools against the pure functions of tools/analysis, which share no code with the SQL that credits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.tools.analysis.attribution import Shape, attribute, credited
from roastery.tools.analysis.paths import Paths, paths_of_touches
from roastery.tools.base import Actor, Fact, ToolContext, ToolResult
from roastery.tools.credit_asked import credit_query
from roastery.tools.crediting import CreditArguments, Holdout
from roastery.tools.experiments import Experiment
from roastery.tools.registry import run
from roastery.warehouse.attribution import MODELS
from roastery.warehouse.credited import credits_by_key
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import BadQuery, ImpossibleSplit, NotAllowed, UnknownName
from roastery.warehouse.semantic.query import PeriodSpec
from tests.examples import examples
from tests.tools.beans import context_on
from tests.tools.crowd import CHANNELS, crowd, journeys

WHOLE = {"start": "2026-09-01", "end": "2026-11-10"}
KEYS = {"campaign": lambda c: c or "none", "channel": lambda c: CHANNELS[c][0]}


@pytest.fixture(scope="session")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with crowd(tmp_path_factory.mktemp("crowd")) as warehouse:
        yield warehouse


@pytest.fixture
def context(gathered: Warehouse) -> ToolContext:
    return context_on(gathered)


def paths(by: str, days: int = 30) -> tuple[Paths, np.ndarray]:
    """Sales of known people with their touches inside the window, made from the rows that were imported; net in cents.

    Of touches at one instant the id decides.
    """
    touches, sales = journeys()
    names = sorted({KEYS[by](c) for c in CHANNELS})
    rows = []
    for n, sale in enumerate(sales):
        at = datetime.fromisoformat(str(sale["occurred_at"]))
        for touch in sorted(touches, key=lambda t: (str(t["occurred_at"]), str(t["touchpoint_id"]))):
            before = at - datetime.fromisoformat(str(touch["occurred_at"]))
            inside = timedelta(0) < before <= timedelta(days=days)
            if touch["customer_id"] == sale["customer_id"] and inside:
                campaign = str(touch["campaign_id"])
                rows.append((n, names.index(KEYS[by](campaign)), before.total_seconds() / 3600, campaign == ""))
    path, channel, hours, direct = (np.array(column) for column in zip(*rows, strict=True))
    net = [Decimal(str(s["amount"])) - Decimal(str(s["refunded_amount"])) for s in sales]
    cents = np.array([round(v * 100) for v in net])
    return paths_of_touches(path, channel, hours, names, count=len(sales), direct=direct.astype(bool)), cents


def table(result: ToolResult, column: str = "credited") -> dict[str, Decimal]:
    split = result.data["by"]
    return {row[split]: Decimal(row[column]) for row in result.tables[0].rows}


def by_id(result: ToolResult) -> dict[str, Fact]:
    return {fact.id: fact for fact in result.facts}


@pytest.mark.parametrize("by", ["channel", "campaign"])
@pytest.mark.parametrize("model", [m for m in MODELS if m not in ("markov", "w_shaped")])
def test_every_rule_credits_orders_as_the_reference_does(by: str, model: str, context: ToolContext) -> None:
    found = table(run("run_attribution", ask(conversion="orders", by=by, attribution_model=model), context))
    reference, _ = paths(by)
    expected = credited(model, reference)
    for name, value in zip(reference.names, expected, strict=True):
        assert float(found.get(name, 0)) == pytest.approx(value, abs=0.001), name
    untouched = int((reference.sizes == 0).sum())
    assert found["unattributed"] == untouched


def ask(**more: Any) -> dict[str, Any]:
    return {"period": WHOLE, **more}


def test_half_life_and_weights_change_the_split_as_the_reference_does(context: ToolContext) -> None:
    for model, own, shape in (
        ("time_decay", {"half_life_days": 1}, Shape(half_life_hours=24)),
        ("position_based", {"first_weight": 0.6, "last_weight": 0.1}, Shape(first=0.6, last=0.1)),
    ):
        found = table(run("run_attribution", ask(conversion="orders", attribution_model=model, **own), context))
        reference, _ = paths("channel")
        for name, value in zip(reference.names, credited(model, reference, shape), strict=True):
            assert float(found.get(name, 0)) == pytest.approx(value, abs=0.001), (model, name)


def test_a_shorter_window_leaves_older_touches_out(context: ToolContext) -> None:
    found = table(
        run("run_attribution", ask(conversion="orders", attribution_model="linear", attribution_window_days=3), context)
    )
    reference, _ = paths("channel", days=3)
    for name, value in zip(reference.names, credited("linear", reference), strict=True):
        assert float(found.get(name, 0)) == pytest.approx(value, abs=0.001), name


def test_leads_carry_no_money_and_need_no_exchange_rate(context: ToolContext) -> None:
    asked = CreditArguments(conversion="leads", by="campaign", period=PeriodSpec(**WHOLE))
    query, _ = credit_query(context, asked)
    sql, values = credits_by_key(replace(query, currency="JPY", own_currency="JPY"), ["linear", "shapley"])
    rows = context.metrics.warehouse.query(sql, values).to_pylist()
    assert sum(row["conversions"] for row in rows) > 0
    assert sum(row["unrated"] for row in rows) == 0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("conversion", ["revenue", "orders", "new_customers", "leads", "deals", "bookings"])
def test_credit_and_the_unattributed_sum_to_the_total_exactly(
    model: str, conversion: str, context: ToolContext
) -> None:
    result = run("run_attribution", ask(conversion=conversion, by="campaign", attribution_model=model), context)
    facts = by_id(result)
    assert sum(table(result).values()) == facts[result.data["totals"]["total"]].value
    assert "credited, not caused" in result.caveats[0].lower()


def test_revenue_of_two_currencies_is_that_of_the_metric_to_the_cent(context: ToolContext) -> None:
    total = run("query_metrics", {"metrics": ["revenue"], "period": WHOLE}, context).facts[0].value
    for model in ("linear", "markov", "shapley", "time_decay"):
        assert sum(table(run("run_attribution", ask(attribution_model=model), context)).values()) == total


def test_the_default_model_is_what_the_metrics_say(context: ToolContext) -> None:
    found = table(run("run_attribution", ask(by="campaign"), context))
    rows = run("query_metrics", {"metrics": ["credited_revenue"], "dimensions": ["campaign"], "period": WHOLE}, context)
    metric = {row["campaign"]: Decimal(row["credited_revenue"]) for row in rows.tables[0].rows}
    # Rows of converted money are rounded one by one in a metric, and so that they sum to the total here.
    assert found.keys() == metric.keys()
    assert all(abs(found[key] - metric[key]) <= Decimal("0.01") for key in found)


def test_a_filter_on_sales_narrows_the_total_and_one_on_touches_only_the_rows(context: ToolContext) -> None:
    narrow = run("run_attribution", ask(filters=[{"dimension": "location", "values": ["north"]}]), context)
    metric = {"metrics": ["revenue"], "period": WHOLE, "filters": [{"dimension": "location", "values": ["north"]}]}
    assert sum(table(narrow).values()) == run("query_metrics", metric, context).facts[0].value
    whole = table(run("run_attribution", ask(by="campaign"), context))
    social = table(
        run(
            "run_attribution",
            ask(by="campaign", filters=[{"dimension": "channel", "values": ["paid_social"]}]),
            context,
        )
    )
    assert {k: v for k, v in social.items() if k in ("m1", "m2")} == {k: whole[k] for k in ("m1", "m2")}
    assert sum(social.values()) == sum(whole.values())
    assert "g1" not in social


def test_credit_by_the_day_of_the_touch_marks_the_days_that_still_change(context: ToolContext) -> None:
    result = run("run_attribution", ask(attribution_date="touch", attribution_model="linear"), context)
    assert result.data["immature_from"] == "2026-10-11"
    assert any("immature" in caveat for caveat in result.caveats)
    with pytest.raises(BadQuery, match="attribution_date conversion"):
        run("run_attribution", ask(attribution_date="touch", attribution_model="markov"), context)


def test_intervals_hold_the_credit_and_are_the_same_each_time(context: ToolContext) -> None:
    for model in ("linear", "markov"):
        one = run("run_attribution", ask(attribution_model=model), context)
        two = run("run_attribution", ask(attribution_model=model), context)
        for row in one.tables[0].rows:
            if row["low"] is not None:
                assert Decimal(row["low"]) <= Decimal(row["credited"]) <= Decimal(row["high"])
        assert one.tables[0].rows == two.tables[0].rows
        assert one.receipt is not None
        assert one.receipt.seed is not None


def test_unknown_names_are_answered_with_the_nearest(context: ToolContext) -> None:
    for arguments, sentence in (
        ({"attribution_model": "markof"}, "Did you mean 'markov'"),
        ({"by": "chanel"}, "Did you mean 'channel'"),
        ({"conversion": "order"}, "Did you mean 'orders'"),
        ({"filters": [{"dimension": "chanel", "values": ["x"]}]}, "Did you mean 'channel'"),
    ):
        with pytest.raises(UnknownName, match=sentence):
            run("run_attribution", arguments, context)
    with pytest.raises(ImpossibleSplit, match="product"):
        run("run_attribution", ask(filters=[{"dimension": "product", "values": ["x"]}]), context)
    with pytest.raises(BadQuery, match="half-life"):
        run("run_attribution", ask(attribution_model="time_decay", half_life_days=0), context)
    with pytest.raises(BadQuery, match="parts of one conversion"):
        run("run_attribution", ask(attribution_model="position_based", first_weight=0.9, last_weight=0.9), context)


def test_who_sees_some_rows_gets_credit_of_those_only(gathered: Warehouse) -> None:
    south = context_on(gathered, actor=Actor("s", row_scope={"location": ("south",)}))
    total = run("query_metrics", {"metrics": ["revenue"], "period": WHOLE}, south).facts[0].value
    assert sum(table(run("run_attribution", ask(), south)).values()) == total
    owner = context_on(gathered, actor=Actor("o", row_scope={"owner": ("Kim",)}))
    with pytest.raises(NotAllowed):
        run("run_attribution", ask(), owner)


def test_a_period_without_touches_is_all_unattributed_and_markov_says_why(context: ToolContext) -> None:
    quiet = {"start": "2026-09-01", "end": "2026-09-10"}
    for model in ("linear", "markov"):
        result = run("run_attribution", {"period": quiet, "attribution_model": model}, context)
        assert set(table(result)) <= {"unattributed"}


def test_models_that_disagree_about_what_pays_are_named(context: ToolContext) -> None:
    result = run("compare_attribution", ask(by="campaign", break_even="1.1"), context)
    facts, lines = by_id(result), {line["key"]: line for line in result.data["lines"]}
    for flip in result.data["flips"]:
        returns = {m: facts[i].value or Decimal(0) for m, i in lines[flip["key"]]["returns"].items()}
        assert min(returns.values()) < Decimal("1.1") <= max(returns.values())
        assert returns[flip["below"]] == min(returns.values())
    sums = {m: sum(Decimal(row[m]) for row in result.tables[0].rows) for m in MODELS}
    assert len(set(sums.values())) == 1
    assert any("each claim" in caveat for caveat in result.caveats)


def test_platform_claims_stand_beside_and_are_not_credit(context: ToolContext) -> None:
    result = run("compare_attribution", ask(by="campaign", conversion="orders", attribution_models=["linear"]), context)
    row = next(row for row in result.tables[0].rows if row["campaign"] == "g1")
    assert Decimal(row["reported"]) == 140


def test_a_holdout_is_read_out_as_the_double_difference(context: ToolContext) -> None:
    holdout = {
        "places": "location",
        "treated": ["north", "south"],
        "start": "2026-10-12",
        "end": "2026-10-26",
        "before_days": 20,
    }
    result = run(
        "compare_attribution", ask(conversion="orders", attribution_models=["linear"], holdout=holdout), context
    )
    facts, effect = by_id(result), result.data["effect"]
    a, b, c, d = (facts[effect[n]].value for n in ("treated_before", "treated_after", "others_before", "others_after"))
    assert facts[effect["effect"]].value == (b - a) - (d - c)
    assert facts[effect["effect"]].kind == "effect"
    share = facts[effect["share"]].value
    assert share == ((a + d - c - b) / (a + d - c)).quantize(Decimal("0.0001"))
    total = run("query_metrics", {"metrics": ["orders"], "period": WHOLE}, context).facts[0].value
    assert facts[effect["incremental"]].value == share * total
    with pytest.raises(UnknownName, match="Did you mean 'north'"):
        run("compare_attribution", ask(holdout={**holdout, "treated": ["nort"]}), context)


def test_what_a_holdout_says_was_caused_has_its_cost(context: ToolContext) -> None:
    holdout = {
        "places": "location",
        "treated": ["east", "west", "inner", "outer"],
        "start": "2026-10-12",
        "end": "2026-10-26",
        "before_days": 20,
        "about": "g1",
    }
    asked = ask(conversion="orders", by="campaign", attribution_models=["linear"], holdout=holdout)
    result = run("compare_attribution", asked, context)
    facts, effect = by_id(result), result.data["effect"]
    caused = facts[effect["incremental"]]
    spend = next(facts[line["spend"]] for line in result.data["lines"] if line["spend"] and line["key"] == "g1")
    assert caused.value > 0
    cost = facts[effect["cost"]]
    assert cost.metric == "cost_per_incremental_order"
    assert cost.value == spend.value / caused.value
    assert cost.dimensions == {"campaign": "g1"}


TEST = {
    "places": "location", "treated": ["east", "west", "inner", "outer"], "start": "2026-10-12", "end": "2026-10-26",
    "before_days": 20, "about": "g1",
}  # fmt: skip


class Recorded:
    def __init__(self, *kept: Experiment) -> None:
        self.kept = kept

    def all(self) -> tuple[Experiment, ...]:
        return self.kept


def experiment(by: str = "campaign", **changes: Any) -> Experiment:
    return Experiment("exp_1", "Brand off", by, Holdout.model_validate({**TEST, **changes}))


def with_experiments(context: ToolContext, *kept: Experiment) -> ToolContext:
    return replace(context, experiments=Recorded(*kept))


def test_a_recorded_experiment_is_the_incremental_column_of_what_it_tested(context: ToolContext) -> None:
    asked = ask(conversion="orders", by="campaign", attribution_models=["linear"])
    read = run("compare_attribution", {**asked, "holdout": TEST}, context)
    caused = by_id(read)[read.data["effect"]["incremental"]].value
    result = run("compare_attribution", asked, with_experiments(context, experiment()))
    facts, lines = by_id(result), {line["key"]: line for line in result.data["lines"]}
    told = {name: facts[id] for name, id in lines["g1"]["caused"].items()}
    assert told["incremental"].value == caused
    assert told["incremental_low"].value < caused < told["incremental_high"].value
    assert told["incremental"].dimensions == {"campaign": "g1"}
    assert [line["key"] for line in result.data["lines"] if line["caused"]] == ["g1"]
    [row] = [row for row in result.tables[0].rows if row["incremental"] is not None]
    assert (row["campaign"], Decimal(row["incremental"])) == ("g1", caused)
    assert any("same in the places" in caveat for caveat in result.caveats)


def test_a_receipt_keeps_the_experiments_of_then(context: ToolContext) -> None:
    asked = ask(conversion="orders", by="campaign", attribution_models=["linear"])
    result = run("compare_attribution", asked, with_experiments(context, experiment()))
    assert result.receipt is not None
    again = run("compare_attribution", result.receipt.arguments, with_experiments(context))
    assert again.receipt is not None
    assert again.receipt.result_hash == result.receipt.result_hash
    without = run("compare_attribution", asked, with_experiments(context))
    assert without.receipt is not None
    later = run("compare_attribution", without.receipt.arguments, with_experiments(context, experiment()))
    assert later.receipt is not None
    assert later.receipt.result_hash == without.receipt.result_hash


def test_experiments_of_another_split_stay_out_and_one_that_cannot_be_read_is_said(context: ToolContext) -> None:
    asked = ask(conversion="orders", by="campaign", attribution_models=["linear"])
    other = with_experiments(context, experiment("channel"), experiment(treated=("nort",)))
    result = run("compare_attribution", asked, other)
    assert not any(line["caused"] for line in result.data["lines"])
    assert any("was not read out" in caveat and "nort" in caveat for caveat in result.caveats)


def test_budget_advice_knows_what_was_tested_and_does_not_ask_for_it_again(context: ToolContext) -> None:
    plain = run("recommend_budget", {}, context)
    assert plain.data["known"] == []
    tested = with_experiments(context, experiment(about=plain.data["lines"][0]["key"]))
    result = run("recommend_budget", {}, tested)
    facts = by_id(result)
    [one] = result.data["known"]
    low, share, high = (facts[one[name]].value for name in ("share_low", "share", "share_high"))
    assert low <= share <= high
    assert one["is_settled"] == (low > 0 or high < 0)
    proposed = result.data["proposal"]
    assert proposed is None or proposed["key"] != one["key"] or not one["is_settled"]


def test_a_test_says_where_it_ran() -> None:
    with pytest.raises(ValueError, match="everywhere"):
        Holdout.model_validate({**TEST, "treated": []})
    with pytest.raises(ValueError, match="everywhere"):
        Holdout.model_validate({**TEST, "places": "everywhere"})


@settings(max_examples=examples(30), deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcd"), max_size=5), min_size=1, max_size=8),
    st.data(),
    st.sampled_from([m for m in MODELS if m not in ("time_decay",)]),
)
def test_whole_units_are_conserved_under_every_model(
    sequences: list[list[str]], data: st.DataObject, model: str
) -> None:
    from roastery.tools.analysis.paths import paths_of_names

    values = [data.draw(st.integers(-500, 5000)) for _ in sequences]
    if model == "markov" and not any(sequences):
        return
    found = attribute(model, paths_of_names(sequences), values)
    assert int(found.units.sum()) + found.unattributed == sum(values)
