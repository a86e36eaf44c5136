"""Paths before a conversion: customer_journeys."""

import re
from dataclasses import replace
from typing import Any

from roastery.agent.planner.asks.base import Ask, filters_json, period_json, settings_json
from roastery.agent.planner.asks.credits import conversion_of, split_of
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading

WHOSE = frozenset({"customers", "active_customers"})
"""Words that say whose journeys, not what they end in."""
DURATIONS = frozenset({"sales_cycle_days", "payback_days", "delivery_days", "resolution_hours", "first_reply_hours"})

FIRST_MET = r"from (?:the |a |their )?first (?:touch|click|visit|ad|encounter) (?:to|until|till)(?: .*)?"
"""From when they first met us, which no length of a deal counts."""
A_WAY = (
    r"(?:paths?|journeys?|routes?|way|road|steps|stations|touch\w*) (?:\S+ ){0,3}?"
    r"from (?:the |a |their )?first (?:contact|touch|click)(?: .*)?"
)
"""The way itself is asked for, not how long it takes."""
WHOM = (
    r"(?:people|customers?|clients?|patients?|guests?|visitors?|leads?|buyers?|shoppers?|they|them|drop\w*|funnel"
    r"|journeys?|paths?|touch\w*)"
)
STEPS = re.compile(r"(?:carts?|baskets?|visits?|checkouts?|purchases?|quotes?|bookings?|guides?|welcome)")
"""Steps on the way, which are no campaigns of that name: "from visit to cart to purchase"."""

SHOWN = (("funnel", "asks_where_lost"), ("roles", "asks_who_opens"), ("lengths", "asks_how_many_steps"))
"""What of the journeys is asked for, by the pattern that gives it away; the most frequent paths else."""


class Journeys(Ask):
    """ "What paths do people take before they buy?", "how many touches does a first order need"."""

    intent = "journeys"
    tool = "customer_journeys"
    said = "ask_customer_journeys"
    what = "customer journeys"
    patterns = tuple(said for _, said in SHOWN)

    def is_meant(self, question: Question, reading: Reading, lexicon: Lexicon) -> bool:
        open_deals = (
            any(f.field in ("stage", "pipeline") for f in reading.filters)
            or (reading.metrics and {"stage", "customer_stage"} & set(reading.dimensions))
            or "pipeline_value" in reading.metrics
        )
        known = DURATIONS.intersection(reading.metrics) and not question.says(f"{FIRST_MET}|{A_WAY}")
        if reading.dimensions and "order" in reading.said and not question.says(WHOM):
            return False  # "Where did we lose most, by place": a number that fell, not people on their way.
        meant = super().is_meant(question, reading, lexicon) and not known
        return meant and not (open_deals and question.says("funnel|value|worth"))

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        steps = {
            (m.name, m.value)
            for s in question.of_kind("V")
            if s.of.partial and STEPS.fullmatch(question.words(s).lower())
            for m in s.of.meanings
        }
        kept = tuple(f for f in reading.filters if not any((f.field, v) in steps for v in f.values))
        shown = next((what for what, said in SHOWN if question.says(pattern(said))), None)
        details = {"show": shown} if shown else {k: v for k, v in reading.details.items() if k == "show"}
        reading = replace(reading, filters=kept, details=details)
        return replace(reading, intent="journeys", compare=None, order_by=None, limit=None, grain=None, share=False)

    def arguments(self, reading: Reading) -> dict[str, Any]:
        conversion = conversion_of([m for m in reading.metrics if m not in WHOSE])
        return {
            **({"conversion": conversion} if conversion not in (None, "revenue") else {}),
            **({"show": reading.details["show"]} if "show" in reading.details else {}),
            **split_of(reading.dimensions),
            **period_json(reading.period),
            **filters_json(reading.filters),
            **settings_json(reading, "attribution_window_days", "view_window_days"),
        }
