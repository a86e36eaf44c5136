"""Facts: measured ones out of a result, and computed ones whose formula over other facts gives the same value again.

Formulas are `f1 - f2`, `(f1 - f2) / f2`, `f1 / f2`, `rank(f2; f1, f2, f3)`, sums of products of these and their `ln()`.
Ratios that a formula makes are rounded to 4 decimals, half to even; differences are exact. What a method computes that
no such formula can say names the method and what it read, `shapley(f1, f2)`; running the receipt again proves it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from roastery.tools.base import Fact, FactPeriod, Label

RATIO_PLACES = Decimal("0.0001")
UNRANKED = frozenset({"unattributed"})
METHODS = ("shapley", "mix_and_rate", "forecast", "interval", "model", "test")
_BY_METHOD = re.compile(rf"(?:{'|'.join(METHODS)})\((?:\w+(?:, \w+)*)?\)")


def rounded(value: float, places: Decimal = RATIO_PLACES) -> Decimal:
    """What was computed as a float, as a fact gives it."""
    return Decimal(repr(float(value))).quantize(places)


class FactBook:
    """The facts and labels of one result, numbered f1, f2 … and d1, d2 … as they are added."""

    def __init__(self, receipt_id: str) -> None:
        self.receipt_id = receipt_id
        self._facts: list[Fact] = []
        self._labels: dict[tuple[str, str], Label] = {}

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(self._facts)

    @property
    def labels(self) -> tuple[Label, ...]:
        return tuple(self._labels.values())

    def measured(
        self,
        metric: str,
        value: Decimal | int | None,
        unit: str,
        period: FactPeriod,
        *,
        currency: str | None = None,
        dimensions: Mapping[str, str] | None = None,
    ) -> Fact:
        """Add a number that came out of a query."""
        return self.add(
            Fact(
                id=self.next_id,
                metric=metric,
                value=None if value is None else Decimal(value),
                unit=unit,
                currency=currency,
                dimensions=dict(dimensions or {}),
                period=period,
                receipt_id=self.receipt_id,
            )
        )

    def computed(self, make: Callable[..., Fact], *inputs: Any, **options: Any) -> Fact:
        """Add what one of this module's functions computes, e.g. `book.computed(change, now, before)`."""
        return self.add(make(self.next_id, *inputs, **options))

    def counted(
        self, metric: str, value: Decimal | int, period: FactPeriod, dimensions: Mapping[str, str] | None = None
    ) -> Fact:
        """Add how many there are of something."""
        made = self.measured(metric, value, "count", period, dimensions=dimensions)
        return self.amended(made.id, made.value, kind="count")

    def amended(self, id: str, value: Decimal | None, *, kind: Any = None) -> Fact:
        """The fact of an id with its value settled (parts that sum to a whole are rounded together)."""
        at = int(id[1:]) - 1
        self._facts[at] = self._facts[at].model_copy(update={"value": value, **({"kind": kind} if kind else {})})
        return self._facts[at]

    def renamed(self, id: str, metric: str) -> Fact:
        """The fact of an id as one of another metric, e.g. a share of counts that has a name of its own."""
        at = int(id[1:]) - 1
        self._facts[at] = self._facts[at].model_copy(update={"metric": metric})
        return self._facts[at]

    def label(self, dimension: str, value: str, text: str | None = None) -> Label:
        """The label of a dimension's value; the same value gets the same label."""
        key = (dimension, value)
        if key not in self._labels:
            self._labels[key] = Label(
                id=f"d{len(self._labels) + 1}", dimension=dimension, value=value, text=text or value
            )
        return self._labels[key]

    @property
    def next_id(self) -> str:
        return f"f{len(self._facts) + 1}"

    def add(self, fact: Fact) -> Fact:
        self._facts.append(fact)
        return fact


def change(id: str, now: Fact, before: Fact) -> Fact:
    """How much a metric moved between two periods, in its own unit."""
    value = None if now.value is None or before.value is None else now.value - before.value
    return _from(now, id, "change", value, f"{now.id} - {before.id}", (now, before))


