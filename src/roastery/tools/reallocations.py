"""What was learned of spend and what is advised, as facts, rows, a table, data and curves (recommend_budget)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from roastery.tools.analysis.arrays import Floats
from roastery.tools.analysis.budget import Reallocation
from roastery.tools.analysis.response import Response
from roastery.tools.base import Fact, FactPeriod, Label, Table
from roastery.tools.charts import lines, number_axis
from roastery.tools.experiments import Known, is_settled
from roastery.tools.facts import FactBook, by_formula, by_method, difference, rounded, share
from roastery.tools.frames import canonical_rows
from roastery.tools.proposals import Proposed
from roastery.tools.spending import TODAY_DAYS, History
from roastery.warehouse.money import minor_digits

FOURTH = Decimal("0.0001")
CURVES = 6


@dataclass(frozen=True)
class Found:
    """What was learned, what is advised (or why not), what would settle it, and where another budget was asked for.

    even: where a cut was asked for, spend a day after the same share off each.
    """

    past: History
    response: Response | None
    advice: Reallocation | None
    refusal: str
    proposal: Proposed | None
    beyond: str = ""
    even: Floats | None = None


def cent(currency: str) -> Decimal:
    """The smallest amount of a currency that there is: yen have no cents."""
    return Decimal(1).scaleb(-minor_digits(currency))


@dataclass(frozen=True)
class Line:
    """One key's facts by column."""

    key: str
    label: Label
    facts: dict[str, Fact]


