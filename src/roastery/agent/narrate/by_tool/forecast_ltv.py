"""Predicted lifetime value: per customer, by group, and how earlier forecasts did."""

from collections.abc import Mapping
from typing import Any

from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice
from roastery.agent.render import when_text
from roastery.tools.base import Fact

MOST_GROUPS = 5


def tell(voice: Voice, finding: Finding) -> str:
    data, facts = finding.result.data, voice.evidence.facts
    whole, *groups = data["groups"]
    sentences = [_whole(data, whole, facts)]
    if "ltv_to_cac" in whole and facts[whole["ltv_to_cac"]].value is not None:
        paid = f", with a payback of [[{whole['payback']}]]" if whole.get("payback") else ", with no payback yet"
        sentences.append(f"That is [[{whole['ltv_to_cac']}]] the CAC of [[{whole['cac']}]]{paid}.")
    if groups:
        told = [f"[[{g['labels'][0]}]] [[{g['predicted_ltv']}]]" for g in groups[:MOST_GROUPS]]
        split = data["dimensions"][0].replace("_", " ")
        sentences.append(f"Predicted lifetime value by {split}: {'; '.join(told)}.")
    if data["tests"]:
        test = data["tests"][-1]
        forecast, actual = facts[test["forecast"]], facts[test["actual"]]
        sentences.append(
            f"An earlier forecast said [[{forecast.id}]] {when_text(forecast.period)}, where [[{actual.id}]] came."
        )
    return " ".join(sentences)


def _whole(data: Mapping[str, Any], whole: Mapping[str, Any], facts: Mapping[str, Fact]) -> str:
    value = facts[whole["value"]]
    when = when_text(value.period)
    if data["kind"] == "subscriptions":
        return (
            f"**[[{whole['customers']}]] subscribers are forecast to pay [[{value.id}]] {when}**, between "
            f"[[{whole['low']}]] and [[{whole['high']}]]; [[{whole['alive']}]] of them are forecast to stay."
        )
    # A sentence of its own: beside "lifetime value" the forecast would be taken for it.
    so_far = f"Lifetime value so far is [[{whole['to_date']}]]"
    bounds = f"between [[{whole['low']}]] and [[{whole['high']}]]"
    return (
        f"**Predicted lifetime value is [[{whole['predicted_ltv']}]] per customer.** {so_far}. That is of "
        f"[[{whole['customers']}]] customers. The forecast {when} is that they bring [[{value.id}]], {bounds}."
    )
