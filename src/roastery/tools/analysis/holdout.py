"""What a treatment caused: difference in differences over places, and the holdout that would settle a question.

Source: Card & Krueger 1994 for the estimator; intervals by Welch's t over places, whose own noise over time they carry.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats, floats, same_length
from roastery.tools.analysis.errors import CannotTell, TooLittleData, UnfitInput

LEAST_DAYS = 7
LEAST_PLACES = 2
SHORTEST_WEEKS, LONGEST_WEEKS = 2, 12
LEAST_NOISE = 0.01
# Share of places to hold out, tried from the smallest.
HOLDOUT_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True)
class Lift:
    """What the treatment added; `effect` is per treated place and day, `total` over all of them, with 95 % bounds.

    `ratio` is effect over what would have been without. `before_trend_p` tests that treated and other places moved
    alike before (small: they did not, and the effect is in doubt). Bounds and p-values are None where a group has
    one place only.
    """

    effect: float
    low: float | None
    high: float | None
    ratio: float
    total: float
    total_low: float | None
    total_high: float | None
    p_value: float | None
    before_trend_p: float | None
    treated: int
    others: int
    caveats: tuple[str, ...]


def difference_in_differences(outcome: Any, treated: Flags, start: int) -> Lift:
    """Change of treated places less change of the others, before and from step `start` on.

    Shape: `outcome` (days, places), `treated` (places,). Places of different size belong on one scale first (per
    customer, or as a ratio to their own mean before: see `per_own_mean`).
    Errors: TooLittleData without a day before or after, or without both groups.
    """
    y = floats("outcome", outcome, ndim=2)
    flags = np.asarray(treated, dtype=np.bool_)
    same_length(places=y[0] if len(y) else flags, treated=flags)
    if not 0 < start < len(y):
        raise TooLittleData("A difference in differences needs days before and days with the treatment.")
    if flags.all() or not flags.any():
        raise TooLittleData("A difference in differences needs treated places and others beside them.")
    change = y[start:].mean(axis=0) - y[:start].mean(axis=0)
    effect = float(change[flags].mean() - change[~flags].mean())
    spread, freedom = _welch(change, flags)
    without = float(y[start:][:, flags].mean()) - effect
    scale = int(flags.sum()) * (len(y) - start)
    bound = None if spread is None else _quantile(freedom) * spread
    return Lift(
        effect=effect,
        low=None if bound is None else effect - bound,
        high=None if bound is None else effect + bound,
        ratio=effect / without if without else 0.0,
        total=effect * scale,
        total_low=None if bound is None else (effect - bound) * scale,
        total_high=None if bound is None else (effect + bound) * scale,
        p_value=None if spread is None else _p_value(effect, spread, freedom),
        before_trend_p=_before_trend(y[:start], flags),
        treated=int(flags.sum()),
        others=int((~flags).sum()),
        caveats=_caveats(y, flags, start, spread),
    )


def change_of_years(this_year: Any, last_year: Any, start: int) -> Lift:
    """What weeks from `start` on did against those before, less what the same weeks did a year before.

    Shape: both (weeks,), each on the scale of its own mean before. The interval is Welch's over weeks, whose noise the
    difference of the years carries; a shift between the years that a season alone makes is in it, one that came with
    the treatment is not.
    Errors: TooLittleData without two weeks on each side, or with nothing before.
    """
    now, then = floats("this_year", this_year), floats("last_year", last_year)
    same_length(this_year=now, last_year=then)
    if not LEAST_PLACES <= start <= len(now) - LEAST_PLACES:
        raise TooLittleData("A change of years needs two weeks before and two with the treatment.")
    if now[:start].mean() <= 0 or then[:start].mean() <= 0:
        raise TooLittleData("There was nothing in the weeks before.")
    apart = now / now[:start].mean() - then / then[:start].mean()
    flags = np.arange(len(apart)) >= start
    effect = float(apart[flags].mean() - apart[~flags].mean())
    spread, freedom = _welch(apart, flags)
    assert spread is not None
    bound = _quantile(freedom) * spread
    without = float(now[start:].mean() / now[:start].mean()) - effect
    weeks = int(flags.sum())
    return Lift(
        effect, effect - bound, effect + bound, effect / without if without else 0.0, effect * weeks,
        (effect - bound) * weeks, (effect + bound) * weeks, _p_value(effect, spread, freedom), None, weeks, start,
        (ONE_YEAR,),
    )  # fmt: skip


ONE_YEAR = "One year beside another is one comparison: what else was new this year looks like an effect."


def per_own_mean(outcome: Any, start: int) -> Floats:
    """Each place as a ratio to its own mean before the treatment, so that large and small places count alike.

    Errors: CannotTell when a place had nothing before.
    """
    y = floats("outcome", outcome, ndim=2)
    if not 0 < start < len(y):
        raise TooLittleData("The mean before the treatment needs days before it.")
    before = y[:start].mean(axis=0)
    if np.any(before <= 0):
        raise CannotTell(f"{int((before <= 0).sum())} places had no outcome before the treatment; leave them out.")
    return np.asarray(y / before, dtype=np.float64)


@dataclass(frozen=True)
class Proposal:
    """A holdout that would find the expected effect in four of five cases: how many places, how long, at what cost.

    `detectable` is the smallest relative effect it finds; `cost` the outcome put at risk if the treatment works.
    """

    places_held_out: int
    places: int
    weeks: int
    expected_ratio: float
    detectable: float
    cost: float


def propose_holdout(outcome: Any, expected_ratio: float, *, power: float = 0.8, level: float = 0.95) -> Proposal:
    """The cheapest holdout that finds a relative effect: fewest place-weeks, two to twelve weeks long.

    Shape: `outcome` (days, places), at least eight weeks without the treatment changing. `expected_ratio` is what the
    treatment is thought to add, as a share of the outcome.
    Errors: TooLittleData; CannotTell when even half the places for twelve weeks would not find it.
    """
    y = floats("outcome", outcome, ndim=2)
    days, places = y.shape
    if not 0 < expected_ratio < 1:
        raise UnfitInput("The expected effect must lie between 0 and 1, as a share of the outcome.")
    if days < 56 or places < 2 * LEAST_PLACES:
        raise TooLittleData(
            f"A holdout is planned from at least 56 days of {2 * LEAST_PLACES} places; there are {days} of {places}."
        )
    weekly = y[: days // 7 * 7].reshape(-1, 7, places).sum(axis=1)
    usable = weekly.mean(axis=0) > 0
    if usable.sum() < 2 * LEAST_PLACES:
        raise TooLittleData(f"Only {int(usable.sum())} places have any outcome.")
    ratio = weekly[:, usable] / weekly[:, usable].mean(axis=0)
    best: Proposal | None = None
    for share in HOLDOUT_SHARES:
        held = max(round(share * ratio.shape[1]), LEAST_PLACES)
        for weeks in range(SHORTEST_WEEKS, LONGEST_WEEKS + 1):
            found = _detectable(ratio, held, weeks, power, level)
            if found <= expected_ratio:
                cost = expected_ratio * float(weekly.mean()) * held * weeks
                plan = Proposal(held, ratio.shape[1], weeks, expected_ratio, found, cost)
                best = plan if best is None or held * weeks < best.places_held_out * best.weeks else best
                break
    if best is None:
        raise CannotTell(
            f"Even half the places for {LONGEST_WEEKS} weeks would not show an effect of {expected_ratio:.1%}; "
            "test a larger change of spend, or more places."
        )
    return best


def _detectable(ratio: Floats, held: int, weeks: int, power: float, level: float) -> float:
    """Smallest relative effect found: two quantiles times the noise of a place's change between spans of so many weeks.

    The noise comes from the history itself, cut into spans of that length, so that slow drifts count.
    """
    from scipy.special import stdtrit

    apart = ratio - ratio.mean(axis=1, keepdims=True)
    spans = len(apart) // weeks
    if spans >= 2:
        means = apart[-spans * weeks :].reshape(spans, weeks, -1).mean(axis=1)
        noise = float(np.sqrt((np.diff(means, axis=0) ** 2).mean()))
    else:
        noise = float(np.sqrt((np.diff(apart, axis=0) ** 2).mean() / weeks))
    places = ratio.shape[1]
    held_out, others = 1 / held, 1 / max(places - held, 1)
    error = noise * np.sqrt(places / (places - 1) * (held_out + others))
    # The read-out will know the noise from these few places only, so Student's quantiles, at Welch's freedom.
    freedom = (held_out + others) ** 2 / (held_out**2 / (held - 1) + others**2 / max(places - held - 1, 1))
    return float((stdtrit(freedom, (1 + level) / 2) + stdtrit(freedom, power)) * error)


def _welch(change: Floats, flags: Flags) -> tuple[float | None, float]:
    a, b = change[flags], change[~flags]
    if min(len(a), len(b)) < LEAST_PLACES:
        return None, 0.0
    va, vb = float(a.var(ddof=1)) / len(a), float(b.var(ddof=1)) / len(b)
    if va + vb <= 0:
        return 0.0, float(len(change) - 2)
    freedom = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    return float(np.sqrt(va + vb)), freedom


def _before_trend(before: Floats, flags: Flags) -> float | None:
    """P-value of the groups' slopes before the treatment being the same."""
    if len(before) < LEAST_DAYS:
        return None
    t = np.arange(len(before)) - (len(before) - 1) / 2
    slopes = t @ before / float(t @ t)
    spread, freedom = _welch(slopes, flags)
    return None if spread is None else _p_value(float(slopes[flags].mean() - slopes[~flags].mean()), spread, freedom)