def change_ratio(id: str, now: Fact, before: Fact) -> Fact:
    """How much a metric moved, as a ratio of what it was; null where it was zero."""
    value = None
    if now.value is not None and before.value:
        value = _ratio((now.value - before.value) / abs(before.value))
    formula = f"({now.id} - {before.id}) / abs({before.id})"
    return _from(now, id, "change_ratio", value, formula, (now, before), unit="ratio")


def difference(id: str, a: Fact, b: Fact) -> Fact:
    """How far two facts of the same unit lie apart, other than by time."""
    value = None if a.value is None or b.value is None else a.value - b.value
    return _from(a, id, "difference", value, f"{a.id} - {b.id}", (a, b))


def share(id: str, part: Fact, whole: Fact) -> Fact:
    """A part as a ratio of its whole; null where the whole is zero."""
    value = _ratio(part.value / whole.value) if part.value is not None and whole.value else None
    return _from(part, id, "share", value, f"{part.id} / {whole.id}", (part, whole), unit="ratio")


def multiple(id: str, a: Fact, b: Fact) -> Fact:
    """How many times b goes into a (unit `multiple`: 2 is doubled); null where b is zero."""
    value = _ratio(a.value / b.value) if a.value is not None and b.value else None
    return _from(a, id, "multiple", value, f"{a.id} / {b.id}", (a, b), unit="multiple")


def divided(id: str, metric: str, a: Fact, b: Fact) -> Fact:
    """A ratio with a name of its own: `metric` = a / b."""
    made = multiple(id, a, b)
    return made.model_copy(update={"metric": metric, "unit": "ratio"})


def per_one(id: str, metric: str, cost: Fact, count: Fact) -> Fact:
    """Money for one: rounded to four decimals as the metrics are."""
    made = multiple(id, cost, count)
    return made.model_copy(
        update={"metric": metric, "unit": "money", "currency": cost.currency, "value": _exact(made, cost, count)}
    )


def _exact(made: Fact, cost: Fact, count: Fact) -> Decimal | None:
    if cost.value is None or not count.value:
        return None
    return cost.value / count.value


def rank(id: str, fact: Fact, among: Sequence[Fact], *, ascending: bool = False) -> Fact:
    """The place of a fact among facts of its metric: 1 is the largest (smallest, if ascending); ties share a place.

    Nulls have no place and take none.
    """
    values = [f.value for f in among if f.value is not None]
    value = None if fact.value is None else Decimal(1 + sum(_ahead(v, fact.value, ascending) for v in values))
    name = "rank_ascending" if ascending else "rank"
    formula = f"{name}({fact.id}; {', '.join(f.id for f in among)})"
    return _from(fact, id, "rank", value, formula, tuple(among), unit="rank")


def total(id: str, parts: Sequence[Fact]) -> Fact:
    """The sum of facts that do not overlap, nulls left out; null where all are."""
    known = [f for f in parts if f.value is not None]
    value = sum((f.value for f in known if f.value is not None), Decimal(0)) if known else None
    formula = " + ".join(f.id for f in known or parts)
    return _from(parts[0], id, "sum", value, formula, tuple(known or parts), dimensions={})


def relative_difference(id: str, a: Fact, b: Fact) -> Fact:
    """How far a fact lies from another, as a ratio of the other; null where that is zero."""
    value = _ratio((a.value - b.value) / abs(b.value)) if a.value is not None and b.value else None
    return _from(a, id, "difference", value, f"({a.id} - {b.id}) / abs({b.id})", (a, b), unit="percent_ratio")


def by_method(id: str, base: Fact, kind: Any, value: Decimal | None, method: str, inputs: Sequence[Fact]) -> Fact:
    """A number that one of METHODS made from other facts; unit, days and slice are those of `base`."""
    assert method in METHODS
    formula = f"{method}({', '.join(dict.fromkeys(f.id for f in inputs))})"
    return _from(base, id, kind, value, formula, inputs)


def by_formula(id: str, base: Fact, kind: Any, value: Decimal | None, formula: str, inputs: Sequence[Fact]) -> Fact:
    """A number with a formula of its own; unit, days and slice are those of `base`."""
    return _from(base, id, kind, value, formula, inputs)


