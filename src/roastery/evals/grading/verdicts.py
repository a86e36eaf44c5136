"""Right, honest miss or confidently wrong: one question's answer against every way to be right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from roastery.evals.grading.arguments import argument_faults
from roastery.evals.grading.asked import METRIC_TOOLS, Ground, metric_faults
from roastery.evals.grading.cases import Expected, Turn

ACTING = frozenset({"create_alert", "create_schedule"})
Judged = Literal["right", "honest miss", "confidently wrong"]
ABOUT_PERIOD = ("period was named", "took ", "compared", "so far", "read 0", "read 1", "read 2", "days", "complete")


@dataclass(frozen=True)
class Given:
    """What became of a question: calls as (tool, arguments), and what was said to be assumed."""

    status: str
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    text: str = ""
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """faults: the parts that differ from the nearest right way."""

    judged: Judged
    faults: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        return self.judged == "right"


def judge(turn: Turn, given: Given, ground: Ground) -> Verdict:
    """The verdict on one turn."""
    faults = min((_faults(way, given, ground) for way in turn.right), key=_weight)
    for n, ways in enumerate(turn.further, 1):
        more = min((_faults(way, given, ground) for way in ways), key=_weight)
        faults += [f"further question {n}: {fault}" for fault in more]
    if not faults:
        return Verdict("right")
    if given.status != "answered" or _is_said(faults, given.assumptions):
        return Verdict("honest miss", tuple(faults))
    return Verdict("confidently wrong", tuple(faults))


def _weight(faults: Sequence[str]) -> int:
    return sum(10 if fault.startswith(("status", "tool")) else 1 for fault in faults)


def _faults(way: Expected, given: Given, ground: Ground) -> list[str]:
    if given.status != way.status:
        return [f"status: {given.status} instead of {way.status}"]
    said = [f"does not mention “{m}”" for m in way.mentions if given.text and m.lower() not in given.text.lower()]
    if not way.tools:
        return said
    calls = [c for c in given.calls if c[0] in way.tools]
    if not calls:
        own = ", ".join(dict.fromkeys(c[0] for c in given.calls)) or "none"
        return [f"tool: {own} instead of {' or '.join(way.tools)}"]
    return said + min((_call_faults(way, tool, call, ground) for tool, call in calls), key=len)


def _call_faults(way: Expected, tool: str, call: Mapping[str, Any], ground: Ground) -> list[str]:
    if tool in METRIC_TOOLS:
        return metric_faults(way.query, call, ground, tool) if way.query else []
    return argument_faults(way.arguments, tool, call, ground)


def _is_said(faults: Sequence[str], assumptions: Sequence[str]) -> bool:
    """Whether the answer itself says what it assumed about every part that differs."""
    about = {"period" if any(w in a for w in ABOUT_PERIOD) else "names" for a in assumptions}
    kinds = {"period" if f in ("period", "comparison", "horizon_days", "grain") else "names" for f in faults}
    return bool(faults) and kinds <= about
