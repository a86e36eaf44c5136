"""roastery eval: the evaluation sets, with a table at the end."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import without_home

if TYPE_CHECKING:
    from roastery.cli.terminal import Terminal
    from roastery.evals.sets import Grade


def eval_(
    names: Annotated[list[str] | None, typer.Argument(help="Evaluation sets; all when left out.")] = None,
) -> None:
    """Grade the evaluation sets and print a table; exit code 1 when a case fails."""
    without_home(lambda terminal: work(terminal, names or []))


def work(terminal: Terminal, names: list[str]) -> int:
    from roastery.evals.sets import run

    grades: dict[str, list[Grade]] = defaultdict(list)
    for grade in run(names):
        grades[grade.evaluation].append(grade)
        if grade.figures:
            terminal.line(f"{grade.evaluation}: {grade.case}: {grade.figures}")
        if not grade.passed:
            terminal.line(f"{grade.evaluation}: {grade.case}")
            terminal.line(f"  {grade.said}")
    rows = [
        {
            "set": name,
            "cases": len(found),
            "passed": sum(grade.passed for grade in found),
            "share": f"{100 * sum(grade.passed for grade in found) / len(found):.1f} %",
        }
        for name, found in grades.items()
    ]
    terminal.rows(("set", "cases", "passed", "share"), rows, title="Evaluation sets")
    return 0 if all(grade.passed for found in grades.values() for grade in found) else 1
