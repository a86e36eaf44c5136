"""roastery ask: a question in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

EXIT_CODES = {"refused": 2, "failed": 1}
"""For scripts that read no JSON; with --json the answer's status says it, as over REST."""


def ask(
    question: Annotated[str, typer.Argument(help="In words, as in Slack.")],
    org: Org = None,
    conversation: Annotated[str | None, typer.Option(help="Id of the conversation that this goes on with.")] = None,
    as_json: Json = False,
) -> None:
    """Ask a question; the answer comes with text, table, chart and receipts."""
    run_at_home(work, question=question, org=org, conversation=conversation, as_json=as_json)


def work(
    roastery: Roastery,
    terminal: Terminal,
    question: str,
    org: str | None,
    conversation: str | None,
    as_json: bool,
) -> int:
    from roastery.api.app import OPERATOR
    from roastery.api.asking import ask
    from roastery.cli.answers import show_answer

    answer = ask(roastery, organization_of(roastery, org), OPERATOR, question, conversation)
    if as_json:
        terminal.json(answer.model_dump(mode="json"))
        return 0
    show_answer(terminal, answer, roastery.settings.home / "charts")
    return EXIT_CODES.get(answer.status, 0)
