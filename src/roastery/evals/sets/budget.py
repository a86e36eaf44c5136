"""Budget advice against true response curves on ten companies of 100,000 persons; advice that would lose fails.

Of each company today's money is moved, and a given cut is placed (judged against the same share off each campaign).
"""

from collections.abc import Iterator

from roastery.evals import budget
from roastery.evals.sets import Grade

PERSONS = 100_000
SEEDS = range(201, 211)
"""Seeds that nothing was chosen on."""


def run() -> Iterator[Grade]:
    for moved, cut in budget.of_seeds(SEEDS, PERSONS):
        yield _grade(f"seed {moved.seed}", moved)
        yield _grade(f"seed {cut.seed}, {budget.CUT:.0%} cut", cut)


def _grade(case: str, judged: budget.Judged) -> Grade:
    if judged.expected is None or judged.gain is None:
        return Grade("budget", f"{case}: cannot tell", figures="no advice")
    low, mean, high = judged.expected
    said = f"{judged.gain:+.2f} a day, said {mean:.2f} ({low:.2f} to {high:.2f})"
    if judged.chance is not None:
        said += f", chance {judged.chance:.3f}"
    return Grade("budget", case, "" if judged.gain > 0 else f"it loses: {said}", figures=said)
