"""What /v1/ask costs beside its query: HTTP, agent, offline model, verification, narration, the store."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from roastery.evals.bench.measure import Measure, durations, percentile

AIM_SECONDS = 0.050
NOW = "2026-11-02T15:00:00+00:00"
LAST = datetime.fromisoformat(NOW)
DAYS = 120
PLATFORMS = ("meta_ads", "google_ads")
QUESTIONS = (
    "What was ROAS by platform last month?",
    "How did revenue by week over the last four weeks compare with the four weeks before?",
    "What were the top five campaigns by spend last month, with clicks and CTR?",
)


def run() -> list[Measure]:
    """Each question many times over one HTTP connection; the time of the semantic layer is measured and left out."""
    import httpx2

    from roastery.evals import loading

    with (
        tempfile.TemporaryDirectory() as folder,
        service(Path(folder)) as (app, key, querying),
        loading.service(app.state.roastery) as url,
        httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=60) as client,
    ):
        beside: list[float] = []
        queries: list[float] = []

        def ask(question: str) -> None:
            querying.clear()
            begun = time.perf_counter()
            answer = client.post("/v1/ask", json={"question": question}).json()
            whole = time.perf_counter() - begun
            if answer["status"] != "answered":
                raise RuntimeError(f"The benchmark's question was not answered: {answer['text']}")
            beside.append(whole - sum(querying))
            queries.append(sum(querying))

        for question in QUESTIONS:
            durations(lambda question=question: ask(question), 20, warm=0)  # type: ignore[misc]
    counted, query = beside[len(QUESTIONS) :], median(queries) * 1e3
    return [
        Measure(
            "asking",
            "p50 of /v1/ask, query left out",
            median(counted) * 1e3,
            "ms",
            query,
            "the query",
            AIM_SECONDS * 1e3,
        ),
        Measure("asking", "p95 of /v1/ask, query left out", percentile(counted, 95) * 1e3, "ms", query, "the query"),
    ]


@contextmanager
def service(home: Path) -> Iterator[tuple[Any, str, list[float]]]:
    """A service over a small company, a key for it, and the seconds of each query of the semantic layer."""
    from roastery.api.app import Roastery, create_app
    from roastery.api.settings import Settings
    from roastery.warehouse.semantic.layer import SemanticLayer

    settings = Settings(home=home, now=NOW)
    with Roastery.open(settings) as roastery:
        organization, key = _organization(roastery)
        warehouse = roastery.warehouse(organization)
        for dataset, rows in _rows().items():
            warehouse.upsert_rows(dataset, rows, build=False)
        warehouse.build()
        seconds: list[float] = []
        plain = SemanticLayer.ask

        def timed(self: SemanticLayer, *arguments: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            try:
                return plain(self, *arguments, **named)
            finally:
                seconds.append(time.perf_counter() - begun)

        SemanticLayer.ask = timed  # type: ignore[method-assign]
        try:
            yield create_app(roastery), key, seconds
        finally:
            SemanticLayer.ask = plain  # type: ignore[method-assign]


def _organization(roastery: Any) -> tuple[Any, str]:
    from roastery.api.store.keys import Keys
    from roastery.api.store.organizations import Organizations
    from roastery.warehouse.organization import Organization

    now = roastery.wall.now()
    with roastery.database.session() as session:
        organization = Organizations(session).create(Organization("org_bench", "Bench"), now)
    with roastery.database.session() as session:
        return organization, Keys(session, roastery.keyring).create(organization.id, "analyst", now)[1]


def _rows() -> dict[str, list[dict[str, Any]]]:
    """A hundred and twenty days of twelve campaigns, and forty orders a day with a click before each."""
    days = [date(2026, 11, 1) - timedelta(days=n) for n in range(DAYS)]
    campaigns = [
        {"campaign_id": f"c{n}", "campaign_name": f"Campaign {n}", "platform": PLATFORMS[n % 2]} for n in range(12)
    ]
    moments = [(d, n) for d in range(DAYS) for n in range(40)]
    return {
        "campaigns": campaigns,
        "ad_performance": [_ad_day(day, n) for day in days for n in range(12)],
        "transactions": [_order(d, n) for d, n in moments],
        "touchpoints": [_click(d, n) for d, n in moments],
    }


def _ad_day(day: date, n: int) -> dict[str, Any]:
    return {
        "report_date": str(day),
        "platform": PLATFORMS[n % 2],
        "account_id": "a",
        "campaign_id": f"c{n}",
        "spend": f"{20 + n}.50",
        "impressions": 1000 + n,
        "clicks": 30 + n,
        "currency": "USD",
    }


def _order(days_ago: int, n: int) -> dict[str, Any]:
    return {
        "transaction_id": f"t{days_ago}-{n}",
        "customer_id": _customer(days_ago, n),
        "kind": "order",
        "status": "completed",
        "occurred_at": (LAST - timedelta(days=days_ago + 1, minutes=n)).isoformat(),
        "amount": f"{30 + n}.25",
        "currency": "USD",
    }


def _click(days_ago: int, n: int) -> dict[str, Any]:
    return {
        "touchpoint_id": f"h{days_ago}-{n}",
        "customer_id": _customer(days_ago, n),
        "kind": "click",
        "occurred_at": (LAST - timedelta(days=days_ago + 2, minutes=n)).isoformat(),
        "campaign_id": f"c{n % 12}",
    }


def _customer(days_ago: int, n: int) -> str:
    return f"p{(days_ago * 7 + n) % 900}"
