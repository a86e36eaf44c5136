"""What the offline model understands: questions against the tool calls they should become (cases/language.yml)."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from roastery.agent.planner.calls import tool_call
from roastery.agent.planner.dates import Calendar
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.reading import Reading, reading_json, reading_of
from roastery.agent.planner.understand import understand
from roastery.agent.planner.vocabulary import ValueTerm, Vocabulary, dimension_terms, metric_terms
from roastery.evals.grading.answering import CONTRACT_TOOLS
from roastery.evals.sets import Grade
from roastery.warehouse.declared import read_yaml
from roastery.warehouse.semantic.catalogue import shipped_catalogue

NOT_ARGUMENTS = ("ask", "tool", "assumes", "skip_on")


def run() -> Iterator[Grade]:
    document = read_yaml((files("roastery.evals.cases") / "language.yml").read_text("utf-8"))
    lexicon = lexicon_of(document)
    for case in document["cases"]:
        history: list[Reading] = []
        for step in case.get("thread", [case]):
            if "skip" in step:
                yield Grade("language", step["ask"], f"known gap: {step['skip']}")
                continue
            reading = understand(step["ask"], lexicon, history, frozenset(CONTRACT_TOOLS))
            yield Grade("language", step["ask"], fault(step, reading))
            history.append(reading_of(reading_json(reading)))


def lexicon_of(document: Mapping[str, Any]) -> Lexicon:
    """The words of the organization that the cases speak of."""
    catalogue = shipped_catalogue()
    values = tuple(
        ValueTerm(dimension, value, label)
        for dimension, labels in document["values"].items()
        for value, label in labels.items()
    )
    metrics = {term.name: term for term in metric_terms(catalogue)}
    dimensions = {term.name: term for term in dimension_terms(catalogue)}
    return Lexicon(Vocabulary(metrics, dimensions, values, Calendar(document["today"]), document["currency"]))


def fault(step: Mapping[str, Any], reading: Reading) -> str:
    """What differs between a case and how it was read, '' when nothing does."""
    if "status" in step:
        status = {"clarify": "clarify", "refuse": "refused"}.get(reading.intent, "answered")
        if status != step["status"]:
            return f"{status} instead of {step['status']}"
        return "" if step.get("says", "") in reading.message else f"it said: {reading.message}"
    if reading.intent in ("clarify", "refuse"):
        return f"{reading.intent}: {reading.message}"
    tool, arguments = tool_call(reading)
    expected = arguments_of(step)
    if "order_by" not in expected:
        arguments.pop("order_by", None)
    if (tool, arguments) != (step["tool"], expected):
        return f"read as {tool} {arguments}"
    assumed = str(step.get("assumes", "")).lower()
    is_said = not assumed or any(assumed in said.lower() for said in reading.assumptions)
    return "" if is_said else "assumption not said"


def arguments_of(step: Mapping[str, Any]) -> dict[str, Any]:
    """A case's compact arguments in the tools' own form."""
    arguments = {name: value for name, value in step.items() if name not in NOT_ARGUMENTS}
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
        arguments["filters"] = [_filter(text) for text in arguments["filters"]]
    return arguments


def _filter(text: str) -> dict[str, Any]:
    field, op, values = text.split(" ", 2)
    kind = "metric" if op in ("gt", "gte", "lt", "lte", "eq", "between") else "dimension"
    return {kind: field, "op": op, "values": [value.strip() for value in values.split(",")]}
