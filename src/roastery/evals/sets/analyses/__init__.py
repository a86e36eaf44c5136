"""The analyses against planted truth, on every synthetic company: one part a file, with `grade(studied)`.

A figure is printed for each part and company. Only what must hold fails: a part says so itself.
"""

import importlib
import pkgutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from roastery.evals.direct import Studied, studied
from roastery.evals.sets import Grade


def run() -> Iterator[Grade]:
    """Every part on every company. A part that a company has no truth for yields nothing."""
    parts = [importlib.import_module(f"{__name__}.{name}") for name in parts_found()]
    with tempfile.TemporaryDirectory() as folder:
        for company in studied(Path(folder)):
            for part in parts:
                yield from part.grade(company)


def parts_found() -> list[str]:
    return sorted(found.name for found in pkgutil.iter_modules(__path__))


__all__ = ["Studied", "parts_found", "run"]
