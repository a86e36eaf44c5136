"""The five steps of an answer: read, plan, act, verify, narrate. Each takes the state and the run beside it."""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from langchain_core.messages import AIMessage

from roastery.agent import protocol
from roastery.agent.answer import Answer
from roastery.agent.charts import chart_for
from roastery.agent.chat_model import complete, model_name
from roastery.agent.errors import ModelFailure, OutOfBudget
from roastery.agent.narrate import Narration, Narrator, compose, told_by
from roastery.agent.narrate.restated import tell_restated
from roastery.agent.planner.guard import refusal
from roastery.agent.planner.offline import OfflineModel, conclusion
from roastery.agent.recommend import recommendations
from roastery.agent.render import render
from roastery.agent.shown import rows_in_order, shown_facts, shown_tables
from roastery.agent.state import AnalystState, Budget, Run
from roastery.agent.suggest import suggestions
from roastery.agent.verified import matching
from roastery.agent.verify import Verifier
from roastery.agent.verify.sentences import split
from roastery.agent.verify.words import LINKS
from roastery.tools.base import Tool
from roastery.tools.errors import UnknownTool
from roastery.tools.registry import read_arguments
from roastery.tools.restatement import as_result, restated
from roastery.warehouse.errors import RoasteryError

CALLS_AT_ONCE = 6
OFFLINE = OfflineModel()
DECISIONS = ("Approve", "Decline")
FALLBACK_NOTE = "The language model {why}, so the built-in model answered."


