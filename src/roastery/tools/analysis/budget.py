"""Which reallocation of spend is worth making: constrained, with the chance that it gains anything at all."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from roastery.tools.analysis.apportion import settle
from roastery.tools.analysis.arrays import Floats, floats, not_negative, same_length
from roastery.tools.analysis.errors import CannotTell, UnfitInput
from roastery.tools.analysis.response import Response

# Advice is given when the gain is above zero in at least this share of draws.
SURE_ENOUGH = 0.9
# How much expected gain is given up for one standard deviation less of doubt: money goes where the gain is sure rather
# than where it may be largest, since the largest of uncertain returns is the most overrated one.
CAUTION = 1.0
MOST_CHANGE = 0.3


@dataclass(frozen=True)
class Reallocation:
    """Daily spend by channel before and after, summing to the budget exactly, and what it is expected to bring.

    `gain` is revenue a day more than without the advice: low, expected, high (95 %); `chance` that it is above zero.
    Without the advice spend stays as it is, but where a cut was asked for, each channel is cut by the same share:
    `even`. `marginal` is the return of the next unit at today's spend: low, mean, high by channel. `held` are channels
    left as they are (of a cut: cut by the same share) because the data says too little about them.
    """

    names: tuple[str, ...]
    before: tuple[Decimal, ...]
    after: tuple[Decimal, ...]
    gain: tuple[float, float, float]
    chance: float
    marginal: tuple[Floats, Floats, Floats]
    held: tuple[str, ...]
    even: tuple[Decimal, ...] | None = None


def reallocate(
    response: Response,
    spend: Floats,
    *,
    budget: float | None = None,
    most_change: float = MOST_CHANGE,
    least: Floats | None = None,
    most: Floats | None = None,
    margin: float = 1.0,
    must_earn: bool = True,
    quantum: Decimal = Decimal("0.01"),
) -> Reallocation:
    """The split of a daily budget (today's by default) that brings most for the doubt in it, none moved far.

    Units: money a day. `most_change` bounds each channel's change as a share of its spend; `least` and `most` bound
    it further. `margin` turns revenue into margin for judging a larger budget, which must earn its own cost unless
    `must_earn` is off. A smaller budget is a cut that is settled, so that what is saved is the same however it is
    split: it is judged against the same share off each channel, of which no split advised may be expected to bring
    less. `quantum` is the smallest amount there is to spend.
    Errors: CannotTell where fewer than two channels can be told or no gain is likely enough; UnfitInput where the
    bounds cannot hold the budget.
    """
    today = floats("spend", spend)
    same_length(spend=today, channels=response.names)
    not_negative("spend", today)
    whole = float(today.sum()) if budget is None else budget
    told = response.told & (today > 0)
    is_cut = budget is not None and budget < float(today.sum())
    if told.sum() < (2 if budget is None or is_cut else 1):
        raise CannotTell(
            "The data says too little about where the next unit of spend would bring most: "
            f"{int(told.sum())} of {len(told)} channels varied enough. A holdout would settle it."
        )
    low, high = _cut_bounds(today, most_change, least, most) if is_cut else _bounds(
        response, today, most_change, least, most
    )  # fmt: skip
    _must_hold(low, high, whole)
    against = today
    if is_cut:
        against = _even(today, low, high, whole)
        low, high = np.where(told, low, against), np.where(told, high, against)
    after = _surest_split(response, low, high, whole, against)
    gains = (response.revenue(after) - response.revenue(against)).sum(axis=1) * margin
    if budget is not None and must_earn and not is_cut:
        gains = gains - (whole - float(today.sum()))
    chance = float(np.mean(gains > 0))
    if chance < SURE_ENOUGH or gains.mean() < 0:
        raise CannotTell(_unsure(chance, is_cut=is_cut))
    bounds = np.quantile(gains, [0.025, 0.975])
    return Reallocation(
        response.names,
        settle(today, Decimal(repr(float(today.sum()))), quantum),
        settle(after, Decimal(repr(whole)), quantum),
        (float(bounds[0]), float(gains.mean()), float(bounds[1])),
        chance,
        response.interval(response.marginal(today)),
        tuple(name for name, able in zip(response.names, told, strict=True) if not able),
        settle(against, Decimal(repr(whole)), quantum) if is_cut else None,
    )


def _must_hold(low: Floats, high: Floats, whole: float) -> None:
    if np.any(low > high) or not low.sum() - 1e-6 <= whole <= high.sum() + 1e-6:
        raise UnfitInput(f"The bounds allow a daily budget from {low.sum():.2f} to {high.sum():.2f}, not {whole:.2f}.")


def _unsure(chance: float, *, is_cut: bool) -> str:
    if is_cut:
        return (
            f"The best split found of this cut loses less than the same share off each in only {chance:.0%} of what "
            "the data allows; a holdout would settle it."
        )
    return f"The best split found gains in only {chance:.0%} of what the data allows; a holdout would settle it."


def even_cut(
    spend: Floats,
    whole: float,
    most_change: float = MOST_CHANGE,
    least: Floats | None = None,
    most: Floats | None = None,
) -> Floats:
    """The same share off each channel, as far as its bounds let it; what they keep falls on those with room.

    Errors: UnfitInput where the bounds cannot hold the budget.
    """
    today = floats("spend", spend)
    low, high = _cut_bounds(today, most_change, least, most)
    _must_hold(low, high, whole)
    return _even(today, low, high, whole)


def _even(today: Floats, low: Floats, high: Floats, whole: float) -> Floats:
    return _filled(np.clip(today * (whole / float(today.sum())), low, high), low, high, whole)


def _cut_bounds(
    today: Floats, most_change: float, least: Floats | None = None, most: Floats | None = None
) -> tuple[Floats, Floats]:
    """A cut raises nothing, and may fall on every channel: also those that cannot be told can be cut by their share."""
    low, high = today * (1 - most_change), today
    if least is not None:
        low, high = np.maximum(low, least), np.maximum(high, least)
    return low, high if most is None else np.minimum(high, most)


def spendable(response: Response, spend: Floats, most_change: float = MOST_CHANGE) -> tuple[float, float]:
    """The least and the most a day that the history speaks for: none moved further, none past what was tried."""
    today = floats("spend", spend)
    low, high = _bounds(response, today, most_change)
    if np.any(high > low):
        low, _ = _cut_bounds(today, most_change)
    return float(low.sum()), float(high.sum())


def _bounds(
    response: Response, today: Floats, most_change: float, least: Floats | None = None, most: Floats | None = None
) -> tuple[Floats, Floats]:
    """How little and how much a day each channel may get; those that cannot be told stay as they are."""
    told = response.told & (today > 0)
    low = np.where(told, today * (1 - most_change), today)
    high = np.where(told, np.minimum(today * (1 + most_change), np.maximum(response.most_spend, today)), today)
    return low if least is None else np.maximum(low, least), high if most is None else np.minimum(high, most)


def _surest_split(response: Response, low: Floats, high: Floats, whole: float, against: Floats) -> Floats:
    """Most expected gain over `against` less its standard deviation over the draws, searched from the split of equal
    marginal returns on.

    Gains are concave in spend for every draw; the deviation is smooth away from no change at all, so a gradient method
    with bounds and the budget held finds it.
    """
    from scipy.optimize import minimize

    start = _best_split(response, low, high, whole)
    free = high - low > 1e-9
    slope, halving = response.slope[:, free], response.halving[:, free]
    unit = max(whole, 1e-9)
    base = slope * halving * np.log1p(against[free] / halving)

    def loss(parts: Any) -> tuple[float, Any]:
        spend = parts * unit
        gain = (slope * halving * np.log1p(spend / halving) - base).sum(axis=1) / unit
        rate = slope / (1 + spend / halving)
        mean, mean_rate = float(gain.mean()), rate.mean(axis=0)
        doubt = float(gain.std()) + 1e-9
        doubt_rate = ((gain - mean)[:, None] * (rate - mean_rate)).mean(axis=0) / doubt
        return CAUTION * doubt - mean, CAUTION * doubt_rate - mean_rate

    if free.sum() < 2:
        return start
    fixed = float(start[~free].sum())
    found: Any = minimize(  # type: ignore[call-overload]
        loss, start[free] / unit, jac=True, method="SLSQP",
        bounds=list(zip(low[free] / unit, high[free] / unit, strict=True)),
        constraints=[{"type": "eq", "fun": lambda p: p.sum() - (whole - fixed) / unit, "jac": np.ones_like}],
        options={"maxiter": 300, "ftol": 1e-10},
    )  # fmt: skip
    split = start.copy()
    split[free] = np.clip(found.x * unit, low[free], high[free])
    return _filled(split, low, high, whole) if found.success else start


def _best_split(response: Response, low: Floats, high: Floats, whole: float) -> Floats:
    """Equal marginal return wherever no bound holds: bisection on that return, and on each channel's spend for it."""

    def spend_at(price: float) -> Floats:
        below, above = low.copy(), high.copy()
        for _ in range(40):
            middle = (below + above) / 2
            worth = response.marginal(middle).mean(axis=0) > price
            below, above = np.where(worth, middle, below), np.where(worth, above, middle)
        return (below + above) / 2

    cheap, dear = 0.0, float(response.slope.mean(axis=0).max()) + 1e-9
    for _ in range(50):
        price = (cheap + dear) / 2
        cheap, dear = (price, dear) if spend_at(price).sum() > whole else (cheap, price)
    return _filled(spend_at((cheap + dear) / 2), low, high, whole)


def _filled(split: Floats, low: Floats, high: Floats, whole: float) -> Floats:
    """What a search leaves over goes where there is room, in proportion to it."""
    gap = whole - split.sum()
    room = (high - split) if gap > 0 else (split - low)
    return np.asarray(split + gap * room / max(float(room.sum()), 1e-12), dtype=np.float64)
