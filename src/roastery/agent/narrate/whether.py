"""The yes or the no before a number, where the facts decide what the question wanted confirmed."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from roastery.agent.evidence import Evidence, Finding
from roastery.agent.narrate.rows import rows_of, totals_of
from roastery.tools.base import Fact

HOLDS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "gt": lambda value, limit: value > limit,
    "gte": lambda value, limit: value >= limit,
    "lt": lambda value, limit: value < limit,
    "lte": lambda value, limit: value <= limit,
}


def yes_or_no(claim: Mapping[str, Any], finding: Finding, evidence: Evidence) -> str:
    """ "Yes", "No", "So far yes" or "Not so far" of what was asked; "" where the facts do not decide it.

    claim: as the planner keeps it (planner/whether.py). A period that still runs is decided only so far (law 10).
    """
    facts, holds = _decided(claim, finding, evidence)
    if holds is None:
        return ""
    running = (finding.arguments.get("period") or {}).get("name", "")
    running = running.startswith("this_") or running.endswith("_to_date")
    if running or any(_runs_on(fact, evidence) for fact in facts):
        return "So far yes" if holds else "Not so far"
    return "Yes" if holds else "No"


def opened(word: str, sentence: str) -> str:
    """The sentence with the yes or no before it: "**Yes: revenue rose …"."""
    bold, text = ("**", sentence[2:]) if sentence.startswith("**") else ("", sentence)
    plain = text[:1].lower() + text[1:] if text[1:2].islower() else text
    return f"{bold}{word}: {plain}"


def _decided(claim: Mapping[str, Any], finding: Finding, evidence: Evidence) -> tuple[list[Fact], bool | None]:
    rows = rows_of(finding, evidence)
    if claim.get("rows"):
        facts = [fact for row in rows for fact in row.facts.values()][:1]
        return facts, bool(rows)
    metric = str(claim.get("metric", ""))
    if "first" in claim:
        ahead, behind = (_of(rows, metric, *claim[name]) for name in ("first", "second"))
        if ahead is None or behind is None or ahead.value is None or behind.value is None:
            return [], None
        return [ahead, behind], (ahead.value - behind.value) * int(claim["way"]) > 0
    facts = totals_of(finding, evidence, (metric,)) or (rows[0].facts if len(rows) == 1 else {})
    now, change = facts.get(metric), facts.get(f"{metric}__change")
    if now is None or now.value is None:
        return [], None
    if "way" in claim:
        if change is None or change.value is None:
            return [], None
        return [now], change.value * int(claim["way"]) > 0
    limits = [Decimal(v) for v in claim.get("values", ())]
    if claim.get("op") == "between" and len(limits) == 2:
        return [now], limits[0] <= now.value <= limits[1]
    holds = HOLDS.get(str(claim.get("op")))
    return ([now], holds(now.value, limits[0])) if holds and limits else ([], None)


def _of(rows: list[Any], metric: str, dimension: str, value: str) -> Fact | None:
    return next((r.facts.get(metric) for r in rows if r.entity.get(dimension) == value), None)


def _runs_on(fact: Fact, evidence: Evidence) -> bool:
    """Whether a number's days reach beyond what its sources are complete through."""
    through = next((r.complete_through for r in evidence.receipts if r.id == fact.receipt_id), None)
    return through is not None and fact.period.end > date.fromisoformat(through[:10]) + timedelta(days=1)
