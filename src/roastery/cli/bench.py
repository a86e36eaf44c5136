"""roastery bench: the benchmarks, with a table at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from roastery.cli.terminal import Terminal
    from roastery.evals.bench.measure import Measure

COLUMNS = ("benchmark", "what", "value", "baseline", "ratio", "aim", "ok")


def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Benchmarks; all when left out.")] = None,
    scale: Annotated[
        float | None, typer.Option(min=0.0001, max=10, help="Size of the data, where a benchmark has one; 1 is full.")
    ] = None,
) -> None:
    """Run benchmarks and print each figure beside its baseline or aim; exit code 1 when an aim is missed."""
    from roastery.cli.home import without_home

    without_home(lambda terminal: work(terminal, names or [], scale))


def work(terminal: Terminal, names: list[str], scale: float | None = None) -> int:
    from roastery.evals.bench.registry import run

    measures = run(names, scale)
    terminal.rows(COLUMNS, [_row(measure) for measure in measures], title="Benchmarks")
    return 0 if all(measure.ok is not False for measure in measures) else 1


def _row(measure: Measure) -> dict[str, str]:
    baseline = f"{measure.baseline:.4g} {measure.unit} {measure.baseline_what}" if measure.baseline else ""
    aim = "" if measure.aim is None else f"≤ {measure.aim:g}{'×' if measure.aim_on == 'ratio' else f' {measure.unit}'}"
    return {
        "benchmark": measure.bench,
        "what": measure.what,
        "value": f"{measure.value:.4g} {measure.unit}",
        "baseline": baseline.strip(),
        "ratio": f"{measure.ratio:.2f}×" if measure.ratio else "",
        "aim": aim,
        "ok": {True: "yes", False: "NO", None: ""}[measure.ok],
    }
