"""Move spend where it is expected to bring more; where the data cannot tell, run the test that would."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from roastery.agent.answer import Measure
from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice
from roastery.agent.recommend.advice import Advice, Confidence
from roastery.tools.base import Fact

MOST_MOVES = 3
LEAST_CHANCE = Decimal("0.9")
HORIZON_DAYS = 28


def advise(voice: Voice, finding: Finding) -> Iterator[Advice]:
    data, facts = finding.result.data, voice.evidence.facts
    if data["advised"]:
        yield from _moves(data, facts)
    elif data.get("proposal"):
        yield from _holdout(data)


def _moves(data: Mapping[str, Any], facts: Mapping[str, Fact]) -> Iterator[Advice]:
    totals = data["totals"]
    is_cut = "spared" in totals
    name = "spared" if is_cut else "gain"
    better, low, high = (facts[totals[name + end]] for end in ("", "_low", "_high"))
    chance = facts[totals["chance"]].value or Decimal(0)
    if not better.value or better.value <= 0 or chance < LEAST_CHANCE:
        return
    lines = [line for line in data["lines"] if "change" in line and facts[line["change"]].value]
    lines.sort(key=lambda line: -abs(facts[line["change"]].value or 0))
    moves = [
        f"Set [[{line['label']}]] to the advised [[{line['advised']}]] a day, "
        f"{'up' if (facts[line['change']].value or 0) > 0 else 'down'} [[{line['change']}]] from [[{line['spend']}]]."
        for line in lines[:MOST_MOVES]
    ]
    if not moves:
        return
    sure: Confidence = "high" if (low.value or 0) > 0 else "medium"
    what = "revenue" if data["objective"] == "revenue" else "new customers"
    than = "above that of a proportional cut by" if is_cut else "up"
    yield Advice(
        "budget",
        "+".join(sorted(line["key"] for line in lines)),
        " ".join(moves),
        f"Expected {what} a day {than} [[{better.id}]], between [[{low.id}]] and [[{high.id}]].",
        (better.id, low.id, high.id, totals["chance"], *(line["change"] for line in lines[:MOST_MOVES])),
        sure,
        _measure(data["objective"], *(facts[totals[end]] for end in ("then", "gain", "gain_low", "gain_high"))),
    )


def _measure(objective: str, then: Fact, gain: Fact, low: Fact, high: Fact) -> Measure:
    """The whole of the outcome over the horizon: a day's expectation times its days."""
    per_day = then.value or Decimal(0)
    spread = [per_day - (gain.value or Decimal(0)) + (bound.value or Decimal(0)) for bound in (low, high)]
    return Measure(
        metric="attributed_revenue" if objective == "revenue" else "new_customers",
        expected=per_day * HORIZON_DAYS,
        low=spread[0] * HORIZON_DAYS,
        high=spread[1] * HORIZON_DAYS,
        horizon_days=HORIZON_DAYS,
    )


def _holdout(data: Mapping[str, Any]) -> Iterator[Advice]:
    plan = data["proposal"]
    ids = plan["facts"]
    label = next((line["label"] for line in data["lines"] if line["key"] == plan["key"]), None)
    if label is None:
        return
    where = "in some places" if "held_out" in ids else "every other week, drawn by lot"
    yield Advice(
        "holdout",
        str(plan["key"]),
        f"Run a holdout before spend is moved: pause [[{label}]] {where}.",
        f"By itself it earns nothing: the holdout takes [[{ids['weeks']}]] weeks and finds an effect that is "
        f"detectable from [[{ids['detectable']}]] on.",
        tuple(ids.values()),
        "medium",
    )
