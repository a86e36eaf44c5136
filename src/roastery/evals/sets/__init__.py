"""Evaluation sets: one file a set with `run`, found by scanning this folder."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from roastery.warehouse.errors import UnknownName


@dataclass(frozen=True)
class Grade:
    """What became of one case. said: why it failed, '' when it passed; figures: what was measured, where it was."""

    evaluation: str
    case: str
    said: str = ""
    figures: str = ""

    @property
    def passed(self) -> bool:
        return not self.said


def names() -> tuple[str, ...]:
    """Every set's name, in alphabetical order."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__)))


def run(wanted: Iterable[str] = ()) -> Iterator[Grade]:
    """Grade every case of the named sets, or of all. Errors: UnknownName with the nearest one."""
    chosen = tuple(wanted) or names()
    for name in chosen:
        if name not in names():
            raise UnknownName("evaluation set", name, names())
    for name in chosen:
        yield from importlib.import_module(f"{__name__}.{name}").run()
