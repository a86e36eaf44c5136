"""The offline model: a LangChain chat model that makes the same tool calls as an LLM would, without network or key."""

import copy
import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import ConfigDict

from roastery.agent.planner.calls import tool_calls
from roastery.agent.planner.follow_up import WELCOME
from roastery.agent.planner.intents import HELLO
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.message import as_asked
from roastery.agent.planner.misgivings import with_misgivings
from roastery.agent.planner.of_thread import from_the_first, of_thread, with_its_words
from roastery.agent.planner.reading import Reading, reading_json, reading_of, reading_of_call
from roastery.agent.planner.second_look import second_look
from roastery.agent.planner.several import readings_of
from roastery.agent.planner.understand import understand
from roastery.agent.planner.vocabulary import VocabularySource
from roastery.tools.base import ToolContext

CONTROL = {"clarify": "CLARIFY", "refuse": "CANNOT"}
MOST_QUESTIONS = 4


class LexiconSource:
    """Lexicons by organization, scope and build of the data; today is always today's."""

    def __init__(self, kept: int = 32) -> None:
        self._kept = kept
        self._vocabularies = VocabularySource(kept)
        self._lexicons: OrderedDict[tuple[Any, ...], Lexicon] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, context: ToolContext) -> Lexicon:
        with self._lock:
            vocabulary = self._vocabularies.of(context)
            lexicon = self._lexicons.get(vocabulary.key)
            if lexicon is None:
                lexicon = self._lexicons[vocabulary.key] = Lexicon(vocabulary)
                while len(self._lexicons) > self._kept:
                    self._lexicons.popitem(last=False)
        fresh = copy.copy(lexicon)
        fresh.vocabulary = vocabulary
        return fresh


class OfflineModel(BaseChatModel):
    """Understands a question by lexicon and calendar; what it cannot understand it asks about or refuses."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    tools: tuple[str, ...] = ()
    lexicon: Any = None

    @property
    def _llm_type(self) -> str:
        return "roastery-offline"

    def bind_tools(self, tools: Sequence[Any], *, lexicon: Lexicon | None = None, **_: Any) -> "OfflineModel":
        """The same model with tools to call and the organization's words to understand questions by."""
        names = tuple(t["function"]["name"] if isinstance(t, dict) else t.name for t in tools)
        return self.model_copy(update={"tools": names, "lexicon": lexicon or self.lexicon})

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        at = max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=-1)
        results = [m for m in messages[at + 1 :] if isinstance(m, ToolMessage)]
        if not results:
            reply = self._plan(messages[: at + 1])
        else:
            errors = [json.loads(str(m.content)) for m in results if m.status == "error"]
            reply = AIMessage(conclusion(errors, len(results)))
        return ChatResult(generations=[ChatGeneration(message=reply)])

    def _plan(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """The tool calls of every question in the message, or what is asked back or refused."""
        history: Sequence[Reading] = _history(messages[:-1])
        tools = frozenset(self.tools)

        def read(text: str, before: Sequence[Reading]) -> Reading:
            return understand(text, self.lexicon, before, tools)

        def read_for(metric: str) -> Reading:
            return understand(asked, self.lexicon, (), tools, metric)

        asked = as_asked([str(m.content) for m in messages if isinstance(m, HumanMessage)], self.lexicon)
        asked, history = from_the_first(asked, history)
        asked = with_its_words(asked, history, self.lexicon)
        whole = of_thread(asked, history)
        readings = [whole] if whole else readings_of(asked, read, history, MOST_QUESTIONS)
        if len(readings) == 1 and not history:
            looked = second_look(asked, readings[0], self.lexicon, read_for)
            readings = [with_misgivings(asked, looked, self.lexicon)]
        asking = [r for r in readings if r.intent not in CONTROL]
        if not asking:
            return _control(readings[0])
        calls = []
        for n, (name, arguments) in enumerate(_each_once(call for r in asking for call in tool_calls(r))):
            calls.append({"id": f"offline_{n}", "name": name, "args": arguments, "type": "tool_call"})
        kept = reading_json(asking[-1]) | {"focus": [list(f) for f in asking[-1].focus]}
        left = [r.message for r in readings if r.intent in CONTROL and not r.message.startswith((HELLO, WELCOME))]
        kept["assumptions"] = [a for r in asking for a in r.assumptions]
        kept["whether"] = dict(asking[0].whether) if len(asking) == 1 else {}
        return AIMessage("", tool_calls=calls, additional_kwargs={"reading": {**kept, "left": left}})


def _each_once(calls: Iterable[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """Two questions of one message that come out as one call are asked once."""
    found: list[tuple[str, dict[str, Any]]] = []
    for call in calls:
        if call not in found:
            found.append(call)
    return found


def conclusion(errors: Sequence[Mapping[str, Any]], calls: int) -> str:
    """What the offline model says once its calls have run, by those that failed.

    It writes nothing itself: the deterministic narration speaks for the results, and an error is passed on where
    there is nothing else.
    """
    if errors and len(errors) == calls:
        kind = "FAILED" if errors[0].get("kind") == "store" else "CANNOT"
        return f"{kind}: {errors[0].get('error', 'The question could not be answered.')}"
    return "NARRATE"


def _history(messages: Sequence[BaseMessage]) -> list[Reading]:
    """Earlier readings: this model's own, or read back from an LLM's calls."""
    found = []
    for message in messages:
        turn = message.additional_kwargs.get("turn") if isinstance(message, AIMessage) else None
        if not turn:
            continue
        if turn.get("reading"):
            found.append(reading_of(turn["reading"]))
            continue
        for call in turn.get("calls", ()):
            if reading := reading_of_call(call["tool"], call["arguments"]):
                found.append(reading)
    return found


def _control(reading: Reading) -> AIMessage:
    return AIMessage(
        f"{CONTROL[reading.intent]}: {reading.message}",
        additional_kwargs={"reading": reading_json(reading), "options": list(reading.options)},
    )
