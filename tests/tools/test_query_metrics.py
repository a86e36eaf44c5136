"""query_metrics: rows, totals and comparisons as facts; ranks and shares only where the rows prove them."""

from decimal import Decimal

import pytest

from roastery.tools.base import Fact, ToolContext, ToolResult
from roastery.tools.library import query_metrics
from roastery.tools.queries import ask
from roastery.tools.registry import run
from roastery.warehouse.semantic.query import MetricQuery

OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}


def facts(result: ToolResult, **wanted: object) -> list[Fact]:
    return [f for f in result.facts if all(getattr(f, name) == value for name, value in wanted.items())]


def test_every_row_and_the_total_are_facts(context: ToolContext) -> None:
    result = run("query_metrics", {"metrics": ["spend"], "dimensions": ["campaign"], "period": OCTOBER}, context)
    measured = facts(result, kind="measured", metric="spend")
    assert [f.dimensions for f in measured] == [{"campaign": c} for c in ("c2", "c1", "c3")] + [{}]
    assert sum(f.value for f in measured[:3] if f.value is not None) == measured[3].value
    assert result.data["totals"]["spend"] == measured[3].id


def test_labels_carry_names_as_quoted_data(context: ToolContext) -> None:
    result = run("query_metrics", {"metrics": ["spend"], "dimensions": ["campaign"], "period": OCTOBER}, context)
    assert {(label.value, label.text) for label in result.labels} == {
        ("c1", "Spring <roast>"),
        ("c2", "Brand"),
        ("c3", "Autumn sale"),
    }


def test_facts_hold_the_filters_too(context: ToolContext) -> None:
    filters = [
        {"dimension": "platform", "values": ["google_ads"]},
        {"dimension": "campaign", "op": "not_in", "values": ["c3"]},
    ]
    result = run("query_metrics", {"metrics": ["spend"], "period": OCTOBER, "filters": filters}, context)
    assert result.facts[0].dimensions == {"platform": "google_ads", "campaign": "not in c3"}


def test_numbers_among_filter_values_are_read_as_text(context: ToolContext) -> None:
    filters = [{"metric": "spend", "op": "gt", "values": [300]}]
    asked = {"metrics": ["spend"], "dimensions": ["campaign"], "period": OCTOBER, "filters": filters}
    result = run("query_metrics", asked, context)
    assert [row["campaign"] for row in result.tables[0].rows] == ["c2", "c1"]


def test_weeks_are_facts_of_the_days_that_they_cover(context: ToolContext) -> None:
    result = run("query_metrics", {"metrics": ["revenue"], "grain": "week", "period": OCTOBER}, context)
    weeks = [f for f in facts(result, kind="measured") if f.dimensions]
    assert [(str(f.period.start), str(f.period.end)) for f in weeks][:2] == [
        ("2026-10-01", "2026-10-05"),
        ("2026-10-05", "2026-10-12"),
    ]
    assert str(weeks[-1].period.end) == "2026-11-01"


def test_ranks_leave_out_what_belongs_to_nobody(context: ToolContext) -> None:
    result = run(
        "query_metrics", {"metrics": ["new_customers"], "dimensions": ["campaign"], "period": OCTOBER}, context
    )
    ranks = facts(result, kind="rank")
    assert ranks
    assert all("unattributed" not in f.dimensions.values() for f in ranks)
    assert len(result.tables[0].rows) == len(ranks) + 1


def test_a_cut_list_ranks_only_by_what_it_is_ordered_by(context: ToolContext) -> None:
    asked = {
        "metrics": ["spend", "clicks"],
        "dimensions": ["campaign"],
        "period": OCTOBER,
        "order_by": [{"field": "spend", "direction": "desc"}],
        "limit": 2,
    }
    result = run("query_metrics", asked, context)
    assert {f.metric for f in facts(result, kind="rank")} == {"spend"}


def test_shares_are_of_the_whole_and_only_of_sums(context: ToolContext) -> None:
    asked = {"metrics": ["spend", "roas"], "dimensions": ["platform"], "period": OCTOBER}
    shares = facts(run("query_metrics", asked, context), kind="share")
    assert {f.metric for f in shares} == {"spend"}
    assert sum(f.value for f in shares if f.value is not None) == Decimal("1.0000")


def test_long_results_are_cut_and_say_so(context: ToolContext) -> None:
    query = MetricQuery.model_validate(
        {"metrics": ["spend"], "dimensions": ["campaign"], "grain": "day", "period": OCTOBER}
    )
    asked = ask(context, query, max_rows=10)
    assert len(asked.frame.rows) == 10
    assert asked.frame.truncated
    assert any("first 10 rows" in caveat for caveat in asked.receipt.caveats)
    assert asked.receipt.rows == 10
    whole = ask(context, query)
    assert asked.frame.rows == whole.frame.rows[:10]
    assert asked.frame.totals == whole.frame.totals


def test_the_title_says_what_a_table_shows(context: ToolContext) -> None:
    query = MetricQuery(metrics=("roas", "attributed_revenue"), dimensions=("platform",), grain="week")
    assert query_metrics.table_title(context, query) == "ROAS, Attributed revenue by platform and week"


@pytest.mark.parametrize("dimensions", [["date"], ["date", "platform"]])
def test_the_dimension_date_means_days(context: ToolContext, dimensions: list[str]) -> None:
    result = run("query_metrics", {"metrics": ["spend"], "dimensions": dimensions, "period": OCTOBER}, context)
    assert result.tables[0].rows[0]["date"] == "2026-10-01"
    assert all((f.period.end - f.period.start).days == 1 for f in result.facts if "date" in f.dimensions)
