"""Who is credited under one model: run_attribution."""

from dataclasses import replace
from typing import Any

from roastery.agent.planner.asks.base import Ask, filters_json, period_json, settings_json
from roastery.agent.planner.asks.credits import conversion_of, split_of
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading

FITTED = frozenset({"markov", "shapley"})
CREDITED = frozenset({"revenue", "orders", "new_customers", "leads", "deals_won", "bookings"})


CLAIMED = frozenset({"reported_conversions", "reported_conversion_value", "reported_roas"})


class Attribution(Ask):
    """ "Run a Markov attribution by channel", "who deserves the credit for our new customers?"."""

    intent = "attribution"
    tool = "run_attribution"
    said = "ask_run_attribution"
    what = "attribution"
    patterns = ("hands_out_credit", "best", "high", "worst", "low")

    def is_meant(self, question: Question, reading: Reading, lexicon: Lexicon) -> bool:
        if reading.grain is not None or reading.compare is not None:
            return False
        if reading.metrics and CLAIMED.issuperset(reading.metrics):
            return False  # What a platform credits itself with is its own number.
        handed_out = reading.attribution_model and not reading.metrics and question.says(pattern("hands_out_credit"))
        return bool(handed_out) or reading.attribution_model in FITTED or question.says(pattern(self.said))

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        return replace(reading, intent="attribution", models=(), compare=None, grain=None, share=False)

    def arguments(self, reading: Reading) -> dict[str, Any]:
        conversion = conversion_of(reading.metrics)
        return {
            **({"conversion": conversion} if conversion not in (None, "revenue") else {}),
            **split_of((*reading.dimensions, *(f.field for f in reading.filters))),
            **period_json(reading.period),
            **filters_json(reading.filters),
            **settings_json(
                reading,
                "attribution_model",
                "attribution_window_days",
                "view_window_days",
                "attribution_date",
                "currency",
            ),
            **({"limit": reading.limit} if reading.limit else {}),
        }
