"""What groups of customers are worth, as facts: money, counts and ratios of a group, its cost and its payback."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from roastery.tools import facts
from roastery.tools.analysis.arrays import Flags
from roastery.tools.base import Fact, FactPeriod, ToolContext
from roastery.tools.facts import FactBook, rounded
from roastery.warehouse.errors import AskerError, DataError
from roastery.warehouse.money import minor_digits
from roastery.warehouse.semantic.query import FilterSpec, MetricQuery, PeriodSpec

LEAST_GROUP = 30


MONTH_DAYS = 30.4375


@dataclass(frozen=True)
class Group:
    """Customers told together; an empty name is everybody."""

    name: str
    members: Flags


@dataclass
class Worth:
    """Writes the facts of groups of customers. `margin` is None where value is revenue."""

    context: ToolContext
    arguments: Any
    book: FactBook
    as_of: date
    margin: Fact | None

    @property
    def currency(self) -> str:
        return self.context.organization.currency

    @property
    def cents(self) -> Decimal:
        return Decimal(1).scaleb(-minor_digits(self.currency))

    @property
    def ahead(self) -> FactPeriod:
        first = self.as_of + timedelta(days=1)
        return FactPeriod(start=first, end=first + timedelta(days=self.arguments.horizon_days))

    def money(
        self, metric: str, value: float, where: dict[str, str], period: FactPeriod, kind: str = "measured"
    ) -> Fact:
        return self._fact(metric, value, "money", self.cents, where, period, kind)

    def number(
        self, metric: str, value: float, where: dict[str, str], period: FactPeriod, kind: str = "measured",
        places: str = "0.1",
    ) -> Fact:  # fmt: skip
        return self._fact(metric, value, "count", Decimal(places), where, period, kind)

    def ratio(
        self, metric: str, value: float, where: dict[str, str], period: FactPeriod, kind: str = "forecast"
    ) -> Fact:
        return self._fact(metric, value, "ratio", Decimal("0.0001"), where, period, kind)

    def _fact(
        self, metric: str, value: float, unit: str, quantum: Decimal, where: dict[str, str], period: FactPeriod,
        kind: str,
    ) -> Fact:  # fmt: skip
        made = self.book.measured(
            metric, rounded(value, quantum), unit, period,
            currency=self.currency if unit == "money" else None, dimensions=where,
        )  # fmt: skip
        return self.book.amended(made.id, made.value, kind=kind)

    def earned(self, value: Fact) -> Fact:
        """A value as gross margin, itself where no margin is known."""
        if self.margin is None or value.value is None or self.margin.value is None:
            return value
        amount = (value.value * self.margin.value).quantize(self.cents)
        text = f"{value.id} * {self.margin.id}"
        base = value.model_copy(update={"metric": "predicted_margin"})
        return self.book.computed(facts.by_formula, base, "forecast", amount, text, [value, self.margin])

    @property
    def guesses_margin(self) -> bool:
        """Whether margins are a rate of revenue, or those of another day, rather than the lines' own."""
        return self.margin is None or self.arguments.gross_margin_rate is not None or self.arguments.as_of is not None

    def payback(self, where: dict[str, str], acquired: FactPeriod) -> Fact | None:
        """The metric `payback_days` of all customers acquired in a period, None when not yet or nobody knows."""
        query = MetricQuery(metrics=("payback_days",), period=PeriodSpec(start=acquired.start, end=acquired.end))
        try:
            value = self.context.metrics.ask(query, row_scope=self.context.actor.row_scope).totals.get("payback_days")
        except (AskerError, DataError):
            return None
        if value is None:
            return None
        return self._fact("payback_days", float(value), "days", Decimal(1), where, acquired, "measured")

    def cost(self, dimension: str | None, name: str, acquired: FactPeriod) -> Fact | None:
        """What a new customer of a group has cost (media only), None where nobody knows."""
        filters: tuple[FilterSpec, ...] = ()
        if dimension in ("channel", "campaign"):
            filters = (FilterSpec(dimension=dimension, op="in", values=(name,)),)
        elif dimension == "segment":
            return None
        query = MetricQuery(
            metrics=("cac",), filters=filters, period=PeriodSpec(start=acquired.start, end=acquired.end)
        )
        try:
            value = self.context.metrics.ask(query, row_scope=self.context.actor.row_scope).totals.get("cac")
        except (AskerError, DataError):
            return None
        where = {dimension: name} if dimension else {}
        return None if value is None else self.money("cac", float(value), where, acquired)
