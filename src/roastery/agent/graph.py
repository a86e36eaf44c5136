"""The analyst: read → plan → act → verify → narrate as a LangGraph graph over typed tools."""

import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from roastery.agent.answer import Answer
from roastery.agent.state import Allowance, AnalystState, Budget, Run, Turn, turns_of
from roastery.tools.base import Receipt, Tool, ToolContext
from roastery.tools.registry import TOOLS

if TYPE_CHECKING:
    from roastery.agent.planner.offline import LexiconSource
    from roastery.agent.verified import Verified

NAME = "roastery"
Event = tuple[Literal["step", "token", "answer"], Any]


class Analyst:
    """Answers questions with what tools compute. Cheap to import; LangGraph is loaded at the first question.

    model: a LangChain chat model (see chat_model.chat_model); the offline one when None. checkpointer: keeps threads;
    without it the caller passes `history`. An analyst may be used by many threads at once.
    """

    def __init__(
        self,
        model: Any = None,
        tools: Mapping[str, Tool[Any]] | Sequence[Tool[Any]] | None = None,
        checkpointer: Any = None,
        budget: Budget | None = None,
    ) -> None:
        if tools is None:
            tools = TOOLS
        elif not isinstance(tools, Mapping):
            tools = {tool.name: tool for tool in tools}
        self.model = model
        self.tools: Mapping[str, Tool[Any]] = tools
        self.checkpointer = checkpointer
        self.budget = budget or Budget()

    @cached_property
    def lexicons(self) -> "LexiconSource":
        from roastery.agent.planner.offline import LexiconSource

        return LexiconSource()

    @cached_property
    def graph(self) -> Any:
        """The compiled graph."""
        return _build(self.model, self.tools, self.budget, self.checkpointer)

    def ask(
        self,
        question: str,
        context: ToolContext,
        conversation_id: str | None = None,
        history: Sequence[Turn] | None = None,
        allowance: Allowance | None = None,
        verified: Sequence["Verified"] = (),
        earlier: Sequence[Receipt] = (),
    ) -> Answer:
        """One question, answered, asked back or refused within the budget.

        allowance: what the organization may still spend on the language model today; no limit when None. verified: the
        organization's blessed questions; one of the same meaning has its query used.
        history: the thread's earlier turns, oldest first; with a checkpointer it may be left out. earlier: receipts of
        these turns, newest first; numbers of theirs that have changed since are told.
        """
        run = self._run(context, allowance, verified, earlier)
        return self._finish(run, self._start(question, run, conversation_id, history))

    def stream(
        self,
        question: str,
        context: ToolContext,
        conversation_id: str | None = None,
        history: Sequence[Turn] | None = None,
        allowance: Allowance | None = None,
        verified: Sequence["Verified"] = (),
        earlier: Sequence[Receipt] = (),
    ) -> Iterator[Event]:
        """The same, told as it happens: ("step", {…}), verified sentences as ("token", text), ("answer", Answer)."""
        events: queue.Queue[Event | BaseException] = queue.Queue()
        run = self._run(context, allowance, verified, earlier)
        run.tell = lambda kind, value: events.put((kind, value))  # type: ignore[arg-type]

        def work() -> None:
            try:
                events.put(("answer", self._finish(run, self._start(question, run, conversation_id, history))))
            except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
                events.put(error)

        threading.Thread(target=work, name="analyst", daemon=True).start()
        while True:
            event = events.get()
            if isinstance(event, BaseException):
                raise event
            yield event
            if event[0] == "answer":
                return

    def _run(
        self,
        context: ToolContext,
        allowance: Allowance | None,
        verified: Sequence["Verified"],
        earlier: Sequence[Receipt] = (),
    ) -> Run:
        now = time.monotonic()
        run = Run(
            replace(context, for_agent=True),
            now + self.budget.seconds,
            now + self.budget.seconds * (1 - self.budget.reserve),
        )
        run.lexicon = self.lexicons.of(context)
        run.allowance = allowance or Allowance()
        run.verified = tuple(verified)
        run.earlier = tuple(earlier)
        return run

    def _config(self, context: ToolContext, conversation_id: str) -> dict[str, Any]:
        """Threads are kept apart by organization and scope: nobody continues a thread of somebody who sees more."""
        thread = f"{context.organization.id}/{context.actor.eyes}/{conversation_id}"
        return {"configurable": {"thread_id": thread}, "recursion_limit": 4 * self.budget.steps + 20}

    def _start(
        self, question: str, run: Run, conversation_id: str | None, history: Sequence[Turn] | None
    ) -> dict[str, Any]:
        from roastery.agent.nodes import new_id

        conversation_id = conversation_id or new_id("cnv")
        state: AnalystState = {
            "question": question.strip(),
            "conversation_id": conversation_id,
            "answer_id": new_id("ans"),
        }
        if history is not None or self.checkpointer is None:
            state["turns"] = turns_of(history or ())
        return self._invoke(state, run, self._config(run.context, conversation_id))

    def _invoke(self, given: Any, run: Run, config: dict[str, Any]) -> dict[str, Any]:
        with run.trace.span("invoke_agent roastery", gen_ai__operation__name="invoke_agent", gen_ai__agent__name=NAME):
            found: dict[str, Any] = self.graph.invoke(given, config, context=run)
        return found

    def _finish(self, run: Run, state: dict[str, Any]) -> Answer:
        assert run.answer is not None
        return run.answer.model_copy(update={"trace": run.trace.as_json()})


def _build(model: Any, tools: Mapping[str, Tool[Any]], budget: Budget, checkpointer: Any) -> Any:
    from langgraph.graph import END, START, StateGraph
    from langgraph.runtime import Runtime

    from roastery.agent.nodes import Nodes
    from roastery.agent.planner.offline import OfflineModel

    nodes = Nodes(model or OfflineModel(), tools, budget)
    graph = StateGraph(AnalystState, context_schema=Run)

    def node(name: str) -> Any:
        step = getattr(nodes, name)

        def call(state: AnalystState, runtime: Runtime[Run]) -> AnalystState:
            with runtime.context.trace.span(name):
                return step(state, runtime.context)  # type: ignore[no-any-return]

        return call

    for name in ("read", "plan", "act", "verify", "narrate"):
        graph.add_node(name, node(name))
    graph.add_edge(START, "read")
    graph.add_conditional_edges("read", lambda s: "narrate" if s.get("status") else "plan", ["narrate", "plan"])
    graph.add_conditional_edges("plan", _after_plan, ["plan", "act", "verify", "narrate"])
    graph.add_conditional_edges("act", _after_act, ["plan", "verify", "narrate"])
    graph.add_conditional_edges("verify", lambda s: "plan" if s["problems"] else "narrate", ["plan", "narrate"])
    graph.add_edge("narrate", END)
    return graph.compile(checkpointer=checkpointer)


def _after_plan(state: AnalystState) -> str:
    if state.get("status"):
        return "narrate"
    if any(c["state"] == "planned" for c in state["calls"]):
        return "act"
    if state.get("problems"):
        return "plan"
    return "verify"


def _after_act(state: AnalystState) -> str:
    if state.get("status"):
        return "narrate"
    return "verify" if state["draft"] else "plan"
