"""Finds the benchmarks by scanning their folder: a new one is one file with `run`."""

import importlib
import pkgutil
from collections.abc import Iterable
from inspect import signature
from pathlib import Path

from roastery.evals.bench.measure import Measure
from roastery.warehouse.errors import UnknownName

NOT_BENCHES = {"measure", "registry", "volume"}


def names() -> tuple[str, ...]:
    """Every benchmark's name, in alphabetical order."""
    found = (m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return tuple(sorted(set(found) - NOT_BENCHES))


def run(wanted: Iterable[str] = (), scale: float | None = None) -> list[Measure]:
    """Run the named benchmarks, or all of them; scale is for those that have one. Errors: UnknownName."""
    chosen = tuple(wanted) or names()
    for name in chosen:
        if name not in names():
            raise UnknownName("benchmark", name, names())
    return [measure for name in chosen for measure in _run(name, scale)]


def _run(name: str, scale: float | None) -> list[Measure]:
    bench = importlib.import_module(f"roastery.evals.bench.{name}").run
    scaled = {"scale": scale} if scale is not None and "scale" in signature(bench).parameters else {}
    measures: list[Measure] = bench(**scaled)
    return measures
