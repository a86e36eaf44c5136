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

PERSONS = 1_000
MOST_POINTS = 50.0


def run() -> Iterator[Grade]:
    for slug, maker in COMPANIES.items():
        company = maker.make(7, PERSONS)
        with tempfile.TemporaryDirectory() as folder:
            owner, context = credit.opened(company, Path(folder))
            caused = credit.caused_by(company)
            for found in credit.distances(context, caused, credit.conversion_of(company), slug):
                said = "" if found.points < MOST_POINTS else f"{found.points:.1f} points from what was planted"
                yield Grade("attribution", f"{slug}, {found.model}: {found.points:.1f} points off", said)
            advised = credit.judged(
                company, run_tool("recommend_budget", {"objective": "new_customers"}, context, keep=False)
            )
            owner.close()
        lost = advised.gain is not None and advised.gain <= 0
        told = "cannot tell" if advised.gain is None else f"{advised.gain:+.3f} a day"
        yield Grade(
            "attribution", f"{slug}, budget advice: {told}", f"it loses {advised.gain:.3f} a day" if lost else ""
        )
