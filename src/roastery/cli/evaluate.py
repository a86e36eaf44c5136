"""roastery eval: the evaluation sets, with tables at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roastery.cli.home import without_home

if TYPE_CHECKING:
    from roastery.cli.terminal import Terminal
    from roastery.evals.sets import Grade

VERDICTS = ("right", "honest miss", "confidently wrong")


def eval_(
    names: Annotated[list[str] | None, typer.Argument(help="Evaluation sets; all when left out.")] = None,
    part: Annotated[
        str, typer.Option(help="Of sets with parts: test, held, or dev, which may be read while working.")
    ] = "test",
    failures: Annotated[bool, typer.Option("--failures", help="List failures of test parts too.")] = False,
) -> None:
    """Grade the evaluation sets and print tables; exit code 1 when a case fails."""
    without_home(lambda terminal: work(terminal, names or [], part, failures=failures))


def work(terminal: Terminal, names: list[str], part: str = "test", *, failures: bool = False) -> int:
    from roastery.evals.sets import run

    grades: dict[str, list[Grade]] = defaultdict(list)
    for grade in run(names, part):
        grades[grade.evaluation].append(grade)
        if grade.figures and not grade.hidden:
            terminal.line(f"{grade.evaluation}: {grade.case}: {grade.figures}")
        if not grade.passed and (failures or not grade.hidden):
            terminal.line(f"{grade.evaluation}: {grade.case}")
            terminal.line(f"  {grade.verdict + ': ' if grade.verdict else ''}{grade.said}")
    for name, found in grades.items():
        if any(grade.group for grade in found):
            terminal.rows(("of", "cases", *VERDICTS, "share"), grouped(found), title=name.capitalize())
    rows = [{"set": name, **scored(found)} for name, found in grades.items()]
    terminal.rows(("set", "cases", "passed", "share"), rows, title="Evaluation sets")
    return 0 if all(grade.passed for found in grades.values() for grade in found) else 1


def scored(found: list[Grade]) -> dict[str, Any]:
    passed = sum(grade.passed for grade in found)
    return {"cases": len(found), "passed": passed, "share": f"{100 * passed / len(found):.1f} %"}


def grouped(found: list[Grade]) -> list[dict[str, Any]]:
    """Scores by intent, by company and of all."""
    groups: dict[str, list[Grade]] = defaultdict(list)
    for grade in found:
        groups[grade.group].append(grade)
    ordered = sorted(groups.items())
    by_company: dict[str, list[Grade]] = defaultdict(list)
    for grade in found:
        by_company[grade.company].append(grade)
    return [_row(name, of) for name, of in _with_all(ordered, sorted(by_company.items()), found)]


def _with_all(*parts: Any) -> Iterable[tuple[str, list[Grade]]]:
    intents, companies, found = parts
    return [*intents, *companies, ("all", found)]


def _row(name: str, of: list[Grade]) -> dict[str, Any]:
    counts = {verdict: sum(g.verdict == verdict for g in of) for verdict in VERDICTS}
    return {"of": name, "cases": len(of), **counts, "share": f"{100 * counts['right'] / len(of):.1f} %"}
