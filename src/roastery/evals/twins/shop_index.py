"""The shop's records of a world, in the text forms of the Admin API, ready to be paged by any order."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world import World

Row = dict[str, Any]


def shown(table: pa.Table) -> pa.Table:
    """Times as ISO 8601 in UTC, money as Shopify writes it ("10.0", "10.25")."""
    for place, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            whole = table[column.name].cast(pa.timestamp("s", "UTC"))
            table = table.set_column(place, column.name, pc.strftime(whole, format="%Y-%m-%dT%H:%M:%SZ"))
        elif pa.types.is_decimal(column.type) and column.type.scale == 2:
            text = pc.replace_substring_regex(pc.cast(table[column.name], pa.string()), r"(\.\d)0$", r"\1")
            table = table.set_column(place, column.name, text)
    return table.combine_chunks()


class Related:
    """Rows that hang on an order, found by its number."""

    def __init__(self, table: pa.Table, key: str) -> None:
        order = np.argsort(np.asarray(table[key]), kind="stable")
        self._table = shown(table.take(pa.array(order)))
        self._keys = np.asarray(self._table[key])
        self._key = key

    def of(self, keys: np.ndarray) -> dict[int, list[Row]]:
        """Rows by key, for many keys at once."""
        first, last = np.searchsorted(self._keys, keys, "left"), np.searchsorted(self._keys, keys, "right")
        counts = last - first
        place = np.repeat(first - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        found: dict[int, list[Row]] = defaultdict(list)
        for row in self._table.take(pa.array(place)).to_pylist():
            found[row[self._key]].append(row)
        return found


@dataclass
class Ordered:
    """A table that can be walked by any of its sort keys, either way."""

    table: pa.Table
    identity: str
    _sorted: dict[str, tuple[np.ndarray, list[tuple[str, int]]]] = field(default_factory=dict)

    def by(self, key: str) -> tuple[np.ndarray, list[tuple[str, int]]]:
        """Positions in order of (key, id), and those pairs."""
        if key not in self._sorted:
            values, ids = self.table[key].to_pylist(), self.table[self.identity].to_pylist()
            pairs = [(str(v) if key != self.identity else "", i) for v, i in zip(values, ids, strict=True)]
            order = sorted(range(len(pairs)), key=pairs.__getitem__)
            self._sorted[key] = np.array(order, dtype=np.int64), [pairs[n] for n in order]
        return self._sorted[key]

    def page(
        self,
        key: str,
        low: tuple[str, int],
        high: tuple[str, int],
        after: tuple[str, int] | None,
        first: int,
        reverse: bool,
    ) -> tuple[np.ndarray, bool]:
        """Positions of a page between two (value, id) bounds and beyond `after`, and whether more follow."""
        order, pairs = self.by(key)
        start, end = bisect_left(pairs, low), bisect_right(pairs, high)
        if after is not None and reverse:
            end = min(end, bisect_left(pairs, after))
        elif after is not None:
            start = max(start, bisect_right(pairs, after))
        chosen = order[max(end - first, start) : end][::-1] if reverse else order[start : min(start + first, end)]
        return chosen, end - start > first


class ShopIndex:
    """Everything that one state of the world's shop can answer."""

    def __init__(self, world: World) -> None:
        self.orders = Ordered(shown(_with_parcels(world.orders)), "order_id")
        self.customers = Ordered(shown(self._with_spend(world)), "customer_id")
        self.products = Ordered(shown(world.products), "product_id")
        self._lines = Related(world.order_lines, "order_id")
        self._refunds = Related(world.refunds, "order_id")
        self._refund_lines = Related(world.refund_lines, "order_id")
        self._moments = Related(world.journeys, "order_id")
        self.product_rows: dict[int, Row] = {row["product_id"]: row for row in self.products.table.to_pylist()}
        self.customer_place = {number: n for n, number in enumerate(self.customers.table["customer_id"].to_pylist())}
        self.order_place = {number: n for n, number in enumerate(self.orders.table["order_id"].to_pylist())}
        self.refund_order = dict(
            zip(world.refunds["refund_id"].to_pylist(), world.refunds["order_id"].to_pylist(), strict=True)
        )
        self.location_names = dict(
            zip(world.locations["location_id"].to_pylist(), world.locations["location_name"].to_pylist(), strict=True)
        )

    def _with_spend(self, world: World) -> pa.Table:
        spent = world.orders.filter(pc.equal(world.orders["status"], "completed"))
        summed = spent.group_by("customer_id", use_threads=False).aggregate([("total", "sum")])
        joined = world.customers.join(summed, "customer_id").sort_by("customer_id")
        amount = pc.coalesce(joined["total_sum"], pa.scalar(0, joined["total_sum"].type)).cast(pa.decimal128(18, 2))
        return joined.drop_columns(["total_sum"]).append_column("spent", amount)

    def order_rows(self, positions: np.ndarray) -> list[Row]:
        """Orders with what hangs on them: lines, refunds (with their lines), moments."""
        rows = self.orders.table.take(pa.array(positions)).to_pylist()
        keys = np.array([row["order_id"] for row in rows], dtype=np.int64)
        if not rows:
            return rows
        lines, refunds = self._lines.of(keys), self._refunds.of(keys)
        refund_lines, moments = self._refund_lines.of(keys), self._moments.of(keys)
        for row in rows:
            number = row["order_id"]
            row["lines"], row["refunds"], row["moments"] = lines[number], refunds[number], moments[number]
            by_id = {line["line_id"]: line for line in lines[number]}
            for line in lines[number]:
                line["order"], line["product"] = row, self.product_rows[line["product_id"]]
            for refund in refunds[number]:
                refund["order"] = row
                refund["lines"] = [p for p in refund_lines[number] if p["refund_id"] == refund["refund_id"]]
                for part in refund["lines"]:
                    part["order"], part["line"] = row, by_id[part["line_id"]]
        return rows

    def customer_rows(self, positions: np.ndarray) -> list[Row]:
        rows: list[Row] = self.customers.table.take(pa.array(positions)).to_pylist()
        return rows

    def customer(self, number: int) -> Row:
        return self.customer_rows(np.array([self.customer_place[number]]))[0]


def _with_parcels(orders: pa.Table) -> pa.Table:
    """When each order was shipped and delivered, as far as that has happened by the last change of any order."""
    placed, last = orders["occurred_at"], pc.max(orders["updated_at"])
    for name, days in (("shipped_at", 2), ("delivered_at", 5)):
        at = pc.add(placed, pa.scalar(timedelta(days=days)))
        orders = orders.append_column(name, pc.if_else(pc.less(at, last), at, pa.scalar(None, at.type)))
    return orders
