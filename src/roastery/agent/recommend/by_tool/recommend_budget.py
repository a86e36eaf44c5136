"""Move spend where it is expected to bring more; where the data cannot tell, run the test that would."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from roastery.agent.answer import Measure
from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice, listed
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
    gain, low, high = (facts[totals[name]] for name in ("gain", "gain_low", "gain_high"))
    chance = facts[totals["chance"]].value or Decimal(0)
    if not gain.value or gain.value <= 0 or chance < LEAST_CHANCE:
        return
    lines = [line for line in data["lines"] if "change" in line and facts[line["change"]].value]
    lines.sort(key=lambda line: -abs(facts[line["change"]].value or 0))
    moves = [
        f"{'raise' if (facts[line['change']].value or 0) > 0 else 'lower'} [[{line['label']}]] from "
        f"[[{line['spend']}]] to [[{line['advised']}]] a day"
        for line in lines[:MOST_MOVES]
    ]
    if not moves:
        return
    said = listed(moves)
    sure: Confidence = "high" if (low.value or 0) > 0 else "medium"
    what = "revenue" if data["objective"] == "revenue" else "new customers"
    yield Advice(
        "budget",
        "+".join(sorted(line["key"] for line in lines)),
        f"{said[:1].upper()}{said[1:]}.",
        f"Expected {what} a day up [[{gain.id}]], between [[{low.id}]] and [[{high.id}]].",
        (gain.id, low.id, high.id, totals["chance"], *(line["change"] for line in lines[:MOST_MOVES])),
        sure,
        _measure(data["objective"], facts[totals["then"]], gain, low, high),
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
