"""recommend_budget: what more or less spend would bring, and which reallocation is worth making."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import partial
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from roastery.tools.analysis.arrays import Floats
from roastery.tools.analysis.budget import Reallocation, reallocate
from roastery.tools.analysis.errors import BeyondBounds, CannotTell, TooLittleData
from roastery.tools.analysis.response import Response, fit_response
from roastery.tools.base import Fact, FactPeriod, Label, Table, Tool, ToolContext, ToolResult
from roastery.tools.charts import lines, number_axis
from roastery.tools.crediting import Holdout, SpendLimit, known, one_of
from roastery.tools.experiments import Known, is_settled, known_effects, pinned_tests, recorded_for
from roastery.tools.facts import FactBook, by_formula, by_method, difference
from roastery.tools.frames import canonical_rows
from roastery.tools.holdouts import Outcome
from roastery.tools.proposals import Proposed, propose
from roastery.tools.receipts import derived_receipt
from roastery.tools.spending import TODAY_DAYS, History, history
from roastery.warehouse.errors import BadQuery, UnknownName
from roastery.warehouse.money import minor_digits
from roastery.warehouse.semantic.query import PeriodSpec

BUDGET_SPLITS = ("campaign", "channel", "platform")
OBJECTIVES = ("revenue", "new_customers")
SEED = 20_26
FOURTH = Decimal("0.0001")
MODELLED = (
    "Returns are estimated from how sales moved with this account's own spend, other things held as well as they can "
    "be; they are no experiment."
)
CURVES = 6


class RecommendBudgetArguments(BaseModel):
    """Between what to reallocate, for what, and within which bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    by: str = Field(
        default="campaign", description="Between what money is moved.", json_schema_extra=one_of(BUDGET_SPLITS)
    )
    objective: str = Field(
        default="revenue",
        description="What it shall bring more of: revenue, or new_customers (which lowers CAC).",
        json_schema_extra=one_of(OBJECTIVES),
    )
    period: PeriodSpec | None = Field(default=None, description="The history to learn from; two years when left out.")
    budget: Decimal | None = Field(
        default=None, gt=0, description="Money a day to spend in all; today's when left out."
    )
    amount: Decimal | None = Field(
        default=None,
        description="Money a month (30 days) to place on top of what is spent today; below zero to cut.",
    )
    most_change: float = Field(
        default=0.3, gt=0, le=1, description="How far each may move, as a share of what is spent on it today."
    )
    limits: tuple[SpendLimit, ...] = Field(default=(), max_length=50)
    margin_rate: float = Field(
        default=1, gt=0, le=1, description="Margin of a unit of revenue; a changed budget must earn its cost in margin."
    )
    currency: str | None = None
    experiments: tuple[Holdout, ...] | None = Field(
        default=None, max_length=20, description="Tests that say what is known; the recorded ones when left out."
    )


@dataclass(frozen=True)
class Found:
    """What was learned, what is advised (or why not), what would settle it, and where another budget was asked for."""

    past: History
    response: Response | None
    advice: Reallocation | None
    refusal: str
    proposal: Proposed | None
    beyond: str = ""


class RecommendBudget(Tool[RecommendBudgetArguments]):
    """Response curves, marginal returns, the reallocation with its expected effect, or a test that would settle it."""

    name = "recommend_budget"
    description = (
        "Recommend how to spend: learns from the history what more or less spend on each campaign, channel or platform "
        "brings (saturation, carry-over), and advises a reallocation under limits with its expected effect and its "
        "interval; where the data cannot tell it says so and proposes a holdout with size and duration. Use it for "
        "'where to put my budget', 'which campaigns to scale or cut', 'what if we spend more', 'marginal return'."
    )
    arguments = RecommendBudgetArguments

    def run(self, context: ToolContext, arguments: RecommendBudgetArguments) -> ToolResult:
        known("dimension to move money between", arguments.by, BUDGET_SPLITS)
        known("objective", arguments.objective, OBJECTIVES)
        past = history(context, arguments.by, arguments.objective, arguments.period, arguments.currency)
        found = _learned(context, arguments, past)
        book = FactBook("")
        tests = _tests(context, arguments)
        written = _Written(book, arguments, found, _currency(context, arguments))
        data = written.data(tests)
        caveats = [MODELLED, *filter(None, (found.beyond, found.refusal)), *past.caveats, *tests.caveats]
        pinned = arguments.model_copy(update={"experiments": pinned_tests(context, arguments.experiments, tests)})
        raw = pinned.model_dump(mode="json", exclude_defaults=True)
        base = past.counted.receipt
        defined = {**past.asked.receipt.metric_definitions, **base.metric_definitions}
        receipt = derived_receipt(
            base.model_copy(update={"metric_definitions": defined}),
            self.name, raw, written.rows, written.totals, sql=f"{past.asked.receipt.sql}\n-- outcome\n{base.sql}",
            caveats=caveats, seed=SEED,
        )  # fmt: skip
        return ToolResult(
            tool=self.name,
            facts=tuple(fact.model_copy(update={"receipt_id": receipt.id}) for fact in book.facts),
            labels=book.labels,
            tables=(written.table,) if written.lines else (),
            charts=_charts(found, arguments.by, written.currency),
            caveats=receipt.caveats,
            receipt=receipt,
            data=data,
        )


