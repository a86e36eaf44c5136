"""What is sent: text, tables and charts, the same for every channel, as it is stored in the outbox."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from roastery.agent.answer import Answer, Recommendation
from roastery.tools.base import Table

TABLES_SHOWN = 3


class Message(BaseModel):
    """text and footnote: Markdown. charts: Vega-Lite. thread: under which message it goes, '' for none.

    asks: ids of approvals that the message asks a yes or no for.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str = ""
    text: str
    tables: tuple[Table, ...] = ()
    charts: tuple[dict[str, Any], ...] = ()
    footnote: str = ""
    thread: str = ""
    asks: tuple[str, ...] = ()

    def as_payload(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    @classmethod
    def of_payload(cls, payload: Mapping[str, Any]) -> Self:
        return cls.model_validate(payload)


def message_of(answer: Answer, thread: str = "") -> Message:
    """An answer as a message: its text, its first tables and charts, and the receipts that prove it."""
    receipts = ", ".join(receipt.id for receipt in answer.receipts)
    return Message(
        title=answer.question,
        text=with_advice(answer.text, answer.recommendations),
        tables=answer.tables[:TABLES_SHOWN],
        charts=answer.charts,
        footnote=f"Receipts: {receipts}" if receipts else "",
        thread=thread,
        asks=tuple(one["id"] for one in answer.notes.get("approvals", ())),
    )


def with_advice(text: str, advised: Sequence[Recommendation]) -> str:
    """A text with what to do about it below: the action, what is expected of it, and how sure that is."""
    lines = [f"- {one.action} *{one.expected_effect}* (confidence: {one.confidence})" for one in advised]
    return "\n".join([f"{text}\n\n**What to do**", *lines]) if lines else text