def recompute(fact: Fact, facts: Mapping[str, Fact]) -> Decimal | None:
    """The value that a computed fact's formula gives over other facts, rounded as that kind of fact is.

    Errors: ValueError for a formula that is not of this module's grammar; KeyError for an input that is not there.
    """
    if fact.formula is None or _BY_METHOD.fullmatch(fact.formula):
        return fact.value
    if found := re.fullmatch(r"(rank|rank_ascending)\((\w+); ([\w, ]+)\)", fact.formula):
        among = [facts[i] for i in found[3].split(", ")]
        return rank("again", facts[found[2]], among, ascending=found[1] == "rank_ascending").value
    value = _Formula(fact.formula, {i: facts[i].value for i in fact.inputs}).value()
    if value is None:
        return None
    if fact.kind == "forecast" and fact.value is not None:
        return value.quantize(fact.value)
    return _ratio(value) if fact.unit in ("ratio", "percent_ratio", "multiple") else value


def renumber(fact: Fact, ids: Mapping[str, str]) -> Fact:
    """The same fact under other ids (results are numbered locally, answers throughout)."""
    formula = fact.formula and re.sub(r"\bf\d+\b", lambda m: ids.get(m[0], m[0]), fact.formula)
    return fact.model_copy(
        update={"id": ids[fact.id], "formula": formula, "inputs": tuple(ids.get(i, i) for i in fact.inputs)}
    )


def _from(
    base: Fact,
    id: str,
    kind: Any,
    value: Decimal | None,
    formula: str,
    inputs: Sequence[Fact],
    *,
    unit: str | None = None,
    dimensions: dict[str, str] | None = None,
) -> Fact:
    return Fact(
        id=id,
        metric=base.metric,
        value=value,
        unit=unit or base.unit,
        currency=None if unit else base.currency,
        dimensions=base.dimensions if dimensions is None else dimensions,
        period=base.period,
        receipt_id=base.receipt_id,
        kind=kind,
        formula=formula,
        inputs=tuple(dict.fromkeys(f.id for f in inputs)),
    )


def _ratio(value: Decimal) -> Decimal:
    return value.quantize(RATIO_PLACES, ROUND_HALF_EVEN)


def _ahead(other: Decimal, own: Decimal, ascending: bool) -> bool:
    return other < own if ascending else other > own


def _applied(sign: str, a: Decimal | None, b: Decimal | None) -> Decimal | None:
    if a is None or b is None or (sign == "/" and not b):
        return None
    return {"+": a.__add__, "-": a.__sub__, "*": a.__mul__, "/": a.__truediv__}[sign](b)


class _Formula:
    """Arithmetic over fact ids: + - * / ( ) abs() ln(), null through and through, and for what is not defined."""

    def __init__(self, text: str, values: Mapping[str, Decimal | None]) -> None:
        self._tokens = re.findall(r"[A-Za-z_]\w*|\d+(?:\.\d+)?|[()+*/-]", text)
        if "".join(self._tokens) != text.replace(" ", ""):
            raise ValueError(f"Not a formula over facts: {text}")
        self._values = values
        self._at = 0

    def value(self) -> Decimal | None:
        value = self._sum()
        if self._at != len(self._tokens):
            raise ValueError("A formula over facts ends too early.")
        return value

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _sum(self) -> Decimal | None:
        value = self._product()
        while self._peek() in ("+", "-"):
            value = _applied(self._next(), value, self._product())
        return value

    def _product(self) -> Decimal | None:
        value = self._atom()
        while self._peek() in ("*", "/"):
            value = _applied(self._next(), value, self._atom())
        return value

    def _atom(self) -> Decimal | None:
        token = self._next()
        if token == "abs":
            value = self._atom()
            return None if value is None else abs(value)
        if token == "ln":
            value = self._atom()
            return None if value is None or value <= 0 else value.ln()
        if token == "(":
            value = self._sum()
            if self._next() != ")":
                raise ValueError("A formula over facts lacks a closing parenthesis.")
            return value
        if token[:1].isdigit():
            return Decimal(token)
        return self._values[token]
