"""compare_periods: contributions that sum to the change, like for like where a period is not complete."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roastery.tools.base import ToolContext, ToolResult
from roastery.tools.registry import run
from tests.examples import examples
from tests.tools.beans import ad_rows

OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}


def compared(context: ToolContext, **arguments: Any) -> ToolResult:
    return run("compare_periods", {"period": OCTOBER, **arguments}, context)


def value(result: ToolResult, id: str | None) -> Decimal:
    found = next(fact.value for fact in result.facts if fact.id == id)
    assert found is not None
    return found


def parts(result: ToolResult, split: dict[str, Any]) -> list[Decimal]:
    own = [value(result, one["part"]) for one in split["slices"]]
    return own + ([value(result, split["rest"])] if split["rest"] else [])


def spend_by_campaign(month: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in ad_rows():
        if str(row["report_date"]).startswith(month):
            found[str(row["campaign_id"])] += Decimal(str(row["spend"]))
    return found


def test_contributions_of_a_sum_are_its_slices_own_changes(context: ToolContext) -> None:
    result = compared(context, metrics=["spend"], dimensions=["campaign"])
    now, before = spend_by_campaign("2026-10"), spend_by_campaign("2026-09")
    (split,) = result.data["splits"]
    assert split["method"] == "additive"
    found = {one["dimensions"]["campaign"]: value(result, one["part"]) for one in split["slices"]}
    assert found == {campaign: now[campaign] - before[campaign] for campaign in now}
    assert value(result, split["change"]) == sum(now.values()) - sum(before.values())


def test_slices_that_are_not_shown_are_summed_in_one_row(context: ToolContext) -> None:
    result = compared(context, metrics=["spend"], dimensions=["campaign"], slices=1)
    (split,) = result.data["splits"]
    assert len(split["slices"]) == 1
    assert sum(parts(result, split)) == value(result, split["change"])
    assert result.tables[0].rows[-1]["campaign"] == "other slices"


@pytest.mark.parametrize("metric", ["roas", "cpm", "cpc", "ctr", "cac", "paid_cac", "new_customer_roas"])
@pytest.mark.parametrize("slices", [1, 2, 10])
def test_contributions_to_a_ratio_sum_to_its_change(context: ToolContext, metric: str, slices: int) -> None:
    result = compared(context, metrics=[metric], dimensions=["campaign"], slices=slices)
    (split,) = result.data["splits"]
    assert split["method"] == "rate_and_mix"
    assert sum(parts(result, split)) == value(result, split["change"])


def test_a_slice_at_the_average_contributes_nothing_by_growing(context: ToolContext) -> None:
    """Weight that moves to a slice of the average rate is no change: the point of rate and mix."""
    result = compared(context, metrics=["ctr"], dimensions=["platform"])
    (split,) = result.data["splits"]
    assert abs(sum(parts(result, split))) < Decimal("0.01")


def test_a_metric_whose_slices_overlap_says_so_and_sums_nothing(context: ToolContext) -> None:
    result = compared(context, metrics=["active_customers"], dimensions=["sales_channel"])
    (split,) = result.data["splits"]
    assert (split["method"], split["rest"]) == ("overlapping", None)
    assert any("overlaps between slices" in caveat for caveat in result.caveats)


def test_a_slice_of_one_period_only_counts_whole(context: ToolContext) -> None:
    result = compared(context, metrics=["spend"], dimensions=["campaign"])
    new = next(one for one in result.data["splits"][0]["slices"] if one["dimensions"]["campaign"] == "c3")
    assert value(result, new["part"]) == spend_by_campaign("2026-10")["c3"]


def test_an_incomplete_period_is_compared_like_for_like(context: ToolContext) -> None:
    result = compared(context, metrics=["revenue"], period={"name": "this_month"})
    assert result.receipt is not None
    assert result.receipt.arguments["period"] == {"start": "2026-11-01", "end": "2026-11-10"}
    assert result.receipt.arguments["compare_to"] == {"start": "2026-10-01", "end": "2026-10-10"}
    assert any("first 9 days of both periods" in caveat for caveat in result.caveats)


def test_an_incomplete_period_is_compared_whole_only_when_asked_and_said(context: ToolContext) -> None:
    result = compared(context, metrics=["revenue"], period={"name": "this_month"}, like_for_like=False)
    assert result.receipt is not None
    assert result.receipt.arguments["compare_to"] == {"start": "2026-10-01", "end": "2026-11-01"}
    assert any("is compared with a whole one" in caveat for caveat in result.caveats)


def test_the_largest_gain_and_the_deepest_loss_have_their_places(context: ToolContext) -> None:
    result = compared(context, metrics=["roas"], dimensions=["campaign"])
    (split,) = result.data["splits"]
    first = split["slices"][0]["part"]
    assert value(result, first) < 0
    deepest = [fact for fact in result.facts if fact.kind == "rank" and fact.value == 1]
    assert any(str(fact.formula).startswith(f"rank_ascending({first};") for fact in deepest)


@given(slices=st.integers(1, 5), metric=st.sampled_from(["spend", "clicks", "roas", "cpc"]), start=st.integers(1, 20))
@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_sum_to_the_change_whatever_the_days(context: ToolContext, slices: int, metric: str, start: int) -> None:
    period = {"start": f"2026-10-{start:02d}", "end": f"2026-10-{start + 10:02d}"}
    result = run(
        "compare_periods",
        {"metrics": [metric], "dimensions": ["campaign"], "slices": slices, "period": period},
        replace(context),
        keep=False,
    )
    (split,) = result.data["splits"]
    assert sum(parts(result, split)) == value(result, split["change"])
