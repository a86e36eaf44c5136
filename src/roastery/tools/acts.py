"""Tools that act: they propose what will happen, and it happens only after a person has approved it (law 12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from roastery.tools.base import Arguments, Tool, ToolContext, ToolResult
from roastery.warehouse.errors import NotAllowed

NOWHERE = "Nothing can be set up from here; ask in Slack, over the API or at the command line of the service."


@dataclass(frozen=True)
class Proposal:
    """What will happen, for a person to read. title: a few words; will: whole sentences, whose numbers are arguments.

    document: what is done, in the form that the service keeps.
    """

    title: str
    will: str
    document: Mapping[str, Any]


class Actions(Protocol):
    """Kept above (api): what may be done for this asker, and where proposals wait."""

    is_approved: bool
    """Whether a person has approved this very call."""

    def check(self, tool: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The document as it would be done, defaults filled in. Errors: a sentence for what cannot or may not be."""
        ...

    def propose(self, tool: str, arguments: Mapping[str, Any], proposal: Proposal) -> str:
        """Keep a proposal until somebody decides; gives its id."""
        ...

    def do(self, tool: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do it; gives what was made, with its id."""
        ...


class ActingTool(Tool[Arguments]):
    """Called without an approval it proposes; called again by whoever decides, with the same arguments, it does."""

    acts: ClassVar[bool] = True

    def proposal(self, context: ToolContext, arguments: Arguments) -> Proposal:
        raise NotImplementedError

    def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        actions: Actions | None = context.actions
        if actions is None:
            raise NotAllowed(NOWHERE)
        proposal = self.proposal(context, arguments)
        if actions.is_approved:
            made = dict(actions.do(self.name, proposal.document))
            return ToolResult(tool=self.name, data={"done": {"title": proposal.title, "made": made}})
        given = arguments.model_dump(mode="json", exclude_defaults=True)
        approval = {
            "id": actions.propose(self.name, given, proposal),
            "tool": self.name,
            "title": proposal.title,
            "will": proposal.will,
            "arguments": given,
            "state": "waiting",
        }
        return ToolResult(tool=self.name, data={"approval": approval})
