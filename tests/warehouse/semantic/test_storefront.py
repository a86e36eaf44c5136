"""Sessions come from one source only: the storefront's own events, or else web analytics."""

from pathlib import Path

from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec
from tests.warehouse.conftest import put
from tests.warehouse.semantic.company import CLOCK, ORGANIZATION

ANALYTICS = [
    {"report_date": day, "property_id": "g", "landing_page": page, "sessions": sessions}
    for day, page, sessions in (("2026-10-02", "/", 40), ("2026-10-03", "/a", 2), ("2026-10-03", "/", 5))
]


def test_sessions_are_those_of_web_analytics_only_where_no_storefront_events_are_kept(tmp_path: Path) -> None:
    warehouse = Warehouses(tmp_path, b"s" * 32, (), CLOCK).open(ORGANIZATION)
    warehouse.upsert_rows("web_performance", ANALYTICS)
    layer = SemanticLayer(warehouse, CLOCK)
    query = MetricQuery(metrics=("sessions",), dimensions=("page",), period=PeriodSpec(name="last_month"))
    assert {row["page"]: row["sessions"] for row in layer.ask(query).rows} == {"/": 45, "/a": 2}

    event = {
        "event_id": "e",
        "anonymous_id": "v",
        "occurred_at": "2026-10-05T12:00:00Z",
        "kind": "page_view",
        "page": "/b",
    }
    warehouse.upsert_rows("web_events", [event])
    frame = layer.ask(query)
    assert {row["page"]: row["sessions"] for row in frame.rows} == {"/b": 1}
    assert frame.totals["sessions"] == 1


def test_a_new_build_is_seen_by_a_layer_that_is_kept(tmp_path: Path) -> None:
    warehouse = Warehouses(tmp_path, b"s" * 32, (), CLOCK).open(ORGANIZATION)
    layer = SemanticLayer(warehouse, CLOCK)
    sale = {"transaction_id": "t", "occurred_at": "2026-10-05T12:00:00Z", "amount": "5", "currency": "USD"}
    warehouse.upsert_rows("transactions", [sale])
    query = MetricQuery(metrics=("revenue",))
    first = layer.ask(query)
    warehouse.upsert_rows("transactions", [{**sale, "transaction_id": "u", "occurred_at": "2026-09-01T12:00:00Z"}])
    second = layer.ask(query)
    assert (str(first.totals["revenue"]), str(second.totals["revenue"])) == ("5.00", "10.00")
    assert str(second.provenance.period.start) == "2026-09-01"
    assert first.provenance.build != second.provenance.build


def test_what_the_property_estimates_or_withholds_is_told(warehouse: Warehouse) -> None:
    day = {"property_id": "p", "source": "google", "sessions": 7}
    put(
        warehouse,
        web_performance=[
            {"report_date": "2026-10-05", **day, "is_sampled": True},
            {"report_date": "2026-10-06", **day, "is_sampled": False, "is_thresholded": False},
        ],
    )
    query = MetricQuery(metrics=("sessions",), period=PeriodSpec.model_validate({"name": "last_month"}))
    frame = SemanticLayer(warehouse, CLOCK).ask(query)
    assert frame.totals["sessions"] == 14
    told = [caveat for caveat in frame.provenance.caveats if "property" in caveat]
    assert told == ["Web analytics' daily aggregates: the property estimates some of them from a sample."]
