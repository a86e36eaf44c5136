"""What to do about an answer: actions with their expected effect, the facts behind them and the confidence.

A tool's own module in `by_tool` says what its result supports; what is not significant supports nothing. Every line is
verified like the answer itself (law 1), and one that does not pass is left out.
"""

import hashlib
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from roastery.agent.answer import Recommendation
from roastery.agent.evidence import Evidence, Finding
from roastery.agent.narrate.voice import Voice
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.recommend import by_tool
from roastery.agent.recommend.advice import Advice
from roastery.agent.render import render
from roastery.agent.verify import Verifier

MOST = 3
Advising = Callable[[Any, Finding], Iterator[Advice]]


@cache
def advisers() -> dict[str, Advising]:
    """What advises on each tool's results, by the tool's name."""
    names = [found.name for found in pkgutil.iter_modules(by_tool.__path__)]
    return {name: importlib.import_module(f"{by_tool.__name__}.{name}").advise for name in names}


def recommendations(
    evidence: Evidence, lexicon: Lexicon, findings: Sequence[Finding] | None = None
) -> tuple[list[Recommendation], list[str]]:
    """At most MOST recommendations, the surest first; and why others were left out."""
    voice = Voice(evidence, lexicon.vocabulary)
    found = [(f, a) for f in findings or evidence.findings for a in advisers().get(f.tool, _none)(voice, f)]
    found.sort(key=lambda one: ("high", "medium", "low").index(one[1].confidence))
    kept: dict[str, Recommendation] = {}
    withheld = []
    for finding, advice in found:
        verifier = Verifier(evidence.only([finding]), lexicon, refers=True)
        problems = [p for text in advice.checked for p in verifier.problems(text)]
        if problems:
            withheld.append(f"recommendation: {problems[0]}")
        elif len(kept) < MOST:
            kept.setdefault(key_of(advice), _written(advice, evidence))
    return list(kept.values()), withheld


def key_of(advice: Advice) -> str:
    """What a recommendation is about, so that the same one is not made twice."""
    return hashlib.sha256(f"{advice.kind}|{advice.subject}".encode()).hexdigest()[:20]


def _written(advice: Advice, evidence: Evidence) -> Recommendation:
    return Recommendation(
        action=render(advice.action, evidence.facts, evidence.labels),
        expected_effect=render(advice.effect, evidence.facts, evidence.labels),
        basis=advice.basis,
        confidence=advice.confidence,
        kind=advice.kind,
        key=key_of(advice),
        measure=advice.measure,
    )


def _none(voice: Any, finding: Finding) -> Iterator[Advice]:
    return iter(())
