"""A metric as series: one column a slice, one row a day, week or month, complete ones only."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np

from roastery.tools.analysis.arrays import Floats, Integers, summed
from roastery.tools.asking import Asking
from roastery.tools.base import ToolContext
from roastery.tools.comparing import last_complete_day
from roastery.tools.definitions import RatioParts, metrics_of, parts_of_ratio, with_parts
from roastery.warehouse.errors import NoData
from roastery.warehouse.semantic.calendar import Calendar, step
from roastery.warehouse.semantic.query import Grain, MetricQuery, PeriodSpec, Provenance

SeriesKind = Literal["count", "amount", "rate"]
NO_SLICES = frozenset({"unknown", "none", "unattributed", ""})
EVERYTHING = ""
MOST_SLICES = 1_000
EPOCH = date(1970, 1, 1).toordinal()
OF_WHOLE_PERIOD = ("The period ends on", "The last ", "The first ")
OF_GAPS = "that is no data, not zero."
"""Caveats of a query about days that an analysis leaves out, or reads as missing, by itself."""


@dataclass(frozen=True)
class Series:
    """Values of shape (steps, slices), NaN where there is no data; `weights` are the denominators of a rate.

    steps: the first day of each; ends: the day after its last. slices: values of the dimension, or one EVERYTHING.
    """

    metric: str
    dimension: str | None
    steps: tuple[date, ...]
    ends: tuple[date, ...]
    slices: tuple[str, ...]
    values: Floats
    weights: Floats | None
    ratio: RatioParts | None
    provenance: Provenance
    left_out: int = 0
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> SeriesKind:
        if self.weights is not None:
            return "rate"
        return "amount" if self.extras.get("unit") != "count" else "count"

    @property
    def days_of_step(self) -> list[int]:
        return [(end - first).days for first, end in zip(self.steps, self.ends, strict=True)]

    def place(self, day: date) -> int:
        """The number of the first step that begins on a day or later."""
        return next((n for n, first in enumerate(self.steps) if first >= day), len(self.steps))


def series_of(
    context: ToolContext,
    asking: Asking,
    metric: str,
    dimension: str | None,
    grain: Grain,
    start: date,
    end: date,
    *,
    refund_basis: str | None = None,
    most_slices: int = MOST_SLICES,
) -> Series:
    """Read a metric by step and slice over [start, end), without steps that are cut or not complete yet.

    A slice without rows on a day on which others had some stands with zero, but for what platforms report, where
    nothing told is not nothing. The largest slices are kept. Errors: as of a query; NoData when no step is complete.
    """
    ratio = parts_of_ratio(context, metric)
    names = ratio.names if ratio else (metric,)
    query = MetricQuery.model_validate(
        {
            **asking.as_asked(), "metrics": names, "dimensions": (dimension,) if dimension else (), "grain": grain,
            "period": PeriodSpec(start=start, end=end), "refund_basis": refund_basis,
        }
    )  # fmt: skip
    found = with_parts(context, names).metrics.table(query, row_scope=context.actor.row_scope)
    through = last_complete_day(context, found.provenance.complete_through)
    steps, ends = _steps(context, grain, start, min(end, through + timedelta(days=1)))
    rows = found.rows
    if not steps or not rows.num_rows:
        title = metrics_of(context)[metric].title
        raise NoData(f"There is no complete {grain} of {title} yet. Sync the sources, or import data.")
    labels, codes = _coded(rows.column(dimension)) if dimension else ([EVERYTHING], np.zeros(rows.num_rows, np.int64))
    days = rows.column("date").cast("date32").cast("int32").to_numpy(zero_copy_only=False)
    figures = [rows.column(name).cast("double").to_numpy(zero_copy_only=False) for name in names]
    slices = _largest(labels, codes, figures[0], most_slices) if dimension else (EVERYTHING,)
    at, to = _placed(days, steps), _columns(labels, slices)[codes]
    matrices = [_matrix(at, to, column, (len(steps), len(slices))) for column in figures]
    if dimension and not is_reported(context, names):
        matrices = [_filled(matrix) for matrix in matrices]
    unit = context.metrics.semantics.metrics[names[0]].unit
    scale = float(ratio.scale) if ratio else 1.0
    definition = {metric: metrics_of(context)[metric].definition}
    said = tuple(c for c in found.provenance.caveats if not (c.startswith(OF_WHOLE_PERIOD) or c.endswith(OF_GAPS)))
    made = replace(found.provenance, metric_definitions=definition, caveats=said)
    left_out = len(set(labels) - NO_SLICES) - len(slices) if dimension else 0
    return Series(
        metric, dimension, steps, ends, slices, matrices[0] * scale, matrices[1] if ratio else None, ratio,
        made, max(left_out, 0), {"unit": unit},
    )  # fmt: skip


def _steps(context: ToolContext, grain: Grain, start: date, end: date) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """Whole steps inside [start, end)."""
    organization = context.organization
    calendar = Calendar(end, organization.week_start, organization.fiscal_year_start)
    first = calendar.bucket(start, grain)
    if first < start:
        first = step(first, grain, 1)
    steps: list[date] = []
    ends: list[date] = []
    while (following := step(first, grain, 1)) <= end:
        steps.append(first)
        ends.append(following)
        first = following
    return tuple(steps), tuple(ends)


def _coded(column: Any) -> tuple[list[str], Integers]:
    """The distinct values of a column as text, and which of them each row has."""
    coded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return [str(v) for v in coded.dictionary.to_pylist()], coded.indices.to_numpy().astype(np.int64)


def _largest(labels: Sequence[str], codes: Integers, figures: Floats, most: int) -> tuple[str, ...]:
    sizes = summed(codes, np.abs(np.nan_to_num(figures)), len(labels))
    order = sorted(range(len(labels)), key=lambda i: (-sizes[i], labels[i]))
    return tuple(labels[i] for i in order if labels[i] not in NO_SLICES)[:most]


def _placed(days: Integers, steps: Sequence[date]) -> Integers:
    """The number of the step that begins on each day, −1 where none does."""
    firsts = np.array([first.toordinal() for first in steps], dtype=np.int64) - EPOCH
    at = np.minimum(np.searchsorted(firsts, days), len(firsts) - 1)
    return np.where(firsts[at] == days, at, -1)


def _columns(labels: Sequence[str], slices: Sequence[str]) -> Integers:
    """The column of each label, −1 where it has none."""
    column_of = {name: n for n, name in enumerate(slices)}
    return np.array([column_of.get(label, -1) for label in labels], dtype=np.int64)


def _matrix(at: Integers, to: Integers, figures: Floats, shape: tuple[int, int]) -> Floats:
    keep = (at >= 0) & (to >= 0) & np.isfinite(figures)
    made = np.full(shape, np.nan)
    made[at[keep], to[keep]] = figures[keep]
    return made


def is_reported(context: ToolContext, names: Sequence[str]) -> bool:
    """Whether a metric is what platforms report, whose silence is no zero."""
    semantics = context.metrics.semantics
    leaves = [leaf for name in names for leaf in semantics.leaves(name)]
    return any(measure.fact.day.is_platform for leaf in leaves for measure in leaf.measures[:1])


def _filled(matrix: Floats) -> Floats:
    """Zero where a slice has no row on a step on which another has, from its own first row on."""
    there = np.isfinite(matrix)
    begun = np.logical_or.accumulate(there, axis=0)
    told = np.asarray(there.any(axis=1))[:, None]
    return np.where(~there & begun & told, 0.0, matrix)


def merged_provenance(made: Sequence[Provenance]) -> Provenance:
    """One provenance for what several queries found: all definitions and sources, the earliest complete day."""
    first = made[0]
    through = min((p.complete_through for p in made if p.complete_through), default=None)
    definitions = {name: text for p in made for name, text in p.metric_definitions.items()}
    return replace(
        first,
        metric_definitions=definitions,
        data_as_of={source: at for p in made for source, at in p.data_as_of.items()},
        complete_through=through,
        currency=next((p.currency for p in made if p.currency), None),
        fx=next((p.fx for p in made if p.fx), {}),
        attribution=next((p.attribution for p in made if p.attribution), {}),
        caveats=tuple(dict.fromkeys(c for p in made for c in p.caveats)),
    )
