"""Who comes back, and what is bought together: retention, repeat and cross-sell, each share with its interval."""

from dataclasses import dataclass

import numpy as np

from roastery.tools.analysis.arrays import Floats, Integers, Numbers, floats, integers, same_length
from roastery.tools.analysis.errors import TooLittleData, UnfitInput

NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Share:
    """A share of trials with its 95 % interval, arrays of one shape; where there were no trials, all are zero."""

    hits: Integers
    trials: Integers
    share: Floats
    low: Floats
    high: Floats


def share_of(hits: Numbers, trials: Numbers) -> Share:
    """Shares with Wilson's interval, which stays inside 0 to 1 and holds for few trials (Newcombe 1998, method 3).

    Fractions of hits and trials, as credit makes them, are taken as they are.
    """
    h, n = (np.asarray(v, dtype=None if np.asarray(v).dtype.kind in "iu" else np.float64) for v in (hits, trials))
    if h.shape != n.shape:
        raise UnfitInput("Hits and trials must have one shape.")
    if np.any(h < 0) or np.any(h > n):
        raise UnfitInput("There cannot be more hits than trials, or fewer than none.")
    some = np.where(n > 0, n, 1)
    p, z2 = h / some, NORMAL_95**2
    middle = (p + z2 / (2 * some)) / (1 + z2 / some)
    spread = NORMAL_95 / (1 + z2 / some) * np.sqrt(p * (1 - p) / some + z2 / (4 * some**2))
    seen = n > 0
    return Share(
        h, n, np.where(seen, p, 0.0), np.where(seen & (h > 0), np.maximum(middle - spread, 0.0), 0.0),
        np.where(seen, np.where(h == n, 1.0, np.minimum(middle + spread, 1.0)), 0.0),
    )  # fmt: skip


@dataclass(frozen=True)
class Retention:
    """Share of each cohort active again, by age; shape (cohorts, ages). Ages not yet over for a cohort have no trials.

    `cohorts` are the first periods. Age 0 is the first period itself, always 1.
    """

    cohorts: Integers
    size: Integers
    active: Share

    def overall(self) -> Share:
        """All cohorts together, by age, each age over the cohorts old enough for it."""
        return share_of(self.active.hits.sum(axis=0), self.active.trials.sum(axis=0))


