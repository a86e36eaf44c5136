"""What customers will be worth: forecast_ltv."""

from dataclasses import replace
from typing import Any

from roastery.agent.planner.asks.base import Ask, period_json
from roastery.agent.planner.concepts import Said
from roastery.agent.planner.dates import Days
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question, whole_words
from roastery.agent.planner.reading import Reading
from roastery.agent.planner.worth import looks_back, worth_to_come

SPLITS = ("cohort_month", "channel", "campaign", "segment")
WORTH = frozenset({"ltv", "predicted_ltv", "ltv_12m", "payback_days", "ltv_cac_ratio"})
WORTH_OF_DEALS = (
    r"(?:what|how much) (?:is|are|was|were) (?:the |our |all |all our |those )*(?:\w+ ){0,2}?"
    r"(?:opportunit\w+|deals?|proposals?|quotes?|pipelines?|tenders?)(?: \w+){0,3}? worth(?: .*)?"
)
"""What open deals are worth is known today; only persons are worth more with time."""
UNIT_DAYS = {"day": 1, "week": 7, "month": 30.4375, "quarter": 91.3125, "year": 365}


class Ltv(Ask):
    """ "Predicted lifetime value by channel", "what will customers from Q3 be worth in two years"."""

    intent = "ltv"
    tool = "forecast_ltv"
    said = "ask_forecast_ltv"
    what = "forecasts of lifetime value"
    narrowed_by = frozenset(SPLITS)
    patterns = ("horizon", "ask_forecast_metric", "who_was_won")

    def is_meant(self, question: Question, reading: Reading, lexicon: Lexicon) -> bool:
        if looks_back(question.plain) or question.says(WORTH_OF_DEALS):
            return False
        if any(s.of.first.name == "ltv_cac_ratio" for s in question.of_kind("M")):
            return False  # Named: what was earned over what it cost, which is measured.
        if any(s.of.first.composed and s.of.first.name not in ("ltv", "predicted_ltv") for s in question.of_kind("M")):
            # "How long until a customer has paid back", "what is an order worth": a number that is known.
            return False
        if question.says(pattern(self.said)) or worth_to_come(Said(question.tokens, ())):
            return True
        if any(s.of.first.name in WORTH for s in question.of_kind("X")):
            return True
        if _splits_beyond(reading, lexicon):
            return True
        ahead = question.says(pattern("ask_forecast_metric")) or "predicted_ltv" in reading.metrics
        return ahead and bool(WORTH.intersection(reading.metrics))

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        details = dict(reading.details)
        today = lexicon.vocabulary.calendar.today
        period = reading.period
        if period is not None and period.end > today and period.start >= today:
            # "Over the next 12 months" is how far to look, not when customers came; "a customer won today" is any.
            if (period.end - period.start).days > 1:
                details["horizon_days"] = (period.end - period.start).days
            period = None
        if found := next(question.find(pattern("horizon"), question.plain), None):
            details["horizon_days"] = round(int(found["n"] or 1) * UNIT_DAYS[found["unit"]])
            question.used.update(s.index for s in question.of_kind("N"))
            if period is not None and _is_the_horizon(question, period):
                period = None
        question.used.update(s.index for s in question.of_kind("X") if s.of.first.name in WORTH)
        if question.says("subscri\\w+"):
            details["kind"] = "subscriptions"
        return replace(
            reading,
            intent="ltv",
            period=period,
            dimensions=tuple(d for d in reading.dimensions if d in SPLITS)[:1],
            compare=None,
            order_by=None,
            limit=None,
            grain=None,
            share=False,
            details=details,
        )

    def arguments(self, reading: Reading) -> dict[str, Any]:
        dimensions = [*reading.dimensions, *(f.field for f in reading.filters if f.field in SPLITS)][:1]
        return {
            **({"dimensions": dimensions} if dimensions else {}),
            **period_json(reading.period),
            **{name: reading.details[name] for name in ("horizon_days", "kind") if name in reading.details},
        }


def _splits_beyond(reading: Reading, lexicon: Lexicon) -> bool:
    """Whether lifetime value is asked by something that its metric does not carry and its forecast does."""
    metrics = lexicon.vocabulary.metrics
    worth = [metrics[name] for name in reading.metrics if name in ("ltv", "predicted_ltv") and name in metrics]
    return any(d in SPLITS and not all(m.splits_by(d) for m in worth) for d in reading.dimensions) if worth else False


def _is_the_horizon(question: Question, period: Days) -> bool:
    """Whether the question's own period is but how far to look; one taken over from the thread is when they came."""
    horizon = whole_words(pattern("horizon"))
    said = [s for s in question.of_kind("P") if s.of.days == period]
    return bool(said) and all(horizon.search(s.of.text) for s in said)
