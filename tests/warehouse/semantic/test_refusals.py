"""What cannot be answered is refused with a sentence that says what to do."""

# ruff: noqa: E501  (rows and cases read best on one line)

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from roastery.warehouse.contracts import Fill
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.errors import (
    BadPeriod,
    BadQuery,
    HistoryIncomplete,
    ImpossibleSplit,
    NoData,
    NotAllowed,
    UnknownName,
)
from roastery.warehouse.raw import RawBatch, RawRecord, SourceProgress
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec
from tests.warehouse.semantic.company import CLOCK, ORGANIZATION
from tests.warehouse.semantic.conftest import Ask


@pytest.mark.parametrize(
    ("fields", "kind", "said"),
    [
        ({"metrics": ["roass"]}, UnknownName, "Unknown metric 'roass'. Did you mean 'roas'?"),
        ({"metrics": ["net_of_orders"]}, UnknownName, "Unknown metric 'net_of_orders'."),
        ({"metrics": ["spend"], "dimensions": ["platfrom"]}, UnknownName, "Did you mean 'platform'?"),
        ({"metrics": ["spend"], "filters": [{"dimension": "campain", "values": ["x"]}]}, UnknownName, "'campaign'"),
        ({"metrics": ["spend"], "filters": [{"metric": "clicsk", "op": "gt", "values": ["1"]}]}, UnknownName, "'clicks'"),
        ({"metrics": ["spend"], "order_by": [{"field": "spent"}]}, UnknownName, "Did you mean 'spend'?"),
        ({"metrics": ["spend"], "time_zone": "America/New_Yrok"}, UnknownName, "'America/New_York'"),
        ({"metrics": ["spend"], "currency": "USB"}, UnknownName, "Unknown currency 'USB'."),
        ({"metrics": ["roas"], "attribution_model": "last_click"}, UnknownName, "Unknown attribution model"),
        ({"metrics": ["roas"], "attribution_model": "markov"}, BadQuery, "run_attribution"),
        ({"metrics": ["roas"], "attribution_window_days": 91}, BadQuery, "between 0 and 90 days"),
        ({"metrics": ["spend"], "period": {"name": "last_mont"}}, UnknownName, "Did you mean 'last_month'?"),
        ({"metrics": ["spend"], "period": {"start": "2026-10-02", "end": "2026-10-01"}}, BadPeriod, "Swap the two dates"),
        ({"metrics": ["spend"], "compare_to": {"start": "2026-10-02"}}, BadPeriod, "needs a start and an end"),
        ({"metrics": ["spend"], "filters": [{"op": "in", "values": ["x"]}]}, BadQuery, "either a dimension or a metric"),
        ({"metrics": ["spend"], "filters": [{"dimension": "platform"}]}, BadQuery, "takes at least one value"),
        ({"metrics": ["spend"], "filters": [{"dimension": "platform", "op": "between", "values": ["a"]}]}, BadQuery, "two values"),
        ({"metrics": ["spend"], "filters": [{"metric": "spend", "op": "gt", "values": ["much"]}]}, BadQuery, "not a number"),
        ({"metrics": ["spend"], "filters": [{"metric": "spend", "op": "gt", "values": ["NaN"]}]}, BadQuery, "not a number"),
        ({"metrics": ["spend"], "filters": [{"metric": "spend", "op": "contains", "values": ["1"]}]}, BadQuery, "is for text"),
        ({"metrics": ["spend"], "filters": [{"dimension": "date", "op": "eq", "values": ["October"]}]}, BadQuery, "not a date"),
        ({"metrics": ["spend"], "order_by": [{"field": "spend__change"}]}, BadQuery, "needs a compare_to"),
        ({"metrics": ["video_views"]}, BadQuery, "Split it by platform"),
        ({"metrics": ["retention_rate"], "grain": "week"}, BadQuery, "Ask for one period, or compare two"),
        ({"metrics": ["retention_rate"], "period": {"start": "2026-08-01", "end": "2026-09-01"}}, HistoryIncomplete, "begins on"),
        ({"metrics": ["inventory_turns"], "period": {"start": "2026-07-01", "end": "2026-09-01"}}, HistoryIncomplete, "later period"),
        ({"metrics": ["ltv_12m"], "period": {"name": "last_month"}}, BadPeriod, "365 days ahead"),
    ],
)  # fmt: skip
def test_unsound_query_is_refused_with_a_sentence(
    fields: dict[str, Any], kind: type[Exception], said: str, layer: SemanticLayer
) -> None:
    with pytest.raises(kind) as refused:
        layer.ask(MetricQuery.model_validate(fields))
    assert said in refused.value.message  # type: ignore[attr-defined]
    assert refused.value.message.endswith((".", "?", "…"))  # type: ignore[attr-defined]


def test_impossible_split_names_what_is_possible_and_what_to_ask_instead(ask: Ask) -> None:
    with pytest.raises(ImpossibleSplit) as refused:
        ask("revenue", dimensions=["campaign"])
    assert "attributed_revenue" in refused.value.message
    assert {"country", "product", "date"} <= set(refused.value.allowed)
    assert "campaign" not in refused.value.allowed


def test_impossible_filter_is_refused_like_a_split(ask: Ask) -> None:
    with pytest.raises(ImpossibleSplit, match="'spend' cannot be split by 'country'"):
        ask("spend", filters=[{"dimension": "country", "values": ["US"]}])


