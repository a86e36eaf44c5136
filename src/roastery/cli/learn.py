"""roastery learn: learn again, from the development questions, which tool a question is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roastery.cli.home import without_home

if TYPE_CHECKING:
    from roastery.cli.terminal import Terminal


def learn() -> None:
    """Learn again from the development questions which tool a question is for (after cases were added)."""
    without_home(work)


def work(terminal: Terminal) -> int:
    from roastery.agent.planner.learned import PATH
    from roastery.evals import learning

    examples = learning.examples()
    learning.write(learning.fit(examples), PATH)
    terminal.line(f"learned from {len(examples)} questions")
    return 0
