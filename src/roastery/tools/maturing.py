"""What is still to come of a period that is over: expected final values with intervals, and like for like at one age.

Credit by day of touch grows while people who were touched still buy; revenue by day of order shrinks while refunds
come. Both are learned from the organization's own history (triangles.py, analysis/maturity.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from roastery.tools import facts
from roastery.tools.analysis.errors import CannotTell
from roastery.tools.analysis.maturity import COVERAGE, Outlook, at_same_age, mature_age, outlook, rates
from roastery.tools.base import Fact, Receipt, ToolContext
from roastery.tools.comparing import last_complete_day
from roastery.tools.definitions import metrics_of
from roastery.tools.facts import FactBook
from roastery.tools.frame_facts import Cells
from roastery.tools.queries import Asked
from roastery.tools.triangles import MOST_LAGS, Brings, Dated, triangle_of
from roastery.warehouse.money import minor_digits

MATERIAL = 0.01
"""Less than this share of a value still to come is not worth a word."""
Shape = Literal["sum", "over", "under"]


@dataclass(frozen=True)
class Matures:
    """How a metric follows what arrives: the sum itself, a ratio with it above the line, or below it.

    sign: arrivals raise it (1) or lower it (−1).
    """

    brings: Brings
    shape: Shape = "sum"
    sign: int = 1


BY_TOUCH: Mapping[str, Matures] = {
    "attributed_orders": Matures(Brings("order_weight", "touch")),
    "attributed_revenue": Matures(Brings("credited_net", "touch")),
    "paid_revenue": Matures(Brings("credited_net", "touch", paid=True)),
    "roas": Matures(Brings("credited_net", "touch", paid=True), "over"),
    "paid_new_customers": Matures(Brings("new_customer_weight", "touch", paid=True)),
    "paid_cac": Matures(Brings("new_customer_weight", "touch", paid=True), "under"),
}
BY_SALE: Mapping[str, Matures] = {
    "revenue": Matures(Brings("refunds", "sale", credited=False), sign=-1),
    "mer": Matures(Brings("refunds", "sale", credited=False), "over", -1),
    "attributed_revenue": Matures(Brings("refunds", "sale"), sign=-1),
    "paid_revenue": Matures(Brings("refunds", "sale", paid=True), sign=-1),
    "roas": Matures(Brings("refunds", "sale", paid=True), "over", -1),
}
BY_REPORT: Mapping[str, Matures] = {
    "reported_conversions": Matures(Brings("reported_conversions", "report")),
    "reported_conversion_value": Matures(Brings("reported_conversion_value", "report")),
    "reported_roas": Matures(Brings("reported_conversion_value", "report"), "over"),
    "cost_per_reported_conversion": Matures(Brings("reported_conversions", "report"), "under"),
}
GROWING = ("touch", "report")
"""What arrives is the value itself; of sales, what arrives is taken from it."""
WHY = {
    "touch": "people touched then still buy",
    "sale": "refunds still come",
    "report": "platforms still restate those days",
}


@dataclass(frozen=True)
class Maturing:
    """What was found: sentences for the caveats, and facts by metric."""

    caveats: tuple[str, ...] = ()
    facts: Mapping[str, Mapping[str, str]] | None = None

    def on(self, receipt: Receipt) -> Receipt:
        """The receipt with what was found; a period with something material to come is maturing."""
        if not self.caveats:
            return receipt
        caveats = tuple(dict.fromkeys((*self.caveats, *receipt.caveats)))
        return receipt.model_copy(update={"caveats": caveats, "trust": "maturing"})


def maturing(context: ToolContext, book: FactBook, asked: Asked, total: Cells) -> Maturing:
    """What is still to come of the totals of a query over a period that is over. Nothing where nothing material is."""
    made = asked.frame.provenance
    kinds = _kinds(made.attribution, made.refund_basis)
    names = [m for m in asked.query.metrics if m in kinds]
    whole = last_complete_day(context, made.complete_through)
    is_over = whole >= made.period.end - timedelta(days=1)
    young = made.period.end - timedelta(days=1) > whole - timedelta(days=MOST_LAGS)
    if not names or not is_over or not young or context.actor.row_scope or asked.query.accumulate:
        return Maturing()
    told = _Telling(context, book, asked, whole)
    found = {name: told.metric(name, kinds[name], total) for name in names if total.now.get(name)}
    return Maturing(tuple(told.caveats), {name: ids for name, ids in found.items() if ids})


def _kinds(attribution: Mapping[str, Any], refund_basis: str) -> Mapping[str, Matures]:
    if attribution.get("date") == "touch":
        return {**BY_REPORT, **BY_TOUCH}
    return {**BY_REPORT, **(BY_SALE if refund_basis == "order_day" else {})}


class _Telling:
    """Facts and sentences of one query's totals."""

    def __init__(self, context: ToolContext, book: FactBook, asked: Asked, whole: date) -> None:
        self.context, self.book, self.asked, self.whole = context, book, asked, whole
        self.caveats: list[str] = []

    def metric(self, name: str, matures: Matures, total: Cells) -> dict[str, str]:
        now, made = total.now[name], self.asked.frame.provenance
        if not now.value:
            return {}
        currency = self.asked.query.currency or self.context.organization.currency
        filters = [f for f in self.asked.query.filters if f.dimension]
        warehouse = self.context.metrics.warehouse
        dated = triangle_of(warehouse, matures.brings, filters, made.attribution, currency, self.whole)
        if dated is None or made.period.start < dated.first:
            return {}
        start, end = dated.index(made.period.start), dated.index(made.period.end)
        try:
            found = outlook(dated.triangle, start, end)
        except CannotTell:
            return self._undated(name, matures, dated)
        base = self._base(now, matures, dated, found, start, end)
        if base <= 0 or max(found.expected, found.high) / base < MATERIAL:
            return {}
        return self._told(name, matures, now, found, base) | self._like_for_like(name, matures, total, dated, base)

    def _undated(self, name: str, matures: Matures, dated: Dated) -> dict[str, str]:
        """Too little history for an interval: only that days are young is said."""
        try:
            age = mature_age(rates(dated.triangle))
        except CannotTell:
            return {}
        since = self.whole - timedelta(days=age - 1)
        if age and self.asked.frame.provenance.period.end > since:
            self.caveats.append(f"{self._title(name)}: days from {since} on are immature, since {self._why(matures)}.")
        return {}

    def _base(self, now: Fact, matures: Matures, dated: Dated, found: Outlook, start: int, end: int) -> float:
        """What the period has brought so far, in the arrivals' unit."""
        if matures.brings.by in GROWING:
            return found.arrived
        if matures.shape == "sum":
            return float(now.value or 0)
        return float(dated.triangle.exposure[start:end].sum()) - found.arrived

    def _told(self, name: str, matures: Matures, now: Fact, found: Outlook, base: float) -> dict[str, str]:
        ends = {"expected": found.expected, "low": found.low, "high": found.high}
        values = {end: self._value(now, matures, amount, base) for end, amount in ends.items()}
        if values["low"] > values["high"]:
            values["low"], values["high"] = values["high"], values["low"]
        ids = {}
        for end, value in values.items():
            method = "forecast" if end == "expected" else "interval"
            made = self.book.computed(facts.by_method, now, "forecast", value, method, (now,))
            ids[end] = self.book.renamed(made.id, f"{name}__{end}").id
        said = {end: self._said(now, value) for end, value in values.items()}
        self.caveats.append(
            f"{self._title(name)} is not final, since {self._why(matures)}: {said['expected']} is expected in the end, "
            f"{said['low']} to {said['high']} in {COVERAGE:.0%} of cases."
        )
        return ids

    def _like_for_like(self, name: str, matures: Matures, total: Cells, dated: Dated, base: float) -> dict[str, str]:
        """The period before as it stood at the same age, and the change against that (law 10)."""
        made, before = self.asked.frame.provenance, total.before.get(name)
        if made.compare_period is None or before is None or not before.value:
            return {}
        if made.compare_period.days != made.period.days or made.compare_period.start < dated.first:
            return {}
        start, end = dated.index(made.period.start), dated.index(made.period.end)
        shift = (made.period.start - made.compare_period.start).days
        seen = at_same_age(dated.triangle, start, end, shift)
        since = float(dated.triangle.arrived[start - shift : end - shift].sum()) - seen
        whole = seen + since if matures.brings.by in GROWING else float(before.value)
        if matures.brings.by == "sale" and matures.shape != "sum":
            whole = float(dated.triangle.exposure[start - shift : end - shift].sum()) - seen - since
        if whole <= 0:
            return {}
        value = self._value(before, matures, -since, whole)
        then = self.book.computed(facts.by_method, before, "forecast", value, "model", (before,))
        then = self.book.renamed(then.id, f"{name}__same_age")
        now = total.now[name]
        change = self.book.computed(facts.change, now, then)
        way = "up" if (change.value or 0) > 0 else "down"
        self.caveats.append(
            f"Like for like, at the same age, {self._title(name).lower()} of the period before stood at "
            f"{self._said(before, value)}; against that it is {way} by "
            f"{self._said(now, abs(change.value or Decimal(0)))}."
        )
        return {"same_age": then.id, "change_at_same_age": change.id}

    @staticmethod
    def _value(now: Fact, matures: Matures, amount: float, base: float) -> Decimal:
        """The metric when `amount` more has arrived, in the precision of its unit."""
        assert now.value is not None
        moved = Decimal(repr(float(matures.sign * amount)))
        if matures.shape == "sum":
            value = now.value + moved
        else:
            grown = 1 + moved / Decimal(repr(float(base)))
            value = now.value * grown if matures.shape == "over" else now.value / grown
        places = minor_digits(now.currency) if now.unit == "money" and now.currency else 1 if now.unit == "count" else 4
        return value.quantize(Decimal(1).scaleb(-places))

    @staticmethod
    def _said(fact: Fact, value: Decimal) -> str:
        return f"{value:,} {fact.currency}" if fact.unit == "money" and fact.currency else f"{value:,}"

    def _title(self, name: str) -> str:
        return str(metrics_of(self.context)[name].title)

    @staticmethod
    def _why(matures: Matures) -> str:
        return WHY[matures.brings.by]
