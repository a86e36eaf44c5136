"""Days unlike others: detect_anomalies."""

from dataclasses import replace
from typing import Any

from roastery.agent.planner.asks.base import Ask, filters_json, period_json, settings_json
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading


class Anomalies(Ask):
    """ "Anything unusual last week?", "any odd spikes in spend by campaign"."""

    intent = "anomalies"
    tool = "detect_anomalies"
    said = "ask_detect_anomalies"
    what = "looking for anomalies"
    patterns = ("only_up", "only_down")

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        details = dict(reading.details)
        if way := next((w for w in ("up", "down") if question.says(pattern(f"only_{w}"))), None):
            details["direction"] = way
        return replace(
            reading, intent="anomalies", compare=None, order_by=None, limit=None, share=False, details=details
        )

    def arguments(self, reading: Reading) -> dict[str, Any]:
        return {
            **({"metrics": list(reading.metrics)} if reading.metrics else {}),
            **({"dimensions": list(reading.dimensions[:3])} if reading.dimensions else {}),
            **period_json(reading.period),
            **({"grain": reading.grain} if reading.grain in ("day", "week") else {}),
            **filters_json(reading.filters),
            **({"direction": reading.details["direction"]} if "direction" in reading.details else {}),
            **settings_json(reading, "currency"),
        }