class Written:
    """Facts, rows and data of what was found."""

    def __init__(self, book: FactBook, found: Found, *, by: str, is_money: bool, currency: str) -> None:
        self.book, self.found, self.currency, self.by = book, found, currency, by
        past = found.past
        self.money = is_money
        self.learned = FactPeriod(start=past.first, end=past.end)
        self.now = FactPeriod(start=past.end - timedelta(days=min(TODAY_DAYS, len(past.spend))), end=past.end)
        self.next = FactPeriod(start=past.end, end=past.end + timedelta(days=TODAY_DAYS))
        self.outcome = "expected_revenue_per_day" if self.money else "expected_new_customers_per_day"
        self.lines = [self._line(n, key) for n, key in enumerate(past.names) if past.today[n] > 0]
        self.lines.sort(key=lambda line: (-(line.facts["spend"].value or 0), line.key))
        self.whole = self._whole()

    def _line(self, n: int, key: str) -> Line:
        past, advice, response = self.found.past, self.found.advice, self.found.response
        about: dict[str, Any] = {"currency": self.currency, "dimensions": {self.by: key}}
        label = self.book.label(self.by, key, past.labels.get(key, key))
        today = advice.before[n] if advice else rounded(past.today[n], cent(self.currency))
        spent = self.book.measured("spend_per_day", today, "money", self.now, **about)
        own = {"spend": spent}
        if advice is not None:
            after = by_method(self.book.next_id, spent, "forecast", advice.after[n], "model", [spent])
            own["advised"] = self.book.add(_renamed(after, "advised_spend_per_day", self.next))
            own["change"] = self.book.computed(difference, own["advised"], spent)
        if response is not None:
            low, mean, high = (float(v[n]) for v in response.interval(response.marginal(past.today)))
            for name, value in (("marginal", mean), ("marginal_low", low), ("marginal_high", high)):
                metric = "marginal_return" if self.money else "new_customers_per_unit_of_spend"
                made = by_method(self.book.next_id, spent, "forecast", rounded(value, FOURTH), "model", [spent])
                renamed = _renamed(made, metric + name.removeprefix("marginal").replace("_", "__"), self.next)
                own[name] = self.book.add(renamed.model_copy(update={"unit": "ratio", "currency": None}))
        return Line(key, label, own)

    def _whole(self) -> dict[str, Fact]:
        """The budget, and what is expected of it before and after."""
        past, advice, response = self.found.past, self.found.advice, self.found.response
        spends = [line.facts["spend"] for line in self.lines]
        own = {"days": self.book.measured("days_of_history", len(past.spend), "days", self.learned)}
        if not spends:
            return own
        total = by_formula(
            self.book.next_id, spends[0], "sum", sum((f.value or Decimal(0) for f in spends), Decimal(0)),
            " + ".join(f.id for f in spends), spends,
        )  # fmt: skip
        own["budget"] = self.book.add(total.model_copy(update={"dimensions": {}}))
        if response is None or (advice is None and self.found.even is None):
            return own
        says = _Expected(self, own["budget"])
        if advice is not None:
            own |= says.of_advice(advice)
        if self.found.even is not None:
            own |= says.of_cut(self.found.even, advice)
        return own

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [{"key": line.key, **{n: f.value for n, f in line.facts.items()}} for line in self.lines]

    @property
    def totals(self) -> dict[str, Any]:
        said = {name: fact.value for name, fact in self.whole.items()}
        proposal = self.found.proposal
        return said | ({"proposal": proposal.as_json()} if proposal else {})

    @property
    def table(self) -> Table:
        names = list(dict.fromkeys(name for line in self.lines for name in line.facts))
        first = self.lines[0].facts
        columns: list[dict[str, Any]] = [
            {"name": self.by, "kind": "dimension"},
            {"name": f"{self.by}_name", "kind": "label"},
        ]
        for name in names:
            metric = "roas" if self.money and name.startswith("marginal") else first[name].metric
            columns.append(
                {
                    "name": name,
                    "kind": "metric",
                    "unit": first[name].unit,
                    "currency": first[name].currency,
                    "metric": metric,
                }
            )
        rows = [
            {self.by: line.key, f"{self.by}_name": line.label.text, **{n: line.facts[n].value for n in names}}
            for line in self.lines
        ]
        ids = tuple({name: fact.id for name, fact in line.facts.items()} for line in self.lines)
        title = "Spend a day, advised" if self.found.advice else "Spend a day, and what the next unit brings"
        return Table(title=title, columns=tuple(columns), rows=tuple(canonical_rows(rows)), fact_ids=ids)

    def data(self, tests: Known) -> dict[str, Any]:
        known = self._known(tests)
        settled = {one["key"] for one in known if one["is_settled"]}
        proposal = self.found.proposal
        if proposal is not None and proposal.key in settled:
            # What has been tested need not be tested again.
            proposal = None
        currency = self.currency if self.found.past.metric == "revenue" else None
        told = proposal.facts(self.book, self.learned, currency) if proposal else {}
        held = self.found.advice.held if self.found.advice else ()
        return {
            "by": self.by,
            "objective": "revenue" if self.money else "new_customers",
            "advised": self.found.advice is not None,
            "refusal": self.found.refusal,
            "totals": {name: fact.id for name, fact in self.whole.items()},
            "lines": [
                {"key": line.key, "label": line.label.id, **{n: f.id for n, f in line.facts.items()}}
                for line in self.lines
            ],
            "known": known,
            "held": [line.label.id for line in self.lines if line.key in held],
            "proposal": None if proposal is None else {**proposal.said, "facts": {n: f.id for n, f in told.items()}},
        }

    def _known(self, tests: Known) -> list[dict[str, Any]]:
        """Of each line that was tested, the share of the outcome that it caused."""
        made = []
        for line in self.lines:
            if (read := tests.read.get(line.key)) is None:
                continue
            told = {n: f for n, f in read.facts(self.book).items() if n.startswith("share")}
            ids = {name: fact.id for name, fact in told.items()}
            made.append({"key": line.key, "label": line.label.id, "is_settled": is_settled(told), **ids})
        return made