def _tests(context: ToolContext, arguments: RecommendBudgetArguments) -> Known:
    """What recorded tests say of what money is moved between, in what it is moved for."""
    asked = recorded_for(context, arguments.by) if arguments.experiments is None else arguments.experiments
    currency = arguments.currency.upper() if arguments.currency else None
    return known_effects(context, asked, Outcome(arguments.objective, arguments.objective.replace("_", " "), currency))


def _currency(context: ToolContext, arguments: RecommendBudgetArguments) -> str:
    return arguments.currency.upper() if arguments.currency else context.organization.currency


def _cent(currency: str) -> Decimal:
    """The smallest amount of a currency that there is: yen have no cents."""
    return Decimal(1).scaleb(-minor_digits(currency))


def _learned(context: ToolContext, arguments: RecommendBudgetArguments, past: History) -> Found:
    """The curves in the objective's own unit, and the advice; or the reason why there is none, and a test."""
    least, most = _limits(past, arguments.limits)
    worth = float(past.worth) if past.worth is not None and arguments.objective == "revenue" else 1.0
    currency = _currency(context, arguments)
    response, beyond = None, ""
    try:
        response = fit_response(past.outcome, past.spend, past.names, seed=SEED, demand=past.demand)
        response = replace(response, slope=response.slope * worth, noise=response.noise * worth)
        advise = partial(
            reallocate, response, past.today,
            most_change=arguments.most_change, least=least, most=most, margin=arguments.margin_rate,
            must_earn=arguments.objective == "revenue", quantum=_cent(currency),
        )  # fmt: skip
        budget = _daily_budget(arguments, past)
        try:
            advice = advise(budget=budget)
        except BeyondBounds as bounds:
            if budget is None or arguments.limits:
                raise
            nearest = _nearest(budget, bounds, _cent(currency))
            beyond = _beyond(budget, nearest, bounds, arguments, currency)
            advice = advise(budget=nearest)
    except (CannotTell, TooLittleData) as error:
        return Found(past, response, None, error.message, propose(context, arguments.by, past), beyond)
    return Found(past, response, advice, "", None, beyond)


MONTH_DAYS = 30


def _nearest(budget: float, bounds: BeyondBounds, cent: Decimal) -> float:
    """The bound next to a budget, in whole cents within it."""
    bound, way = (bounds.high, ROUND_FLOOR) if budget > bounds.high else (bounds.low, ROUND_CEILING)
    return float(Decimal(repr(bound)).quantize(cent, way))


def _beyond(
    budget: float, nearest: float, bounds: BeyondBounds, arguments: RecommendBudgetArguments, currency: str
) -> str:
    """Says that another budget was asked for than the data speaks for, and which one the advice is for."""
    asked, low, high, taken = (
        f"{money * MONTH_DAYS:,.{minor_digits(currency)}f} {currency}"
        for money in (budget, bounds.low, bounds.high, nearest)
    )
    return (
        f"{asked} in {MONTH_DAYS} days is beyond what this history speaks for: {low} to {high}, since no "
        f"{arguments.by} is moved by more than {arguments.most_change:.0%} of today, or past the most that was ever "
        f"spent on it. What is said here is for {taken}."
    )


