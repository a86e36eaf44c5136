"""What the offline model understands, case by case (src/roastery/evals/cases/language.yml)."""

from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import pytest
import yaml

from roastery.agent.planner.dates import Calendar
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.reading import Reading, reading_json, reading_of, tool_call
from roastery.agent.planner.understand import understand
from roastery.agent.planner.vocabulary import ValueTerm, Vocabulary, dimension_terms, metric_terms
from roastery.warehouse.semantic.catalogue import shipped_catalogue

CASES = yaml.safe_load((resources.files("roastery.evals.cases") / "language.yml").read_text("utf-8"))
TOOLS = frozenset({"query_metrics", "compare_periods", "describe_metrics", "data_health", "search_dimension_values"})


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    catalogue = shipped_catalogue()
    values = tuple(
        ValueTerm(dimension, value, label)
        for dimension, there in CASES["values"].items()
        for value, label in there.items()
    )
    return Lexicon(
        Vocabulary(
            {m.name: m for m in metric_terms(catalogue)},
            {d.name: d for d in dimension_terms(catalogue)},
            values,
            Calendar(CASES["today"]),
            CASES["currency"],
        )
    )


def threads() -> Iterator[Any]:
    for case in CASES["cases"]:
        steps = [s for s in case.get("thread", [case]) if "skip" not in s]
        if steps:
            yield pytest.param(steps, id=" / ".join(s["ask"] for s in steps)[:100])


@pytest.mark.parametrize("steps", list(threads()))
def test_question_is_understood(lexicon: Lexicon, steps: list[dict[str, Any]]) -> None:
    history: list[Reading] = []
    for step in steps:
        reading = understand(step["ask"], lexicon, history, TOOLS)
        check(step, reading)
        history.append(reading_of(reading_json(reading)))


def test_there_are_enough_cases() -> None:
    asked = [s for t in threads() for s in t.values[0]]  # type: ignore[attr-defined]
    assert len(asked) >= 150


def check(step: Mapping[str, Any], reading: Reading) -> None:
    if "status" in step:
        assert {"clarify": "clarify", "refuse": "refused"}.get(reading.intent) == step["status"], said(reading)
        assert step.get("says", "") in reading.message, reading.message
        return
    assert reading.intent not in ("clarify", "refuse"), said(reading)
    tool, arguments = tool_call(reading)
    assert tool == step["tool"], said(reading)
    expected = arguments_of(step)
    if "order_by" not in expected:
        arguments.pop("order_by", None)
    assert arguments == expected, said(reading)
    if "assumes" in step:
        assert any(step["assumes"].lower() in a.lower() for a in reading.assumptions), reading.assumptions


def said(reading: Reading) -> str:
    return reading.message or f"{tool_call(reading)} assuming {reading.assumptions}"


def arguments_of(step: Mapping[str, Any]) -> dict[str, Any]:
    """A case's compact arguments in the tools' own form."""
    left_out = ("ask", "tool", "assumes", "skip_on")
    arguments = {k: v for k, v in step.items() if k not in left_out}
    for name in ("period", "compare_to"):
        if name in arguments and ".." in arguments[name]:
            start, end = arguments[name].split("..")
            arguments[name] = {"start": start, "end": end}
        elif name == "period" and name in arguments:
            arguments[name] = {"name": arguments[name]}
    if "order_by" in arguments:
        field, direction = arguments["order_by"].split()
        arguments["order_by"] = [{"field": field, "direction": direction}]
    if "filters" in arguments:
        arguments["filters"] = [filter_of(text) for text in arguments["filters"]]
    return arguments


def filter_of(text: str) -> dict[str, Any]:
    field, op, values = text.split(" ", 2)
    kind = "metric" if op in ("gt", "gte", "lt", "lte", "eq", "between") else "dimension"
    return {kind: field, "op": op, "values": [v.strip() for v in values.split(",")]}
