"""recommend_budget: what more or less spend would bring, and which reallocation is worth making."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from roastery.tools.analysis.arrays import Floats
from roastery.tools.analysis.budget import even_cut, reallocate, spendable
from roastery.tools.analysis.errors import CannotTell, TooLittleData
from roastery.tools.analysis.response import fit_response
from roastery.tools.base import Tool, ToolContext, ToolResult
from roastery.tools.crediting import Holdout, SpendLimit, known, one_of
from roastery.tools.experiments import Known, known_effects, pinned_tests, recorded_for
from roastery.tools.facts import FactBook
from roastery.tools.holdouts import Outcome
from roastery.tools.proposals import propose
from roastery.tools.reallocations import Found, Written, cent, curves
from roastery.tools.receipts import derived_receipt
from roastery.tools.spending import History, history
from roastery.warehouse.errors import BadQuery, UnknownName
from roastery.warehouse.money import minor_digits
from roastery.warehouse.semantic.query import PeriodSpec

BUDGET_SPLITS = ("campaign", "channel", "platform")
OBJECTIVES = ("revenue", "new_customers")
SEED = 20_26
MODELLED = (
    "Returns are estimated from how sales moved with this account's own spend, other things held as well as they can "
    "be; they are no experiment."
)


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
        description="Money a month (30 days) to place on top of what is spent today; below zero to cut, judged "
        "against the same share off each.",
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


class RecommendBudget(Tool[RecommendBudgetArguments]):
    """Response curves, marginal returns, the reallocation with its expected effect, or a test that would settle it."""

    name = "recommend_budget"
    description = (
        "Recommend how to spend: learns from the history what more or less spend on each campaign, channel or platform "
        "brings (saturation, carry-over), and advises a reallocation under limits with its expected effect and its "
        "interval; a cut of a given size is placed where it loses least, against the same share off each; where the "
        "data cannot tell it says so and proposes a holdout with size and duration. Use it for 'where to put my "
        "budget', 'which campaigns to scale or cut', 'where can I save 5k', 'what if we spend more', 'marginal return'."
    )
    arguments = RecommendBudgetArguments

    def run(self, context: ToolContext, arguments: RecommendBudgetArguments) -> ToolResult:
        known("dimension to move money between", arguments.by, BUDGET_SPLITS)
        known("objective", arguments.objective, OBJECTIVES)
        past = history(context, arguments.by, arguments.objective, arguments.period, arguments.currency)
        found = _learned(context, arguments, past)
        book = FactBook("")
        tests = _tests(context, arguments)
        written = Written(
            book,
            found,
            by=arguments.by,
            is_money=arguments.objective == "revenue",
            currency=_currency(context, arguments),
        )
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
            charts=curves(found, arguments.by, written.currency),
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


def _learned(context: ToolContext, arguments: RecommendBudgetArguments, past: History) -> Found:
    """The curves in the objective's own unit, and the advice; or the reason why there is none, and a test."""
    least, most = _limits(past, arguments.limits)
    worth = float(past.worth) if past.worth is not None and arguments.objective == "revenue" else 1.0
    currency = _currency(context, arguments)
    response, beyond, even = None, "", None
    try:
        response = fit_response(past.outcome, past.spend, past.names, seed=SEED, demand=past.demand)
        response = replace(response, slope=response.slope * worth, noise=response.noise * worth)
        budget = _daily_budget(arguments, past)
        if budget is not None and not arguments.limits:
            budget, beyond = _within(
                budget, spendable(response, past.today, arguments.most_change), arguments, currency
            )
        if budget is not None and budget < float(past.today.sum()):
            even = even_cut(past.today, budget, arguments.most_change, least, most)
        advice = reallocate(
            response, past.today, budget=budget,
            most_change=arguments.most_change, least=least, most=most, margin=arguments.margin_rate,
            must_earn=arguments.objective == "revenue", quantum=cent(currency),
        )  # fmt: skip
    except (CannotTell, TooLittleData) as error:
        return Found(past, response, None, error.message, propose(context, arguments.by, past), beyond, even)
    return Found(past, response, advice, "", None, beyond, even)


MONTH_DAYS = 30


def _within(
    budget: float, bounds: tuple[float, float], arguments: RecommendBudgetArguments, currency: str
) -> tuple[float, str]:
    """The budget a day, or the nearest in whole cents that the history speaks for and a sentence that says so."""
    low, high = bounds
    if low == high or low <= budget <= high:
        return budget, ""
    bound, way = (high, ROUND_FLOOR) if budget > high else (low, ROUND_CEILING)
    nearest = float(Decimal(repr(bound)).quantize(cent(currency), way))
    asked, least, most, taken = (
        f"{money * MONTH_DAYS:,.{minor_digits(currency)}f} {currency}" for money in (budget, low, high, nearest)
    )
    return nearest, (
        f"{asked} in {MONTH_DAYS} days is beyond what this history speaks for: {least} to {most}, since no "
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
