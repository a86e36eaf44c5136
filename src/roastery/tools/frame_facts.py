"""Every cell of a frame as a fact, with the changes, shares and ranks that prose may speak of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from roastery.tools import facts
from roastery.tools.base import Fact, FactPeriod, Label, Table
from roastery.tools.facts import UNRANKED, FactBook
from roastery.tools.frames import canonical_rows, column_json
from roastery.tools.queries import Asked
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.calendar import FISCAL, Calendar, shift_between
from roastery.warehouse.semantic.query import FilterSpec, FrameColumn, Grain, MetricFrame, MetricQuery, Period

RANKED_ROWS = 50


@dataclass(frozen=True)
class Cells:
    """The facts of one row: `now` by metric, and with a comparison `before`, `change` and `change_ratio` too."""

    dimensions: dict[str, str]
    labels: tuple[Label, ...]
    now: dict[str, Fact]
    before: dict[str, Fact] = field(default_factory=dict)
    change: dict[str, Fact] = field(default_factory=dict)
    change_ratio: dict[str, Fact] = field(default_factory=dict)
    share: dict[str, Fact] = field(default_factory=dict)

    @property
    def ids(self) -> dict[str, str]:
        """Fact ids by column name."""
        return {
            **{metric: fact.id for metric, fact in self.now.items()},
            **{f"{metric}__previous": fact.id for metric, fact in self.before.items()},
            **{f"{metric}__change": fact.id for metric, fact in self.change.items()},
            **{f"{metric}__change_ratio": fact.id for metric, fact in self.change_ratio.items()},
        }


@dataclass(frozen=True)
class FrameFacts:
    """A frame's cells row by row, and those of its totals."""

    rows: tuple[Cells, ...]
    total: Cells


def frame_facts(
    book: FactBook, asked: Asked, *, additive: frozenset[str] = frozenset(), organization: Organization | None = None
) -> FrameFacts:
    """Add a frame's facts to the book: rows, totals, changes; ranks among rows; shares of the total if `additive`."""
    frame, query, made = asked.frame, asked.query, asked.frame.provenance
    held = held_by_filters(query.filters)
    metrics = [column for column in frame.columns if column.kind == "metric"]
    calendar = Calendar(made.period.start, made.week_start)
    if organization is not None:
        calendar = Calendar.of(made.period.start, organization.with_settings(week_start=made.week_start))
    rows = tuple(_row(book, asked, metrics, row, held, calendar) for row in frame.rows)
    if query.dimensions or query.grain or not rows:
        days, before = _days(made.period), _days(made.compare_period)
        total = _cells(book, metrics, frame.totals, held, (), days, before, _windows(frame, calendar))
    else:
        total = rows[0]
    if len(rows) > 1:
        for column in metrics:
            _relate(book, frame, query, column.name, rows, total, column.name in additive)
    return FrameFacts(rows, total)


def held_by_filters(filters: Sequence[FilterSpec]) -> dict[str, str]:
    """What filters say, in the form that a fact's `dimensions` carries: "US", "not in US, CA", "gt 100.00"."""
    held = {}
    for item in filters:
        name = item.dimension or item.metric or ""
        values = ", ".join(item.values)
        held[name] = values if item.op in ("in", "eq") else f"{item.op.replace('_', ' ')} {values}".strip()
    return held


def frame_table(frame: MetricFrame, title: str, found: FrameFacts) -> Table:
    """A frame as a table, its changes taken from the facts, so that table and prose never differ by a rounding."""
    by_id = {}
    for cells in found.rows:
        for group in (cells.now, cells.before, cells.change, cells.change_ratio):
            by_id.update({fact.id: fact for fact in group.values()})
    rows = []
    shares = {column.name: column.metric or "" for column in frame.columns if column.kind == "share"}
    ids = []
    for row, cells in zip(frame.rows, found.rows, strict=True):
        rows.append({**row, **{column: by_id[id].value for column, id in cells.ids.items()}})
        proven = {name: cells.share[metric] for name, metric in shares.items() if metric in cells.share}
        same = {name: fact.id for name, fact in proven.items() if fact.value == row[name]}
        ids.append(cells.ids | same)
    return Table(
        title=title,
        columns=tuple(column_json(column) for column in frame.columns),
        rows=tuple(canonical_rows(rows)),
        fact_ids=tuple(ids),
    )


