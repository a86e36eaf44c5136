"""create_schedule: have the digest, the answer to a question, or a sync again and again."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from roastery.tools.acts import ActingTool, Proposal
from roastery.tools.base import ToolContext
from roastery.tools.rhythm import Destination, Rhythm

LONGEST_QUESTION = 1_000


class NewSchedule(BaseModel):
    """What runs again and again. kind question needs a question, kind sync a connection's id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["digest", "question", "sync"] = "digest"
    question: str = Field(default="", max_length=LONGEST_QUESTION, description="In words; answered anew each time.")
    connection_id: str = ""
    rhythm: Rhythm = Rhythm(every="week")
    destinations: tuple[Destination, ...] = ()
    name: str = ""

    @model_validator(mode="after")
    def _says_what(self) -> "NewSchedule":
        if self.kind == "question" and not self.question.strip():
            raise ValueError("a schedule of kind 'question' needs the question")
        if self.kind == "sync" and not self.connection_id:
            raise ValueError("a schedule of kind 'sync' needs the connection_id")
        return self


class CreateSchedule(ActingTool[NewSchedule]):
    """Proposes a schedule; once approved it runs until it is removed."""

    name = "create_schedule"
    description = (
        "Set up something that runs again and again: the digest, the answer to a question in words, or a sync, by "
        "hour, day, week or month. It is only proposed: a person approves it before it exists. Use it when asked to "
        "send, schedule or repeat something regularly."
    )
    arguments = NewSchedule

    def proposal(self, context: ToolContext, arguments: NewSchedule) -> Proposal:
        what = {
            "digest": "the digest of the last complete week",
            "question": f"the answer to “{arguments.question.strip()}”, asked anew each time",
            "sync": f"a sync of the connection {arguments.connection_id}",
        }[arguments.kind]
        assert context.actions is not None
        checked = context.actions.check(self.name, _document(arguments))
        destinations = checked["target"].get("destinations", ())
        told = ", ".join(Destination(**d).words for d in destinations)
        when = f"{arguments.rhythm.sentence_start} ({context.organization.time_zone})"
        will = f"{when} I run {what}." if arguments.kind == "sync" else f"{when} I send {what} to {told}."
        name = (
            arguments.name
            or {"digest": "Digest", "question": arguments.question.strip(), "sync": "Sync"}[arguments.kind]
        )
        return Proposal(f"Schedule “{name}”", will, {**checked, "name": name})


def _document(arguments: NewSchedule) -> dict[str, Any]:
    target: dict[str, Any]
    if arguments.kind == "sync":
        target = {"connection_id": arguments.connection_id}
    else:
        target = {"destinations": [d.model_dump() for d in arguments.destinations]}
    if arguments.kind == "question":
        target["question"] = arguments.question.strip()
    return {"kind": arguments.kind, "cron": arguments.rhythm.line, "target": target, "name": arguments.name}
