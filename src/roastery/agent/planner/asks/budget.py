"""Where money works best: recommend_budget."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from roastery.agent.planner.asks.base import Ask, settings_json
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question, number_value
from roastery.agent.planner.reading import Reading
from roastery.agent.render import value_name

SPLITS = ("campaign", "channel", "platform")
MONEY = r"(?:money|budgets?|spend|spending|invest\w*|dollars?|euros?|pounds?|N\d+)"
LEAST_AMOUNT = 100
"""A bare number below this is a count, not money to place."""
COUNTING = r"(?:the|these|those|both|all|of|top|only the|our)"
"""What stands before a number that counts names: "which of the two"."""
ACQUIRING = frozenset({"new_customers", "cac", "paid_cac", "new_customer_roas", "customers"})


def _is_money(said: str) -> bool:
    """ "$500", "5k", "2000", and no percentage, factor or small count."""
    if said.endswith(("%", "x", "×")):
        return False
    return said[:1] in "$€£" or number_value(said) >= LEAST_AMOUNT


class Budget(Ask):
    """ "Where should the next $5k go?", "what happens if I cut 20k", "how do I split the budget between channels"."""

    intent = "budget"
    tool = "recommend_budget"
    said = "ask_recommend_budget"
    what = "budget recommendations"
    narrowed_by = frozenset(SPLITS)
    patterns = ("cutting", "places_money", "asks_where")

    def is_meant(self, question: Question, reading: Reading, lexicon: Lexicon) -> bool:
        if super().is_meant(question, reading, lexicon):
            return True
        # An amount, a verb of placing money and the question where: whatever the words.
        amounts = [s for s in question.of_kind("N") if s.index not in question.used and _is_money(str(s.of))]
        return bool(amounts) and question.says(pattern("places_money")) and question.says(pattern("asks_where"))

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        details = dict(reading.details)
        going_on = "amount" in reading.details
        amounts = [
            s for s in question.of_kind("N")
            if _is_money(str(s.of)) or (going_on and str(s.of).isdigit() and not question.has(f"{COUNTING} {s.name}"))
        ]  # fmt: skip
        question.used.update(s.index for s in question.of_kind("N"))
        said = [f.values[0] for f in reading.filters if f.metric and f.values]
        if amounts or said:
            amount = format(number_value(amounts[0].of), "f") if amounts else said[0]
            earlier = str(reading.details.get("amount", "0")).lstrip("-")
            if amounts and str(amounts[0].of).isdigit() and Decimal(amount) < 100 and Decimal(earlier) >= 1000:
                reading = reading.assuming(f"“{question.words(amounts[0])}” is read as {amount} thousand")
                amount = format(Decimal(amount) * 1000, "f")
            details["amount"] = f"-{amount}" if question.says(pattern("cutting")) else amount
        judged = {*SPLITS, "ad", "ad_group", "account", "keyword", "audience", "asset", "objective"}
        if reading.dimensions and not judged.intersection(reading.dimensions) and not question.says(MONEY):
            kind = reading.dimensions[0].replace("_", " ")
            return Reading(
                "clarify",
                message=f"By what should I judge each {kind}: revenue, orders, or another number? Where money"
                f" works best I "
                f"can say by campaign, channel or platform.",
            )
        by = next((d for d in reading.dimensions if d in SPLITS), None)
        by = by or next((f.field for f in reading.filters if f.field in SPLITS), None)
        if by:
            details["by"] = by
        for out in (f for f in reading.filters if not f.metric and f.op == "not_in"):
            names = " and ".join(value_name(n) for n in out.labels or out.values)
            reading = reading.assuming(f"{names} is not left out: this is worked out over every {out.field}")
        if ACQUIRING.intersection(reading.metrics):
            details["objective"] = "new_customers"
        return replace(
            reading,
            intent="budget",
            compare=None,
            order_by=None,
            limit=None,
            grain=None,
            share=False,
            filters=tuple(f for f in reading.filters if not f.metric),
            details=details,
        )

    def arguments(self, reading: Reading) -> dict[str, Any]:
        return {
            **{name: reading.details[name] for name in ("by", "objective", "amount") if name in reading.details},
            **settings_json(reading, "currency"),
        }