class _Expected:
    """What spend is expected to bring a day: now, as advised, and with a cut that takes the same share off each."""

    def __init__(self, written: Written, budget: Fact) -> None:
        assert written.found.response is not None
        self.written, self.base, self.response = written, budget, written.found.response
        self.now = self.response.revenue(written.found.past.today).sum(axis=1)
        self.own: dict[str, Fact] = {"now": self._modelled("", float(self.now.mean()))}

    def of_advice(self, advice: Reallocation) -> dict[str, Fact]:
        then = self.response.revenue(_floats(advice.after)).sum(axis=1)
        self.own["then"] = self._modelled("__advised", float(then.mean()))
        self._between("gain", "then", "now", then - self.now)
        chance = by_method(
            self.written.book.next_id, self.base, "forecast", rounded(advice.chance, FOURTH), "model", [self.base]
        )
        chance = _renamed(chance, "chance_of_gain", self.written.next).model_copy(
            update={"unit": "ratio", "currency": None}
        )
        self.own["chance"] = self.written.book.add(chance)
        return self.own

    def of_cut(self, even: Floats, advice: Reallocation | None) -> dict[str, Fact]:
        """The cut, what the same share off each would lose, and what the advice spares of that."""
        book, currency = self.written.book, self.written.currency
        spend = _floats(advice.even) if advice and advice.even else even
        left = by_method(
            book.next_id, self.base, "forecast", rounded(float(spend.sum()), cent(currency)), "model", [self.base]
        )
        self.own["left"] = book.add(_renamed(left, "spend_per_day__left", self.written.next))
        self.own["cut"] = book.computed(difference, self.own["left"], self.base)
        self.own["share"] = book.computed(share, self.own["left"], self.base)
        held = self.response.revenue(spend).sum(axis=1)
        self.own["even"] = self._modelled("__even", float(held.mean()))
        self._between("lost", "even", "now", held - self.now)
        if advice is not None:
            self._between("spared", "then", "even", self.response.revenue(_floats(advice.after)).sum(axis=1) - held)
        return self.own

    def _between(self, name: str, one: str, other: str, draws: Floats) -> None:
        """The difference of two expectations, and its interval over the draws."""
        first, second = self.own[one], self.own[other]
        effect = by_formula(
            self.written.book.next_id, first, "effect", (first.value or Decimal(0)) - (second.value or Decimal(0)),
            f"{first.id} - {second.id}", [first, second],
        )  # fmt: skip
        self.own[name] = self.written.book.add(_renamed(effect, f"{self.written.outcome}__{name}", self.written.next))
        for end, value in zip(("low", "high"), np.quantile(draws, [0.025, 0.975]), strict=True):
            self.own[f"{name}_{end}"] = self._modelled(f"__{name}__{end}", float(value))

    def _modelled(self, suffix: str, value: float) -> Fact:
        written = self.written
        unit, currency = ("money", written.currency) if written.money else ("count", None)
        places = cent(written.currency) if written.money else FOURTH
        made = by_method(written.book.next_id, self.base, "forecast", rounded(value, places), "model", [self.base])
        made = _renamed(made, f"{written.outcome}{suffix}", written.next)
        return written.book.add(made.model_copy(update={"unit": unit, "currency": currency}))


def _floats(amounts: Sequence[Decimal]) -> Floats:
    return np.array([float(amount) for amount in amounts])


def _renamed(fact: Fact, metric: str, period: FactPeriod) -> Fact:
    return fact.model_copy(update={"metric": metric, "period": period})


def curves(found: Found, by: str, currency: str) -> tuple[dict[str, Any], ...]:
    """The curves of the largest, with their bands, and where spend stands today."""
    past, response = found.past, found.response
    if response is None:
        return ()
    largest = [int(n) for n in np.argsort(-past.today, kind="stable")[:CURVES] if past.today[n] > 0]
    values, points = [], []
    for n in largest:
        name = past.labels.get(past.names[n], past.names[n])
        reach = max(past.today[n] * 1.6, response.most_spend[n] * 0.6)
        for spend in np.linspace(0, reach, 25):
            at = np.zeros(len(past.names))
            at[n] = spend
            low, mean, high = (float(v[n]) for v in response.interval(response.revenue(at)))
            values.append({"series": name, "x": float(spend), "value": mean, "low": low, "high": high})
        now = np.zeros(len(past.names))
        now[n] = past.today[n]
        points.append({"series": name, "x": float(now[n]), "value": float(response.revenue(now)[:, n].mean())})
    if not values:
        return ()
    x = {"axis": {"title": f"spend a day, {currency}", "format": "~s"}}
    return (lines(f"What spend brings a day, by {by}", values, x, number_axis("count"), points=points),)
