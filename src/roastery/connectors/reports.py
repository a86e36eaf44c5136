"""Reading reports that providers restate: whole days in slices, newest first, each replacing what was read before."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from roastery.connectors.base import Cursor, Page, Partition, Record
from roastery.connectors.errors import AbortSync, CutOff, SliceTooLarge

DAY = timedelta(days=1)
TRIES_OF_ONE_DAY = 3


@dataclass(frozen=True)
class Span:
    """Days from `first` to `last`, both included, as report APIs ask for them."""

    first: date
    last: date

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + DAY * n for n in range((self.last - self.first).days + 1))

    def halves(self) -> tuple["Span", "Span"]:
        """Older and newer half. Requires more than one day."""
        middle = self.first + DAY * ((self.last - self.first).days // 2)
        return Span(self.first, middle), Span(middle + DAY, self.last)


@dataclass(frozen=True)
class Scope:
    """One account whose report is read: its days are its own zone's. earliest: the first day that may be asked for."""

    id: str
    today: date
    earliest: date
    reread_days: int
    slice_days: int


@dataclass(frozen=True)
class Coverage:
    """What has been read of a scope: every day from `oldest` to `newest` at least once, none where newest is None.

    rereading: while the latest days are read again, the first day of them that is done; those before it are to do.
    """

    newest: date | None = None
    oldest: date | None = None
    rereading: date | None = None
    reread_to: date | None = None

    @classmethod
    def parse(cls, state: Mapping[str, str]) -> "Coverage":
        return cls(**{name: date.fromisoformat(text) for name, text in state.items()})

    def state(self) -> dict[str, str]:
        return {name: day.isoformat() for name, day in vars(self).items() if day is not None}


def work(scope: Scope, covered: Coverage) -> Iterator[tuple[Span, Coverage]]:
    """Slices to read, newest first, each with the coverage that holds once it has landed.

    First the days since the last sync and the window that the provider still changes; then history further back, which
    a sync that was broken off takes up where it stopped.
    """
    if covered.newest is None or covered.oldest is None:
        covered = Coverage(newest=scope.today, oldest=scope.today + DAY)
    elif not (covered.newest == scope.today and covered.oldest > scope.earliest and not covered.rereading):
        for span, after in _reread(scope, covered):
            yield span, (covered := after)
    while covered.oldest is not None and covered.oldest > scope.earliest:
        last = covered.oldest - DAY
        span = Span(max(scope.earliest, last - DAY * (scope.slice_days - 1)), last)
        covered = replace(covered, oldest=span.first)
        yield span, covered


def _reread(scope: Scope, covered: Coverage) -> Iterator[tuple[Span, Coverage]]:
    assert covered.newest is not None
    start = max(scope.earliest, min(covered.newest, scope.today) - DAY * (scope.reread_days - 1))
    resumed = covered.rereading is not None and covered.reread_to == scope.today
    next_day = covered.rereading if resumed and covered.rereading else scope.today + DAY
    while next_day > start:
        last = next_day - DAY
        span = Span(max(start, last - DAY * (scope.slice_days - 1)), last)
        next_day = span.first
        covered = replace(covered, rereading=next_day, reread_to=scope.today)
        if next_day <= start:
            covered = replace(covered, newest=scope.today, rereading=None, reread_to=None)
        yield span, covered


Read = Callable[[Scope, Span], Iterable[Sequence[Record]]]
"""Reads a span of a scope in as many parts as it likes; raises CutOff or SliceTooLarge to be asked for less."""


def daily_pages(scopes: Sequence[Scope], cursor: Cursor, read: Read, stamp: str = "") -> Iterator[Page]:
    """Pages of a daily report of several accounts.

    A slice lands under one read_id, and counts only once its last page has landed: a sync that is killed inside a slice
    reads that slice anew. stamp: settings that change what a row says; when they do, all history is read again.
    """
    coverage = _stored(scopes, cursor, stamp)
    plans = {scope.id: list(work(scope, coverage[scope.id])) for scope in scopes}
    days = sum(len(span.days) for plan in plans.values() for span, _ in plan)
    done = 0
    for scope in scopes:
        for whole, after in plans[scope.id]:
            before = coverage[scope.id]
            for span, read_id, records, is_last in _slices(scope, whole, read):
                if is_last:
                    done += len(span.days)
                    # A slice that was halved is only covered with its older half; the newer one is just fresher.
                    coverage[scope.id] = after if span.first == whole.first else before
                yield Page(
                    records=records,
                    cursor=Cursor(_state(coverage, stamp)),
                    replaces=Partition(scope.id, span.days) if is_last else None,
                    read_id=read_id,
                    progress=done / days,
                    complete_through=_complete_through(coverage) if is_last else None,
                    history_since=_history_since(coverage) if is_last else None,
                    unread_at=(scope.id, span.last),
                    asked=Partition(scope.id, span.days),
                )


def _slices(scope: Scope, whole: Span, read: Read) -> Iterator[tuple[Span, str, Sequence[Record], bool]]:
    """The parts of a slice with their read; where the provider breaks off, both halves are read on their own."""
    waiting, tries = [whole], 0
    while waiting:
        span = waiting.pop()
        read_id, held = uuid4().hex, None
        try:
            for records in read(scope, span):
                if held is not None:
                    yield span, read_id, held, False
                held = records
        except (CutOff, SliceTooLarge):
            if span.first < span.last:
                waiting += span.halves()
            elif (tries := tries + 1) < TRIES_OF_ONE_DAY:
                waiting.append(span)
            else:
                raise
            continue
        yield span, read_id, held or (), True


