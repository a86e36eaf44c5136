"""Two periods side by side, like for like where the later one is not complete yet (law 10)."""

from datetime import date, timedelta
from typing import Any

from roastery.tools.base import ToolContext
from roastery.tools.queries import Asked, ask
from roastery.warehouse.errors import BadPeriod
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec


def ask_both(
    context: ToolContext, query: MetricQuery, tool: str, raw: dict[str, Any], *, like_for_like: bool
) -> tuple[Asked, tuple[str, ...]]:
    """Ask both periods; where the later one is not complete, ask again for as many days of both as are.

    raw: the tool's arguments as JSON, for the receipt. Returns what was asked, and caveats that it does not carry yet.
    """
    asked = ask(context, query, tool, arguments=raw)
    made = asked.frame.provenance
    if made.compare_period is None:
        raise BadPeriod("The period to compare with could not be worked out; name it with a start and an end.")
    complete = last_complete_day(context, made.complete_through)
    if complete >= made.period.end - timedelta(days=1):
        return asked, ()
    through = complete.isoformat()
    if complete < made.period.start:
        caveat = f"Data is complete only through {through}, before the period begins; its figures will still grow."
        return asked, (caveat,)
    if not like_for_like:
        caveat = f"The later period is complete only through {through} and is compared with a whole one."
        return asked, (caveat,)
    days = (complete - made.period.start).days + 1
    compare_end = min(made.compare_period.end, made.compare_period.start + timedelta(days=days))
    cut = query.model_copy(
        update={
            "period": PeriodSpec(start=made.period.start, end=complete + timedelta(days=1)),
            "compare_to": PeriodSpec(start=made.compare_period.start, end=compare_end),
        }
    )
    caveat = (
        f"Data is complete through {through}, so the first {days} days of both periods are compared, like for like."
    )
    return ask(context, cut, tool, arguments=raw, caveats=(caveat,)), ()


def last_complete_day(context: ToolContext, complete_through: str | None) -> date:
    """The last day that is over and that every source holds whole."""
    yesterday = context.clock.today(context.organization.time_zone) - timedelta(days=1)
    return min(date.fromisoformat(complete_through[:10]), yesterday) if complete_through else yesterday
