"""Creatives that win and tire: analyze_assets."""

import re
from dataclasses import replace
from typing import Any

from roastery.agent.planner.asks.base import Ask, filters_json, period_json, settings_json
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Filter, Reading

GENERAL = frozenset({"ctr", "clicks", "impressions", "conversion_rate", "asset_clicks", "asset_impressions"})
OWN_METRICS = frozenset({"creation_cost", "creative_roi", "asset_uses", "asset_spend", "asset_roas"})
"""Numbers of creatives that are metrics and need no analysis."""
CONVERTING = frozenset({"conversion_rate", "asset_conversions", "orders", "attributed_orders", "reported_conversions"})

KIND = (
    r"(?<![^ ])(pic|picture|image|photo|still|clip|film|video|reel|animation|gif|carousel|banner|document|text)s?"
    r"(?![^ ])"
)


class Assets(Ask):
    """ "Which creatives are tired?", "do videos beat images", "best performing ad creative"."""

    intent = "assets"
    tool = "analyze_assets"
    said = "ask_analyze_assets"
    what = "creatives"
    patterns = ("tires", "judges", "by_age", "by_tag", "kinds_of_asset")

    def is_meant(self, question: Question, reading: Reading, lexicon: Lexicon) -> bool:
        if OWN_METRICS.intersection(reading.metrics):
            return False
        if question.says(pattern(self.said)):
            return True
        about = {*reading.dimensions, *(f.field for f in reading.filters)} & {"asset", "asset_type"}
        if about and question.says(pattern("tires")):
            return True
        plain = GENERAL.issuperset(reading.metrics) and question.says(pattern("judges"))
        if plain and not reading.metrics and question.says(pattern("kinds_of_asset")):
            return True
        return bool(about) and plain and reading.grain is None and reading.compare is None

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        details = dict(reading.details)
        if len({*re.findall(KIND, question.plain)}) > 1 and not question.says(pattern("kinds_of_asset")):
            # "Our pictures and clips": creatives of whatever kind.
            reading = replace(reading, filters=tuple(f for f in reading.filters if not _is_kind(f)))
        if question.says(pattern("by_age")):
            details["by"] = "age"
        elif question.says(pattern("by_tag")):
            details["by"] = "tag"
        elif "asset_type" in reading.dimensions or question.says(pattern("kinds_of_asset")) or _names_kinds(reading):
            details["by"] = "asset_type"
            reading = replace(reading, filters=tuple(f for f in reading.filters if not _is_kind(f)))
        if CONVERTING.intersection(reading.metrics) or question.says("convert\\w*|conversions?"):
            details["rate"] = "conversion_rate"
        return replace(reading, intent="assets", compare=None, order_by=None, grain=None, share=False, details=details)

    def arguments(self, reading: Reading) -> dict[str, Any]:
        return {
            **{name: reading.details[name] for name in ("by", "rate") if name in reading.details},
            **period_json(reading.period),
            **filters_json(reading.filters),
            **({"limit": reading.limit} if reading.limit else {}),
            **settings_json(reading, "currency"),
        }


def _is_kind(condition: Filter) -> bool:
    return condition.field == "asset_type" or (condition.field == "channel" and condition.values == ("video",))


def _names_kinds(reading: Reading) -> bool:
    """Several kinds of creative are named, as in "videos or images"."""
    return any(f.field == "asset_type" and len(f.values) > 1 for f in reading.filters)