def retention(customer: Numbers, period: Numbers, last_complete: int) -> Retention:
    """Cohorts by first period of activity, and who of them is active in each later one.

    Shape: one row an activity; `period` counts months, weeks … from any origin. Rows after `last_complete` are left
    out, since an unfinished period looks like churn.
    """
    who, when = integers("customer", customer), integers("period", period)
    same_length(customer=who, period=when)
    keep = when <= last_complete
    who, when = who[keep], when[keep]
    if not len(who):
        raise TooLittleData("Nobody was active in these periods.")
    _, person = np.unique(who, return_inverse=True)
    first = np.full(int(person.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, person, when)
    cohorts, of = np.unique(first, return_inverse=True)
    size = np.bincount(of)
    ages = last_complete - int(cohorts[0]) + 1
    # One row a person and age: several activities in a period count once.
    seen = np.unique(person * ages + (when - first[person]))
    hits = np.zeros((len(cohorts), ages), dtype=np.int64)
    np.add.at(hits, (of[seen // ages], seen % ages), 1)
    over = cohorts[:, None] + np.arange(ages) <= last_complete
    return Retention(cohorts, size.astype(np.int64), share_of(hits, np.where(over, size[:, None], 0)))


def repeat_share(orders: Numbers, cohort: Numbers) -> tuple[Integers, Share]:
    """Share of customers with at least two orders among those with one, by acquisition cohort (ascending)."""
    n, of = integers("orders", orders), integers("cohort", cohort)
    same_length(orders=n, cohort=of)
    bought = n >= 1
    if not bought.any():
        raise TooLittleData("Nobody has ordered in these cohorts.")
    cohorts, place = np.unique(of[bought], return_inverse=True)
    again = np.bincount(place, weights=n[bought] >= 2, minlength=len(cohorts)).astype(np.int64)
    return cohorts, share_of(again, np.bincount(place, minlength=len(cohorts)))


@dataclass(frozen=True)
class Pairs:
    """Products bought by the same baskets, the surest lift first; one entry a pair.

    `support` is the share of baskets with both; `lift` is how many times more often they meet than by chance, with a
    95 % interval; `confidence` is the share of baskets with the first that hold the second.
    """

    first: Integers
    second: Integers
    together: Integers
    support: Floats
    confidence: Floats
    lift: Floats
    low: Floats
    high: Floats


def cross_sell(basket: Numbers, product: Numbers, *, least_together: int = 10, top: int = 100) -> Pairs:
    """Pairs of products in the same basket (an order, or a customer), by the lower bound of their lift.

    Shape: one row a basket and product; repeats count once. Cost grows with the square of a basket's products.
    Source: lift = P(both) / (P(a)·P(b)), interval by the delta method on its logarithm.
    """
    of, what = integers("basket", basket), integers("product", product)
    same_length(basket=of, product=what)
    if not len(of):
        raise TooLittleData("There are no baskets in this period.")
    baskets, row = np.unique(of, return_inverse=True)
    products, column = np.unique(what, return_inverse=True)
    both, first, second = _together(row, column, len(baskets), len(products))
    keep = both >= max(least_together, 1)
    if not keep.any():
        raise TooLittleData(f"No two products were bought together at least {max(least_together, 1)} times.")
    both, first, second = both[keep], first[keep], second[keep]
    has = np.bincount(np.unique(row * len(products) + column) % len(products), minlength=len(products))
    n, a, b = float(len(baskets)), has[first].astype(np.float64), has[second].astype(np.float64)
    lift = both * n / (a * b)
    # Var ln(lift): three dependent proportions of one multinomial, delta method.
    variance = np.maximum(1 / both - 1 / a - 1 / b + (2 * both / (a * b)) - 1 / n, 0.0)
    spread = np.exp(NORMAL_95 * np.sqrt(variance))
    order = np.lexsort((products[second], products[first], -(lift / spread)))[:top]
    return Pairs(
        products[first][order], products[second][order], both[order], (both / n)[order], (both / a)[order],
        lift[order], (lift / spread)[order], (lift * spread)[order],
    )  # fmt: skip


def _together(row: Integers, column: Integers, rows: int, columns: int) -> tuple[Integers, Integers, Integers]:
    """How often each pair of columns shares a row, for pairs in ascending order that ever do."""
    from scipy import sparse

    flat = np.unique(row * columns + column)
    held = sparse.csr_array((np.ones(len(flat), dtype=np.int64), (flat // columns, flat % columns)), (rows, columns))
    meets = sparse.triu(held.T @ held, k=1).tocoo()
    return meets.data.astype(np.int64), meets.row.astype(np.int64), meets.col.astype(np.int64)


@dataclass(frozen=True)
class Maturing:
    """Conversion of a lead cohort so far, and what it will come to when all its leads are as old as the lag needs."""

    so_far: Share
    expected: Floats
    maturity: Floats


def maturing_conversion(leads: Numbers, converted: Numbers, age: Numbers, lags: Numbers, settled: int) -> Maturing:
    """Lead-to-customer by cohort with young cohorts marked: `maturity` is the share of conversions that usually have
    come by a cohort's age, and `expected` divides by it.

    Shape: leads, converted and age (whole periods) by cohort; `lags` are the ages at conversion of earlier converted
    leads, of which those up to `settled` count. Errors: TooLittleData under 30 conversions to learn the lag from.
    """
    n, won, old = integers("leads", leads), integers("converted", converted), integers("age", age)
    same_length(leads=n, converted=won, age=old)
    known = floats("lags", lags)
    known = known[(known >= 0) & (known <= settled)]
    if len(known) < 30:
        raise TooLittleData(f"Only {len(known)} conversions tell how long they take; 30 are needed.")
    maturity = np.searchsorted(np.sort(known), np.minimum(old, settled), side="right") / len(known)
    so_far = share_of(won, n)
    expected = np.where(maturity > 0, np.minimum(so_far.share / np.maximum(maturity, 1e-9), 1.0), 0.0)
    return Maturing(so_far, expected, maturity)
