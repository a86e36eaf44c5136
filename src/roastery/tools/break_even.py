"""What one unit of spend has to bring back before it earns anything: revenue over the margin that it leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from roastery.tools.base import Fact, FactPeriod, ToolContext
from roastery.tools.credits import Credited
from roastery.tools.definitions import metrics_of, with_parts
from roastery.tools.facts import FactBook, multiple
from roastery.tools.queries import ask
from roastery.warehouse.errors import ImpossibleSplit, NoData, NotAllowed
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec

COSTED, MARGIN, SHARE = "costed_revenue", "gross_margin", "costed_share"
LEAST_COSTED = Decimal("0.5")
"""Of margins that are known for less than half of the revenue, nothing is said of the whole."""


@dataclass(frozen=True)
class BreakEven:
    """roas: at which spend is covered; costed_share: of how much of the revenue the margin is known."""

    roas: Fact
    costed_share: Fact

    @property
    def value(self) -> Decimal:
        assert self.roas.value is not None
        return self.roas.value


def break_even(context: ToolContext, book: FactBook, found: Credited, period: FactPeriod) -> BreakEven | None:
    """1 / gross margin rate of the period; None where margins are not known, not for these eyes, or not above zero."""
    if not {MARGIN, SHARE} <= set(metrics_of(context)):
        return None
    query = MetricQuery(
        metrics=(COSTED, MARGIN, SHARE), period=PeriodSpec(start=period.start, end=period.end),
        currency=found.query.currency,
    )  # fmt: skip
    try:
        totals = ask(with_parts(context, query.metrics), query).frame.totals
    except (ImpossibleSplit, NoData, NotAllowed):
        return None
    costed, margin, share = (totals.get(name) for name in (COSTED, MARGIN, SHARE))
    if costed is None or margin is None or share is None or margin <= 0 or share < LEAST_COSTED:
        return None
    currency = found.query.currency
    above = book.measured(COSTED, Decimal(costed), "money", period, currency=currency)
    below = book.measured(MARGIN, Decimal(margin), "money", period, currency=currency)
    made = multiple(book.next_id, above, below).model_copy(update={"metric": "break_even_roas", "unit": "ratio"})
    return BreakEven(book.add(made), book.measured(SHARE, Decimal(share), "ratio", period))


@dataclass(frozen=True)
class Return:
    """What one key brings back under each model, with the credit and the spend behind it."""

    key: str
    label: str
    by_model: Mapping[str, Fact]
    credited: Mapping[str, Fact]
    spend: Fact


def below_break_even(book: FactBook, found: Credited, returns: Sequence[Return], at: BreakEven) -> list[dict[str, str]]:
    """Keys that do not earn their spend under any model, nor at the upper bound of what is credited to them.

    The bound is the bootstrap's under the model that credits most, so that a difference that chance could make is not
    told. Worst first: by what is spent on them.
    """
    told = []
    for one in returns:
        if any(fact.value is None or fact.value >= at.value for fact in one.by_model.values()):
            continue
        best = max(one.by_model, key=lambda m: (one.by_model[m].value or Decimal(0), m))
        row = found.models[best].row(one.key)
        credited = one.credited[best]
        if row is None or row.high is None or not credited.value or not one.spend.value:
            continue
        # The bound is of all that is credited; what paid touches have of it keeps its part.
        high = (row.high * (row.paid / row.value)).quantize(credited.value) if row.value else row.high
        bound = book.measured(
            f"{credited.metric}__high", high, credited.unit, credited.period,
            currency=credited.currency, dimensions=dict(credited.dimensions),
        )  # fmt: skip
        most = multiple(book.next_id, bound, one.spend).model_copy(update={"metric": "roas", "unit": "ratio"})
        most = most.model_copy(update={"dimensions": one.by_model[best].dimensions})
        if most.value is None or most.value >= at.value:
            continue
        told.append((one, best, book.add(most)))
    told.sort(key=lambda one: (-(one[0].spend.value or Decimal(0)), one[0].key))
    return [
        {"key": one.key, "label": one.label, "model": best, "roas": one.by_model[best].id, "high": most.id,
         "spend": one.spend.id}
        for one, best, most in told
    ]  # fmt: skip
