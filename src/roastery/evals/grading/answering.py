"""Questions put to the analyst: only planned (what it would ask of the tools), or answered in full."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from roastery.agent import protocol
from roastery.agent.answer import Answer
from roastery.agent.graph import Analyst
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.offline import OfflineModel
from roastery.agent.state import Turn as Asked
from roastery.evals.grading.verdicts import ACTING, Given
from roastery.tools.base import ToolContext

CONTRACT_TOOLS = (
    "query_metrics", "compare_periods", "explain_change", "run_attribution", "compare_attribution", "customer_journeys",
    "detect_anomalies", "forecast_metric", "forecast_ltv", "analyze_assets", "recommend_budget",
    "reconcile_sources", "describe_metrics", "data_health", "search_dimension_values", "create_alert",
    "create_schedule",
)  # fmt: skip
"""CONTRACTS section 7."""


class Planned:
    """What the offline model would do with a thread, without running a tool."""

    def __init__(self, lexicon: Lexicon) -> None:
        schemas = [{"function": {"name": name}} for name in CONTRACT_TOOLS]
        self._model = OfflineModel().bind_tools(schemas, lexicon=lexicon)

    def thread(self, questions: Sequence[str]) -> list[Given]:
        said: list[BaseMessage] = []
        found = []
        for question in questions:
            reply = self._model.invoke([*said, HumanMessage(question)])
            assert isinstance(reply, AIMessage)
            given = planned(reply)
            found.append(given)
            turn = {
                "question": question,
                "status": given.status,
                "calls": [{"tool": tool, "arguments": arguments} for tool, arguments in given.calls],
                "reading": reply.additional_kwargs.get("reading", {}),
            }
            said += [HumanMessage(question), AIMessage("", additional_kwargs={"turn": turn})]
        return found


def planned(reply: AIMessage) -> Given:
    reading = reply.additional_kwargs.get("reading", {})
    assumptions = tuple(reading.get("assumptions", ()))
    if reply.tool_calls:
        calls = tuple((c["name"], c["args"]) for c in reply.tool_calls)
        status = "clarify" if any(name in ACTING for name, _ in calls) else "answered"
        return Given(status, calls, "", assumptions)
    ended = protocol.control(str(reply.content))
    return Given(ended.status if ended else "failed", (), ended.text if ended else "", assumptions)


class Answered:
    """A thread answered by an analyst with its tools, as people would get it."""

    def __init__(self, analyst: Analyst, context: ToolContext) -> None:
        self._analyst = analyst
        self._context = context

    def thread(self, questions: Sequence[str]) -> list[tuple[Given, Answer]]:
        history: list[Asked] = []
        found = []
        for question in questions:
            answer = self._analyst.ask(question, self._context, history=tuple(history))
            found.append((given(answer), answer))
            history.append(Asked.of(answer))
        return found


def given(answer: Answer) -> Given:
    """An answer as the verdict needs it; a call that waits for approval counts, one that failed does not."""
    calls = [(c["tool"], c["arguments"]) for c in answer.notes.get("calls", ())]
    waiting: Sequence[Mapping[str, Any]] = answer.notes.get("approvals", ())
    calls += [(one["tool"], one["arguments"]) for one in waiting]
    reading = answer.notes.get("reading") or {}
    return Given(answer.status, tuple(calls), answer.text, tuple(reading.get("assumptions", ())))
