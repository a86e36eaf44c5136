"""How it was found and what to mind: the lines below an answer, from its receipts."""

import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from roastery.agent.evidence import Evidence
from roastery.agent.narrate.voice import capital
from roastery.agent.render import period_text
from roastery.tools.base import FactPeriod

HOW_WORDS = 24
CAVEAT_WORDS = 36
LONGEST = 118
LIST_THEN_SENTENCE = re.compile(r"^(- [^\n]*)\n(?=[^-\s])", re.MULTILINE)


@dataclass(frozen=True)
class Narration:
    """What is said of a run: `answer` with references, then how it was found, then caveats (plain text, no model).

    told: marks of the caveats and definitions that the answer before in the thread has told (`told_by`).
    """

    answer: str
    how: str = ""
    caveats: tuple[str, ...] = ()
    quoted: bool = False
    told: frozenset[str] = frozenset()


AS_BEFORE = "As in the answer before."
STILL_HOLD = "Those of the answer before still hold."


def mark_of(sentence: str) -> str:
    """What a sentence is known by in the turns that follow; it tells nothing of what the sentence says."""
    return f"{zlib.crc32(sentence.encode()):08x}"


def how_found(
    evidence: Evidence,
    title: Any,
    assumptions: Sequence[str] = (),
    words: int = 34,
    told: Collection[str] = (),
) -> str:
    """One or two sentences from the receipts: what was assumed, how it is attributed, what the metric means.

    told: marks of sentences of the answer before; a definition among them is not given again.
    """
    parts = []
    if assumptions:
        parts.append(f"Assumed: {'; '.join(assumptions)}.")
    receipt = next((r for r in evidence.receipts if r.metric_definitions), None)
    if receipt is None:
        return " ".join(parts)
    period = f"{period_text(receipt.period)}" if receipt.period else ""
    if attributed := _attribution(receipt.attribution, receipt.metric_definitions):
        period = f"{period}, {attributed}" if period else attributed
    if receipt.data_as_of:
        period += f"; data as of {_as_of(receipt.data_as_of)}"
    if period:
        parts.append(f"{capital(period)}.")
    budget = words - sum(len(p.split()) for p in parts)
    for metric, definition in receipt.metric_definitions.items():
        first = _clause(definition)
        if mark_of(first) in told:
            continue
        if len(first.split()) + 3 <= budget:
            parts.append(f"{capital(title(metric))}: {first[:1].lower() + first[1:]}.")
            budget -= len(first.split()) + 3
    return " ".join(parts)


CREDITED_WORDS = ("credit", "paid touch", "eligible touch")


def _attribution(attribution: Mapping[str, Any], definitions: Mapping[str, str]) -> str:
    if not attribution or not any(w in d.lower() for d in definitions.values() for w in CREDITED_WORDS):
        return ""
    named = attribution.get("model", "")
    if isinstance(named, list | tuple):
        return "model beside model"
    model = str(named).replace("_", " ").replace("non direct", "non-direct")
    window = attribution.get("window_days")
    days = f", {window}-day window" if window else ", campaigns' own windows"
    return f"credited by {model}{days}"


def _as_of(data_as_of: Mapping[str, str]) -> str:
    """The oldest of the sources' times, as a day."""
    oldest = min(data_as_of.values())
    day = date.fromisoformat(oldest[:10])
    return period_text(FactPeriod(start=day, end=date.fromordinal(day.toordinal() + 1)))


def _clause(definition: str) -> str:
    return definition.strip().split(";")[0].split(". ")[0].rstrip(".")


def lists_apart(text: str) -> str:
    """Markdown in which a sentence after a list is a paragraph of its own, not the end of the last item.

    >>> lists_apart("- one\\nAll in all, two.")
    '- one\\n\\nAll in all, two.'
    """
    return LIST_THEN_SENTENCE.sub(r"\1\n\n", text)


def words_in(text: str) -> int:
    return len(text.split())


def compose(narration: Narration) -> str:
    """The Markdown of an answer: the answer, how it was found, caveats; caveats are shortened before the answer is.

    What the answer before has told of them is not said whole again.
    """
    parts = [narration.answer]
    if narration.how:
        parts.append(f"How: {narration.how}")
    shown, repeated, left = _caveats(narration)
    if shown:
        more = f" ({left} more with the receipt.)" if left else ""
        again = f" {STILL_HOLD}" if repeated else ""
        parts.append(f"Caveats: {' '.join(shown)}{more}{again}")
    elif repeated:
        parts.append(f"Caveats: {AS_BEFORE}")
    return "\n\n".join(parts)


def _caveats(narration: Narration) -> tuple[list[str], list[str], int]:
    """Those to say whole, those that the answer before has said, and how many there is no room for."""
    repeated = [c for c in narration.caveats if mark_of(c) in narration.told]
    new = [c for c in narration.caveats if c not in repeated]
    budget = LONGEST - words_in(narration.answer) - words_in(narration.how) - bool(narration.how)
    budget -= words_in(STILL_HOLD) if repeated else 0
    shown: list[str] = []
    for caveat in new:
        if shown and words_in(caveat) > budget:
            break
        shown.append(caveat)
        budget -= words_in(caveat)
    return shown, repeated, len(new) - len(shown)


def told_by(narration: Narration, evidence: Evidence) -> list[str]:
    """Marks of the caveats and definitions that this answer or the one before it has told."""
    shown, repeated, _ = _caveats(narration)
    defined = [_clause(d) for r in evidence.receipts for d in r.metric_definitions.values()]
    known = [d for d in defined if mark_of(d) in narration.told or d[1:] in narration.how]
    about_data = [c for c in (*shown, *repeated) if c in evidence.caveats]
    return sorted({mark_of(sentence) for sentence in (*about_data, *known)})
