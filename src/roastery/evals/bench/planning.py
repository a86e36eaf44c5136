"""From a MetricQuery to its SQL: binding, planning and compiling, without running it."""

import json
import tempfile
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path
from statistics import median

from roastery.evals.bench.measure import Measure, durations, percentile
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouses
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery

AIM_SECONDS = 0.005
NOW = "2026-11-02T15:00:00+00:00"

QUERIES = {
    "one metric by one dimension": {
        "metrics": ["spend"],
        "dimensions": ["platform"],
        "period": {"name": "last_month"},
    },
    "two facts, compared, top five": {
        "metrics": ["roas", "spend", "attributed_revenue", "cac"],
        "dimensions": ["campaign"],
        "period": {"name": "last_month"},
        "compare_to": "previous_period",
        "order_by": [{"field": "roas", "direction": "desc"}],
        "limit": 5,
    },
    "weekly, filtered, another model and window": {
        "metrics": ["attributed_revenue", "mer"],
        "grain": "week",
        "period": {"start": "2026-08-03", "end": "2026-11-02"},
        "filters": [{"metric": "attributed_revenue", "op": "gt", "values": ["100"]}],
        "attribution_model": "linear",
        "attribution_window_days": 7,
    },
}


METRICS = (
    "spend",
    "clicks",
    "ctr",
    "cpc",
    "cpm",
    "revenue",
    "orders",
    "aov",
    "roas",
    "mer",
    "cac",
    "attributed_revenue",
)
GRAINS = ("day", "week", "month", "quarter")


def unseen() -> Iterator[MetricQuery]:
    """Queries no two of which have the same shape, so that no compiled SQL that was kept can serve them."""
    for (first, second), grain in product(combinations(METRICS, 2), GRAINS):
        yield MetricQuery.model_validate(
            {"metrics": [first, second], "grain": grain, "period": {"name": "last_quarter"}}
        )


def run() -> list[Measure]:
    """Median and p99 of each query; baseline: reading the same query from JSON, which every call pays anyway."""
    measures = []
    with tempfile.TemporaryDirectory() as folder:
        warehouses = Warehouses(Path(folder), b"0" * 32, (), Clock.from_iso(NOW))
        layer = SemanticLayer(warehouses.open(Organization("org_bench", "Bench")), Clock.from_iso(NOW))
        for what, asked in QUERIES.items():
            text = json.dumps(asked)
            query = MetricQuery.model_validate_json(text)
            read = durations(lambda text=text: MetricQuery.model_validate_json(text), 200)  # type: ignore[misc]
            taken = durations(lambda query=query: layer.explain(query).sql, 200)  # type: ignore[misc]
            baseline = median(read) * 1e3
            measures.append(
                Measure(
                    "planning",
                    f"p50, {what}",
                    median(taken) * 1e3,
                    "ms",
                    baseline,
                    "reading its JSON",
                    AIM_SECONDS * 1e3,
                )
            )
            measures.append(
                Measure("planning", f"p99, {what}", percentile(taken, 99) * 1e3, "ms", baseline, "reading its JSON")
            )
        fresh = unseen()
        taken = durations(lambda: layer.explain(next(fresh)).sql, 200, warm=10)
        measures.append(Measure("planning", "p50, shapes never seen", median(taken) * 1e3, "ms", aim=AIM_SECONDS * 1e3))
        measures.append(Measure("planning", "p99, shapes never seen", percentile(taken, 99) * 1e3, "ms"))
        warehouses.close()
    return measures
