"""Forecasts from earlier days beside what came: coverage of the 95 % interval, error, and the seasonal naive's."""

from collections.abc import Iterator
from datetime import date, timedelta

from roastery.evals.direct import Studied
from roastery.evals.sets import Grade
from roastery.tools.registry import run
from roastery.warehouse.errors import RoasteryError

METRICS = ("revenue", "orders", "spend", "clicks", "sessions", "leads", "bookings")
HORIZON, ORIGINS = 28, 3
LEAST_COVERAGE = 0.85


def grade(company: Studied) -> Iterator[Grade]:
    inside = steps = 0
    off = naive_off = size = 0.0
    whole_inside = wholes = 0
    for metric in METRICS:
        for n in range(ORIGINS):
            end = company.today - timedelta(days=HORIZON * (n + 1) + 1)
            found = _outcome(company, metric, end)
            if found is None:
                continue
            for expected, low, high, naive, actual in found[0]:
                steps += 1
                inside += low <= actual <= high
                off, naive_off, size = off + abs(expected - actual), naive_off + abs(naive - actual), size + abs(actual)
            low, high, actual = found[1]
            wholes += 1
            whole_inside += low <= actual <= high
    if not steps:
        return
    coverage = inside / steps
    said = (
        f"95 % interval held {coverage:.3f} of {steps} days and {whole_inside} of {wholes} wholes of {HORIZON} days; "
        f"error {off / size:.3f} of what came, seasonal naive {naive_off / size:.3f}"
    )
    wrong = "" if coverage >= LEAST_COVERAGE else f"{said}; at least {LEAST_COVERAGE} is wanted"
    yield Grade("analyses", f"{company.name}: forecasts", wrong, figures=said)


Day = tuple[float, float, float, float, float]


def _outcome(company: Studied, metric: str, end: date) -> tuple[list[Day], tuple[float, float, float]] | None:
    """Forecast, low, high, naive and actual of each day after `end`, and low, high and actual of the whole."""
    history = {"start": (end - timedelta(days=800)).isoformat(), "end": end.isoformat()}
    days = {"start": end.isoformat(), "end": (end + timedelta(days=HORIZON)).isoformat()}
    try:
        said = run("forecast_metric", {"metric": metric, "horizon": HORIZON, "history": history}, company.context)
        came = run("query_metrics", {"metrics": [metric], "grain": "day", "period": days}, company.context)
    except RoasteryError:
        return None
    actual = {str(row["date"]): float(row[metric] or 0) for row in came.tables[0].rows}
    before = {
        "start": (end - timedelta(days=7)).isoformat(), "end": end.isoformat(),
    }  # fmt: skip
    last = run("query_metrics", {"metrics": [metric], "grain": "day", "period": before}, company.context)
    week = {date.fromisoformat(str(r["date"])).weekday(): float(r[metric] or 0) for r in last.tables[0].rows}
    rows: list[Day] = []
    for row in said.tables[-1].rows:
        day = str(row["date"])
        if day in actual:
            naive = week.get(date.fromisoformat(day).weekday(), 0.0)
            rows.append((float(row["expected"]), float(row["low"]), float(row["high"]), naive, actual[day]))
    facts = {fact.id: float(fact.value or 0) for fact in said.facts}
    total = said.data["total"]
    return rows, (facts[total["low"]], facts[total["high"]], sum(actual.values()))
