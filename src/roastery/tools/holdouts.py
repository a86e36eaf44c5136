"""Geo holdouts read out of the organization's own sales: places treated otherwise for weeks, against the others."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from roastery.tools.analysis.arrays import Floats
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.analysis.holdout import Lift, change_of_years, difference_in_differences, per_own_mean
from roastery.tools.base import Fact, FactPeriod, ToolContext
from roastery.tools.by_day import by_day
from roastery.tools.crediting import Holdout
from roastery.tools.credits import Credited
from roastery.tools.facts import FactBook, recompute, rounded
from roastery.tools.queries import ask
from roastery.warehouse.errors import BadQuery, ImpossibleSplit, UnknownName
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec

FEWEST_PLACES = 4
WEEK, YEAR, LEAST_WEEKS = 7, 364, 2


@dataclass(frozen=True)
class ReadOut:
    """A lift as a share of what each place had before, with the four means that it is made of (treated and others)."""

    lift: Lift
    holdout: Holdout
    metric: str
    means: tuple[float, float, float, float]
    caveats: tuple[str, ...]

    @property
    def is_paused(self) -> bool:
        return self.holdout.kind == "paused"

    @property
    def about(self) -> str | None:
        return self.holdout.about

    def facts(self, book: FactBook) -> dict[str, Fact]:
        """Means as ratios of before, their double difference, and the share of the outcome that the marketing brings.

        Where it was paused, the share is what was missing of what there would have been; where it was added, what came
        on top of that. What there would have been is the treated places' mean before, moved as the others moved.
        """
        first = self.holdout.start - timedelta(days=self.holdout.before_days)
        before = FactPeriod(start=first, end=self.holdout.start)
        test = FactPeriod(start=self.holdout.start, end=self.holdout.end)
        names = ("treated_before", "treated_after", "others_before", "others_after")
        found = {
            name: book.measured(f"{self.metric}_{name}", rounded(mean), "ratio", period)
            for name, mean, period in zip(names, self.means, (before, test, before, test), strict=True)
        }
        a, b, c, d = (found[name].id for name in names)
        found["effect"] = _effect(book, test, f"{self.metric}_effect", f"({b} - {a}) - ({d} - {c})", (a, b, c, d))
        over = f"({b} - {a} - {d} + {c})" if not self.is_paused else f"({a} + {d} - {c} - {b})"
        found["share"] = _effect(book, test, "incremental_share", f"{over} / ({a} + {d} - {c})", (a, b, c, d))
        without = self.means[0] + self.means[3] - self.means[2]
        if self.lift.low is not None and self.lift.high is not None and without > 0:
            sign = -1 if self.is_paused else 1
            ends = sorted(rounded(sign * value / without) for value in (self.lift.low, self.lift.high))
            for name, value in zip(("share_low", "share_high"), ends, strict=True):
                found[name] = book.measured(f"incremental_{name}", value, "ratio", test)
        return found


def _effect(book: FactBook, period: FactPeriod, metric: str, formula: str, inputs: tuple[str, ...]) -> Fact:
    """A ratio that its own formula gives."""
    made = Fact(
        id=book.next_id, metric=metric, value=None, unit="ratio", period=period, receipt_id=book.receipt_id,
        kind="effect", formula=formula, inputs=inputs,
    )  # fmt: skip
    value = recompute(made, {fact.id: fact for fact in book.facts})
    return book.add(made.model_copy(update={"value": value}))


@dataclass(frozen=True)
class Outcome:
    """What a test is read out in. name: for sentences."""

    metric: str
    name: str
    currency: str | None


def read_holdout(context: ToolContext, holdout: Holdout, found: Credited) -> ReadOut:
    """As `read_out`, in the conversions of an attribution."""
    return read_out(context, holdout, outcome_of(found))


def outcome_of(found: Credited) -> Outcome:
    return Outcome(found.conversion.metric, found.conversion.name, found.query.currency)


def read_out(context: ToolContext, holdout: Holdout, outcome: Outcome) -> ReadOut:
    """Difference in differences over places, each on the scale of its own days before; over years, where it ran
    everywhere.

    Errors: BadQuery, UnknownName for places that are not there, TooLittleData, CannotTell.
    """
    if holdout.start >= holdout.end:
        raise BadQuery("The holdout ends before it starts.")
    if holdout.places == "everywhere":
        return _over_years(context, holdout, outcome)
    return _over_places(context, holdout, outcome)


def _over_places(context: ToolContext, holdout: Holdout, outcome: Outcome) -> ReadOut:
    first = holdout.start - timedelta(days=holdout.before_days)
    metric = outcome.metric
    query = MetricQuery(
        metrics=(metric,),
        dimensions=(holdout.places,),
        grain="day",
        period=PeriodSpec(start=first, end=holdout.end),
        currency=outcome.currency,
    )
    today = context.clock.today(context.organization.time_zone)
    try:
        places, came = by_day(context, query, first, max((min(holdout.end, today) - first).days, 0))
    except ImpossibleSplit as error:
        raise BadQuery(f"A geo holdout needs {outcome.name} by {holdout.places}: {error.message}") from error
    for name in holdout.treated:
        if name not in places:
            raise UnknownName(holdout.places, name, places)
    if len(places) < FEWEST_PLACES:
        raise TooLittleData(
            f"There are {len(places)} places with a {holdout.places}; a holdout is read out of {FEWEST_PLACES} or more."
        )
    treated = np.array([name in holdout.treated for name in places])
    scaled = per_own_mean(came, holdout.before_days)
    lift = difference_in_differences(scaled, treated, holdout.before_days)
    split = holdout.before_days
    means = tuple(
        float(scaled[rows][:, flags].mean())
        for flags in (treated, ~treated)
        for rows in (slice(0, split), slice(split, None))
    )
    said = [f"Geo holdout over {int(treated.sum())} treated places and {int((~treated).sum())} others.", *lift.caveats]
    if today < holdout.end:
        said.append("The holdout is not over yet; its effect will still change.")
    return ReadOut(lift, holdout, metric, means, tuple(said))  # type: ignore[arg-type]


def _over_years(context: ToolContext, holdout: Holdout, outcome: Outcome) -> ReadOut:
    """Weeks with the treatment against the weeks before, less the same step a year before, week by week.

    Errors: TooLittleData without whole weeks on both sides, or without the year before.
    """
    today = context.clock.today(context.organization.time_zone)
    before = holdout.before_days // WEEK
    after = (min(holdout.end, today) - holdout.start).days // WEEK
    if before < LEAST_WEEKS or after < LEAST_WEEKS:
        raise TooLittleData(f"A test that ran everywhere is read out of {LEAST_WEEKS} whole weeks before and in it.")
    first, weeks = holdout.start - timedelta(days=before * WEEK), before + after
    years = [_weekly(context, outcome, first - timedelta(days=back), weeks) for back in (0, YEAR)]
    lift = change_of_years(years[0], years[1], before)
    own, other = (year / year[:before].mean() for year in years)
    means = (1.0, float(own[before:].mean()), 1.0, float(other[before:].mean()))
    said = [f"It ran everywhere, so {after} weeks of it are compared with the same weeks a year before.", *lift.caveats]
    if today < holdout.end:
        said.append("The holdout is not over yet; its effect will still change.")
    whole_weeks = {"before_days": max(before * WEEK, WEEK), "end": holdout.start + timedelta(days=after * WEEK)}
    return ReadOut(lift, holdout.model_copy(update=whole_weeks), outcome.metric, means, tuple(said))


def _weekly(context: ToolContext, outcome: Outcome, first: date, weeks: int) -> Floats:
    """Sums of whole weeks from a day on. Errors: TooLittleData where a week has nothing."""
    end = first + timedelta(days=weeks * WEEK)
    query = MetricQuery(
        metrics=(outcome.metric,), grain="day", period=PeriodSpec(start=first, end=end), currency=outcome.currency
    )
    came = np.zeros(weeks)
    for row in ask(context, query, max_rows=100_000).frame.rows:
        if row[outcome.metric] is not None:
            came[(row["date"] - first).days // WEEK] += float(row[outcome.metric])
    if (came <= 0).any():
        raise TooLittleData(f"There are weeks without any {outcome.name} from {first} on, so nothing can be compared.")
    return came
