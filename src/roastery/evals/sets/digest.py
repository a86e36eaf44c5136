"""The weekly digests of the last 90 days against what was planted: what they find, and what they claim falsely.

One digest a week, its clock at eight on the Monday after, over a file that holds the whole history: digests see no row
of a later day, but conversions that came late do stand on their day already. What a claim is, when it is true and when
an anomaly is found stands in `evals.grading.claims`. Companies have their full size, seed 7; rules were chosen on other
seeds. An anomaly counts if one of its days lies in the 13 weeks; the share of false claims is over
all companies and weeks.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from roastery.agent.digest.unusual import incidents_of, scans_of
from roastery.agent.evidence import Evidence, Finding
from roastery.evals.grading.claims import Claim, Planted, Truth, claim_of
from roastery.evals.grading.companies import FULL, SEED, Companies
from roastery.evals.sets import Grade
from roastery.evals.sets.questions import kept_folder
from roastery.evals.world.companies import COMPANIES
from roastery.tools.base import ToolContext
from roastery.tools.registry import run as run_tool
from roastery.warehouse.clock import Clock
from roastery.warehouse.errors import NoData
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import PeriodSpec

NAME = "digest"
WEEKS = 13
AIM_FOUND, AIM_FALSE = 0.8, 0.1


@dataclass(frozen=True)
class Scored:
    """One company's digests: what was planted and found, and the claims that nothing planted explains."""

    planted: tuple[Planted, ...]
    found: frozenset[str]
    claims: tuple[Claim, ...]
    false: tuple[Claim, ...]


def run() -> Iterator[Grade]:
    """Each anomaly of each company, then the claims. ROASTERY_EVAL_SEED, ROASTERY_EVAL_PERSONS: other worlds."""
    seed = int(os.environ.get("ROASTERY_EVAL_SEED", SEED))
    scored: dict[str, Scored] = {}
    with ExitStack() as stack:
        companies = Companies(kept_folder(stack), int(os.environ.get("ROASTERY_EVAL_PERSONS", FULL)), seed)
        stack.callback(companies.close)
        for slug in COMPANIES:
            scored[slug] = score(companies, slug)
            yield from _grades(slug, scored[slug])
    yield from _overall(list(scored.values()))


def score(companies: Companies, slug: str) -> Scored:
    context = companies.context(slug)
    truth = Truth(companies.company(slug))
    claims = [claim for now in mondays(context) for claim in claims_at(context, now)]
    first = context.clock.today(context.organization.time_zone) - timedelta(days=7 * WEEKS)
    planted = tuple(p for p in truth.anomalies if p.end > first)
    found = frozenset(p.name for claim in claims for p in truth.finds(claim))
    return Scored(planted, found, tuple(claims), tuple(c for c in claims if not truth.explains(c)))


def mondays(context: ToolContext) -> list[datetime]:
    """Eight in the morning after each of the last weeks, the organization's own."""
    week = context.metrics.resolve_period(PeriodSpec(name="last_week"))
    ends = [week.end - timedelta(days=7 * n) for n in reversed(range(WEEKS))]
    return [datetime.combine(day, time(8), context.organization.zone).astimezone(UTC) for day in ends]


def at(context: ToolContext, now: datetime) -> ToolContext:
    """The same organization at another time."""
    clock = Clock(now)
    return replace(context, clock=clock, metrics=SemanticLayer(context.metrics.warehouse, clock))


def claims_at(context: ToolContext, now: datetime) -> list[Claim]:
    """What the digest of one Monday claims."""
    then = at(context, now)
    week = then.metrics.resolve_period(PeriodSpec(name="last_week"))
    days = {"start": week.start.isoformat(), "end": week.end.isoformat()}
    return [claim_of(incident) for _, incident in incidents_of(_findings(then, scans_of(days)))]


def _findings(context: ToolContext, asked: Sequence[dict[str, object]]) -> list[Finding]:
    evidence, found = Evidence(), []
    for n, arguments in enumerate(asked):
        try:
            result = run_tool("detect_anomalies", arguments, context, keep=False)
        except NoData:
            continue
        found.append(evidence.add(f"scan-{n}", "detect_anomalies", arguments, result))
    return found


def _grades(slug: str, scored: Scored) -> Iterator[Grade]:
    for planted in scored.planted:
        said = "" if planted.name in scored.found else f"{planted.metric} was not found"
        verdict = "" if not said else "missed"
        yield Grade(NAME, f"{slug}: {planted.name}", said, verdict=verdict, company=slug)
    for claim in scored.false:
        yield Grade(NAME, f"{slug}: {claim.text}", "nothing planted explains it", verdict="false claim", company=slug)


def _overall(scored: Sequence[Scored]) -> Iterator[Grade]:
    planted, found = sum(len(s.planted) for s in scored), sum(len(s.found) for s in scored)
    claims, false = sum(len(s.claims) for s in scored), sum(len(s.false) for s in scored)
    share = false / claims if claims else 0.0
    figures = f"{found} of {planted} anomalies found; {false} of {claims} claims false ({share:.1%})"
    missed = [] if found >= AIM_FOUND * planted else [f"fewer than {AIM_FOUND:.0%} found"]
    missed += [] if share <= AIM_FALSE else [f"more than {AIM_FALSE:.0%} false"]
    yield Grade(NAME, "all", "; ".join(missed), figures)
