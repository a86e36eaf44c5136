"""detect_anomalies: planted days found, told once, within a budget, with known days and unfinished ones left out."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from roastery.tools.base import ToolContext, ToolResult
from roastery.tools.incidents import Oddity, incidents
from roastery.tools.registry import run
from roastery.warehouse.errors import BadPeriod, BadQuery, NoData, UnknownName

QUARTER = {"start": "2026-08-03", "end": "2026-11-02"}


def found(context: ToolContext, **arguments: Any) -> ToolResult:
    return run("detect_anomalies", {"period": QUARTER, **arguments}, context)


def told(result: ToolResult) -> list[tuple[str, dict[str, str], date, date]]:
    return [
        (i["metric"], i["where"], date.fromisoformat(i["start"]), date.fromisoformat(i["end"]))
        for i in result.data["incidents"]
    ]


def test_what_is_too_small_for_days_is_said_and_not_guessed(larkspur: ToolContext) -> None:
    with pytest.raises(NoData, match="too small"):
        found(larkspur, metrics=["reported_conversions"], dimensions=["platform"])


def test_a_planted_budget_error_is_told_with_the_money_at_stake(larkspur: ToolContext) -> None:
    result = found(larkspur, metrics=["spend"], dimensions=["campaign"])
    by_id = {fact.id: fact for fact in result.facts}
    incident = next(i for i in result.data["incidents"] if i["start"] == "2026-10-03")
    assert incident["where"] == {"campaign": "meta_ads:238510024470140187"}
    actual, expected, stake = (by_id[incident[k]].value for k in ("actual", "expected", "stake"))
    assert actual is not None
    assert expected is not None
    assert stake == actual - expected > 0
    low, high = (by_id[incident[k]].value or Decimal(0) for k in ("low", "high"))
    assert low <= expected <= high < actual


def test_windows_tell_the_budget_error_and_what_was_usual(larkspur: ToolContext) -> None:
    result = found(larkspur, metrics=["spend"], dimensions=["campaign"], judge="windows")
    by_id = {fact.id: fact for fact in result.facts}
    lal = {"campaign": "meta_ads:238510024470140187"}
    incident = next(i for i in result.data["incidents"] if i["where"] == lal and i["start"] == "2026-10-03")
    asked = {"metrics": ["spend"], "period": {"start": incident["start"], "end": incident["end"]},
             "filters": [{"dimension": "campaign", "op": "eq", "values": list(lal.values())}]}  # fmt: skip
    measured = run("query_metrics", asked, larkspur)
    actual = by_id[incident["actual"]].value
    assert actual in {fact.value for fact in measured.facts}
    low, expected, high = (by_id[incident[k]].value or Decimal(0) for k in ("low", "expected", "high"))
    assert low <= expected <= high < (actual or 0)


def test_days_that_somebody_knows_are_told_by_no_window(larkspur: ToolContext) -> None:
    known = [{"name": "budget test", "start": "2026-10-03", "end": "2026-10-05"}]
    result = found(larkspur, metrics=["spend"], dimensions=["campaign"], known_days=known, judge="windows")
    lal = {"campaign": "meta_ads:238510024470140187"}
    assert not [i for i in told(result) if i[1] == lal and i[2] <= date(2026, 10, 4) and i[3] > date(2026, 10, 3)]


def test_a_cost_told_by_windows_is_the_cost_of_its_days(larkspur: ToolContext) -> None:
    result = found(larkspur, metrics=["cpc"], dimensions=["campaign"], judge="windows", alerts_a_month=60)
    by_id = {fact.id: fact for fact in result.facts}
    assert result.data["incidents"]
    for incident in result.data["incidents"]:
        of = [{"dimension": "campaign", "op": "eq", "values": list(incident["where"].values())}]
        days = {"start": incident["start"], "end": incident["end"]}
        asked = {"metrics": ["cpc"], "period": days, "filters": of}
        [measured] = [fact for fact in run("query_metrics", asked, larkspur).facts if fact.metric == "cpc"]
        actual = by_id[incident["actual"]].value
        assert actual is not None
        assert measured.value is not None
        assert abs(actual - measured.value) <= Decimal("0.01")


def test_what_is_too_small_for_days_is_judged_by_windows(larkspur: ToolContext) -> None:
    result = found(larkspur, metrics=["reported_conversions"], dimensions=["platform"], judge="windows")
    counts = {fact.id: fact for fact in result.facts}
    assert (counts[result.data["counts"]["series"]].value or 0) >= 2


def test_days_that_somebody_knows_are_not_told(larkspur: ToolContext) -> None:
    known = [{"name": "budget test", "start": "2026-10-03", "end": "2026-10-05"}]
    result = found(larkspur, metrics=["spend"], dimensions=["campaign"], known_days=known)
    lal = {"campaign": "meta_ads:238510024470140187"}
    assert not [i for i in told(result) if i[1] == lal and i[2] <= date(2026, 10, 4) and i[3] > date(2026, 10, 3)]


def test_a_smaller_budget_tells_no_more(larkspur: ToolContext) -> None:
    counts = [
        len(found(larkspur, metrics=["spend", "clicks"], dimensions=["campaign"], alerts_a_month=a, limit=200).data[
            "incidents"
        ])
        for a in (20, 2, 0.2)
    ]  # fmt: skip
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_the_direction_can_be_asked(larkspur: ToolContext) -> None:
    result = found(larkspur, metrics=["spend"], dimensions=["campaign"], direction="up", alerts_a_month=20)
    assert result.data["incidents"]
    assert {i["direction"] for i in result.data["incidents"]} == {"up"}


def test_the_day_that_is_not_over_is_not_judged(larkspur: ToolContext) -> None:
    result = found(larkspur, metrics=["revenue"], period={"name": "this_month"})
    assert result.data["judged"]["last_end"] == "2026-11-02"
    assert all(i[3] <= date(2026, 11, 2) for i in told(result))


def test_short_history_is_a_sentence(context: ToolContext) -> None:
    with pytest.raises(NoData, match="too young"):
        run("detect_anomalies", {"metrics": ["revenue"]}, context)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"metrics": ["revenu"]}, UnknownName, "Did you mean 'revenue'"),
        ({"metrics": ["revenue"], "dimensions": ["platfrom"]}, UnknownName, "Did you mean 'platform'"),
        ({"metrics": ["retention_rate"]}, BadQuery, "no value for each day"),
        (
            {"metrics": ["revenue"], "period": {"start": "2026-12-01", "end": "2026-12-02"}},
            BadPeriod,
            "no complete day",
        ),
    ],
)
def test_what_cannot_be_judged_is_a_sentence(
    larkspur: ToolContext, arguments: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        run("detect_anomalies", arguments, larkspur)


DAY = date(2026, 10, 3)


def odd(metric: str, dimension: str | None, value: str, off: float, severity: float = 2.0, **changes: Any) -> Oddity:
    about: dict[str, Any] = {
        "kind": "spike" if off > 0 else "dip", "start": DAY, "end": DAY + timedelta(days=1), "peak": DAY,
        "actual": 100.0 + off, "expected": 100.0, "low": 90.0, "high": 110.0, **changes,
    }  # fmt: skip
    return Oddity(metric, dimension, value, severity=severity, off=off, **about)


def test_a_slice_that_makes_the_whole_odd_is_told_once_and_as_the_slice() -> None:
    [one] = incidents([odd("spend", None, "", 60), odd("spend", "campaign", "a", 55)], lambda a, b: False)
    assert (one.spread, one.head.value, len(one.same)) == ("local", "a", 1)


def test_a_whole_that_no_slice_explains_is_told_as_the_whole() -> None:
    [one] = incidents([odd("spend", None, "", 60), odd("spend", "campaign", "a", 20, 3.0)], lambda a, b: False)
    assert one.spread == "whole"


def test_two_slices_of_one_dimension_stay_two() -> None:
    found_ = incidents([odd("spend", "campaign", "a", 30), odd("spend", "campaign", "b", 30)], lambda a, b: False)
    assert len(found_) == 2


def test_metrics_of_the_same_records_are_one_and_others_are_not() -> None:
    both = [odd("orders", "channel", "x", -30), odd("revenue", "channel", "x", -300)]
    assert len(incidents(both, lambda a, b: True)) == 1
    assert len(incidents(both, lambda a, b: False)) == 2


def test_opposite_directions_are_not_merged() -> None:
    found_ = incidents([odd("spend", None, "", 60), odd("spend", "campaign", "a", -55)], lambda a, b: False)
    assert len(found_) == 2
