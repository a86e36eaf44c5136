"""Be told when something happens: create_alert. It acts, so it waits for an approval."""

from dataclasses import replace
from typing import Any

from roastery.agent.planner.asks.base import Ask, filters_json, first_metric, settings_json
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question, number_value
from roastery.agent.planner.reading import Reading

OPS = (("gte", "at_least"), ("lte", "at_most"), ("gt", "over"), ("lt", "under"), ("gt", "goes_up"), ("lt", "goes_down"))


class Alerts(Ask):
    """ "Tell me when ROAS drops below 2", "alert us if CAC is over $80 on Google"."""

    intent = "alert"
    tool = "create_alert"
    said = "ask_create_alert"
    what = "creating alerts"
    keeps_doubt = True

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        found = first_metric(reading, "revenue", lexicon)
        limits = [f for f in found.filters if f.metric]
        details = dict(found.details)
        numbers = [s for s in question.of_kind("N")]
        question.used.update(s.index for s in numbers)
        relative = question.says(pattern("moves_by")) and any(str(s.of).endswith("%") for s in numbers)
        if limits and not relative:
            details |= {"op": limits[0].op, "value": limits[0].values[0]}
            found = replace(found, metrics=(limits[0].field,))
        elif numbers:
            details |= {"value": format(number_value(numbers[0].of), "f"), "op": _op(question)}
        if relative:
            details["change"] = True
        window = found.period or None
        return replace(
            found,
            intent="alert",
            metrics=found.metrics[:1],
            period=window,
            compare=None,
            order_by=None,
            limit=None,
            share=False,
            filters=tuple(f for f in found.filters if not f.metric),
            details=details,
        )

    def arguments(self, reading: Reading) -> dict[str, Any]:
        details = reading.details
        metric = reading.metrics[0]
        if details.get("change"):
            metric = f"{metric}__change_ratio"
        return {
            "kind": "threshold" if "value" in details else "anomaly",
            "metric": reading.metrics[0] if not details.get("change") else metric,
            **{name: details[name] for name in ("op", "value") if name in details},
            **({"dimensions": list(reading.dimensions)} if reading.dimensions else {}),
            **filters_json(reading.filters),
            **({"grain": reading.grain} if reading.grain else {}),
            **settings_json(reading, "attribution_model", "attribution_window_days", "currency"),
        }


def _op(question: Question) -> str:
    return next((op for op, name in OPS if question.says(pattern(name))), "gt")
