"""roastery learn: learn again, from the development questions, which tool and which number a question is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roastery.cli.home import without_home

if TYPE_CHECKING:
    from roastery.cli.terminal import Terminal


def learn() -> None:
    """Learn again from the development questions what a question is for (after cases were added)."""
    without_home(work)


def work(terminal: Terminal) -> int:
    from roastery.agent.planner.learned import METRICS_PATH, PATH
    from roastery.evals import learning

    examples, of_metrics = learning.examples(), learning.metric_examples()
    learning.write(learning.fit(examples), PATH)
    learning.write(learning.fit(of_metrics), METRICS_PATH)
    terminal.line(f"learned tools from {len(examples)} questions, numbers from {len(of_metrics)}, names among them")
    return 0
