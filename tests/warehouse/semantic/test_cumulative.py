"""Cumulative values: each is what a plain query over the same days gives, by any grain, split and kind of metric."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roastery.warehouse.errors import BadPeriod, BadQuery, HistoryIncomplete, ImpossibleSplit, NoData
from roastery.warehouse.semantic.catalogue import shipped_catalogue
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery
from tests.examples import examples
from tests.warehouse.semantic.conftest import Ask
from tests.warehouse.semantic.oracle import Asked

START, END = date(2026, 9, 16), date(2026, 10, 29)
TODAY = date(2026, 11, 10)
WINDOWS = (
    {"over": "running"},
    {"over": "month_to_date"},
    {"over": "quarter_to_date"},
    {"over": "year_to_date"},
    {"over": "trailing", "days": 9},
    {"over": "trailing", "days": 28},
)
OFTEN = (("week", 0), ("week", 4), ("month", 1), ("month", 3))
"""What `make test` looks at, as grain and number of the window; the others are looked at by `make prove`."""
EVERY = [
    pytest.param(
        grain, over, id=f"{grain}-{over['over']}{over.get('days', '')}",
        marks=() if (grain, number) in OFTEN else pytest.mark.prove,
    )
    for grain in ("week", "month")
    for number, over in enumerate(WINDOWS)
]  # fmt: skip
# Sums, ratios, distinct counts, medians, credits, stocks, what starts with its bucket, and money in two currencies.
KINDS = (
    "revenue",
    "orders",
    "aov",
    "roas",
    "active_customers",
    "first_reply_hours",
    "mrr",
    "churn_rate",
    "cac",
    "spend",
)


def begins(over: dict[str, Any], end: date, grain: str) -> date:
    """The first day that is counted; written anew, without the calendar of the product."""
    last = end - timedelta(days=1)
    if over["over"] == "trailing":
        return end - timedelta(days=over["days"])
    unit = {"month_to_date": "month", "quarter_to_date": "quarter", "year_to_date": "year"}.get(over["over"])
    return START if unit is None else Asked(START, END, grain=unit).bucket(last)  # type: ignore[return-value]


def keyed(frame: Any, metric: str, *names: str) -> dict[Any, Any]:
    return {tuple(row[name] for name in names): row[metric] for row in frame.rows}


@pytest.mark.parametrize(("grain", "over"), EVERY)
def test_every_bucket_is_a_plain_query_over_its_days(grain: str, over: dict[str, Any], layer: SemanticLayer) -> None:
    period = {"start": START, "end": END}
    made = {"metrics": KINDS, "grain": grain, "period": period, "accumulate": over}
    frame = layer.ask(MetricQuery.model_validate(made))
    asked = Asked(START, END, grain=grain)
    assert [row["date"] for row in frame.rows] == asked.buckets()
    for row in frame.rows:
        end = asked.bounds(row["date"])[1]
        plain = layer.ask(
            MetricQuery.model_validate({"metrics": KINDS, "period": {"start": begins(over, end, grain), "end": end}})
        )
        assert {name: row[name] for name in KINDS} == plain.totals, row["date"]
    whole = MetricQuery.model_validate({"metrics": KINDS, "period": {"start": begins(over, END, grain), "end": END}})
    assert frame.totals == layer.ask(whole).totals


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_split_and_filtered_window_is_a_plain_query_over_its_days(data: st.DataObject, layer: SemanticLayer) -> None:
    catalogue = shipped_catalogue()
    metric = data.draw(st.sampled_from(sorted(n for n, e in catalogue.metrics.items() if e.grains and e.dimensions)))
    split = data.draw(st.sampled_from(catalogue.metrics[metric].dimensions))
    over = data.draw(st.sampled_from(WINDOWS))
    fields: dict[str, Any] = {"metrics": (metric,), "dimensions": (split,)}
    if data.draw(st.booleans()):
        fields["filters"] = ({"dimension": split, "op": "not_in", "values": ("c1", "online", "meta_ads")},)
    period = {"start": START, "end": END}
    try:
        frame = layer.ask(
            MetricQuery.model_validate({**fields, "grain": "month", "period": period, "accumulate": over})
        )
    except (BadQuery, BadPeriod, HistoryIncomplete, ImpossibleSplit, NoData):
        return
    asked = Asked(START, END, grain="month")
    for bucket in asked.buckets():
        assert bucket is not None
        end = asked.bounds(bucket)[1]
        days = {"start": begins(over, end, "month"), "end": end}
        plain = layer.ask(MetricQuery.model_validate({**fields, "period": days}))
        own = {row[split]: row[metric] for row in frame.rows if row["date"] == bucket}
        assert own == {row[split]: row[metric] for row in plain.rows}


def test_without_a_grain_it_is_the_value_at_the_end_of_the_period(ask: Ask) -> None:
    frame = ask(
        "revenue", "active_customers", start="2026-10-10", end="2026-10-20", accumulate={"over": "month_to_date"}
    )
    plain = ask("revenue", "active_customers", start="2026-10-01", end="2026-10-20")
    assert frame.totals == plain.totals
    trailing = ask("revenue", start="2026-10-10", end="2026-10-20", accumulate={"over": "trailing", "days": 3})
    assert trailing.totals == ask("revenue", start="2026-10-17", end="2026-10-20").totals


def test_a_window_never_counts_days_that_have_not_begun(ask: Ask) -> None:
    frame = ask("orders", period="this_month", accumulate={"over": "trailing", "days": 7})
    assert (
        frame.totals == ask("orders", start=str(TODAY - timedelta(days=6)), end=str(TODAY + timedelta(days=1))).totals
    )


def test_compared_windows_end_with_their_own_buckets(ask: Ask) -> None:
    frame = ask("revenue", start="2026-10-01", end="2026-10-15", grain="day", compare_to="previous_period",
                accumulate={"over": "running"})  # fmt: skip
    before = ask("revenue", start="2026-09-17", end="2026-10-01", grain="day", accumulate={"over": "running"})
    assert [row["revenue__previous"] for row in frame.rows] == [row["revenue"] for row in before.rows]
    assert frame.rows[-1]["revenue__previous"] == ask("revenue", start="2026-09-17", end="2026-10-01").totals["revenue"]


def test_answer_says_which_days_are_counted(ask: Ask) -> None:
    said = ask("revenue", grain="week", accumulate={"over": "trailing", "days": 28}).provenance.caveats
    assert "Revenue: the 28 days up to each week's last day." in said


@pytest.mark.parametrize("over", [{"over": "trailing"}, {"over": "running", "days": 3}])
def test_only_a_trailing_window_takes_days(over: dict[str, Any], ask: Ask) -> None:
    with pytest.raises(BadQuery, match="needs its days"):
        ask("revenue", accumulate=over)