def test_two_splits_that_no_fact_carries_together_are_refused(ask: Ask) -> None:
    assert ask("revenue", dimensions=["product"]).rows
    assert ask("revenue", dimensions=["plan"]).rows
    with pytest.raises(ImpossibleSplit, match="together with 'plan'"):
        ask("revenue", dimensions=["product", "plan"])


def test_a_metric_that_needs_history_is_refused_before_the_history_is_complete(
    company: Warehouse, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fills = (Fill("transactions", "shop", "orders", "SELECT key AS transaction_id FROM {records}"),)
    warehouse = Warehouses(tmp_path, b"s" * 32, fills, CLOCK).open(ORGANIZATION)
    warehouse.upsert_rows(
        "transactions",
        [
            {
                "transaction_id": "t",
                "customer_id": "c",
                "occurred_at": "2026-09-03T12:00:00Z",
                "amount": "5",
                "currency": "USD",
            }
        ],
    )
    progress = SourceProgress(datetime(2026, 11, 10, tzinfo=UTC), date(2026, 10, 5), date(2026, 9, 1))
    warehouse.land(RawBatch("con_1", "shop", "orders", [RawRecord("x", {})], {}, progress=progress))
    own = SemanticLayer(warehouse, CLOCK)
    september = MetricQuery(
        metrics=("new_customers",), period=PeriodSpec(start=date(2026, 9, 1), end=date(2026, 11, 1))
    )
    frame = own.ask(september)
    assert frame.totals["new_customers"] == 1
    assert frame.provenance.complete_through == "2026-10-05"
    assert frame.provenance.trust == "maturing"
    assert any("shop is complete through 2026-10-05 only" in caveat for caveat in frame.provenance.caveats)
    for metric in ("new_customers", "cac", "repeat_rate"):
        early = MetricQuery(metrics=(metric,), period=PeriodSpec(start=date(2026, 8, 1), end=date(2026, 10, 1)))
        with pytest.raises(HistoryIncomplete, match="complete since 2026-09-01"):
            own.ask(early)
    assert own.ask(early.model_copy(update={"metrics": ("orders",)})).totals["orders"] == 1


def test_an_empty_warehouse_says_what_to_connect(tmp_path: Path) -> None:
    warehouse = Warehouses(tmp_path, b"s" * 32, (), CLOCK).open(ORGANIZATION)
    own = SemanticLayer(warehouse, CLOCK)
    for metric, said in (
        ("spend", "Connect an ad platform"),
        ("revenue", "Connect a shop"),
        ("roas", "Connect an ad platform"),
    ):
        with pytest.raises(NoData) as refused:
            own.ask(MetricQuery(metrics=(metric,), period=PeriodSpec(name="last_month")))
        assert said in refused.value.message
    assert own.dimension_values("campaign") == []


def test_one_half_of_the_data_gives_nulls_and_says_what_is_missing(tmp_path: Path) -> None:
    warehouse = Warehouses(tmp_path, b"s" * 32, (), CLOCK).open(ORGANIZATION)
    warehouse.upsert_rows(
        "transactions",
        [{"transaction_id": "t", "occurred_at": "2026-10-03T12:00:00Z", "amount": "5", "currency": "USD"}],
    )
    frame = SemanticLayer(warehouse, CLOCK).ask(
        MetricQuery(metrics=("revenue", "mer"), period=PeriodSpec(name="last_month"))
    )
    assert (str(frame.totals["revenue"]), frame.totals["mer"]) == ("5.00", None)
    assert any("Nothing has landed yet for: Ad platforms' daily reports" in c for c in frame.provenance.caveats)


def test_scope_limits_rows_totals_and_comparison(ask: Ask) -> None:
    scope = {"location": ("L1",)}
    everything = ask("revenue", dimensions=["location"])
    frame = ask("revenue", dimensions=["location"], row_scope=scope, compare_to="previous_period")
    assert [row["location"] for row in frame.rows] == ["L1"]
    own = next(row["revenue"] for row in everything.rows if row["location"] == "L1")
    assert frame.totals["revenue"] == own
    assert ask("revenue", row_scope=scope).totals["revenue"] == own
    assert {"dimension": "location", "op": "in", "values": ["L1"], "scope": True} in frame.provenance.filters


def test_asked_filters_never_widen_a_scope(ask: Ask) -> None:
    others = [{"dimension": "location", "op": "in", "values": ["L2", "Hafen"]}]
    assert ask("revenue", dimensions=["location"], row_scope={"location": ("L1",)}, filters=others).rows == ()
    assert ask("orders", row_scope={"location": ()}).totals["orders"] is None


def test_metric_that_cannot_be_limited_to_a_scope_is_refused_without_the_figure(ask: Ask) -> None:
    for metric in ("spend", "roas", "mer"):
        with pytest.raises(NotAllowed) as refused:
            ask(metric, row_scope={"location": ("L1",)})
        assert "location" in refused.value.message
        assert not any(character.isdigit() for character in refused.value.message.replace("L1", ""))


def test_values_of_a_dimension_keep_to_a_scope(layer: SemanticLayer) -> None:
    assert [v.value for v in layer.dimension_values("location", row_scope={"location": ("L1",)})] == ["L1"]
    with pytest.raises(NotAllowed):
        layer.dimension_values("keyword", row_scope={"location": ("L1",)})
