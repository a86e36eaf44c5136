"""One large organization: full build, increments, reports for eight at once, and the ratio to hand-written SQL.

At scale 1: 10 million ad rows, 1 million customers, 5 million transactions, 10 million touchpoints and 20 million web
events. All of them are written by SQL as raw records in the form in which imports land (payloads as JSON text, one
batch a dataset); the sealed addresses of customers are of the sealed form, but not encrypted. From there on
everything is the product's own: the full build reads raw, increments come through `upsert_rows` as signed events do.
"""

import gc
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from roastery.evals.bench.measure import Measure, paired, percentile
from roastery.evals.bench.volume import datasets
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery

NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)
BUILD_AIM_SECONDS, FACTS_AIM_SECONDS, DERIVED_AIM_SECONDS = 600.0, 2.0, 60.0
MEMORY_AIM_GB, REPORT_AIM_SECONDS, RATIO_AIM = 8.0, 2.0, 1.2
MEMORY_LIMIT = "6GB"
USERS, ROUNDS, BATCHES, BATCH_ROWS = 8, 3, 20, 25
CHUNK = 1_000_000

MONTH = {"start": "2026-10-01", "end": "2026-11-01"}
QUARTER = {"start": "2026-07-01", "end": "2026-10-01"}
YEAR = {"start": "2025-11-01", "end": "2026-11-01"}
REPORTS: dict[str, dict[str, Any]] = {
    "roas by platform": {"metrics": ["roas", "spend"], "dimensions": ["platform"], "period": MONTH},
    "top campaigns by attributed revenue": {
        "metrics": ["attributed_revenue", "spend", "cac"],
        "dimensions": ["campaign"],
        "period": MONTH,
        "order_by": [{"field": "attributed_revenue", "direction": "desc"}],
        "limit": 10,
    },
    "revenue by week and the year before": {
        "metrics": ["revenue", "orders", "aov"],
        "grain": "week",
        "period": QUARTER,
        "compare_to": "previous_year",
    },
    "spend and ctr by day": {"metrics": ["spend", "ctr"], "grain": "day", "period": QUARTER},
    "channels": {"metrics": ["attributed_revenue", "attributed_orders"], "dimensions": ["channel"], "period": QUARTER},
    "new customers and cac by month": {"metrics": ["new_customers", "cac"], "grain": "month", "period": YEAR},
    "storefront by week": {"metrics": ["sessions", "conversion_rate"], "grain": "week", "period": QUARTER},
    "new and returning": {"metrics": ["revenue", "orders"], "dimensions": ["customer_type"], "period": QUARTER},
    "by sales channel": {"metrics": ["gross_revenue", "refunds"], "dimensions": ["sales_channel"], "period": YEAR},
}
BY_HAND: dict[str, str] = {
    "spend and ctr by day": """SELECT report_date, sum(spend), sum(clicks) / nullif(sum(impressions), 0)
        FROM ad_performance WHERE report_date >= DATE '2026-07-01' AND report_date < DATE '2026-10-01'
        GROUP BY report_date ORDER BY report_date""",
    "new and returning": """SELECT customer_type, sum(net_amount), count(*) FILTER (is_order)
        FROM sales WHERE sale_date >= DATE '2026-07-01' AND sale_date < DATE '2026-10-01'
        GROUP BY customer_type ORDER BY customer_type""",
    "channels": """SELECT channel, sum(credited_net) FILTER (touchpoint_id IS NOT NULL AND NOT is_direct),
        sum(order_weight) FILTER (touchpoint_id IS NOT NULL AND NOT is_direct)
        FROM attribution_credits WHERE model = 'last_non_direct'
          AND sale_date >= DATE '2026-07-01' AND sale_date < DATE '2026-10-01' GROUP BY channel ORDER BY channel""",
}


def run(scale: float = 1.0) -> list[Measure]:
    """Every figure at a scale of the full size; increments and reports run on the built organization."""
    with tempfile.TemporaryDirectory() as folder:
        warehouses = Warehouses(
            Path(folder), b"0" * 32, (), Clock(NOW), query_timeout_seconds=3600, memory_limit=MEMORY_LIMIT
        )
        warehouse = warehouses.open(Organization("org_bench", "Bench"))
        sizes = _fill(warehouse, scale)
        measures = [*_full_build(warehouse, sizes), *_increments(warehouse, scale), *_reports(warehouse)]
        warehouses.close()
    return measures


@dataclass
class Peak:
    """The most memory that the process held, in bytes."""

    bytes: int = 0


