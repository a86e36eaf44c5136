"""Finds the benchmarks by scanning their folder: a new one is one file with `run`."""

import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path

from roastery.evals.bench.measure import Measure
from roastery.warehouse.errors import UnknownName

NOT_BENCHES = {"measure", "registry"}


def names() -> tuple[str, ...]:
    """Every benchmark's name, in alphabetical order."""
    found = (m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return tuple(sorted(set(found) - NOT_BENCHES))


def run(wanted: Iterable[str] = ()) -> list[Measure]:
    """Run the named benchmarks, or all of them. Errors: UnknownName with the nearest one."""
    chosen = tuple(wanted) or names()
    for name in chosen:
        if name not in names():
            raise UnknownName("benchmark", name, names())
    return [m for name in chosen for m in importlib.import_module(f"roastery.evals.bench.{name}").run()]
