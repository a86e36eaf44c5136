"""What has to be said beside the numbers: incomplete days, gaps, zones, claims of platforms, credit, conversions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from roastery.warehouse.semantic.bound import OTHER, BoundMetric, BoundQuery
from roastery.warehouse.semantic.model import DATE, Fact, Semantics, Window
from roastery.warehouse.semantic.periods import are_weeks
from roastery.warehouse.semantic.profile import Profiles
from roastery.warehouse.semantic.query import Period
from roastery.warehouse.state import DataState

WITHIN_PLATFORM = ("platform", "account", "campaign", "ad_group", "ad", "keyword")
LISTED = 5


def before_asking(
    bound: BoundQuery, semantics: Semantics, profiles: Profiles, complete_through: Mapping[str, date]
) -> list[str]:
    """What is known of a query without its result, most important first."""
    return [
        *bound.assumptions,
        *_open_period(bound, complete_through),
        *_comparison(bound),
        *_gaps(bound, profiles),
        *_cut_buckets(bound),
        *_windows(bound),
        *_fiscal(bound),
        *_rest(bound),
        *_zones(bound, profiles),
        *_samples(bound, profiles),
        *_claims(bound, semantics, profiles),
        *_credit(bound),
        *_acquisition(bound, semantics),
        *_of_today(bound),
        *(metric.metric.caveat for metric in bound.shown if metric.metric.caveat),
    ]


DERIVED_LATER = frozenset({"attribution_credits", "conversion_paths", "touches", "sessions", "customer_lifecycle"})
"""Tables that follow the facts within a minute where an organization is large."""


def of_build(bound: BoundQuery, state: DataState) -> list[str]:
    """That what a query reads is not yet derived from the newest rows."""
    if state.is_derived or not any(_is_derived_later(fact) for fact in bound.facts):
        return []
    return [f"Rows of the last minute are not attributed yet: {state.build}."]


def _is_derived_later(fact: Fact) -> bool:
    return fact.is_credits or (fact.table or fact.base_table).removeprefix("curated.") in DERIVED_LATER


def is_open(period: Period, today: date) -> bool:
    """Whether a period holds a day that is not over."""
    return period.end > today


def _open_period(bound: BoundQuery, complete_through: Mapping[str, date]) -> list[str]:
    found = []
    last = bound.period.end - timedelta(days=1)
    if is_open(bound.period, bound.today):
        found.append(f"The period ends on {last} and is not over: the numbers up to {bound.today} will still change.")
    last_whole = min(last, bound.today - timedelta(days=1))
    for source, day in complete_through.items():
        if day < last_whole:
            found.append(f"{source} is complete through {day} only, so later days are missing or will change.")
    return found


def _comparison(bound: BoundQuery) -> list[str]:
    if bound.compare is None:
        return []
    found = []
    if is_open(bound.period, bound.today) and not is_open(bound.compare, bound.today):
        found.append("The period is not over and the one that it is compared with is: like is not compared with like.")
    if bound.asked.compare_to == "previous_year" and are_weeks(bound.grain, bound.period, bound.calendar):
        found.append("Each week stands beside the one 52 weeks before, so that both have the same weekdays.")
    if bound.compare.days != bound.period.days:
        found.append(f"The periods have {bound.period.days} and {bound.compare.days} days.")
    return found


def _gaps(bound: BoundQuery, profiles: Profiles) -> list[str]:
    """Days without rows of facts that should have some every day."""
    found = []
    for fact in bound.facts:
        days = profiles.of(fact).days
        if not days:
            found.append(f"Nothing has landed yet for: {fact.title}. {fact.advice}")
            continue
        if not fact.is_daily or fact.is_stock:
            continue
        for period in (bound.period, bound.compare):
            if period is None or period.name == "all_time":
                continue
            missing = _missing(period, days, bound.today)
            if missing:
                found.append(f"{fact.title}: no rows on {_listed(missing)}; that is no data, not zero.")
    return list(dict.fromkeys(found))


def _missing(period: Period, days: frozenset[date], today: date) -> list[date]:
    count = (min(period.end, today) - period.start).days
    return [day for day in (period.start + timedelta(days=n) for n in range(count)) if day not in days]


def _listed(days: Sequence[date]) -> str:
    """Days as runs: "2026-10-03, 2026-10-05 to 2026-10-09"."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1][1] = day
        else:
            runs.append([day, day])
    shown = [str(first) if first == last else f"{first} to {last}" for first, last in runs[:LISTED]]
    return ", ".join(shown) + (f" and {len(runs) - LISTED} more spans" if len(runs) > LISTED else "")


