"""The days that a query is about, the days it compares with, and what those days must satisfy."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from roastery.warehouse.errors import BadPeriod, BadQuery, HistoryIncomplete
from roastery.warehouse.semantic.calendar import Calendar
from roastery.warehouse.semantic.model import Fact, Metric, Semantics
from roastery.warehouse.semantic.profile import Profiles
from roastery.warehouse.semantic.query import Grain, MetricQuery, Period, PeriodSpec


def resolved_period(query: MetricQuery, calendar: Calendar) -> tuple[Period, tuple[str, ...]]:
    """The asked days, or all time with the assumption said."""
    if query.period is not None:
        return calendar.period(query.period), ()
    period = calendar.period(PeriodSpec(name="all_time"))
    last = period.end - timedelta(days=1)
    return period, (f"No period was asked: all days with data are counted, {period.start} to {last}.",)


def compared_period(query: MetricQuery, calendar: Calendar, period: Period) -> Period | None:
    """The days to compare with. Errors: BadPeriod."""
    if query.compare_to is None:
        return None
    if query.compare_to == "previous_period":
        return calendar.before(period)
    if query.compare_to == "previous_year":
        if period.name == "all_time":
            return calendar.before(period)
        # Weeks of the same dates a year ago would be cut on both sides: whole ones stand beside whole ones.
        return weeks_before(period) if are_weeks(query.grain, period, calendar) else calendar.year_before(period)
    if isinstance(query.compare_to, PeriodSpec):
        return calendar.period(query.compare_to)
    raise BadQuery("compare_to is previous_period, previous_year, or a start and an end.")


def are_weeks(grain: Grain | None, period: Period, calendar: Calendar) -> bool:
    """Whether a period is shown by week and made of whole ones."""
    return grain == "week" and calendar.bucket(period.start, "week") == period.start and period.days % 7 == 0


def weeks_before(period: Period) -> Period:
    """The same weekdays a year earlier."""
    return Period(period.start - timedelta(weeks=52), period.end - timedelta(weeks=52))


def refuse_young_or_early(
    metrics: Sequence[Metric],
    semantics: Semantics,
    period: Period,
    compare: Period | None,
    today: date,
    history_since: Mapping[str, date],
) -> None:
    """Refuse what the data cannot know yet, or cannot know any more. Errors: HistoryIncomplete, BadPeriod."""
    for metric in metrics:
        for asked in (period, compare):
            if asked is not None:
                _refuse(metric, semantics, asked, today, history_since)


def _refuse(
    metric: Metric, semantics: Semantics, period: Period, today: date, history_since: Mapping[str, date]
) -> None:
    for part in semantics.ingredients(metric.name):
        since = history_since.get(part.history or "")
        if since is not None and period.start < since:
            raise HistoryIncomplete(
                f"'{metric.name}' needs to know who bought before, and the sales history is complete since {since} "
                f"only; the period begins on {period.start}. Ask for a period that begins on {since} or later."
            )
        oldest = today - timedelta(days=part.minimum_age_days)
        if part.minimum_age_days and period.end > oldest:
            raise BadPeriod(
                f"'{metric.name}' looks {part.minimum_age_days} days ahead of each day, so it is known for periods "
                f"that end by {oldest} only; this one ends on {period.end}."
            )


def refuse_part_of_period(
    grain: Grain | None,
    facts: Mapping[str, Fact],
    periods: Sequence[Period],
    calendar: Calendar,
    profiles: Profiles,
) -> None:
    """Refuse to split by date what is of a whole period, and periods that begin before its data does."""
    for fact in facts.values():
        if fact.of_period is None:
            continue
        if grain is not None:
            raise BadQuery(
                f"This looks at a whole period ({fact.title.lower()}), so it has no value by {grain}. Ask for one "
                "period, or compare two."
            )
        first = profiles.of(fact).first
        if fact.of_period == "any" or first is None:
            continue
        for period in periods:
            start = period.start if fact.of_period == "start" else calendar.before(period).start
            if start < first:
                raise HistoryIncomplete(
                    f"This needs data from {start} on ({fact.title.lower()}), and it begins on {first}. Ask for a "
                    "later period."
                )
