"""Attribution models against planted effects, and budget advice against true response curves, on small companies.

The full table stands in docs/evals.md. A case fails where a model loses or invents credit, or where advice that was
given would lose: saying that the data cannot tell is no failure.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from roastery.evals import credit
from roastery.evals.sets import Grade
from roastery.evals.world.companies import COMPANIES
from roastery.tools.registry import run as run_tool
from roastery.warehouse.errors import RoasteryError

PERSONS = 1_000
MOST_POINTS = 50.0


def run() -> Iterator[Grade]:
    """Each company by itself: one that cannot be asked fails with the reason, and the others go on."""
    for slug in COMPANIES:
        try:
            yield from _graded(slug)
        except RoasteryError as error:
            yield Grade("attribution", f"{slug}: could not be asked", error.message)


def _graded(slug: str) -> Iterator[Grade]:
    company = COMPANIES[slug].make(7, PERSONS)
    with tempfile.TemporaryDirectory() as folder:
        owner, context = credit.opened(company, Path(folder))
        try:
            caused = credit.caused_by(company)
            for found in credit.distances(context, caused, credit.conversion_of(company), slug):
                points = f"{found.points:.1f} points off"
                said = "" if found.points < MOST_POINTS else f"{points} from what was planted"
                yield Grade("attribution", f"{slug}, {found.model}", said, figures=points)
            told = run_tool("recommend_budget", {"objective": "new_customers"}, context, keep=False)
        finally:
            owner.close()
    advised = credit.judged(company, told)
    lost = advised.gain is not None and advised.gain <= 0
    gained = "cannot tell" if advised.gain is None else f"{advised.gain:+.3f} a day"
    yield Grade("attribution", f"{slug}, budget advice", f"it loses: {gained}" if lost else "", figures=gained)
