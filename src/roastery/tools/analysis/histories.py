"""Purchase histories: what a customer's orders say about the next one, as frequency, recency and age."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from roastery.tools.analysis.arrays import Floats, Integers, Numbers, floats, integers, same_length, summed
from roastery.tools.analysis.errors import TooLittleData, UnfitInput

DAYS_PER_WEEK = 7
MASK = 2**20 - 1


@dataclass(frozen=True)
class Histories:
    """One row a distinct history; customers with the same history share a row.

    `frequency` counts purchase days after the first, `recency` is the age at the last purchase, `age` the time from
    the first purchase to the end of observation (right-censored), `customers` how many share the row, `row` the row
    of each customer, in the order of their codes. Units of time: the caller's, the same throughout.
    """

    frequency: Floats
    recency: Floats
    age: Floats
    customers: Integers
    row: Integers

    @property
    def repeaters(self) -> int:
        """Customers who came back at least once."""
        return int(self.customers[self.frequency > 0].sum())

    @cached_property
    def by_frequency(self) -> tuple[Floats, Integers]:
        """The distinct frequencies, few beside the rows, and each row's place among them."""
        distinct, place = np.unique(self.frequency, return_inverse=True)
        return distinct, place.astype(np.int64)


@dataclass(frozen=True)
class Purchases:
    """Histories with spend. `spend` is the mean of repeat purchase days, `first_spend` that of the first, per customer.

    `customers` are the codes that have a purchase in the window, in ascending order; every per-customer array follows.
    """

    histories: Histories
    customers: Integers
    spend: Floats
    first_spend: Floats


def histories_of(frequency: Numbers, recency: Numbers, age: Numbers) -> Histories:
    """Group customers by (frequency, recency, age), so that a fit costs as much as there are distinct rows.

    Errors: UnfitInput where 0 ≤ recency ≤ age does not hold, or a repeat purchase has no time.
    """
    x, tx, t = floats("frequency", frequency), floats("recency", recency), floats("age", age)
    same_length(frequency=x, recency=tx, age=t)
    if not len(x):
        raise TooLittleData("There are no customers in this period.")
    if min(x.min(), tx.min(), t.min()) < 0 or np.any(tx > t):
        raise UnfitInput("Each customer needs a frequency ≥ 0 and 0 ≤ recency ≤ age.")
    if np.any((x > 0) & (tx <= 0)) or np.any((x == 0) & (tx > 0)):
        raise UnfitInput("Recency must be zero exactly where nothing was bought again.")
    days = np.rint(np.stack([tx, t]) * DAYS_PER_WEEK)
    exact = float(np.abs(days / DAYS_PER_WEEK - [tx, t]).max()) < 1e-9
    if exact and x.max() < 2**20 and days.max() < 2**20:
        whole = days.astype(np.int64)
        keys, row = _encoded((x.astype(np.int64) << 40) | (whole[0] << 20) | whole[1])
        parts = keys >> 40, (keys >> 20 & MASK) / DAYS_PER_WEEK, (keys & MASK) / DAYS_PER_WEEK
        return Histories(parts[0].astype(np.float64), *parts[1:], np.bincount(row).astype(np.int64), row)
    packed = np.rec.fromarrays([x, tx, t])
    _, first, row, count = np.unique(packed, return_index=True, return_inverse=True, return_counts=True)
    return Histories(x[first], tx[first], t[first], count.astype(np.int64), row.astype(np.int64))


def _encoded(keys: Integers) -> tuple[Integers, Integers]:
    """Distinct keys in ascending order and each key's place: by hashing, since there are far fewer than customers."""
    found = pa.array(keys).dictionary_encode()
    distinct = found.dictionary.to_numpy()
    order = np.argsort(distinct)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return distinct[order], place[found.indices.to_numpy()]


def purchases_of(
    customer: Numbers, day: Numbers, amount: Sequence[Decimal] | Any, end_day: int, *, days_per_unit: float = 7.0
) -> Purchases:
    """Histories and spend from one row an order, up to and including `end_day`; a customer's orders of a day are one.

    Units: `day` counts days; times come out in units of `days_per_unit` days (weeks).
    Errors: TooLittleData when no order lies in the window.
    """
    who, when, money = integers("customer", customer), integers("day", day), floats("amount", amount)
    same_length(customer=who, day=when, amount=money)
    keep = when <= end_day
    who, when, money = who[keep], when[keep], money[keep]
    if not len(who):
        raise TooLittleData("There are no orders in this period.")
    origin = int(when.min())
    span = end_day - origin + 1
    codes, index = np.unique(who, return_inverse=True)
    visits, inverse = np.unique(index * span + (when - origin), return_inverse=True)
    paid = summed(inverse, money, len(visits))
    of, at = visits // span, visits % span + origin
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    lasts = np.append(starts[1:], len(of)) - 1
    frequency = (lasts - starts).astype(np.float64)
    total = np.add.reduceat(paid, starts)
    spend = np.divide(total - paid[starts], frequency, out=np.zeros(len(codes)), where=frequency > 0)
    first_day = at[starts]
    histories = histories_of(frequency, (at[lasts] - first_day) / days_per_unit, (end_day - first_day) / days_per_unit)
    return Purchases(histories, codes, spend, paid[starts])


def coarsened(histories: Histories, most_rows: int) -> Histories:
    """Merge rows that are neighbours in time, on the finest grid that leaves at most `most_rows`; means stay.

    With days as the unit over years, a merged row spans a few days: parameters move in the third decimal.
    """
    cells, step = histories, float(histories.age.max()) / 512
    weight, place = histories.customers.astype(np.float64), histories.row
    while len(cells.age) > most_rows:
        age, lag = ((column / step).astype(np.int64) for column in (histories.age, histories.age - histories.recency))
        key = (histories.frequency.astype(np.int64) << 40) | (age << 20) | lag
        distinct, row = _encoded(key)
        size = len(distinct)
        mass = summed(row, weight, size)
        x, tx, t = (
            summed(row, column * weight, size) / mass
            for column in (histories.frequency, histories.recency, histories.age)
        )
        # Each time from the rows as they came, so that a cell is whole steps of one grid.
        cells, place = Histories(x, tx, t, mass.astype(np.int64), row), row
        step *= 1.6
    return cells if cells is histories else replace(cells, row=place[histories.row])