def _row(
    book: FactBook,
    asked: Asked,
    metrics: Sequence[FrameColumn],
    row: Mapping[str, Any],
    held: Mapping[str, str],
    calendar: Calendar,
) -> Cells:
    frame, query = asked.frame, asked.query
    dimensions, labels = dict(held), []
    for column in frame.columns:
        if column.kind == "dimension":
            value = dimension_text(row[column.name])
            dimensions[column.name] = value
            if column.name != "date":
                labels.append(
                    book.label(column.name, value, dimension_text(row.get(asked.labels.get(column.name, column.name))))
                )
    made = frame.provenance
    period, before = _days(made.period), _days(made.compare_period)
    if query.grain and isinstance(row.get("date"), date):
        period = bucket_days(row["date"], query.grain, made.period, calendar)
        if made.compare_period is not None:
            before = _bucket_before(row["date"], query.grain, made.period, made.compare_period, calendar)
    windows = _windows(frame, calendar)
    return _cells(book, metrics, row, dimensions, tuple(labels), period, before, windows)


Windows = Callable[[str, FactPeriod, bool], FactPeriod]
"""The days that a metric's value counts, by the days of its row and whether it is of the period before."""


def _windows(frame: MetricFrame, calendar: Calendar) -> Windows:
    made, windows = frame.provenance, frame.extras.get("windows", {})

    def counted(metric: str, days: FactPeriod, is_before: bool) -> FactPeriod:
        window, asked = windows.get(metric), made.compare_period if is_before else made.period
        if window is None or asked is None:
            return days
        start = calendar.window_start(window.over, window.days, Period(days.start, days.end), asked.start)
        return FactPeriod(start=start, end=days.end)

    return counted


def dimension_text(value: Any) -> str:
    """A dimension's value as facts and labels carry it; what is not known is "unknown"."""
    if value is None:
        return "unknown"
    return value.isoformat() if isinstance(value, date) else str(value)


def _cells(
    book: FactBook,
    metrics: Sequence[FrameColumn],
    values: Mapping[str, Any],
    dimensions: Mapping[str, str],
    labels: tuple[Label, ...],
    period: FactPeriod | None,
    compare: FactPeriod | None,
    counted: Windows,
) -> Cells:
    assert period is not None
    cells = Cells(dict(dimensions), labels, {})
    for column in metrics:
        name, unit = column.name, column.unit or "count"
        about: dict[str, Any] = {"currency": column.currency, "dimensions": dimensions}
        now = book.measured(name, values.get(name), unit, counted(name, period, False), **about)
        cells.now[name] = now
        if compare is not None and f"{name}__previous" in values:
            days = counted(name, compare, True)
            before = book.measured(name, values[f"{name}__previous"], unit, days, **about)
            cells.before[name] = before
            cells.change[name] = book.computed(facts.change, now, before)
            cells.change_ratio[name] = book.computed(facts.change_ratio, now, before)
    return cells


def _relate(
    book: FactBook,
    frame: MetricFrame,
    query: MetricQuery,
    metric: str,
    rows: Sequence[Cells],
    total: Cells,
    additive: bool,
) -> None:
    """Shares of the total and places among the rows, where the rows that are there can prove them."""
    cut = frame.truncated or (query.limit is not None and len(rows) >= query.limit)
    first = query.order_by[0] if query.order_by else None
    if not cut or (first and first.field == metric and first.direction == "desc"):
        ranked = [row.now[metric] for row in rows if UNRANKED.isdisjoint(row.dimensions.values())]
        for fact in _worth_ranking(ranked):
            book.computed(facts.rank, fact, ranked)
    if additive and metric in total.now and total.now[metric].value:
        for row in rows[:RANKED_ROWS]:
            row.share[metric] = book.computed(facts.share, row.now[metric], total.now[metric])


def _worth_ranking(ranked: Sequence[Fact]) -> Sequence[Fact]:
    """All of a short list; of a long one the largest ten and the smallest, since each formula names every row."""
    known = [fact for fact in ranked if fact.value is not None]
    if len(ranked) <= RANKED_ROWS:
        return known
    known.sort(key=lambda fact: (-(fact.value or Decimal(0)), fact.id))
    return [*known[:10], known[-1]]


def bucket_days(start: date, grain: Grain, period: Period, calendar: Calendar) -> FactPeriod:
    """The days of a calendar bucket that lie inside the period."""
    end = min(calendar.after(start, grain), period.end)
    return FactPeriod(start=min(max(start, period.start), end), end=end)


def _bucket_before(start: date, grain: Grain, period: Period, compare: Period, calendar: Calendar) -> FactPeriod:
    """The days of the compared period's bucket that stands beside this one."""
    if grain in FISCAL:
        places = {now: before for before, now in calendar.beside(compare, period, grain)}
        # Beyond the compared period's end, where it has fewer buckets, there are no days to speak of.
        return bucket_days(places.get(start, compare.end), grain, compare, calendar)
    shift = shift_between(calendar, compare, period, grain)
    return bucket_days(replace(shift, count=-shift.count).apply(start), grain, compare, calendar)


def _days(period: Period | None) -> FactPeriod | None:
    return None if period is None else FactPeriod(start=period.start, end=period.end)