@dataclass(frozen=True)
class Nodes:
    """The graph's nodes over one model and one set of tools."""

    model: Any
    tools: Mapping[str, Tool[Any]]
    budget: Budget

    @cached_property
    def bound(self) -> list[dict[str, Any]]:
        """The tools' schemas, made once: that takes longer than answering."""
        return protocol.bound_tools(self.tools)

    # ---------------------------------------------------------------- read

    def read(self, state: AnalystState, run: Run) -> AnalystState:
        """Refuse what must not be looked up, before any model sees it."""
        run.tell("step", {"name": "read", "text": "Reading the question"})
        start: AnalystState = {
            "calls": [], "draft": "", "status": "", "reading": {}, "options": [], "problems": [], "fallback": "",
            "steps": 0, "rewrites": 0, "narrated": False, "verified": "", "model": model_name(self.model),
        }  # fmt: skip
        if refused := refusal(state["question"]):
            return {**start, "status": "refused", "draft": refused.message}
        return start

    # ---------------------------------------------------------------- plan

    def plan(self, state: AnalystState, run: Run) -> AnalystState:
        """The model's next step: tool calls, prose, or a control line; the offline model where the other one fails."""
        steps = state["steps"] + 1
        if steps == 1 and (blessed := matching(state["question"], run.verified, run.lexicon, frozenset(self.tools))):
            calls = [{"id": "", "name": call["tool"], "args": call["arguments"]} for call in blessed.calls]
            return {"steps": steps, "verified": blessed.said, "calls": self._planned(calls, state)}
        if self._is_offline(state):
            return {"steps": steps, **self._taken(self._offline(state, run), state, run)}
        run.tell("step", {"name": "plan", "text": "Thinking"})
        if steps > self.budget.steps:
            return self._fall_back(state, run, "took too many steps")
        if run.model_seconds <= 0.05:
            return self._fall_back(state, run, "took too long")
        if spent := self._spent(run):
            return self._fall_back(state, run, spent)
        try:
            reply = self._complete(state, run)
        except ModelFailure as failure:
            run.failures.append(failure.kind)
            return self._fall_back(state, run, _why(failure))
        return {"steps": steps, **self._taken(reply, state, run)}

    def _spent(self, run: Run) -> str:
        """Why the language model may not be asked again, '' while it may."""
        trace = run.trace
        cost = self.budget.cost(trace.input_tokens, trace.output_tokens)
        if trace.tokens >= run.allowance.tokens or cost >= run.allowance.money:
            return "has used up what this organization may spend on it today"
        if trace.tokens >= self.budget.tokens or cost >= self.budget.money:
            return "used up what one question may cost"
        return ""

    def _complete(self, state: AnalystState, run: Run) -> AIMessage:
        """One reply of the language model, with what it cost in the trace."""
        said = protocol.messages(state, run)
        name = state["model"].removeprefix("openai:")
        with run.trace.span(f"chat {name}", gen_ai__operation__name="chat", gen_ai__request__model=name) as span:
            reply = complete(self.model.bind_tools(self.bound), said, seconds=run.model_seconds, budget=self.budget)
            made = len(str(reply.content)) + sum(len(str(call["args"])) for call in reply.tool_calls)
            run.trace.used(span, dict(reply.usage_metadata or {}), sum(len(str(m.content)) for m in said), made)
            span.set(gen_ai__response__finish_reasons=reply.response_metadata.get("finish_reason"))
        return reply

    def _is_offline(self, state: AnalystState) -> bool:
        return isinstance(self.model, OfflineModel) or bool(state.get("fallback"))

    def _offline(self, state: AnalystState, run: Run) -> AIMessage:
        model = self.model if isinstance(self.model, OfflineModel) else OFFLINE
        bound = model.bind_tools(self.bound, lexicon=run.lexicon)
        reply = bound.invoke(protocol.messages(state, run))
        assert isinstance(reply, AIMessage)
        return reply

    def _fall_back(self, state: AnalystState, run: Run, why: str) -> AnalystState:
        """Start over with the offline model; what was found so far is kept aside in the run."""
        run.tell("step", {"name": "fallback", "text": FALLBACK_NOTE.format(why=why)})
        fresh: AnalystState = {**state, "calls": [], "draft": "", "problems": [], "fallback": why}
        answer = self._taken(self._offline(fresh, run), fresh, run)
        if answer.get("status") in ("clarify", "refused") and run.evidence.findings:
            # The other model had understood more: its results stand, in the deterministic narration.
            return {"fallback": why, "narrated": True, "draft": "NARRATE", "problems": [], "calls": state["calls"]}
        run.evidence = type(run.evidence)()
        return {"fallback": why, "problems": [], "draft": "", "steps": state["steps"], **answer}

    def _taken(self, reply: AIMessage, state: AnalystState, run: Run) -> AnalystState:
        kept = reply.additional_kwargs
        taken: AnalystState = {"reading": kept["reading"]} if "reading" in kept else {}
        if reply.tool_calls:
            return {**taken, "problems": [], "calls": [*state["calls"], *self._planned(reply.tool_calls, state)]}
        text = str(reply.content)
        if ended := protocol.control(text):
            if self._may_say(ended.text, state):
                return {**taken, "status": ended.status, "draft": ended.text, "options": list(kept.get("options", []))}
            return self._fall_back(state, run, "gave an answer that could not be checked")
        if not run.evidence.findings:
            if state["rewrites"]:
                return self._fall_back(state, run, "answered without looking anything up")
            return {"draft": text, "problems": ["no facts"], "rewrites": 1}
        return {**taken, "draft": text, "problems": []}

    def _may_say(self, text: str, state: AnalystState) -> bool:
        """A question back or a refusal carries no number that the question did not have, and no link."""
        if self._is_offline(state):
            return True
        digits = set(re.findall(r"\d+", text)) - set(re.findall(r"\d+", state["question"]))
        return not digits and not LINKS.search(text) and len(text) <= 600

    def _planned(self, asked: Sequence[Any], state: AnalystState) -> list[dict[str, Any]]:
        number = 1 + max((c["round"] for c in state["calls"]), default=0)
        taken = {c["id"] for c in state["calls"]}
        planned = []
        for n, call in enumerate(asked[:CALLS_AT_ONCE]):
            id = call["id"] if call["id"] and call["id"] not in taken else f"call_{number}_{n}"
            taken.add(id)
            planned.append(
                {"id": id, "name": call["name"], "arguments": call["args"], "round": number, "state": "planned"}
            )
        return planned

    # ---------------------------------------------------------------- act

    def act(self, state: AnalystState, run: Run) -> AnalystState:
        """Run what was planned; a failed call keeps its sentence, so that the model can mend it."""
        calls: list[dict[str, Any]] = []
        for call in state["calls"]:
            calls.append(self._called(call, calls, run) if call["state"] == "planned" else call)
        proposed = [found for call in calls if (found := call.get("approval"))]
        if proposed:
            return {"calls": calls, "status": "clarify", "draft": _proposed(proposed), "options": list(DECISIONS)}
        if self._is_offline(state):
            # The built-in model asks once and does not look again: what it says of errors is known without asking it.
            errors = [c["error"] for c in calls if c["state"] in ("failed", "repeated")]
            said = AIMessage(conclusion(errors, len(calls)))
            return {"calls": calls, **self._taken(said, state, run)}
        return {"calls": calls}

    def _called(self, call: dict[str, Any], before: Sequence[Mapping[str, Any]], run: Run) -> dict[str, Any]:
        done = [c for c in before if c["state"] != "planned"]
        if protocol.same_call(call["name"], call["arguments"], done):
            return {
                **call,
                "state": "repeated",
                "error": {"error": "This call was already made; use its result.", "kind": "asker"},
            }
        if call["name"] not in self.tools:
            return _failed(call, UnknownTool(call["name"], self.tools))
        if run.seconds <= 0:
            return _failed(call, OutOfBudget("The time for this question is used up; ask for less at once.", "time"))
        tool = self.tools[call["name"]]
        run.tell("step", {"name": "tool", "tool": call["name"], "text": _doing(call)})
        try:
            with run.trace.span(
                f"execute_tool {call['name']}",
                gen_ai__operation__name="execute_tool",
                gen_ai__tool__name=call["name"],
                gen_ai__tool__call__id=call["id"],
                gen_ai__tool__call__arguments=json.dumps(call["arguments"], default=str, ensure_ascii=False),
            ) as span:
                result = tool.run(run.context, read_arguments(tool, call["arguments"]))
                if result.receipt is not None:
                    span.set(roastery__receipt__id=result.receipt.id, roastery__rows=result.receipt.rows)
        except RoasteryError as error:
            return _failed(call, error)
        if approval := result.data.get("approval"):
            return {**call, "state": "proposed", "approval": approval}
        if result.receipt is not None:
            run.context.ledger.keep(result.receipt)
        run.evidence.add(call["id"], call["name"], call["arguments"], result)
        return {**call, "state": "done", **({"receipt": result.receipt.id} if result.receipt else {})}

    # ---------------------------------------------------------------- verify

    def verify(self, state: AnalystState, run: Run) -> AnalystState:
        """Law 1: prose that is not backed goes back once, then the deterministic narration takes its place."""
        if state.get("narrated") or self._is_offline(state) or state["draft"] == "NARRATE":
            return {"narrated": True, "problems": []}
        if all(f.tool == "describe_metrics" for f in run.evidence.findings):
            # Definitions are quoted as they stand, numbers and all.
            return {"narrated": True, "problems": []}
        run.tell("step", {"name": "verify", "text": "Checking every number"})
        problems = Verifier(run.evidence, run.lexicon).problems(state["draft"])
        if not problems:
            return {"problems": []}
        if state["rewrites"] < 1 and run.model_seconds > 0.05 and state["steps"] < self.budget.steps:
            return {"problems": [str(p) for p in problems], "rewrites": state["rewrites"] + 1}
        run.failures.append("unverified")
        return {"narrated": True, "problems": []}

    # ---------------------------------------------------------------- narrate

    def narrate(self, state: AnalystState, run: Run) -> AnalystState:
        """The answer: verified prose with its references written out, tables, one chart, suggestions."""
        status = state.get("status") or "answered"
        narration = Narration(state["draft"]) if state.get("status") else self._narration(state, run)
        told = narration.answer if status != "answered" else "\n\n".join([narration.answer, *self._restated(run)])
        text = render(told, run.evidence.facts, run.evidence.labels)
        narration = replace(narration, answer=text)
        told_now = told_by(narration, run.evidence) if status == "answered" else []
        answered = status == "answered"
        facts, tables = (shown_facts(run.evidence), shown_tables(run.evidence, run.lexicon)) if answered else ((), ())
        titles = {name: term.title for name, term in run.lexicon.vocabulary.metrics.items()} if answered else {}
        drawn = chart_for(run.evidence, titles) if answered else None
        advised, withheld = recommendations(run.evidence, run.lexicon) if answered else ([], [])
        run.failures += withheld
        options = tuple(state.get("options", []))
        run.answer = Answer(
            answer_id=state["answer_id"],
            conversation_id=state["conversation_id"],
            question=state["question"],
            status=status,
            text=compose(narration),
            facts=facts,
            receipts=run.evidence.receipts if answered else (),
            tables=tables,
            charts=(drawn,) if drawn else (),
            recommendations=tuple(advised),
            suggestions=suggestions(run.evidence, run.lexicon.vocabulary) if answered else options,
            caveats=narration.caveats,
            notes={**self._notes(state, run), **({"told": told_now} if told_now else {})},
        )
        for sentence in split(run.answer.text):
            run.tell("token", sentence)
        turn = {
            "question": state["question"],
            "status": status,
            "calls": _kept_calls(state),
            "reading": self._reading(state, run),
            "told": told_now,
        }
        return {"status": status, "turns": [*state.get("turns", []), turn][-10:]}

    def _narration(self, state: AnalystState, run: Run) -> Narration:
        reading = state.get("reading", {})
        narrator = Narrator(
            run.evidence,
            run.lexicon.vocabulary,
            focus=tuple((d, v) for d, v in reading.get("focus", [])),
            share=bool(reading.get("share")),
            assumptions=tuple(reading.get("assumptions", [])),
            whether=reading.get("whether", {}),
            told=_told_before(state),
        )
        made = narrator.narrate()
        caveats = (*self._notes_to_say(state), *made.caveats)
        if not state.get("narrated"):
            return replace(made, answer=state["draft"], caveats=caveats, quoted=False)
        answer = made.answer
        if not made.quoted and (problems := Verifier(run.evidence, run.lexicon, refers=True).problems(answer)):
            run.failures += [f"narration: {p}" for p in problems if p.kind != "unreferenced"]
        if left := reading.get("left"):
            answer = "\n\n".join([answer, *left])
        errors = [c["error"]["error"] for c in state["calls"] if c["state"] == "failed" and self._is_offline(state)]
        return replace(made, answer="\n\n".join([answer, *errors]), caveats=caveats)

    def _restated(self, run: Run) -> list[str]:
        """Numbers of the thread's earlier answers that have changed since, each in a sentence that is verified."""
        if not run.earlier or run.seconds <= 0:
            return []
        said = []
        for found in restated(run.context, run.earlier, run.evidence.receipts):
            arguments = found.then.arguments
            finding = run.evidence.add(found.then.id, "restatement", arguments, as_result(run.context, found))
            sentence = tell_restated(Narrator(run.evidence, run.lexicon.vocabulary), finding)
            if problems := Verifier(run.evidence.only([finding]), run.lexicon, refers=True).problems(sentence):
                run.failures += [f"restatement: {p}" for p in problems]
            else:
                said.append(sentence)
        return said

    def _notes_to_say(self, state: AnalystState) -> tuple[str, ...]:
        fallback = (FALLBACK_NOTE.format(why=state["fallback"]),) if state.get("fallback") else ()
        return (*fallback, state["verified"]) if state.get("verified") else fallback

    def _reading(self, state: AnalystState, run: Run) -> dict[str, Any]:
        """What the question was understood to ask, with the ids of the rows that its answer shows."""
        reading = state.get("reading", {})
        rows = rows_in_order(run.evidence) if reading and not state.get("status") else []
        return {**reading, "rows": rows} if rows else reading

    def _notes(self, state: AnalystState, run: Run) -> dict[str, Any]:
        """How the answer came about; `calls` and `reading` are what a later turn inherits."""
        return {
            "model": state.get("model", ""),
            "steps": state.get("steps", 0),
            "calls": _kept_calls(state),
            "reading": self._reading(state, run),
            "narration": "deterministic" if state.get("narrated") else "model" if not state.get("status") else "none",
            **({"fallback": state["fallback"]} if state.get("fallback") else {}),
            **({"verified": state["verified"]} if state.get("verified") else {}),
            **({"approvals": waiting} if (waiting := _waiting(state)) else {}),
            **({"failures": run.failures} if run.failures else {}),
        }