@contextmanager
def watched() -> Iterator[Peak]:
    """Sample the process's resident memory ten times a second."""
    peak, over = Peak(), threading.Event()

    def sample() -> None:
        while not over.wait(0.1):
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            peak.bytes = max(peak.bytes, pages * 4096)

    watcher = threading.Thread(target=sample, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def _fill(warehouse: Warehouse, scale: float) -> dict[str, int]:
    """Write raw records of every dataset, chunk by chunk."""
    sizes: dict[str, int] = {}
    with warehouse._writing() as instance:
        for dataset, (rows, select) in datasets(scale).items():
            sizes[dataset] = rows
            for start in range(0, rows, CHUNK):
                with instance.transaction() as cursor:
                    numbers = f"range({start}, {min(start + CHUNK, rows)}) t(i)"
                    cursor.execute(
                        f"""INSERT INTO raw.records
                        SELECT (SELECT last_seq FROM meta.sequence) + 1 + i - {start}, 'bench', 'import', 'import',
                               '{dataset}', key, NULL, NULL, NULL, false, payload, TIMESTAMPTZ '2026-11-02 12:00:00+00'
                        FROM ({select.replace("{numbers}", numbers)})"""
                    )
                    cursor.execute(
                        "UPDATE meta.sequence SET last_seq = (SELECT max(seq) FROM raw.records)",
                    )
    return sizes


def _full_build(warehouse: Warehouse, sizes: dict[str, int]) -> list[Measure]:
    gc.collect()
    with watched() as peak:
        report = warehouse.build(full=True)
    rows = ", ".join(f"{count:,} {dataset}" for dataset, count in sizes.items())
    return [
        Measure("warehouse", f"full build of {rows}", report.seconds, "s", aim=BUILD_AIM_SECONDS),
        Measure("warehouse", "peak memory of the full build", peak.bytes / 1e9, "GB", aim=MEMORY_AIM_GB),
    ]


def _increments(warehouse: Warehouse, scale: float) -> list[Measure]:
    """Batches of 25 rows of the datasets that events bring: until they are in the facts, and until all is derived."""
    facts, derived = [], []
    with watched() as peak:
        for number in range(BATCHES):
            begun = time.perf_counter()
            for dataset, rows in _batch(number, scale).items():
                warehouse.upsert_rows(dataset, rows, build=False)
            landed = time.perf_counter() - begun
            report = warehouse.build()
            facts.append(landed + report.facts_seconds)
            derived.append(landed + report.seconds)
    what = f"{BATCH_ROWS} rows from landing"
    return [
        Measure("warehouse", f"{what} to facts, p50", median(facts), "s"),
        Measure("warehouse", f"{what} to facts, p95", percentile(facts, 95), "s", aim=FACTS_AIM_SECONDS),
        Measure("warehouse", f"{what} to all that is derived, p50", median(derived), "s"),
        Measure(
            "warehouse", f"{what} to all that is derived, p95", percentile(derived, 95), "s", aim=DERIVED_AIM_SECONDS
        ),
        Measure("warehouse", "peak memory of increments", peak.bytes / 1e9, "GB", aim=MEMORY_AIM_GB),
    ]


def _batch(number: int, scale: float) -> dict[str, list[dict[str, Any]]]:
    """25 rows: a visitor's events and touches, an order of theirs, now and then a new customer with a known address."""
    at = NOW - timedelta(hours=1) + timedelta(seconds=number)
    customers = max(int(1_000_000 * scale), 1)
    rows: dict[str, list[dict[str, Any]]] = {"web_events": [], "touchpoints": [], "transactions": [], "customers": []}
    for row in range(BATCH_ROWS):
        who = (number * 7919 + row * 104_729) % customers
        moment = (at + timedelta(milliseconds=row)).isoformat()
        visit = {"anonymous_id": f"v{who}", "occurred_at": moment, "utm_source": "facebook", "utm_medium": "cpc"}
        if row % 5 < 3:
            rows["web_events"].append({"event_id": f"n{number}-{row}", "kind": "page_view", **visit})
        elif row % 5 == 3:
            rows["touchpoints"].append({"touchpoint_id": f"n{number}-{row}", "customer_id": f"c{who}", **visit})
        else:
            sale = {"transaction_id": f"n{number}-{row}", "customer_id": f"c{who}", "amount": "42.00"}
            rows["transactions"].append({**sale, "occurred_at": moment, "source_system": "shop"})
    rows["customers"].append({"customer_id": f"new{number}", "email": f"new{number}@example.com"})
    return rows


def _reports(warehouse: Warehouse) -> list[Measure]:
    """Each report's latency while eight users ask all of them in turn, then its ratio to SQL written by hand."""
    layer = SemanticLayer(warehouse, Clock(NOW))
    queries = {name: MetricQuery.model_validate(asked) for name, asked in REPORTS.items()}
    taken: dict[str, list[float]] = {name: [] for name in queries}
    for query in queries.values():
        layer.ask(query)

    def user(offset: int) -> None:
        names = list(queries)
        for step in range(len(names) * ROUNDS):
            name = names[(step + offset) % len(names)]
            begun = time.perf_counter()
            layer.ask(queries[name])
            taken[name].append(time.perf_counter() - begun)

    users = [threading.Thread(target=user, args=(number,)) for number in range(USERS)]
    with watched() as peak:
        for thread in users:
            thread.start()
        for thread in users:
            thread.join()
    measures = [
        Measure("warehouse", f"{name}, {USERS} users, p95", percentile(each, 95), "s", aim=REPORT_AIM_SECONDS)
        for name, each in taken.items()
    ]
    measures.append(Measure("warehouse", f"peak memory of {USERS} users", peak.bytes / 1e9, "GB", aim=MEMORY_AIM_GB))
    return measures + [_against(warehouse, layer, name, sql) for name, sql in BY_HAND.items()]


def _against(warehouse: Warehouse, layer: SemanticLayer, name: str, sql: str) -> Measure:
    query = MetricQuery.model_validate(REPORTS[name])
    ours: Callable[[], object] = lambda: layer.ask(query)  # noqa: E731
    by_hand: Callable[[], object] = lambda: warehouse.query(sql)  # noqa: E731
    taken, baseline = paired(ours, by_hand, 7)
    return Measure("warehouse", name, taken * 1e3, "ms", baseline * 1e3, "hand-written SQL", RATIO_AIM, "ratio")
