"""Be told when something happens: create_alert. It acts, so it waits for an approval."""

from dataclasses import replace
from typing import Any

from roastery.agent.planner.asks.base import Ask, filters_json, first_metric
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question, number_value
from roastery.agent.planner.reading import Reading, reading_json

OPS = (("gte", "at_least"), ("lte", "at_most"), ("gt", "over"), ("lt", "under"), ("gt", "goes_up"), ("lt", "goes_down"))


class Alerts(Ask):
    """ "Tell me when ROAS drops below 2", "alert us if CAC is over $80 on Google"."""

    intent = "alert"
    tool = "create_alert"
    said = "ask_create_alert"
    what = "creating alerts"
    patterns = ("goes_up", "goes_down", "moves_by", "tells_a_limit", "over", "under", "at_least", "at_most")
    keeps_doubt = True

    def is_meant(self, question: Question, reading: Reading, lexicon: Lexicon) -> bool:
        if super().is_meant(question, reading, lexicon):
            return True
        told = question.says(TOLD) and not question.has(r"^(?:which|what|how|who|where|were|was|did|is|are)(?: .*)?")
        limited = question.has(rf"{WHEN}(?: \S+){{1,14}}? (?:{LIMIT}) (?:the |a |an )?N\d+(?: .*)?")
        return told and limited and bool(question.of_kind("M") or question.of_kind("A"))

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        if not (reading.metrics or any(f.metric for f in reading.filters) or reading.filters or question.of_kind("P")):
            kept = {"slot": "rest", "reading": reading_json(replace(reading, intent="alert"))}
            return Reading(
                "clarify", message="Of which number, and at what limit, do you want to be told?", pending=kept
            )
        found = first_metric(reading, "revenue", lexicon)
        limits = [f for f in found.filters if f.metric]
        details = dict(found.details)
        numbers = list(question.of_kind("N"))
        question.used.update(s.index for s in numbers)
        relative = question.says(pattern("moves_by")) and any(str(s.of).endswith("%") for s in numbers)
        if limits and not relative:
            details |= {"op": limits[0].op, "value": limits[0].values[0]}
            found = replace(found, metrics=(limits[0].field,))
        elif numbers:
            value = number_value(numbers[0].of)
            op = _op(question)
            if relative and op in ("gt", "gte") and question.says(pattern("goes_down")):
                op = "lt"
            if relative and op in ("lt", "lte"):
                value = -value
            details |= {"value": format(value, "f"), "op": op}
        if relative:
            details["change"] = True
        return replace(
            found,
            intent="alert",
            metrics=found.metrics[:1],
            period=None,
            compare=None,
            order_by=None,
            limit=None,
            share=False,
            filters=tuple(f for f in found.filters if not f.metric),
            details=details,
        )

    def arguments(self, reading: Reading) -> dict[str, Any]:
        details = reading.details
        every = reading.grain if reading.grain in WINDOWS else None
        return {
            "metric": reading.metrics[0],
            "kind": "threshold" if "value" in details else "anomaly",
            **{name: details[name] for name in ("op", "value") if name in details},
            **({"judged": "change_ratio"} if details.get("change") else {}),
            **({"dimensions": list(reading.dimensions)} if reading.dimensions else {}),
            **filters_json(reading.filters),
            **({"period": {"name": WINDOWS[every]}, "rhythm": {"every": every}} if every else {}),
        }


WHEN = (
    r"(?:if|when|whenever|once|as soon as|the moment|the minute|in case|should|each time|every time"
    r"|(?:the )?next time)"
)
LIMIT = (
    "|".join(pattern(name) for name in ("over", "under", "at_least", "at_most"))
    + r"|to|by|hits?|reach(?:es)?|cross(?:es)?|tops?|pass(?:es)?|exceeds?|beats?|surpass(?:es)?|clears?|touch(?:es)?"
)
TOLD = r"(?:me|us|i|we|heads up|the team|someone)"
"""Somebody to be told, when, and a limit: an alert, in whatever words."""
WINDOWS = {"day": "yesterday", "week": "last_week", "month": "last_month"}
"""What is looked at when an alert is to look once a day, week or month."""


def _op(question: Question) -> str:
    return next((op for op, name in OPS if question.says(pattern(name))), "gt")