def _p_value(effect: float, spread: float, freedom: float) -> float:
    from scipy.special import stdtr

    if spread <= 0:
        return 1.0 if effect == 0 else 0.0
    return float(2 * stdtr(freedom, -abs(effect) / spread))


def _quantile(freedom: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


def _caveats(y: Floats, flags: Flags, start: int, spread: float | None) -> tuple[str, ...]:
    said = []
    if spread is None:
        said.append("One place on a side: there is an estimate, but no way to say how sure it is.")
    trend = _before_trend(y[:start], flags)
    if trend is not None and trend < 0.05:
        said.append("Treated and other places moved apart before the treatment already; the effect is in doubt.")
    if len(y) - start < LEAST_DAYS or start < LEAST_DAYS:
        said.append("Less than a week before or after: a weekday may look like an effect.")
    return tuple(said)


@dataclass(frozen=True)
class Switchback:
    """A test without places: the treatment is paused in every other week, drawn by lot, for `weeks` weeks in all."""

    weeks: int
    expected_ratio: float
    detectable: float
    cost: float


def propose_switchback(
    outcome: Any, expected_ratio: float, *, power: float = 0.8, level: float = 0.95, longest: int = 26
) -> Switchback:
    """The shortest test by weeks that finds a relative effect in four of five cases.

    Shape: `outcome` (days,), at least eight weeks. The noise is that of one week against the next.
    Errors: TooLittleData; CannotTell when `longest` weeks would not find it.
    """
    from scipy.special import stdtrit

    y = floats("outcome", outcome)
    if not 0 < expected_ratio < 1:
        raise UnfitInput("The expected effect must lie between 0 and 1, as a share of the outcome.")
    if len(y) < 56 or y.sum() <= 0:
        raise TooLittleData("A test by weeks is planned from at least 56 days with an outcome.")
    weekly = y[len(y) % 7 :].reshape(-1, 7).sum(axis=1)
    # A history without any noise promises nothing about the weeks to come.
    noise = max(float(np.diff(weekly).std() / np.sqrt(2) / weekly.mean()), LEAST_NOISE)
    for weeks in range(4, longest + 1, 2):
        quantiles = stdtrit(weeks - 2, (1 + level) / 2) + stdtrit(weeks - 2, power)
        found = float(quantiles * noise * np.sqrt(4 / weeks))
        if found <= expected_ratio:
            return Switchback(weeks, expected_ratio, found, expected_ratio * float(weekly.mean()) * weeks / 2)
    raise CannotTell(
        f"Even {longest} weeks of pausing every other week would not show an effect of {expected_ratio:.1%}; pause a "
        "larger part of the spend."
    )
