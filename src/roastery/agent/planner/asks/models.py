"""Attribution models side by side: compare_attribution."""

from dataclasses import replace
from typing import Any

from roastery.agent.planner.asks.base import Ask, filters_json, period_json, settings_json
from roastery.agent.planner.asks.credits import conversion_of, split_of
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading

HELD_AGAINST = (
    r"(?:next to|beside|besides|alongside|against|versus|vs|compared? (?:to|with)|side by side with|rather than"
    r"|instead of|than|different(?:ly)?|differ\w*|relative to|over|as opposed to|unlike)"
)

UNFAIR = (
    r"(?:under|over) ?(?:valu|credit|rat|stat|count|estimat)\w*|short ?chang\w*|steal(?:s|ing)?|stolen|unfair\w*"
    r"|(?:too much|too little|enough|a fair share of) credit|robb(?:s|ed|ing)"
)
"""Whether a model does somebody justice, is seen beside the usual one."""
_WITH_USUAL = (
    rf"(?:and|also|plus|or)(?: also| then)?(?: with| under| on| in| by| using)? {pattern('against_usual_model')}"
)


class Models(Ask):
    """ "Compare first touch and last touch by channel", "does it depend on the attribution model"."""

    intent = "models"
    tool = "compare_attribution"
    said = "ask_compare_attribution"
    what = "comparing attribution models"
    patterns = ("against_usual_model", "ask_run_attribution")

    def is_meant(self, question: Question, reading: Reading, lexicon: Lexicon) -> bool:
        changes = r"(?:change|changes|changed|differ|differs|shift|shifts)(?: \S+){0,3} (?:under|with|using|if)"
        if reading.attribution_model and reading.compare in (None, "previous_period") and question.says(changes):
            return "compare" not in reading.said
        held = question.says(HELD_AGAINST) and question.says(pattern("against_usual_model"))
        if len(reading.models) == 1 and (held or question.says(UNFAIR) or question.says(_WITH_USUAL)):
            return True
        return len(reading.models) > 1 or question.says(pattern(self.said))

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        models = reading.models
        said = question.says(pattern("against_usual_model")) or question.says(
            r"(?:change|changes|differ|differs|shift|shifts)"
        )
        if len(models) == 1 and (said or question.says(UNFAIR)):
            models = (*models, "last_non_direct")
        if not models and reading.attribution_model:
            models = (reading.attribution_model,)
        all_of = {f.field for f in reading.filters if not f.metric and len(f.values) == 1} & set(reading.dimensions)
        if all_of and "dimensions" in reading.said:
            # "Brand search takes all the credit; compare the two by campaign": every campaign, that one among them.
            reading = replace(reading, filters=tuple(f for f in reading.filters if f.field not in all_of))
        return replace(
            reading,
            intent="models",
            models=models if len(models) > 1 else (),
            attribution_model=None,
            compare=None,
            order_by=None,
            limit=None,
            grain=None,
            share=False,
        )

    def arguments(self, reading: Reading) -> dict[str, Any]:
        conversion = conversion_of(reading.metrics)
        return {
            **({"attribution_models": list(reading.models)} if reading.models else {}),
            **({"conversion": conversion} if conversion not in (None, "revenue") else {}),
            **split_of((*reading.dimensions, *(f.field for f in reading.filters))),
            **period_json(reading.period),
            **filters_json(reading.filters),
            **settings_json(reading, "attribution_window_days", "view_window_days", "attribution_date", "currency"),
        }
