"""Shares of a total, and the first values of a dimension with all others as one row."""

# ruff: noqa: E501  (rows and cases read best on one line)

from decimal import Decimal
from typing import Any

import pytest

from roastery.warehouse.errors import BadQuery, UnknownName
from tests.warehouse.semantic.conftest import Ask

EXACT = Decimal("0.0001")


def share(part: Any, whole: Any) -> Decimal:
    return (Decimal(part) / Decimal(whole)).quantize(EXACT)


def test_shares_are_of_all_rows_also_beyond_the_limit(ask: Ask) -> None:
    frame = ask("spend", dimensions=["ad"], shares=["spend"], limit=2)
    assert len(frame.rows) == 2
    assert [row["spend__share"] for row in frame.rows] == [
        share(row["spend"], frame.totals["spend"]) for row in frame.rows
    ]
    assert frame.column("spend__share").kind == "share"
    whole = ask("spend", dimensions=["ad"], shares=["spend"])
    assert abs(sum(row["spend__share"] for row in whole.rows) - 1) < Decimal("0.001")


def test_shares_are_of_what_a_condition_on_a_metric_takes_out_too(ask: Ask) -> None:
    everything = ask("revenue", dimensions=["country"], shares=["revenue"])
    most = max(everything.rows, key=lambda row: row["revenue"])
    some = ask("revenue", dimensions=["country"], shares=["revenue"],
               filters=[{"metric": "revenue__share", "op": "gte", "values": [str(most["revenue__share"] - EXACT)]}])  # fmt: skip
    assert some.rows == (most,)


def test_shares_within_a_key_sum_to_one_in_each_of_its_values(ask: Ask) -> None:
    frame = ask("orders", dimensions=["sales_channel"], grain="month", shares=["orders"], shares_within=["date"])
    for month in {row["date"] for row in frame.rows}:
        own = [row for row in frame.rows if row["date"] == month]
        total = sum(row["orders"] or 0 for row in own)
        assert [row["orders__share"] for row in own] == [share(row["orders"], total) for row in own]


def test_rows_can_be_ordered_by_their_share(ask: Ask) -> None:
    frame = ask("spend", dimensions=["campaign"], shares=["spend"], shares_within=[],
                order_by=[{"field": "spend__share", "direction": "desc"}])  # fmt: skip
    found = [row["spend__share"] for row in frame.rows]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"metrics": ["roas"], "dimensions": ["platform"], "shares": ["roas"]}, "do not sum to a whole"),
        ({"metrics": ["spend"], "dimensions": ["platform"], "shares": ["clicks"]}, "Unknown metric of this query"),
        ({"metrics": ["spend"], "shares": ["spend"]}, "split the query"),
        ({"metrics": ["mrr"], "grain": "month", "dimensions": ["plan"], "shares": ["mrr"]}, "within 'date'"),
        ({"metrics": ["video_views"], "dimensions": ["platform"], "shares": ["video_views"]}, "across platforms"),
        ({"metrics": ["spend"], "dimensions": ["platform"], "shares": ["spend"], "shares_within": ["ad"]}, "Unknown column"),
        ({"metrics": ["spend"], "dimensions": ["platform"], "order_by": [{"field": "spend__share"}]}, "needs its metric"),
        ({"metrics": ["spend"], "top": {"n": 2}}, "name one in dimensions"),
        ({"metrics": ["spend"], "dimensions": ["ad"], "top": {"n": 2, "dimension": "campaign"}}, "Unknown dimension of"),
        ({"metrics": ["spend"], "dimensions": ["ad"], "top": {"n": 2, "by": "spent"}}, "Did you mean 'spend'"),
    ],
)  # fmt: skip
def test_odd_shares_and_tops_are_refused_with_a_sentence(fields: dict[str, Any], said: str, ask: Ask) -> None:
    metrics = fields.pop("metrics")
    with pytest.raises((BadQuery, UnknownName), match=said):
        ask(*metrics, **fields)


METRICS = ("revenue", "orders", "aov", "active_customers")


@pytest.mark.parametrize("n", [1, 2, 50])
def test_the_rest_is_one_row_whose_sums_ratios_and_distinct_counts_are_right(n: int, ask: Ask) -> None:
    """The rest is asked again as a filter: neither ratios nor distinct people can be added up from rows."""
    all_rows = ask(*METRICS, dimensions=["location"]).rows
    named = sorted((r for r in all_rows if r["location"] != "unknown"), key=lambda r: (-r["revenue"], r["location"]))
    kept, rest = [r["location"] for r in named[:n]], [r["location"] for r in named[n:]]
    frame = ask(*METRICS, dimensions=["location"], top={"n": n})
    found = {row["location"]: row for row in frame.rows}
    assert set(found) == {*kept, "unknown", *(["other"] if rest else [])}
    for row in all_rows:
        if row["location"] in found:
            assert {m: found[row["location"]][m] for m in METRICS} == {m: row[m] for m in METRICS}
    if rest:
        others = ask(*METRICS, filters=[{"dimension": "location", "op": "in", "values": rest}])
        assert {m: found["other"][m] for m in METRICS} == others.totals
        assert frame.rows[-1]["location"] == "other"
        assert frame.rows[-1]["location_name"] == "other"
    assert frame.totals == ask(*METRICS, dimensions=["location"]).totals
    assert any("'other' stands for every location" in said for said in frame.provenance.caveats)


def test_the_first_are_those_of_the_whole_period_on_every_date_and_in_the_compared_one(ask: Ask) -> None:
    whole = ask("spend", dimensions=["campaign"], order_by=[{"field": "spend", "direction": "desc"}], limit=2)
    kept = {row["campaign"] for row in whole.rows}
    frame = ask("spend", "roas", dimensions=["campaign"], grain="month", compare_to="previous_period", top={"n": 2})
    assert {row["campaign"] for row in frame.rows} == {*kept, "other", "none"} & {row["campaign"] for row in frame.rows}
    monthly = ask("spend", grain="month", compare_to="previous_period")
    for row in monthly.rows:
        own = [r for r in frame.rows if r["date"] == row["date"]]
        assert sum(r["spend"] or 0 for r in own) == (row["spend"] or 0)
        assert sum(r["spend__previous"] or 0 for r in own) == (row["spend__previous"] or 0)


def test_a_value_that_is_called_other_is_part_of_the_rest(ask: Ask) -> None:
    frame = ask(
        "revenue", dimensions=["sales_channel", "country"], top={"n": 1, "dimension": "country", "by": "orders"}
    )
    assert {row["country"] for row in frame.rows} <= {"US", "DE", "other", "unknown"}
    assert frame.totals == ask("revenue").totals


def test_top_works_with_stocks_windows_and_shares(ask: Ask) -> None:
    stocks = ask("mrr", dimensions=["plan"], grain="month", top={"n": 1})
    plain = ask("mrr", grain="month")
    for row in plain.rows:
        assert sum(r["mrr"] or 0 for r in stocks.rows if r["date"] == row["date"]) == row["mrr"]
    frame = ask("spend", dimensions=["ad"], grain="week", accumulate={"over": "running"}, top={"n": 2},
                shares=["spend"], shares_within=["date"])  # fmt: skip
    last = [row for row in frame.rows if row["date"] == frame.rows[-1]["date"]]
    assert sum(row["spend"] for row in last) == ask("spend").totals["spend"]
    assert abs(sum(row["spend__share"] for row in last) - 1) < Decimal("0.001")