def _daily_budget(arguments: RecommendBudgetArguments, past: History) -> float | None:
    """Money a day in all, or None for today's. Errors: BadQuery where more is cut than is spent."""
    if arguments.amount is None:
        return None if arguments.budget is None else float(arguments.budget)
    today = float(past.today.sum()) if arguments.budget is None else float(arguments.budget)
    daily = today + float(arguments.amount) / MONTH_DAYS
    if daily <= 0:
        raise BadQuery(f"Only {today * MONTH_DAYS:.2f} is spent in {MONTH_DAYS} days; cut less than that.")
    return daily


def _limits(past: History, limits: Sequence[SpendLimit]) -> tuple[Floats | None, Floats | None]:
    """Bounds by column. Errors: UnknownName; BadQuery where the least is more than the most."""
    if not limits:
        return None, None
    least, most = np.zeros(len(past.names)), np.full(len(past.names), np.inf)
    by_label = {label.lower(): key for key, label in past.labels.items()}
    for limit in limits:
        key = limit.value if limit.value in past.names else by_label.get(limit.value.lower(), "")
        if key not in past.names:
            raise UnknownName("name to limit", limit.value, (*past.names, *past.labels.values()))
        at = past.names.index(key)
        least[at] = float(limit.least) if limit.least is not None else 0.0
        most[at] = float(limit.most) if limit.most is not None else np.inf
        if least[at] > most[at]:
            raise BadQuery(f"The least for '{limit.value}' is more than the most.")
    return least, most


@dataclass(frozen=True)
class Line:
    """One key's facts by column."""

    key: str
    label: Label
    facts: dict[str, Fact]


class _Written:
    """Facts, rows and data of what was found."""

    def __init__(self, book: FactBook, arguments: RecommendBudgetArguments, found: Found, currency: str) -> None:
        self.book, self.found, self.currency, self.by = book, found, currency, arguments.by
        past = found.past
        self.money = arguments.objective == "revenue"
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
        today = advice.before[n] if advice else _decimal(past.today[n], _cent(self.currency))
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
                made = by_method(self.book.next_id, spent, "forecast", _decimal(value, FOURTH), "model", [spent])
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
        if advice is None or response is None:
            return own
        after = np.array([float(spend) for spend in advice.after])
        before = response.revenue(past.today).sum(axis=1)
        gain = response.revenue(after).sum(axis=1) - before
        places = _cent(self.currency) if self.money else FOURTH
        base = own["budget"]
        unit, currency = ("money", self.currency) if self.money else ("count", None)

        def modelled(metric: str, value: float, kind: Any = "forecast") -> Fact:
            made = by_method(self.book.next_id, base, kind, _decimal(value, places), "model", [base])
            made = _renamed(made, metric, self.next)
            return self.book.add(made.model_copy(update={"unit": unit, "currency": currency}))

        own["now"] = modelled(self.outcome, float(before.mean()))
        own["then"] = modelled(f"{self.outcome}__advised", float(before.mean() + gain.mean()))
        more = (own["then"].value or Decimal(0)) - (own["now"].value or Decimal(0))
        effect = by_formula(
            self.book.next_id, own["then"], "effect", more,
            f"{own['then'].id} - {own['now'].id}", [own["then"], own["now"]],
        )  # fmt: skip
        own["gain"] = self.book.add(_renamed(effect, f"{self.outcome}__gain", self.next))
        low, high = (float(v) for v in np.quantile(gain, [0.025, 0.975]))
        own["gain_low"] = modelled(f"{self.outcome}__gain__low", low)
        own["gain_high"] = modelled(f"{self.outcome}__gain__high", high)
        chance = by_method(self.book.next_id, base, "forecast", _decimal(advice.chance, FOURTH), "model", [base])
        chance = _renamed(chance, "chance_of_gain", self.next)
        own["chance"] = self.book.add(chance.model_copy(update={"unit": "ratio", "currency": None}))
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


def _renamed(fact: Fact, metric: str, period: FactPeriod) -> Fact:
    return fact.model_copy(update={"metric": metric, "period": period})


def _decimal(value: float, places: Decimal) -> Decimal:
    return Decimal(repr(float(value))).quantize(places)


def _charts(found: Found, by: str, currency: str) -> tuple[dict[str, Any], ...]:
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
