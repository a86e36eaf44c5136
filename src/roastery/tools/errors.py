"""Errors of the tools, classed by who acts next; each derives from a class of warehouse/errors.py.

AskerError
├── UnknownName
│   ├── UnknownTool         no tool of that name; the nearest one is named
│   └── UnknownReceipt      no receipt of that id in this organization
├── BadQuery
│   └── BadArguments        a tool call whose arguments are not of its form, argument by argument
└── NotAllowed
    └── OutOfScope          a receipt made under another person's row scope
"""

from collections.abc import Iterable

from roastery.warehouse.errors import BadQuery, NotAllowed, UnknownName


class UnknownTool(UnknownName):
    """A tool that is not registered."""

    def __init__(self, name: str, allowed: Iterable[str]) -> None:
        super().__init__("tool", name, allowed)


class UnknownReceipt(UnknownName):
    """A receipt that this organization does not have."""

    def __init__(self, receipt_id: str) -> None:
        super().__init__("receipt", receipt_id)


class BadArguments(BadQuery):
    """A tool call that cannot be read; one sentence for each argument at fault, so that the caller can mend it."""

    def __init__(self, tool: str, sentences: Iterable[str], *, did_you_mean: str | None = None) -> None:
        self.tool = tool
        self.sentences = tuple(sentences)
        super().__init__(f"{tool}: {' '.join(self.sentences)}", did_you_mean=did_you_mean)


class OutOfScope(NotAllowed):
    """Made under a row scope that the asker does not have; the message never contains the figure."""
