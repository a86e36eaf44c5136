"""Evaluation sets: one file a set with `run`, found by scanning this folder."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from roastery.warehouse.errors import UnknownName

TEST = "test"
DEV = "dev"
"""The part that may be read while working; the cases of all others are hidden."""
PARTS = (TEST, "held", DEV)


@dataclass(frozen=True)
class Grade:
    """What became of one case. said: why it failed, '' when it passed; figures: what was measured, where it was.

    group: what scores are added up by, such as the intent of a question. verdict: how it failed. hidden: part of a test
    part, whose cases are not to be read while the lexicon is worked on.
    """

    evaluation: str
    case: str
    said: str = ""
    figures: str = ""
    group: str = ""
    verdict: str = ""
    company: str = ""
    hidden: bool = False

    @property
    def passed(self) -> bool:
        return not self.said


def names() -> tuple[str, ...]:
    """Every set's name, in alphabetical order."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__)))


def run(wanted: Iterable[str] = (), part: str = TEST) -> Iterator[Grade]:
    """Grade every case of the named sets, or of all. Errors: UnknownName with the nearest one."""
    chosen = tuple(wanted) or names()
    if part not in PARTS:
        raise UnknownName("part", part, PARTS)
    for name in chosen:
        if name not in names():
            raise UnknownName("evaluation set", name, names())
    for name in chosen:
        grade = importlib.import_module(f"{__name__}.{name}").run
        yield from grade(part=part) if "part" in inspect.signature(grade).parameters else grade()
