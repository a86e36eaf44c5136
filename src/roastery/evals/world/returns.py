"""Money given back: returns of whole orders, of lines and of single units, goodwill, cancellations, and a recall."""

from dataclasses import dataclass

import numpy as np

from roastery.evals.world.company import BAD_BATCH, anomaly
from roastery.evals.world.seasons import DAY_SECONDS, END, Ints, day_index, days_of, to_instants
from roastery.evals.world.shop import CANCELLED_REFUNDED, GIFT, PAID, Lines, Orders

REASONS = ("Returned", "Partly returned", "Goodwill", "Returned, restocking fee kept", "Cancelled", "Recall")
FULL, PARTIAL, GOODWILL, FEE_KEPT, CANCELLED, RECALL = range(6)
RESTOCKING_FEE = 500


@dataclass(frozen=True)
class Refunds:
    """One row per refund, by time. Cents: goods (what leaves revenue), tax and shipping given back beside it.

    adjustment: goods money not tied to a line (goodwill is positive, a fee kept is negative).
    """

    order: Ints
    refunded_at: Ints
    reason: Ints
    goods: Ints
    tax: Ints
    shipping: Ints
    adjustment: Ints

    @property
    def total(self) -> Ints:
        return self.goods + self.tax + self.shipping


@dataclass(frozen=True)
class RefundLines:
    """One row per line of a refund (line: index into Lines)."""

    refund: Ints
    line: Ints
    quantity: Ints
    subtotal: Ints
    tax: Ints


def give_back(rng: np.random.Generator, orders: Orders, lines: Lines) -> tuple[Refunds, RefundLines]:
    """Refunds of orders, each later than its order and before the end of history."""
    plan = [_returns(rng, orders, lines), _second_returns(rng, orders, lines), _cancellations(rng, orders, lines),
            _recall(rng, orders, lines)]  # fmt: skip
    order = np.concatenate([p[0] for p in plan])
    reason = np.concatenate([p[1] for p in plan])
    at = np.concatenate([p[2] for p in plan])
    chosen = np.concatenate([p[3] for p in plan])
    kept = np.flatnonzero((at < END - 60) & _once_a_line(order, chosen, lines))
    kept = kept[np.lexsort((order[kept], at[kept]))]
    return _amounts(rng, orders, lines, order[kept], reason[kept], at[kept], chosen[kept])


def _first_line(lines: Lines, count: int) -> Ints:
    return np.searchsorted(lines.order, np.arange(count))


def _lag(rng: np.random.Generator, size: int) -> Ints:
    days = np.maximum(np.exp(rng.normal(np.log(9.0), 0.65, size)), 1.1)
    return (days * DAY_SECONDS).astype(np.int64)


_Plan = tuple[Ints, Ints, Ints, Ints]


def _returns(rng: np.random.Generator, orders: Orders, lines: Lines) -> _Plan:
    order = np.flatnonzero((rng.random(orders.count) < 0.058) & (orders.state == PAID) & (orders.amount > 0))
    reason = rng.choice(4, size=order.size, p=[0.36, 0.45, 0.12, 0.07])
    first = _first_line(lines, orders.count)[order]
    reason = np.where((reason == FEE_KEPT) & (lines.net[first] <= 2 * RESTOCKING_FEE), GOODWILL, reason)
    return order, reason, orders.placed_at[order] + _lag(rng, order.size), np.where(reason == PARTIAL, first, -1)


def _second_returns(rng: np.random.Generator, orders: Orders, lines: Lines) -> _Plan:
    """A second line of an order sent back weeks later."""
    first = _first_line(lines, orders.count)
    several = np.diff(np.append(first, lines.order.size)) > 1
    order = np.flatnonzero((rng.random(orders.count) < 0.006) & several & (orders.state == PAID))
    line = first[order] + 1
    at = orders.placed_at[order] + 20 * DAY_SECONDS + _lag(rng, order.size)
    return order, np.full(order.size, PARTIAL), at, line


def _cancellations(rng: np.random.Generator, orders: Orders, lines: Lines) -> _Plan:
    order = np.flatnonzero(orders.state == CANCELLED_REFUNDED)
    return order, np.full(order.size, CANCELLED), cancelled_at(orders)[order], np.full(order.size, -1)


def cancelled_at(orders: Orders) -> Ints:
    """When a cancelled order was cancelled: a few hours on, by its number."""
    return orders.placed_at + 3600 * (2 + np.arange(orders.count) % 40)


def _recall(rng: np.random.Generator, orders: Orders, lines: Lines) -> _Plan:
    recall = anomaly("bad-batch")
    first, days = day_index(recall.start), (recall.end - recall.start).days
    day = days_of(orders.placed_at)[lines.order]
    bought = (lines.product == BAD_BATCH) & (day >= first - 24) & (day < first) & (orders.state[lines.order] == PAID)
    line = np.flatnonzero(bought & (rng.random(lines.order.size) < 0.8))
    at = to_instants(first + rng.integers(0, days, line.size), 9 * 3600 + rng.integers(0, 8 * 3600, line.size))
    return lines.order[line], np.full(line.size, RECALL), at, line


def _once_a_line(order: Ints, chosen: Ints, lines: Lines) -> np.ndarray:
    """Keep one refund of an order as such, else one per line, so that no more than was paid comes back."""
    as_such = chosen < 0
    has_one = np.zeros(int(lines.order.max()) + 1, dtype=bool)
    has_one[order[as_such]] = True
    key = np.where(as_such, lines.order.size + order, chosen)
    _, first = np.unique(key, return_index=True)
    once = np.zeros(order.size, dtype=bool)
    once[first] = True
    return once & (as_such | ~has_one[order])


def _amounts(
    rng: np.random.Generator, orders: Orders, lines: Lines, order: Ints, reason: Ints, at: Ints, chosen: Ints
) -> tuple[Refunds, RefundLines]:
    """Lines and money of each refund; one unit of a line of several comes back in half of the partial returns."""
    whole = np.isin(reason, (FULL, FEE_KEPT, CANCELLED))
    first = np.searchsorted(lines.order, np.arange(orders.count + 1))
    counts = np.where(whole, first[order + 1] - first[order], (chosen >= 0).astype(np.int64))
    refund = np.repeat(np.arange(order.size), counts)
    offset = np.arange(refund.size) - np.repeat(np.cumsum(counts) - counts, counts)
    line = np.where(whole[refund], first[order[refund]] + offset, chosen[refund])
    one_unit = (reason[refund] == PARTIAL) & (lines.quantity[line] > 1) & (rng.random(line.size) < 0.5)
    kept = lines.product[line] != GIFT
    refund, line, one_unit = refund[kept], line[kept], one_unit[kept]
    share = np.where(one_unit, lines.quantity[line], 1)
    subtotal, tax = lines.net[line] // share, lines.tax[line] // share
    quantity = np.where(one_unit, 1, lines.quantity[line])
    by_refund = [np.bincount(refund, weights=w, minlength=order.size).astype(np.int64) for w in (subtotal, tax)]
    adjustment = np.where(reason == GOODWILL, np.maximum(orders.amount[order] * 15 // 100, 100), 0)
    adjustment = np.where(reason == FEE_KEPT, -RESTOCKING_FEE, adjustment)
    shipping = np.where(reason == CANCELLED, orders.shipping[order], 0)
    refunds = Refunds(order, at, reason, by_refund[0] + adjustment, by_refund[1], shipping, adjustment)
    return refunds, RefundLines(refund, line, quantity, subtotal, tax)
