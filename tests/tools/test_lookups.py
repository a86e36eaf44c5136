"""describe_metrics, search_dimension_values and data_health."""

from dataclasses import replace
from datetime import timedelta

import pytest

from roastery.tools.base import Actor, ToolContext
from roastery.tools.library.data_health import source_health
from roastery.tools.registry import run
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import UnknownName
from roastery.warehouse.state import DataState, SourceState
from tests.tools.beans import NOON, as_csv, context_on, touch_rows


def test_a_metric_is_described_by_its_definition(context: ToolContext) -> None:
    (metric,) = run("describe_metrics", {"names": ["roas"]}, context).data["metrics"]
    assert "divided by spend" in metric["definition"]
    assert "platform" in metric["dimensions"]
    assert metric["unit"] == "ratio"


def test_all_metrics_are_listed_without_names(context: ToolContext) -> None:
    listed = run("describe_metrics", {}, context).data["metrics"]
    assert len(listed) >= 30
    assert all(metric["definition"] for metric in listed)


def test_an_unknown_metric_is_told_with_the_nearest(context: ToolContext) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'revenue'"):
        run("describe_metrics", {"names": ["revenu"]}, context)


@pytest.mark.parametrize("search", ["spring", "Sprng Roast", "ROAST", "c1"])
def test_a_name_is_found_although_it_is_misspelt(context: ToolContext, search: str) -> None:
    result = run("search_dimension_values", {"dimension": "campaign", "search": search}, context)
    assert (result.labels[0].value, result.labels[0].text) == ("c1", "Spring <roast>")


def test_a_name_is_found_without_saying_where(context: ToolContext) -> None:
    labels = run("search_dimension_values", {"search": "google"}, context).labels
    assert ("platform", "google_ads") in {(label.dimension, label.value) for label in labels}


def test_nothing_found_is_a_sentence(context: ToolContext) -> None:
    result = run("search_dimension_values", {"dimension": "campaign", "search": "zzzzqqq"}, context)
    assert result.labels == ()
    assert result.caveats == ("No value of 'campaign' looks like 'zzzzqqq'.",)


def test_a_scoped_asker_finds_names_of_their_rows_only(context: ToolContext) -> None:
    scoped = replace(context, actor=Actor(id="t", row_scope={"platform": ("meta_ads",)}))
    result = run("search_dimension_values", {"dimension": "campaign"}, scoped)
    assert {label.value for label in result.labels} == {"c1"}


def test_an_unknown_dimension_is_told_with_the_nearest(context: ToolContext) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'campaign'"):
        run("search_dimension_values", {"dimension": "campain", "search": "x"}, context)


def test_a_stale_source_is_told_and_an_import_is_not() -> None:
    now = NOON.now()
    old, new = now - timedelta(hours=30), now - timedelta(hours=1)
    sources = tuple(
        SourceState(source, source, "r", at, at, at.date(), None)
        for source, at in (("meta_ads", old), ("google_ads", new), ("import", old))
    )
    found = {s.source: s for s in source_health(DataState("build_1", now, sources, 1, 1), now)}
    assert [name for name, s in found.items() if s.is_stale] == ["meta_ads"]
    assert str(found["meta_ads"].age_hours) == "30.0"


def test_unmapped_touches_and_their_revenue_are_facts(own: Warehouse) -> None:
    lost = [
        row | {"campaign_id": "", "touchpoint_id": f"{row['touchpoint_id']}-x", "platform": "meta_ads"}
        for row in touch_rows()[:2]
    ]
    own.import_rows("touchpoints", as_csv(lost), "text/csv")
    result = run("data_health", {}, context_on(own))
    metrics = {fact.metric for fact in result.facts}
    assert {"data_age", "failed_checks", "attribution_coverage"} <= metrics
    assert result.receipt is not None
    assert result.receipt.rows > 3


def test_rejected_rows_are_counted(own: Warehouse) -> None:
    bad = b"report_date,platform,account_id,campaign_id,spend\nnever,m,a,c,1\n"
    report = own.import_rows("ad_performance", bad, "text/csv")
    assert report.rejected == 1
    result = run("data_health", {}, context_on(own))
    assert result.receipt is not None


def test_a_scoped_asker_sees_freshness_and_no_counts(context: ToolContext) -> None:
    scoped = replace(context, actor=Actor(id="t", row_scope={"platform": ("meta_ads",)}))
    result = run("data_health", {}, scoped)
    assert {fact.metric for fact in result.facts} == {"data_age", "failed_checks"}
    assert any("only to those who may see all rows" in caveat for caveat in result.caveats)
