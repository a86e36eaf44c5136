"""Questions in words: the agent, with the conversation before it and its answer kept."""

from collections.abc import Iterator, Sequence
from datetime import UTC
from math import inf
from typing import TYPE_CHECKING, Any

from roastery.agent.answer import Answer
from roastery.agent.planner.memory import Meaning, disclosed, told
from roastery.api.advising import keep_answers_advice
from roastery.api.approving import ServiceActions
from roastery.api.deciding import decided
from roastery.api.remembering import meanings, proposed
from roastery.api.store.answers import StoredAnswers
from roastery.api.verifying import verified_of
from roastery.tools.base import Actor, Receipt
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.agent.graph import Analyst
    from roastery.agent.state import Allowance
    from roastery.api.app import Roastery
    from roastery.api.settings import Settings


def analyst_of(settings: "Settings") -> "Analyst":
    """The agent with the model that the settings name. Errors: UnknownModel."""
    from roastery.agent.chat_model import chat_model
    from roastery.agent.graph import Analyst
    from roastery.agent.state import Budget

    key = settings.openai_api_key
    model = chat_model(
        settings.model, api_key=key.get_secret_value() if key else None, base_url=settings.openai_base_url
    )
    budget = Budget(
        tokens=settings.model_tokens_per_question,
        money=inf if settings.model_money_per_question is None else settings.model_money_per_question,
        prices=(settings.model_price_input, settings.model_price_output),
    )
    return Analyst(model, budget=budget)


class Asking:
    """One question of one asker: opened in its conversation, answered, kept.

    Errors of the constructor: NotFound for a conversation that is not the asker's.
    """

    def __init__(
        self, roastery: "Roastery", organization: Organization, actor: Actor, conversation_id: str | None
    ) -> None:
        from roastery.agent.state import Turn

        self._roastery = roastery
        self._organization = organization
        self._actor = actor
        self._answers = StoredAnswers(roastery.database, organization.id, actor)
        self._conversation = self._answers.open(conversation_id, roastery.wall.now())
        self._earlier = self._answers.answers(self._conversation) if conversation_id else []
        self._history = [Turn.of(answer) for answer in self._earlier]
        self._context = roastery.context(organization, actor)
        self._verified = verified_of(roastery, organization)
        self._meanings = meanings(roastery, organization)

    @property
    def _receipts(self) -> list[Receipt]:
        """Receipts of the conversation's earlier answers, newest first."""
        return [receipt for answer in reversed(self._earlier) for receipt in answer.receipts]

    def answer(self, question: str) -> Answer:
        answer = self._decided(question)
        if answer is None:
            plain, used = told(question, self._meanings)
            answer = self._roastery.analyst.ask(
                plain,
                self._context,
                self._conversation,
                self._history,
                self._allowance(),
                self._verified,
                self._receipts,
            )
            answer = _disclosing(answer, question, used)
        self._keep(answer)
        return answer

    def events(self, question: str) -> Iterator[tuple[str, Any]]:
        """(`step` | `token` | `answer`, plain JSON) as they come."""
        if answer := self._decided(question):
            self._answers.keep(answer, self._roastery.wall.now())
            yield "token", answer.text
            yield "answer", answer.model_dump(mode="json")
            return
        plain, used = told(question, self._meanings)
        for kind, value in self._roastery.analyst.stream(
            plain,
            self._context,
            self._conversation,
            self._history,
            self._allowance(),
            self._verified,
            self._receipts,
        ):
            if kind == "answer":
                answer = _disclosing(value, question, used)
                if used:
                    yield "token", f"\n\n{disclosed(used)}"
                self._keep(answer)
                yield kind, answer.model_dump(mode="json")
            else:
                yield kind, value

    def _keep(self, answer: Answer) -> None:
        """The answer in its conversation, what it recommends in the ledger."""
        self._answers.keep(answer, self._roastery.wall.now())
        keep_answers_advice(self._roastery, self._organization, self._actor, answer)

    def _allowance(self) -> "Allowance | None":
        """What is left of the organization's day on the language model; None where nothing limits it."""
        from roastery.agent.state import Allowance

        settings = self._roastery.settings
        if settings.model == "offline" or settings.model_tokens_per_day is settings.model_money_per_day is None:
            return None
        midnight = self._roastery.wall.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        given, made = self._answers.tokens_since(midnight)
        tokens, money = settings.model_tokens_per_day, settings.model_money_per_day
        return Allowance(
            inf if tokens is None else tokens - given - made,
            inf if money is None else money - self._roastery.analyst.budget.cost(given, made),
        )

    def _decided(self, question: str) -> Answer | None:
        """The answer to a yes or no, or to a statement of what words mean; None for a question."""
        actions = ServiceActions(self._roastery, self._organization, self._actor)
        return decided(self._roastery, self._organization, self._actor, question, self._earlier) or proposed(
            self._roastery, actions, question, self._conversation
        )


def _disclosing(answer: Answer, question: str, used: Sequence[Meaning]) -> Answer:
    """The answer to the question as it was asked, with what was understood by the organization's own words."""
    if not used:
        return answer
    return answer.model_copy(update={"question": question, "text": f"{answer.text}\n\n{disclosed(used)}"})


def ask(
    roastery: "Roastery",
    organization: Organization,
    actor: Actor,
    question: str,
    conversation_id: str | None = None,
) -> Answer:
    """Answer a question and keep the answer in its conversation. Errors: NotFound for another's conversation."""
    return Asking(roastery, organization, actor, conversation_id).answer(question)


def stream(
    roastery: "Roastery",
    organization: Organization,
    actor: Actor,
    question: str,
    conversation_id: str | None = None,
) -> Iterator[tuple[str, Any]]:
    """The same, told as it happens: steps, verified sentences as tokens, at last the whole answer."""
    return Asking(roastery, organization, actor, conversation_id).events(question)
