"""Which campaign a platform's unusual rate comes from: one newsletter has no history of its own to be judged by.

What it sent is held against the rate that was usual for its platform. Where that accounts for most of what the platform
was off by, the campaign is told with the incident.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from roastery.tools.analysis.arrays import Floats
from roastery.tools.asking import Asking
from roastery.tools.base import ToolContext
from roastery.tools.definitions import RatioParts, metrics_of, parts_of_ratio, with_parts
from roastery.tools.incidents import LOCAL_SHARE, Incident, Oddity
from roastery.tools.series import NO_SLICES
from roastery.warehouse.errors import ImpossibleSplit, NoData, NotAllowed
from roastery.warehouse.semantic.query import FilterSpec, MetricQuery, PeriodSpec

HOLDS, HELD = "platform", "campaign"
Members = tuple[tuple[str, ...], Floats, Floats]
"""Names, numerators and denominators of the slices inside another."""


def with_sources(context: ToolContext, asking: Asking, found: Sequence[Incident]) -> tuple[Incident, ...]:
    """Incidents of a platform's rate, with the campaign that accounts for most of each as their source."""
    return tuple(_with_source(one, lambda head: _members(context, asking, head)) for one in found)


def _with_source(one: Incident, members: Callable[[Oddity], Members | None]) -> Incident:
    head = one.head
    if head.dimension != HOLDS or head.is_common or head.actual_above is None or not head.below:
        return one
    inside = members(head)
    if inside is None or not len(inside[0]):
        return one
    source = source_of(head, inside)
    if source is None or any((o.dimension, o.value) == (source.dimension, source.value) for o in one.same):
        return one
    return Incident(head, (*one.same, source), source)


def source_of(head: Oddity, members: Members) -> Oddity | None:
    """The member that accounts for most of what the head was off by; None where it takes several."""
    names, above, below = members
    off = above - head.expected * below
    n = int(np.argmax(off if head.off > 0 else -off))
    if off[n] * head.off <= 0 or abs(off[n]) < LOCAL_SHARE * abs(head.off) or below[n] <= 0:
        return None
    came = float(above[n])
    return replace(
        head, dimension=HELD, value=names[n], actual=came / float(below[n]), off=float(off[n]), actual_above=came,
        expected_above=came - float(off[n]), below=float(below[n]),
    )  # fmt: skip


def _members(context: ToolContext, asking: Asking, head: Oddity) -> Members | None:
    """The campaigns of a platform on the days of an incident; None where the metric cannot be split so."""
    ratio = parts_of_ratio(context, head.metric)
    if ratio is None or HELD not in metrics_of(context)[head.metric].dimensions:
        return None
    query = MetricQuery.model_validate({**asking.as_asked(), **_asked(ratio, head)})
    query = query.model_copy(
        update={"filters": (*query.filters, FilterSpec(dimension=HOLDS, op="in", values=(head.value,)))}
    )
    try:
        rows = with_parts(context, ratio.names).metrics.table(query, row_scope=context.actor.row_scope).rows
    except (ImpossibleSplit, NoData, NotAllowed):
        # What the platform did stands by itself; which campaign it was cannot be told.
        return None
    names = [str(name) for name in rows.column(HELD).to_pylist()]
    keep = [n for n, name in enumerate(names) if name not in NO_SLICES]
    above, below = (
        np.nan_to_num(rows.column(name).cast("double").to_numpy(zero_copy_only=False))[keep] for name in ratio.names
    )
    return tuple(names[n] for n in keep), above * float(ratio.scale), below


def _asked(ratio: RatioParts, head: Oddity) -> dict[str, Any]:
    period = PeriodSpec(start=head.start, end=head.end)
    return {"metrics": ratio.names, "dimensions": (HELD,), "period": period}
