"""Planted anomalies found and false alerts, and whether explain_change names the planted slice first or second."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from roastery.evals.direct import Studied
from roastery.evals.sets import Grade
from roastery.tools.base import ToolResult
from roastery.tools.registry import run
from roastery.warehouse.errors import DataError, HistoryIncomplete, ImpossibleSplit

JUDGED_DAYS = 91
LATE_DAYS = 2
# What a planted metric also shows in: the same records read another way.
KIN = {
    "orders": {"revenue", "online_orders", "conversion_rate", "attributed_orders"},
    "refunds": {"revenue", "refund_count"},
    "spend": {"clicks", "impressions", "cpc"},
    "cpc": {"spend", "clicks"},
    "attribution_coverage": {"attributed_orders", "attributed_revenue"},
}


@dataclass(frozen=True)
class Planted:
    """One planted anomaly; where: dimension → member, of which there may be several."""

    name: str
    metric: str
    where: Mapping[str, str]
    start: date
    end: date

    def is_shown_by(self, incident: Mapping[str, Any]) -> bool:
        """Whether an incident tells of it: its metric or kin, on its days, on its slice or on a wider one."""
        heads = [(incident["metric"], incident["where"])]
        heads += [(o["metric"], {o["dimension"]: o["value"]} if o["dimension"] else {}) for o in incident["also"]]
        start, end = date.fromisoformat(incident["start"]), date.fromisoformat(incident["end"])
        meets = start < self.end + timedelta(days=LATE_DAYS) and end > self.start
        metrics = {self.metric, *KIN.get(self.metric, set())}
        return meets and any(
            metric in metrics and all(self.where.get(d, value) == value for d, value in where.items())
            for metric, where in heads
        )


@dataclass(frozen=True)
class Scanned:
    """One scan of all main metrics: what was planted, the names of those found, other incidents, series looked at."""

    planted: list[Planted]
    hits: list[str]
    others: int
    series: int


def scanned(company: Studied) -> Scanned:
    """Every main metric over the days in which anomalies were planted, in one scan."""
    planted = planted_in(company)
    asked = {
        "period": {
            "start": (company.today - timedelta(days=JUDGED_DAYS)).isoformat(),
            "end": company.today.isoformat(),
        },
        "limit": 200,
    }
    found = run("detect_anomalies", asked, company.context)
    incidents = found.data["incidents"]
    hits = [p.name for p in planted if any(p.is_shown_by(i) for i in incidents)]
    others = [i for i in incidents if not any(p.is_shown_by(i) for p in planted)]
    return Scanned(planted, hits, len(others), _count(found, "series"))


def grade(company: Studied) -> Iterator[Grade]:
    if not planted_in(company):
        return
    found = scanned(company)
    months = JUDGED_DAYS / 30
    often = found.others / months / max(found.series, 1)
    said = (
        f"{len(found.hits)} of {len(found.planted)} planted found ({', '.join(found.hits) or 'none'}); {found.others} "
        f"other incidents in {months:.0f} months, {often:.3f} a series-month over {found.series} series"
    )
    yield Grade("analyses", f"{company.name}: anomalies", figures=said)
    yield from _causes(company, found.planted)


def planted_in(company: Studied) -> list[Planted]:
    """The planted anomalies whose metric exists."""
    known = company.context.metrics.catalogue.metrics
    made = []
    for row in company.anomalies:
        dimensions, members = row["dimension"].split("+"), row["member"].split("+")
        if row["metric"] in known and len(dimensions) == len(members):
            where = {d: m for d, m in zip(dimensions, members, strict=True) if d}
            made.append(Planted(row["anomaly_id"], row["metric"], where, row["start"], min(row["end"], company.today)))
    return made


def _causes(company: Studied, planted: list[Planted]) -> Iterator[Grade]:
    """hit@1 and hit@2: the planted slice among the first causes of the change against the same weekdays before."""
    tried, first, second, missed, not_tried = 0, 0, 0, list[str](), list[str]()
    for anomaly in planted:
        days = (anomaly.end - anomaly.start).days
        back = -(-days // 7) * 7
        asked = {
            "metric": anomaly.metric,
            "period": {"start": anomaly.start.isoformat(), "end": anomaly.end.isoformat()},
            "compare_to": {
                "start": (anomaly.start - timedelta(days=back)).isoformat(),
                "end": (anomaly.end - timedelta(days=back)).isoformat(),
            },
        }
        wanted = {d: company.value_of(d, m) for d, m in anomaly.where.items()}
        try:
            told = run("explain_change", asked, company.context)
        except (DataError, ImpossibleSplit, HistoryIncomplete) as error:
            not_tried.append(f"{anomaly.name}: {error.message}")
            continue
        if not wanted or any(v is None for v in wanted.values()) or not set(wanted) <= set(told.data["dimensions"]):
            not_tried.append(f"{anomaly.name}: {' and '.join(wanted)} is not searched for {anomaly.metric}")
            continue
        tried += 1
        ranks = [n for n, cause in enumerate(told.data["causes"][:2]) if _names(cause["where"], wanted)]
        first += 0 in ranks
        second += bool(ranks)
        missed += [] if ranks else [anomaly.name]
    if tried or not_tried:
        said = f"hit@1 {first}/{tried}, hit@2 {second}/{tried}" + (f" (missed {', '.join(missed)})" if missed else "")
        said += f"; not tried: {'; '.join(not_tried)}" if not_tried else ""
        yield Grade("analyses", f"{company.name}: causes", figures=said)


def _names(where: Mapping[str, str], wanted: Mapping[str, str | None]) -> bool:
    """Whether a cause is the planted slice, or that slice narrowed by a dimension that says the same."""
    return all(where.get(d) == v for d, v in wanted.items())


def _count(found: ToolResult, name: str) -> int:
    fact = next(f for f in found.facts if f.id == found.data["counts"][name])
    return int(fact.value or 0)
