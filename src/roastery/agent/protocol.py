"""What a model is told and how its reply is read: messages, compact results with ids, control lines."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from roastery.agent.evidence import Evidence, Finding
from roastery.agent.prompts import prompt
from roastery.agent.render import SHOWN_NAME
from roastery.agent.state import AnalystState, Run
from roastery.tools.base import Fact, Tool
from roastery.tools.registry import schema
from roastery.warehouse.errors import AskerError, DataError, RoasteryError

SHOWN_FACTS = 160
SHOWN_METRICS = 60
CONTROL = re.compile(r"^\s*[*_`]*(CLARIFY|CANNOT|FAILED)[*_`]*\s*:\s*[*_`]*\s*(?P<text>.*)", re.DOTALL)
STATUS = {"CLARIFY": "clarify", "CANNOT": "refused", "FAILED": "failed"}


@dataclass(frozen=True)
class Control:
    """A reply that ends the question without numbers: clarify, refused or failed, with its sentence."""

    status: str
    text: str


def control(content: str) -> Control | None:
    """The control line of a reply, if it is one.

    >>> control("CANNOT: There is no data on that.")
    Control(status='refused', text='There is no data on that.')
    """
    found = CONTROL.match(content)
    return Control(STATUS[found[1]], found["text"].strip()) if found and found["text"].strip() else None


def bound_tools(tools: Mapping[str, Tool[Any]]) -> list[dict[str, Any]]:
    """The tools as an OpenAI-compatible endpoint takes them."""
    return [{"type": "function", "function": schema(tool)} for tool in tools.values()]


def messages(state: AnalystState, run: Run) -> list[BaseMessage]:
    """The whole conversation as the model sees it, made from the state and the evidence beside it."""
    said: list[BaseMessage] = [SystemMessage(system_prompt(run))]
    for turn in state.get("turns", []):
        said.append(HumanMessage(turn["question"]))
        said.append(AIMessage(_turn_text(turn), additional_kwargs={"turn": turn}))
    said.append(HumanMessage(state["question"]))
    rounds: dict[int, list[dict[str, Any]]] = {}
    for call in state.get("calls", []):
        rounds.setdefault(call["round"], []).append(call)
    findings = {f.call_id: f for f in run.evidence.findings}
    for calls in rounds.values():
        said.append(
            AIMessage(
                "",
                tool_calls=[
                    {"id": c["id"], "name": c["name"], "args": c["arguments"], "type": "tool_call"} for c in calls
                ],
            )
        )
        said += [_tool_message(call, findings.get(call["id"]), run.evidence) for call in calls]
    if state.get("problems"):
        said.append(AIMessage(state.get("draft", "")))
        said.append(HumanMessage(_rewrite(state)))
    return said


def _rewrite(state: AnalystState) -> str:
    if state["problems"] == ["no facts"]:
        return prompt("no_facts")
    return prompt("rewrite").format(problems="\n".join(f"- {p}" for p in state["problems"][:8]))


def system_prompt(run: Run) -> str:
    context = run.context
    organization = context.organization
    known = list(run.lexicon.vocabulary.metrics)
    more = f" and {len(known) - SHOWN_METRICS} more" if len(known) > SHOWN_METRICS else ""
    return prompt("system").format(
        organization=_quoted(organization.name),
        today=context.clock.today(organization.time_zone).isoformat(),
        time_zone=organization.time_zone,
        week_start=organization.week_start.capitalize(),
        currency=organization.currency,
        metrics=", ".join(known[:SHOWN_METRICS]) + more,
    )


def _turn_text(turn: Mapping[str, Any]) -> str:
    """An earlier turn in words: what was asked of the tools; its numbers are not repeated, they may have moved."""
    if not turn.get("calls"):
        return f"({turn.get('status', 'answered')})"
    calls = "; ".join(f"{c['tool']} {json.dumps(c['arguments'], separators=(',', ':'))}" for c in turn["calls"])
    return f"({turn.get('status', 'answered')} with {calls})"


def _tool_message(call: Mapping[str, Any], finding: Finding | None, evidence: Evidence) -> ToolMessage:
    if finding is None:
        content = json.dumps(call.get("error") or {"error": "The result is no longer there; call again."})
        return ToolMessage(content, tool_call_id=call["id"], name=call["name"], status="error")
    return ToolMessage(result_text(finding, evidence), tool_call_id=call["id"], name=call["name"], artifact=finding)


def error_json(error: RoasteryError) -> dict[str, Any]:
    """What a model is told of a failed call; `kind` says who can do something about it."""
    kind = "asker" if isinstance(error, AskerError) else "data" if isinstance(error, DataError) else "store"
    told: dict[str, Any] = {"error": error.message, "kind": kind}
    if error.did_you_mean:
        told["did_you_mean"] = error.did_you_mean
    if error.allowed:
        told["allowed"] = list(error.allowed[:40])
    return told


def result_text(finding: Finding, evidence: Evidence) -> str:
    """A result as compact JSON: facts and labels by id, at most `SHOWN_FACTS` facts and no further rows."""
    result = finding.result
    receipt = result.receipt
    told: dict[str, Any] = {"tool": finding.tool}
    if receipt is not None and receipt.period is not None:
        told["period"] = [receipt.period.start.isoformat(), receipt.period.end.isoformat()]
        told["currency"] = receipt.currency
    shown = result.facts[:SHOWN_FACTS]
    told["facts"] = [_fact(fact, evidence) for fact in shown]
    told["labels"] = {
        label.id: {"dimension": label.dimension, "name": _quoted(label.text)} for label in result.labels[:SHOWN_FACTS]
    }
    if len(result.facts) > len(shown):
        told["left_out"] = (
            f"{len(result.facts) - len(shown)} more facts; narrow the question by filter or limit to see them"
        )
    if result.tool == "describe_metrics":
        told["metrics"] = [
            {k: m[k] for k in ("name", "definition", "unit", "dimensions")} for m in result.data.get("metrics", [])[:40]
        ]
    if result.tool == "search_dimension_values":
        told["values"] = result.data.get("values", [])[:40]
    if result.caveats:
        told["caveats"] = list(result.caveats[:6])
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def _fact(fact: Fact, evidence: Evidence) -> dict[str, Any]:
    of = {d: (label.id if (label := evidence.label_of(d, v)) else v) for d, v in fact.dimensions.items()}
    told: dict[str, Any] = {
        "id": fact.id,
        "metric": fact.metric,
        "value": None if fact.value is None else format(fact.value, "f"),
    }
    if fact.kind != "measured":
        told |= {"kind": fact.kind, "formula": fact.formula if fact.formula and len(fact.formula) < 60 else None}
    if of:
        told["of"] = of
    told["days"] = f"{fact.period.start}/{fact.period.end}"
    return {k: v for k, v in told.items() if v is not None or k == "value"}


def _quoted(text: str) -> str:
    """A name out of the data for a prompt: one short line."""
    line = re.sub(r"\s+", " ", text).strip()
    return line if len(line) <= SHOWN_NAME else line[: SHOWN_NAME - 1] + "…"


def same_call(name: str, arguments: Mapping[str, Any], calls: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a call was made before, argument for argument."""
    text = json.dumps(arguments, sort_keys=True, default=str)
    return any(c["name"] == name and json.dumps(c["arguments"], sort_keys=True, default=str) == text for c in calls)
