"""Why a metric moved: explain_change."""

from dataclasses import replace
from typing import Any

from roastery.agent.planner.asks.base import Ask, filters_json, first_metric, period_json, settings_json
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading, days_json

POINTING = r"(?:it|that|this|there|they|them|those|these)"
COMPLAINT = (
    r"(?:looks?|looked|seems?|is|are|was|were|been|went|gone|got|gets|became|feels?|used to be) "
    r"(?:(?:a|an|so|that|really|very|just|much|far|way|too|complete|total|such|\w+ly) )*[a-z]+"
)
"""How somebody finds a number: it asks for nothing beside why."""


class Why(Ask):
    """ "Why did revenue drop last week?", "what is behind the rise in CAC"."""

    intent = "explain"
    tool = "explain_change"
    said = "why"
    what = "explaining changes"
    patterns = ("moved", "best", "worst", "high", "low")
    keeps_doubt = True

    def is_meant(self, question: Question, reading: Reading, lexicon: Lexicon) -> bool:
        if question.says(pattern("why_not_a_change")):
            return False
        if not question.says(pattern(self.said)):
            return False
        if reading.metrics == ("spend",) and reading.compare is None and question.says("where (?:did|does|do) .*go"):
            # "Where did the ad money go" asks on what, not why.
            return False
        said = [w for w in question.line.split() if w not in ",.?!;:"]
        short = len(said) <= 6 or (len(said) <= 10 and question.has(POINTING))
        return bool(reading.metrics or reading.period or reading.filters) or short

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        if not (reading.metrics or reading.period or reading.filters):
            return Reading("clarify", message="Which change should I explain: of which metric, and in which period?")
        question.carried.append(COMPLAINT)
        question.understood(COMPLAINT)
        losing = question.has(pattern("losing")) and "roas" in lexicon.vocabulary.metrics
        if losing and not reading.metrics:
            # Money is lost where less comes back than was spent.
            reading = replace(reading, metrics=("roas",)).assuming("“losing money” is read as ROAS, media cost only")
        found = first_metric(reading, "revenue", lexicon)
        return replace(
            found,
            intent="explain",
            metrics=found.metrics[:1],
            compare=found.compare or "previous_period",
            order_by=None,
            limit=None,
            grain=None,
            share=False,
            filters=tuple(f for f in found.filters if not f.metric),
        )

    def arguments(self, reading: Reading) -> dict[str, Any]:
        compare = reading.compare or "previous_period"
        return {
            "metric": reading.metrics[0],
            **period_json(reading.period),
            "compare_to": compare if isinstance(compare, str) else days_json(compare),
            **filters_json(reading.filters),
            **({"dimensions": list(reading.dimensions)} if reading.dimensions else {}),
            **settings_json(reading, "attribution_model", "attribution_window_days", "currency"),
        }
