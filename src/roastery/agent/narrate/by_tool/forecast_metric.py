"""A forecast: the whole with its interval, where that stands to what was, how sure it is, and the target."""

from collections.abc import Mapping

from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice, capital
from roastery.agent.render import when_text
from roastery.tools.base import Fact

MOST_PARTS = 4


def tell(voice: Voice, finding: Finding) -> str:
    data, facts = finding.result.data, voice.evidence.facts
    total = {name: facts[id] for name, id in data["total"].items()}
    title, held = voice.title(data["metric"]), voice.held(finding)
    expected = total["expected"]
    when = when_text(expected.period)
    level = "" if data["is_sum"] or data["steps"] < 2 else " on average"
    sentences = [
        f"**{capital(title)}{held} {voice.was(data['metric']).replace('was', 'is').replace('were', 'are')} forecast at "
        f"[[{expected.id}]]{level} {when}**, between [[{total['low'].id}]] and [[{total['high'].id}]]."
    ]
    sentences += _before(facts, data["recent"])
    sentences += _pace(facts, data["pace"], title)
    if data["parts"]:
        told = [f"[[{p['labels'][0]}]] [[{p['expected']}]]" for p in data["parts"][:MOST_PARTS]]
        sentences.append(f"The forecast of {title}{held}: {'; '.join(told)}.")
    quality = data["quality"]
    if "error" in quality:
        naive = (
            f", against [[{quality['naive_error']}]] of repeating the last season" if "naive_error" in quality else ""
        )
        sentences.append(
            f"On the past, such intervals held [[{quality['coverage']}]] of outcomes, and the usual miss was "
            f"[[{quality['error']}]]{naive}."
        )
    return " ".join(sentences)


def _before(facts: Mapping[str, Fact], recent: Mapping[str, str]) -> list[str]:
    if not recent or facts[recent["change_ratio"]].value is None:
        return []
    change, before = facts[recent["change_ratio"]], facts[recent["before"]]
    if not change.value:
        return []
    way = "above" if change.value > 0 else "below"
    return [f"That is [[{change.id}]] {way} the [[{before.id}]] {when_text(before.period)}."]


def _pace(facts: Mapping[str, Fact], pace: Mapping[str, str], title: str) -> list[str]:
    if "projected" not in pace:
        return _target(facts, pace, title)
    projected, so_far = facts[pace["projected"]], facts[pace["so_far"]]
    said = (
        f"With [[{so_far.id}]] {when_text(so_far.period)}, the forecast {when_text(projected.period)} is "
        f"[[{projected.id}]], between [[{pace['projected_low']}]] and [[{pace['projected_high']}]]."
    )
    return [said, *_target(facts, pace, title)]


def _target(facts: Mapping[str, Fact], pace: Mapping[str, str], title: str) -> list[str]:
    if "target" not in pace or not facts[pace["gap"]].value:
        return []
    way = "above" if (facts[pace["gap"]].value or 0) > 0 else "below"
    planned = f"what was planned ([[{pace['target']}]])"
    return [f"That forecast of {title} is [[{pace['gap']}]] {way} {planned}, with a chance of [[{pace['chance']}]]."]
