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
        chance = "" if moved.chance is None else f", chance {moved.chance:.3f}"
        yield _grade(f"seed {moved.seed}", moved.expected, moved.gain, chance)
        yield _grade(f"seed {cut.seed}, {budget.CUT:.0%} cut", cut.expected, cut.spared, "")


def _grade(case: str, expected: tuple[float, float, float] | None, true: float | None, more: str) -> Grade:
    if expected is None or true is None:
        return Grade("budget", f"{case}: cannot tell", figures="no advice")
    low, mean, high = expected
    said = f"{true:+.2f} a day, said {mean:.2f} ({low:.2f} to {high:.2f}){more}"
    return Grade("budget", case, "" if true > 0 else f"it loses: {said}", figures=said)
