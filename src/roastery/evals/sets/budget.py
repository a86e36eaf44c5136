"""Budget advice against true response curves on ten companies of 100,000 persons; advice that would lose fails."""

from collections.abc import Iterator

from roastery.evals import budget
from roastery.evals.sets import Grade

PERSONS = 100_000
SEEDS = range(201, 211)
"""Seeds that nothing was chosen on."""


def run() -> Iterator[Grade]:
    for found in budget.of_seeds(SEEDS, PERSONS):
        case = f"seed {found.seed}"
        if found.expected is None or found.gain is None:
            yield Grade("budget", f"{case}: cannot tell", figures="no advice")
            continue
        low, expected, high = found.expected
        said = f"{found.gain:+.2f} a day, said {expected:.2f} ({low:.2f} to {high:.2f}), chance {found.chance:.3f}"
        yield Grade("budget", case, "" if found.gain > 0 else f"it loses: {said}", figures=said)