def _why(failure: ModelFailure) -> str:
    return {
        "timeout": "did not answer in time",
        "time": "did not answer in time",
        "cut_stream": "was cut off",
        "broken_json": "sent a broken reply",
        "http_429": "is overloaded",
        "http_401": "did not accept the key",
        "http_403": "did not accept the key",
        "http_404": "was not found under its name",
    }.get(failure.kind, "failed")


def _failed(call: dict[str, Any], error: RoasteryError) -> dict[str, Any]:
    return {**call, "state": "failed", "error": protocol.error_json(error)}


def _kept_calls(state: AnalystState) -> list[dict[str, Any]]:
    return [{"tool": c["name"], "arguments": c["arguments"]} for c in state.get("calls", []) if c["state"] == "done"]


def _told_before(state: AnalystState) -> tuple[str, ...]:
    """Marks of what the thread's last answer told, whatever was asked back in between."""
    answered = [t for t in state.get("turns", []) if t.get("status", "answered") == "answered"]
    return tuple(answered[-1].get("told", ())) if answered else ()


def _waiting(state: AnalystState) -> list[dict[str, Any]]:
    return [c["approval"] for c in state.get("calls", []) if "approval" in c]


def _proposed(approvals: Sequence[Mapping[str, Any]]) -> str:
    """Asked to act: the answer says what will happen and that it needs an approval (law 12)."""
    said = "\n\n".join(f"**{one['title']}**: {one['will']}" for one in approvals)
    return f"{said}\n\nThis needs your approval before it is done. Shall I go ahead?"


def _doing(call: Mapping[str, Any]) -> str:
    arguments = call["arguments"]
    metrics = [str(m).replace("_", " ") for m in arguments.get("metrics", ()) if isinstance(m, str)]
    if not metrics:
        return {"data_health": "Checking the data", "describe_metrics": "Looking up definitions"}.get(
            call["name"], "Looking it up"
        )
    by = [str(d).replace("_", " ") for d in arguments.get("dimensions", ())]
    split_by = f" by {', '.join(by)}" if by else ""
    return f"Looking up {', '.join(metrics[:4])}{split_by}"


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(8)}"
