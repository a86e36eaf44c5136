"""Credit by key under one model, in shown precision: parts that sum to the total, with bootstrap intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from roastery.tools import facts
from roastery.tools.queries import Asked
from roastery.warehouse.conversions import NONE, UNATTRIBUTED
from roastery.warehouse.credited import (
    BUCKETS,
    OTHER,
    CreditQuery,
)
from roastery.warehouse.errors import RoasteryError
from roastery.warehouse.money import minor_digits

SEED = 20_26
DRAWS = 500
LEAST_SALES = 20
"""Conversions below which an interval would itself be noise."""
CONVERSION_PLACES = Decimal("0.0001")


@dataclass(frozen=True)
class CreditRow:
    """What one key is credited with, in shown precision: money in minor units, counts in ten-thousandths.

    `exact` is the value before rounding; direct and paid are the parts through direct and through paid touches.
    """

    key: str
    value: Decimal
    exact: Decimal
    direct: Decimal
    paid: Decimal
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True)
class ModelCredit:
    """One model's rows, largest first, `none`, `other touches` and `unattributed` last; they sum to `total`."""

    model: str
    rows: tuple[CreditRow, ...]
    total: Decimal
    direct: Decimal
    note: str = ""

    def row(self, key: str) -> CreditRow | None:
        return next((row for row in self.rows if row.key == key), None)

    @property
    def unattributed(self) -> Decimal:
        return sum((row.value for row in self.rows if row.key == UNATTRIBUTED), Decimal(0))


def model_credit(query: CreditQuery, asked: Asked, table: pa.Table, model: str) -> ModelCredit:
    import pyarrow.compute as pc

    own = table.filter(pc.equal(table["model"], model))
    money = query.conversion.unit == "money"
    value = "value" if money else "conversions"
    whole = own.filter(pc.is_null(own["bucket"])).to_pylist()
    exact = {row["key"]: Decimal(row[value]) for row in whole}
    total = _total(query, asked, exact)
    places = places_of(query)
    keys = sorted(exact, key=lambda key: (place_of(key), -exact[key], key))
    settled = dict(zip(keys, _settled([exact[key] for key in keys], total, places), strict=True))
    low, high = _intervals(own, value, keys, whole, model)
    by_key = {row["key"]: row for row in whole}
    direct, paid = f"direct_{value}", f"paid_{value}"
    rows = tuple(
        CreditRow(
            key,
            settled[key],
            exact[key],
            Decimal(by_key[key][direct]).quantize(places),
            # A key whose touches are all paid shows one figure, not two that differ by a rounding.
            settled[key] if by_key[key][paid] == by_key[key][value] else Decimal(by_key[key][paid]).quantize(places),
            low.get(key),
            high.get(key),
        )
        for key in keys
    )
    return ModelCredit(model, rows, total, sum((row.direct for row in rows), Decimal(0)))


def _total(query: CreditQuery, asked: Asked, exact: Mapping[str, Decimal]) -> Decimal:
    """What the parts sum to, checked against the semantic layer's own total of the same conversions."""
    summed = sum(exact.values(), Decimal(0)).quantize(places_of(query))
    if query.by_touch:
        return summed
    stated = asked.frame.totals.get(query.conversion.metric)
    expected = Decimal(stated or 0).quantize(places_of(query))
    tolerance = Decimal(1).scaleb(-minor_digits(query.currency)) if query.conversion.unit == "money" else Decimal(0)
    if abs(summed - expected) > tolerance:
        raise RoasteryError(
            f"Credit of {query.conversion.name} sums to {summed}, and its total is {expected}: nothing is shown rather "
            "than a wrong split."
        )
    return expected


def places_of(query: CreditQuery) -> Decimal:
    if query.conversion.unit == "money":
        return Decimal(1).scaleb(-minor_digits(query.currency))
    return CONVERSION_PLACES


def _settled(exact: Sequence[Decimal], total: Decimal, places: Decimal) -> tuple[Decimal, ...]:
    """Each rounded as metrics are; where that misses the total, those nearest to the other side give way."""
    rounded = [value.quantize(places, ROUND_HALF_UP) for value in exact]
    missing = total - sum(rounded, Decimal(0))
    if not missing or not exact:
        return tuple(rounded)
    step = places if missing > 0 else -places
    nearest = sorted(range(len(exact)), key=lambda n: ((rounded[n] - exact[n]) * (1 if step > 0 else -1), n))
    for turn in range(int(abs(missing / places))):
        rounded[nearest[turn % len(nearest)]] += step
    return tuple(rounded)


def place_of(key: str) -> int:
    return {NONE: 1, OTHER: 2, UNATTRIBUTED: 3}.get(key, 0)


def _intervals(
    own: pa.Table, value: str, keys: Sequence[str], whole: Sequence[Mapping[str, Any]], model: str
) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """95 % bounds of each key's credit: customers' groups are drawn anew, Poisson(1) times each, with a kept seed."""
    import pyarrow.compute as pc

    parts = own.filter(pc.is_valid(own["bucket"]))
    if sum(row["sales"] for row in whole) < LEAST_SALES or not parts.num_rows:
        return {}, {}
    place = {key: n for n, key in enumerate(keys)}
    matrix = np.zeros((BUCKETS, len(keys)))
    columns = np.array([place[key] for key in parts["key"].to_pylist()])
    matrix[np.asarray(parts["bucket"], dtype=np.int64), columns] = np.asarray(parts[value].cast(pa.float64()))
    drawn = np.random.default_rng(SEED).poisson(1.0, (DRAWS, BUCKETS)).astype(np.float64) @ matrix
    bounds = np.quantile(drawn, [0.025, 0.975], axis=0)
    sold = {row["key"]: row["sales"] for row in whole}
    told = [key for key in keys if sold[key] >= LEAST_SALES]
    return tuple({key: bound(edge[place[key]]) for key in told} for edge in bounds)  # type: ignore[return-value]


def bound(value: float) -> Decimal:
    return facts.rounded(value, Decimal("0.01"))