def _stored(scopes: Sequence[Scope], cursor: Cursor, stamp: str) -> dict[str, Coverage]:
    known = cursor.state.get("scopes", {}) if cursor.state.get("stamp", "") == stamp else {}
    return {scope.id: Coverage.parse(known.get(scope.id, {})) for scope in scopes}


def _state(coverage: Mapping[str, Coverage], stamp: str) -> dict[str, Any]:
    return {"scopes": {scope: covered.state() for scope, covered in coverage.items()}, "stamp": stamp}


def _complete_through(coverage: Mapping[str, Coverage]) -> date | None:
    """The last day that every scope holds whole: its newest day was still running when it was read."""
    newest = [covered.newest for covered in coverage.values()]
    return min(day for day in newest if day) - DAY if all(newest) else None


def _history_since(coverage: Mapping[str, Coverage]) -> date | None:
    oldest = [covered.oldest for covered in coverage.values()]
    return max(day for day in oldest if day) if all(oldest) else None


def today_in(zone: str, until: datetime, title: str) -> date:
    """The current day of an account. Errors: AbortSync for a zone that is not an IANA name."""
    try:
        return until.astimezone(ZoneInfo(zone)).date()
    except (KeyError, ValueError, OSError):
        raise AbortSync(f"{title} gives '{zone}' as the account's time zone, which is not known.") from None


def day_in(zone: str, at: object, title: str) -> str:
    """An account's day of an instant; what is no instant goes on as it came, for the build to set it aside by name.

    >>> day_in("America/Chicago", "2026-10-05T02:00:00Z", "Acme"), day_in("UTC", "soon", "Acme")
    ('2026-10-04', 'soon')
    """
    try:
        instant = datetime.fromisoformat(str(at))
    except ValueError:
        return str(at)
    return today_in(zone, instant, title).isoformat()


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last day of that month.

    >>> months_before(date(2026, 3, 31), 1)
    datetime.date(2026, 2, 28)
    """
    index = day.year * 12 + day.month - 1 - months
    first = date(index // 12, index % 12 + 1, 1)
    following = date((index + 1) // 12, (index + 1) % 12 + 1, 1)
    return min(first + DAY * (day.day - 1), following - DAY)


def with_residuals(figures: str) -> str:
    """SQL: ad rows of `ad_performance`, and what a campaign's total holds beyond its ads in a row with empty ad ids.

    figures: a SELECT with the contract's columns and `is_total`, true for rows at campaign grain (law 9), its figures
    as the text that the provider sent: what is no number goes on as it came, so that the build keeps it aside with its
    name instead of failing or counting it as zero; an ad's unreadable figure is then still in its campaign's residual.
    A total that the provider does not give stays empty. Reach and frequency do not add up, so a residual has them only
    where the campaign has no ad rows that day.
    """
    typed = ", ".join(f"try_cast({c} AS DECIMAL(18,6)) AS {c}_number" for c in ADDITIVE)
    numbers = ", ".join(f"{c}_number" for c in ADDITIVE)
    summed = ", ".join(f"sum(coalesce({c}_number, 0)) AS {c}" for c in ADDITIVE)
    rest = ", ".join(
        f"CASE WHEN t.{c}_number IS NULL THEN t.{c}::VARCHAR "
        f"ELSE (coalesce(t.{c}_number, 0) - coalesce(a.{c}, 0))::VARCHAR END AS {c}"
        for c in ADDITIVE
    )
    is_something = " OR ".join(f"({c} IS NOT NULL AND coalesce(try_cast({c} AS DECIMAL(18,6)) <> 0, true))"
                               for c in ADDITIVE)  # fmt: skip
    return f"""
WITH figures AS (SELECT *, {typed} FROM ({figures})),
ads AS (
    SELECT account_id, campaign_id, report_date, {summed} FROM figures WHERE NOT is_total GROUP BY ALL),
residuals AS (
    SELECT t.* EXCLUDE ({", ".join(ADDITIVE)}, {numbers}, reach, frequency), {rest},
           CASE WHEN a.campaign_id IS NULL THEN t.reach END AS reach,
           CASE WHEN a.campaign_id IS NULL THEN t.frequency END AS frequency
    FROM figures t LEFT JOIN ads a USING (account_id, campaign_id, report_date)
    WHERE t.is_total)
SELECT * EXCLUDE (is_total, {numbers}) FROM figures WHERE NOT is_total
UNION ALL BY NAME
SELECT * EXCLUDE (is_total) FROM residuals WHERE {is_something}
"""  # noqa: S608 (the names are ours)


def scaled(text: str, factor: str) -> str:
    """SQL: a whole number times a factor as text; what is no number stays text that no number is read from.

    >>> scaled("m.costMicros", "0.000001")[:34]
    'CASE WHEN m.costMicros IS NULL THE'
    """
    number = f"try_cast({text} AS DECIMAL(18,0))"
    return (
        f"CASE WHEN {text} IS NULL THEN '0' WHEN {number} IS NULL THEN 'unreadable: ' || {text} "
        f"ELSE ({number} * {factor})::DECIMAL(18,6)::VARCHAR END"
    )


ADDITIVE = (
    "spend",
    "impressions",
    "clicks",
    "reported_conversions",
    "reported_conversion_value",
    "reported_view_conversions",
    "video_views",
    "social_actions",
)
"""Columns of `ad_performance` whose ads sum to their campaign."""