def _cut_buckets(bound: BoundQuery) -> list[str]:
    if bound.grain in (None, "day"):
        return []
    assert bound.grain is not None
    found, said = [], bound.grain.replace("_", " ")
    start, end = bound.period.start, bound.period.end
    if bound.calendar.bucket(start, bound.grain) != start:
        found.append(f"The first {said} is cut: it counts from {start} only.")
    last = bound.calendar.bucket(end - timedelta(days=1), bound.grain)
    if bound.calendar.after(last, bound.grain) != end and not is_open(bound.period, bound.today):
        found.append(f"The last {said} is cut: it counts to {end - timedelta(days=1)} only.")
    if bound.compare is not None and bound.calendar.bucket(bound.compare.start, bound.grain) != bound.compare.start:
        found.append(f"The first {said} of the period before is cut: it counts from {bound.compare.start} only.")
    return found


def _fiscal(bound: BoundQuery) -> list[str]:
    """How the fiscal years are counted that a query names."""
    is_named = "fiscal" in f"{bound.asked.grain} {bound.period.name}"
    return [bound.calendar.fiscal_sentence] if is_named else []


def _windows(bound: BoundQuery) -> list[str]:
    """Which days a cumulative value counts."""
    end = f"each {bound.grain}'s last day" if bound.grain else "its last day"
    by_window: dict[str, list[str]] = {}
    for metric in bound.shown:
        for window in window_of(metric, bound):
            by_window.setdefault(window.said, []).append(metric.metric.title)
    return [f"{', '.join(titles)}: {said} {end}." for said, titles in by_window.items()]


def window_of(metric: BoundMetric, bound: BoundQuery) -> tuple[Window, ...]:
    """The windows over which a metric's measures are taken, each once."""
    windows = (bound.measures[name].window for name in metric.measures)
    return tuple(dict.fromkeys(window for window in windows if window is not None))


def _rest(bound: BoundQuery) -> list[str]:
    if bound.top is None:
        return []
    title, by = bound.top.dimension.title.lower(), bound.top.by.metric.title
    which = "first" if bound.top.descending else "last"
    return [f"'{OTHER}' stands for every {title} that is not among the {which} {bound.top.n} by {by}."]


def _zones(bound: BoundQuery, profiles: Profiles) -> list[str]:
    platform_facts = [fact for fact in bound.facts if fact.day.is_platform]
    own = [fact for fact in bound.facts if not fact.day.is_platform]
    if not platform_facts:
        return []
    if bound.is_rezoned:
        kept = ", ".join(fact.title for fact in platform_facts)
        return [f"Days of {kept} stay in the platform's own zone; only the rest follows {bound.time_zone}."]
    zones = {zone for fact in platform_facts for zone in profiles.of(fact).time_zones} - {bound.time_zone}
    if own and bound.grain == "day" and zones:
        return [
            f"Platforms count days in {', '.join(sorted(zones))}, sales in {bound.time_zone}: a daily ratio of the two "
            "is approximate."
        ]
    return []


def _samples(bound: BoundQuery, profiles: Profiles) -> list[str]:
    """What a web analytics property estimates or withholds."""
    found = []
    for fact in bound.facts:
        if profiles.of(fact).sampled:
            found.append(f"{fact.title}: the property estimates some of them from a sample.")
        if profiles.of(fact).thresholded:
            found.append(f"{fact.title}: the property withholds rows with few people, so sums may be too small.")
    return found


def within_one_platform(bound: BoundQuery, facts: Iterable[Fact], profiles: Profiles) -> bool:
    """Whether every row, and the total, speaks of one platform only."""
    platforms = {platform for fact in facts for platform in profiles.of(fact).platforms}
    one = any(f.dimension == "platform" and f.op in ("in", "eq") and len(f.values) == 1 for f in bound.filters)
    return one or len(platforms) < 2


