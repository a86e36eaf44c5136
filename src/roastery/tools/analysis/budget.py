"""Which reallocation of spend is worth making: constrained, with the chance that it gains anything at all."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from roastery.tools.analysis.apportion import settle
from roastery.tools.analysis.arrays import Floats, floats, not_negative, same_length
from roastery.tools.analysis.errors import CannotTell, UnfitInput
from roastery.tools.analysis.response import Response

# Advice is given when the gain is above zero in at least this share of draws.
SURE_ENOUGH = 0.8
MOST_CHANGE = 0.3


@dataclass(frozen=True)
class Reallocation:
    """Daily spend by channel before and after, summing to the budget exactly, and what it is expected to bring.

    `gain` is revenue a day more than today: low, expected, high (95 %); `chance` that it is above zero. `marginal` is
    the return of the next unit at today's spend: low, mean, high by channel. `held` are channels left as they are
    because the data says too little about them.
    """

    names: tuple[str, ...]
    before: tuple[Decimal, ...]
    after: tuple[Decimal, ...]
    gain: tuple[float, float, float]
    chance: float
    marginal: tuple[Floats, Floats, Floats]
    held: tuple[str, ...]


def reallocate(
    response: Response,
    spend: Floats,
    *,
    budget: float | None = None,
    most_change: float = MOST_CHANGE,
    least: Floats | None = None,
    most: Floats | None = None,
    margin: float = 1.0,
    quantum: Decimal = Decimal("0.01"),
) -> Reallocation:
    """The split of a daily budget (today's by default) that brings most revenue, no channel moved too far.

    Units: money a day. `most_change` bounds each channel's change as a share of its spend; `least` and `most` bound
    it further. `margin` turns revenue into margin for judging a changed budget.
    Errors: CannotTell when fewer than two channels can be told, or no split gains with a chance of 80 %; UnfitInput
    when the bounds cannot hold the budget.
    """
    today = floats("spend", spend)
    same_length(spend=today, channels=response.names)
    not_negative("spend", today)
    whole = float(today.sum()) if budget is None else budget
    told = response.told & (today > 0)
    if told.sum() < (2 if budget is None else 1):
        raise CannotTell(
            "The data says too little about where the next unit of spend would bring most: "
            f"{int(told.sum())} of {len(told)} channels varied enough. A holdout would settle it."
        )
    low = np.where(told, today * (1 - most_change), today)
    high = np.where(told, np.minimum(today * (1 + most_change), np.maximum(response.most_spend, today)), today)
    low = low if least is None else np.maximum(low, least)
    high = high if most is None else np.minimum(high, most)
    if np.any(low > high) or not low.sum() - 1e-6 <= whole <= high.sum() + 1e-6:
        raise UnfitInput(f"The bounds allow a daily budget from {low.sum():.2f} to {high.sum():.2f}, not {whole:.2f}.")
    after = _best_split(response, low, high, whole)
    gains = (response.revenue(after) - response.revenue(today)).sum(axis=1) * margin - (whole - float(today.sum())) * (
        budget is not None
    )
    chance = float(np.mean(gains > 0))
    if chance < SURE_ENOUGH:
        raise CannotTell(
            f"The best split found gains in only {chance:.0%} of what the data allows; a holdout would settle it."
        )
    bounds = np.quantile(gains, [0.025, 0.975])
    return Reallocation(
        response.names,
        settle(today, Decimal(repr(float(today.sum()))), quantum),
        settle(after, Decimal(repr(whole)), quantum),
        (float(bounds[0]), float(gains.mean()), float(bounds[1])),
        chance,
        response.interval(response.marginal(today)),
        tuple(name for name, able in zip(response.names, told, strict=True) if not able),
    )


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
    split = spend_at((cheap + dear) / 2)
    # What bisection leaves over goes where there is room, in proportion to it.
    gap = whole - split.sum()
    room = (high - split) if gap > 0 else (split - low)
    return np.asarray(split + gap * room / max(float(room.sum()), 1e-12), dtype=np.float64)
