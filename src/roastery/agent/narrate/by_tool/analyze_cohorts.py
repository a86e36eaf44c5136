"""Cohorts: how many come back at which age, shares by cohort or slice, pairs of products."""

from collections.abc import Mapping
from typing import Any

from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice, capital, listed
from roastery.agent.render import when_text
from roastery.tools.base import Fact

MOST_AGES, MOST_ROWS, MOST_PAIRS = (1, 2, 3, 6, 12), 5, 4


def tell(voice: Voice, finding: Finding) -> str:
    data, facts = finding.result.data, voice.evidence.facts
    if data["kind"] == "retention":
        return _retention(data, facts)
    if data["kind"] == "cross_sell":
        return _pairs(data, facts)
    total = {name: facts[id] for name, id in data["total"].items()}
    title = voice.title(data["metric"])
    lead = (
        f"**{capital(title)} was [[{total['share'].id}]] overall {when_text(total['share'].period)}**, that is "
        f"[[{total['hits'].id}]] of [[{total['trials'].id}]]."
    )
    rows = data["rows"][:MOST_ROWS] if data["dimensions"] else data["rows"][-MOST_ROWS:]
    lines = [_row(voice, title, row, facts) for row in rows]
    return "\n".join([lead, *(f"- {line}" for line in lines)])


def _row(voice: Voice, title: str, row: Mapping[str, Any], facts: Mapping[str, Fact]) -> str:
    share = facts[row["share"]]
    name = f"[[{row['labels'][0]}]]" if row["labels"] else capital(when_text(share.period))
    return f"{name}: {title} [[{share.id}]], [[{row['hits']}]] of [[{row['trials']}]]"


def _retention(data: Mapping[str, Any], facts: Mapping[str, Fact]) -> str:
    grain = data["grain"]
    told = {row["age"]: row for row in data["overall"]}
    ages = [age for age in MOST_AGES if age in told]
    first = facts[told[ages[0]]["share"]] if ages else None
    if first is None:
        return "**No cohort is old enough yet to have come back.**"
    cohorts = [f"[[{told[age]['share']}]]" for age in ages]
    names = listed([_ordinal(age) for age in ages])
    return (
        f"**Overall, {listed(cohorts)} of those acquired {when_text(first.period)} returned in the {names} {grain} "
        f"after their first sale**; the table has it by cohort."
    )


def _ordinal(age: int) -> str:
    return {1: "first", 2: "second", 3: "third", 6: "sixth", 12: "twelfth"}[age]


def _pairs(data: Mapping[str, Any], facts: Mapping[str, Fact]) -> str:
    within = "by the same customer" if data["within"] == "customer" else "in one order"
    lines = [f"**Bought together {within}, beyond chance:**"]
    for pair in data["pairs"][:MOST_PAIRS]:
        lines.append(
            f"- [[{pair['labels'][0]}]]: [[{pair['lift']}]] as often as by chance, [[{pair['hits']}]] times together"
        )
    return "\n".join(lines)
