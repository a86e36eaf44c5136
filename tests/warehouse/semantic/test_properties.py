"""Whatever is asked: parts of an additive metric sum to its total, and kept SQL is the SQL made afresh."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roastery.warehouse.errors import BadQuery, HistoryIncomplete, ImpossibleSplit
from roastery.warehouse.semantic.catalogue import shipped_catalogue
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.prepare import Preparer
from roastery.warehouse.semantic.query import MetricQuery
from tests.examples import examples

CATALOGUE = shipped_catalogue()
ADDITIVE = sorted(name for name, entry in CATALOGUE.metrics.items() if entry.additivity == "additive")
FEW = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def queries(draw: st.DrawFn, names: list[str]) -> MetricQuery:
    """A query that can be asked: names that belong together, days in and around the company's."""
    metric = draw(st.sampled_from(names))
    allowed = CATALOGUE.metrics[metric].dimensions
    start = date(2026, 7, 1) + timedelta(days=draw(st.integers(0, 120)))
    fields: dict[str, Any] = {
        "metrics": (metric,),
        "dimensions": tuple(draw(st.lists(st.sampled_from(allowed), max_size=2, unique=True))) if allowed else (),
        "grain": draw(st.sampled_from([None, *CATALOGUE.metrics[metric].grains])),
        "period": {"start": start, "end": start + timedelta(days=draw(st.integers(1, 70)))},
        "compare_to": draw(st.sampled_from([None, None, "previous_period", "previous_year"])),
        "time_zone": draw(st.sampled_from([None, None, "Asia/Tokyo"])),
        "refund_basis": draw(st.sampled_from([None, "refund_day"])) if metric in ("refunds",) else None,
    }
    if "attribution_model" in CATALOGUE.metrics[metric].parameters:
        fields["attribution_model"] = draw(st.sampled_from([None, "linear", "first_touch", "time_decay"]))
        fields["attribution_date"] = draw(st.sampled_from([None, "touch"]))
        fields["attribution_window_days"] = draw(st.sampled_from([None, None, 7]))
    if allowed and draw(st.booleans()):
        op = draw(st.sampled_from(["in", "not_in", "contains", "is_null"]))
        value = draw(st.sampled_from(["meta_ads", "c1", "US", "unknown", "a", "x1", "Brand"]))
        item = {"dimension": draw(st.sampled_from(allowed)), "op": op, "values": () if op == "is_null" else (value,)}
        fields["filters"] = (item,)
    return MetricQuery.model_validate(fields)


def asked(layer: SemanticLayer, query: MetricQuery) -> Any:
    try:
        return layer.ask(query)
    except (BadQuery, ImpossibleSplit, HistoryIncomplete):
        return None


@FEW
@given(query=queries(ADDITIVE))
def test_parts_of_an_additive_metric_sum_to_its_total(query: MetricQuery, layer: SemanticLayer) -> None:
    frame = asked(layer, query)
    if frame is None:
        return
    metric = query.metrics[0]
    alone = asked(layer, query.model_copy(update={"dimensions": (), "grain": None}))
    suffixes = ["", "__previous"] if query.compare_to else [""]
    for name in (metric + suffix for suffix in suffixes):
        parts = [row[name] for row in frame.rows if row[name] is not None]
        # Converted amounts are rounded part by part.
        slack = Decimal("0.005") * (len(parts) + 1) if frame.column(metric).unit == "money" else Decimal(0)
        total = frame.totals[name]
        if CATALOGUE.metrics[metric].across_platforms != "refuse":
            assert abs(sum(parts, Decimal(0)) - (total or 0)) <= slack
            if alone is not None and parts:
                assert abs((alone.totals[name] or 0) - (total or 0)) <= slack


@FEW
@given(query=queries(sorted(CATALOGUE.metrics)))
def test_sql_kept_for_a_shape_is_the_sql_made_afresh(query: MetricQuery, layer: SemanticLayer) -> None:
    try:
        kept = layer.explain(query)
    except (BadQuery, ImpossibleSplit, HistoryIncomplete):
        return
    except Exception as error:
        if "days ahead" in str(error):
            return
        raise
    afresh = SemanticLayer(layer.warehouse, layer.clock)
    afresh._preparer = Preparer(layer.semantics)
    made = afresh.explain(query)
    assert (kept.sql, kept.totals_sql) == (made.sql, made.totals_sql)


@FEW
@given(query=queries(sorted(CATALOGUE.metrics)))
def test_rows_come_in_one_total_order_with_one_row_per_key(query: MetricQuery, layer: SemanticLayer) -> None:
    try:
        frame = asked(layer, query)
    except Exception as error:
        if "days ahead" in str(error):
            return
        raise
    if frame is None:
        return
    keys = [column.name for column in frame.columns if column.kind == "dimension"]
    found = [tuple(row[name] for name in keys) for row in frame.rows]
    assert len(set(found)) == len(found)
    assert all(value is not None for key in found for value in key)
    if query.grain:
        assert found == sorted(found)
    limited = asked(layer, query.model_copy(update={"limit": 2}))
    assert limited.rows == frame.rows[:2]
    assert limited.totals == frame.totals
