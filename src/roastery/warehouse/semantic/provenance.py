"""What a receipt says of a query: what was asked and run, of what data, under which definitions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from roastery.warehouse.attribution import MAXIMUM_WINDOW_DAYS
from roastery.warehouse.semantic import caveats, freshness
from roastery.warehouse.semantic.bound import BoundQuery
from roastery.warehouse.semantic.prepare import Prepared
from roastery.warehouse.semantic.query import PeriodSpec, Provenance
from roastery.warehouse.state import SourceState


@dataclass(frozen=True)
class Explanation:
    """What a query means and what would run: `sql` with its values written in, the totals' own where they need one."""

    bound: BoundQuery
    prepared: Prepared
    caveats: tuple[str, ...]
    definitions: Mapping[str, str]

    @property
    def sql(self) -> str:
        return self.prepared.rows.text

    @property
    def totals_sql(self) -> str | None:
        return self.prepared.totals.text if self.prepared.totals else None


def provenance(explained: Explanation, feeding: Sequence[SourceState], build: str, said: tuple[str, ...]) -> Provenance:
    """feeding: the sources behind the query's facts. said: the caveats."""
    bound = explained.bound
    through = min(freshness.complete_through(feeding).values(), default=None)
    has_money = any(metric.metric.unit == "money" for metric in bound.shown)
    return Provenance(
        query=_settled(bound),
        sql=explained.sql,
        metric_definitions=dict(explained.definitions),
        filters=_filters(bound),
        period=bound.period,
        compare_period=bound.compare,
        currency=bound.currency if has_money else None,
        fx=_conversion(explained.prepared, bound),
        time_zone=bound.time_zone,
        week_start=bound.calendar.week_start,
        attribution=_attribution(bound),
        refund_basis=bound.refund_basis,
        data_as_of=freshness.data_as_of(feeding),
        complete_through=through.isoformat() if through else None,
        trust="maturing" if _is_maturing(bound, through) else "complete",
        build=build,
        caveats=said,
    )


def _is_maturing(bound: BoundQuery, through: date | None) -> bool:
    """Whether the numbers will still change by themselves: days to come, or sales to come of touches that have been."""
    last = bound.period.end - timedelta(days=1)
    is_open = caveats.is_open(bound.period, bound.today) or (through is not None and through < last)
    by_touch = bound.attribution.date == "touch" and any(fact.is_credits for fact in bound.facts)
    window = bound.attribution.window_days if bound.attribution.window_days is not None else MAXIMUM_WINDOW_DAYS
    return is_open or (by_touch and last + timedelta(days=window) >= bound.today)


def _settled(bound: BoundQuery) -> dict[str, Any]:
    """The query with its days written out, so that asking it again means the same days."""
    changes: dict[str, Any] = {"period": PeriodSpec(start=bound.period.start, end=bound.period.end)}
    if bound.compare is not None:
        changes["compare_to"] = PeriodSpec(start=bound.compare.start, end=bound.compare.end)
    return bound.asked.model_copy(update=changes).model_dump(mode="json", exclude_defaults=True)


def _filters(bound: BoundQuery) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = [f.model_dump(mode="json", exclude_none=True) for f in bound.asked.filters]
    scope = [
        {"dimension": f.dimension, "op": "in", "values": list(f.values), "scope": True}
        for f in bound.filters
        if f.is_scope
    ]
    return asked + scope


def _conversion(prepared: Prepared, bound: BoundQuery) -> dict[str, Any]:
    if not prepared.currencies:
        return {}
    return {"to": bound.currency, "from": sorted(prepared.currencies), "rate_of": "the row's own day"}


def _attribution(bound: BoundQuery) -> dict[str, Any]:
    if not any(fact.is_credits for fact in bound.facts):
        return {}
    used = bound.attribution
    return {
        "model": used.model,
        "window_days": used.window_days,
        "view_window_days": used.view_window_days,
        "date": used.date,
        **({"channel_rules": bound.channel_rules_version} if bound.channel_rules_version else {}),
    }