def split_by_platform(bound: BoundQuery) -> bool:
    return any(name in WITHIN_PLATFORM for name in bound.keys)


def _claims(bound: BoundQuery, semantics: Semantics, profiles: Profiles) -> list[str]:
    claiming = [m.metric.title for m in bound.shown if semantics.sums_across_platforms(m.name) == "caveat"]
    facts = [fact for fact in bound.facts if fact.day.is_platform]
    if not claiming or within_one_platform(bound, facts, profiles):
        return []
    return [f"{', '.join(claiming)}: each platform claims sales for itself, so sums over platforms count some twice."]


def _credit(bound: BoundQuery) -> list[str]:
    if not any(fact.is_credits for fact in bound.facts):
        return []
    attribution = bound.attribution
    window = f", window {attribution.window_days} days" if attribution.window_days is not None else ""
    found = [f"Sales are credited by {attribution.model}{window}: credited, not caused."]
    if attribution.date == "touch":
        found.append("Credit stands on the day of the touch: lately touched people may still buy.")
    return found


def _acquisition(bound: BoundQuery, semantics: Semantics) -> list[str]:
    asked = [m for m in bound.shown if any(part.name == "new_customers" for part in semantics.ingredients(m.name))]
    if not asked:
        return []
    credited = any(fact.is_credits for metric in asked for fact in bound.facts_of(metric))
    costs = [m.metric.title for m in asked if m.name != "new_customers"]
    names = ", ".join(costs)
    if credited:
        found = ["New customers are split by credit, in fractions, with a row for unattributed ones."]
        return found + ([f"{names}: credited new customers, media cost only."] if costs else [])
    return [f"{names}: blended over all new customers, media cost only."] if costs else []


def _of_today(bound: BoundQuery) -> list[str]:
    spoken = {d.name: d for d in (*bound.dimensions, *bound.filter_dimensions)}
    return [dimension.note for dimension in spoken.values() if dimension.note]


def after_asking(bound: BoundQuery, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the rows themselves show: metrics without any data, dates without some."""
    found = []
    for metric in bound.shown:
        empty = [row for row in rows if row[metric.name] is None]
        if rows and len(empty) == len(rows):
            found.append(
                f"{metric.metric.title} has no value in the period: there is no data for it, which is not zero."
            )
        elif bound.keys == (DATE,) and empty and metric.metric.kind == "simple":
            places = f"{len(empty)} of {len(rows)} {bound.grain}s"
            found.append(f"{metric.metric.title} has no rows on {places}: no data, not zero.")
    if not rows:
        found.append("There are no rows for this question in the period: no data, not zero.")
    return found


LINES = "sale_lines"
OF_LINES = "{value} of revenue lies on sales whose lines are known; the rest has no product and is left out."


def beside_lines(bound: BoundQuery, semantics: Semantics) -> dict[str, str]:
    """What belongs beside a figure of sales that was taken from their lines, for not every system sends lines."""
    for metric in bound.shown:
        firsts = {leaf.measures[0].fact.name for leaf in semantics.leaves(metric.name)}
        if LINES not in firsts and any(fact.name == LINES for fact in bound.facts_of(metric)):
            return {"lined_share": OF_LINES}
    return {}


def companion_sentence(text: str, metric: BoundMetric, value: Decimal | int | None, currency: str) -> str | None:
    """A figure that belongs beside a metric, in words; none where there is nothing to add."""
    if not value or (metric.metric.unit == "ratio" and value == 1):
        return None
    if metric.metric.unit == "ratio":
        shown = f"{Decimal(value) * 100:.1f} %"
    elif metric.metric.unit == "money":
        shown = f"{value:,} {currency}"
    else:
        shown = f"{value:,}"
    return text.format(value=shown)


def converted(currencies: Iterable[str], target: str) -> list[str]:
    named = ", ".join(sorted(currencies))
    return [f"Amounts in {named} are converted to {target} at the rate of each row's own day."] if named else []
