"""Billing: one true sale as several systems hold it, most copies with the same external number, some without."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import money, prefixed
from roastery.evals.world.companies import truths
from roastery.evals.world.companies.records import System
from roastery.evals.world.companies.tables import dataset, stacked, when
from roastery.evals.world.seasons import END, Ints, instants_array

RANK = {"order": 0, "payment": 1, "invoice": 2, "deal": 3}
"""Whose record counts, best first (CONTRACTS section 8)."""


@dataclass(frozen=True)
class Sales:
    """True sales. person: −1 for nobody known; cents in the sale's own currency; number: the external order id.

    columns: further columns of `transactions` that every copy carries.
    """

    person: Ints
    amount: Ints
    refunded: Ints
    currency: pa.Array
    number: pa.Array
    columns: dict[str, pa.Array] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return self.person.size


@dataclass(frozen=True)
class Copy:
    """What one system holds of some sales. rows: which; at: when by this system; linked: carries the number.

    own: columns that only this system's records carry, by row.
    """

    system: str
    kind: str
    prefix: str
    rows: Ints
    at: Ints
    records: System
    linked: np.ndarray
    own: dict[str, pa.Array] = field(default_factory=dict)
    ids: pa.Array | None = None


def recorded(sales: Sales, copies: list[Copy]) -> tuple[pa.Table, pa.Table]:
    """Rows of `transactions`, and the truth: of which sale each is, and which record of a sale counts."""
    parts, sale, rank = [], [], []
    for copy in copies:
        inside = copy.at < END - 60
        rows, at, linked = copy.rows[inside], copy.at[inside], copy.linked[inside]
        take, mask = pa.array(rows), pa.array(inside)
        ids = prefixed(copy.prefix, np.flatnonzero(inside) + 1001) if copy.ids is None else copy.ids.filter(mask)
        parts.append(
            dataset(
                "transactions",
                {
                    "transaction_id": ids,
                    "customer_id": copy.records.of(sales.person[rows]),
                    "occurred_at": instants_array(at),
                    "amount": money(sales.amount[rows]),
                    "refunded_amount": money(sales.refunded[rows]),
                    "currency": sales.currency.take(take),
                    "kind": pa.repeat(copy.kind, rows.size),
                    "source_system": pa.repeat(copy.system, rows.size),
                    "external_order_id": when(linked, sales.number.take(take)),
                    **{name: values.take(take) for name, values in sales.columns.items()},
                    **{name: values.filter(mask) for name, values in copy.own.items()},
                },
            )
        )
        sale.append(rows)
        rank.append(np.full(rows.size, RANK[copy.kind]))
    table = stacked(*parts)
    sale, rank = np.concatenate(sale), np.concatenate(rank)
    best = np.full(sales.count, 99)
    np.minimum.at(best, sale, rank)
    truth = truths.sales(table["transaction_id"].combine_chunks(), sale, sales.person[sale], rank == best[sale])
    return table, truth


def lonely(person: Ints, amount: Ints, at: Ints, days: int = 5) -> np.ndarray:
    """Sales that no other of the person with the same amount is near: only these can be matched without a number."""
    order = np.lexsort((at, amount, person))
    same = (person[order][1:] == person[order][:-1]) & (amount[order][1:] == amount[order][:-1])
    near = same & (np.diff(at[order]) < days * 86_400)
    alone = np.ones(person.size, dtype=bool)
    alone[order[1:][near]] = False
    alone[order[:-1][near]] = False
    return alone & (person >= 0)


def refunds_table(
    prefix: str, transaction_id: pa.Array, at: Ints, amount: Ints, currency: pa.Array, reason: str
) -> pa.Table:
    """Rows of `refunds`."""
    return dataset(
        "refunds",
        {
            "refund_id": prefixed(prefix, np.arange(at.size) + 1),
            "transaction_id": transaction_id,
            "refunded_at": instants_array(at),
            "amount": money(amount),
            "currency": currency,
            "reason": pa.repeat(reason, at.size),
        },
    )


def numbers(prefix: str, count: int) -> pa.Array:
    """External numbers, in order."""
    return pc.binary_join_element_wise(pa.scalar(prefix), pa.array(np.arange(count) + 10_001).cast(pa.string()), "")


def lines_table(ids: pa.Array, product_id: pa.Array, quantity: Ints, unit_price: Ints, unit_cost: Ints) -> pa.Table:
    """Rows of `transaction_lines`: one line a sale."""
    return dataset(
        "transaction_lines",
        {
            "transaction_id": ids,
            "line_no": pa.repeat("1", len(ids)),
            "product_id": product_id,
            "quantity": pa.array(quantity),
            "unit_price": money(unit_price),
            "unit_cost": money(unit_cost),
        },
    )
