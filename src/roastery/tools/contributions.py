"""What each slice contributed to a change between two periods, as facts whose parts sum to the change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from roastery.tools import facts
from roastery.tools.analysis.apportion import settle
from roastery.tools.base import Fact, Table, ToolContext
from roastery.tools.definitions import RatioParts, additive_metrics, dimensions_of, metrics_of, parts_of_ratio
from roastery.tools.facts import FactBook
from roastery.tools.frame_facts import Cells, frame_facts
from roastery.tools.frames import column_json
from roastery.tools.queries import Asked

Method = Literal["additive", "rate_and_mix", "overlapping"]
REST = "other slices"


@dataclass(frozen=True)
class Slice:
    """One slice of one metric: what it added to the change, in the metric's unit, and as a share of the change."""

    cells: Cells
    part: Fact | None
    share: Fact | None


@dataclass(frozen=True)
class Split:
    """One metric's change over its slices, largest part first; `rest` is what the slices not shown added."""

    metric: str
    method: Method
    change: Fact
    slices: tuple[Slice, ...]
    rest: Fact | None


@dataclass(frozen=True)
class Contributions:
    """The splits of all asked metrics, with the totals that they split."""

    total: Cells
    splits: tuple[Split, ...]
    caveats: tuple[str, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """Which fact says what: for each metric its change, each slice's part and share, and the rest."""
        return [
            {
                "metric": split.metric,
                "method": split.method,
                "change": split.change.id,
                "slices": [
                    {
                        "dimensions": s.cells.dimensions,
                        "labels": [label.id for label in s.cells.labels],
                        "now": s.cells.now[split.metric].id,
                        "before": s.cells.before[split.metric].id,
                        "change": s.cells.change[split.metric].id,
                        "part": s.part.id if s.part else None,
                        "share": s.share.id if s.share else None,
                    }
                    for s in split.slices
                ],
                "rest": split.rest.id if split.rest else None,
            }
            for split in self.splits
        ]


def contributions(
    context: ToolContext, book: FactBook, asked: Asked, metrics: Sequence[str], slices: int
) -> Contributions:
    """Split each metric's change over the rows of a compared frame.

    Additive metrics: a slice's part is its own change. Ratios of sums: rate plus mix with two-period means, exact
    (facts of `tools/analysis/contribution.py`). Others overlap between slices: their changes are shown, not summed.
    """
    additive = additive_metrics(context, metrics)
    ratios = {metric: parts_of_ratio(context, metric) for metric in metrics}
    rows = list(asked.frame.rows)
    wanted: dict[int, None] = {}
    parts_by_metric: dict[str, list[Decimal] | None] = {}
    for metric in metrics:
        parts = _parts(metric, rows, asked.frame.totals, metric in additive, ratios[metric])
        parts_by_metric[metric] = parts
        weights = parts if parts is not None else [_change(row, metric) for row in rows]
        wanted.update(dict.fromkeys(_largest(weights, slices)))
    chosen = list(wanted)
    frame = replace(asked.frame, rows=tuple(rows[i] for i in chosen), truncated=True)
    found = frame_facts(book, replace(asked, frame=frame))
    cells = dict(zip(chosen, found.rows, strict=True))
    splits, caveats = [], []
    for metric in metrics:
        parts = parts_by_metric[metric]
        split = _split(
            book,
            metric,
            parts,
            None if metric in additive else ratios[metric],
            cells,
            found.total,
            rows,
            slices,
            asked.frame.truncated,
        )
        splits.append(split)
        if split.change.value is None:
            caveats.append(f"'{metric}' has no value in one of the periods, so there is no change to split.")
        elif split.method == "overlapping":
            caveats.append(f"'{metric}' overlaps between slices, so the slices' changes do not sum to its change.")
    return Contributions(found.total, tuple(splits), tuple(caveats))


def _split(
    book: FactBook,
    metric: str,
    parts: list[Decimal] | None,
    ratio: RatioParts | None,
    cells: Mapping[int, Cells],
    total: Cells,
    rows: Sequence[Mapping[str, Any]],
    slices: int,
    truncated: bool,
) -> Split:
    change = total.change[metric]
    weights = parts if parts is not None else [_change(row, metric) for row in rows]
    order = _largest(weights, slices)
    if parts is None or change.value is None:
        return Split(metric, "overlapping", change, tuple(Slice(cells[i], None, None) for i in order), None)
    if ratio is not None:
        quantum = quantum_of(change.value)
        # Rows beyond the limit are not here: their part stays in the rest instead of being spread over the others.
        whole = sum(parts, Decimal(0)).quantize(quantum) if truncated else change.value
        parts = list(settle([float(p) for p in parts], whole, quantum))
    shown = []
    for i in order:
        part = cells[i].change[metric]
        if ratio is not None:
            part = book.computed(ratio_part, metric, cells[i], total, ratio, parts[i])
        elif part.value is None:
            part = book.computed(_one_sided, cells[i].now[metric], cells[i].before[metric])
        share = book.computed(facts.share, part, change) if change.value else None
        shown.append(Slice(cells[i], part, share))
    rest = None
    leftover = change.value - sum((s.part.value for s in shown if s.part and s.part.value is not None), Decimal(0))
    if len(order) < len(rows) or leftover:
        rest = book.computed(_rest, change, [s.part for s in shown if s.part], leftover)
    _rank(book, [s.part for s in shown if s.part])
    return Split(metric, "rate_and_mix" if ratio else "additive", change, tuple(shown), rest)


def _parts(
    metric: str,
    rows: Sequence[Mapping[str, Any]],
    totals: Mapping[str, Any],
    additive: bool,
    ratio: RatioParts | None,
) -> list[Decimal] | None:
    """What each row added to the change; None where the metric's slices overlap or a denominator is zero."""
    if additive:
        return [_change(row, metric) for row in rows]
    if ratio is None:
        return None
    below_now, below_then = totals.get(ratio.denominator), totals.get(f"{ratio.denominator}__previous")
    if not below_now or not below_then:
        return None
    above_now, above_then = (_value(totals.get(name)) for name in (ratio.numerator, f"{ratio.numerator}__previous"))
    middle = (above_now / below_now + above_then / below_then) / 2
    parts = []
    for row in rows:
        n1, n0 = (_value(row.get(name)) for name in (ratio.numerator, f"{ratio.numerator}__previous"))
        d1, d0 = (_value(row.get(name)) for name in (ratio.denominator, f"{ratio.denominator}__previous"))
        moved = n1 / below_now - n0 / below_then
        weight = d1 / below_now - d0 / below_then
        parts.append((moved - weight * middle) * ratio.scale)
    return parts


def ratio_part(id: str, metric: str, cells: Cells, total: Cells, ratio: RatioParts, value: Decimal) -> Fact:
    """A slice's rate and mix effect: n₁/D₁ − n₀/D₀ − (d₁/D₁ − d₀/D₀) · (N₁/D₁ + N₀/D₀)/2, times the metric's scale."""
    n1, n0 = cells.now[ratio.numerator], cells.before[ratio.numerator]
    d1, d0 = cells.now[ratio.denominator], cells.before[ratio.denominator]
    above1, above0 = total.now[ratio.numerator], total.before[ratio.numerator]
    below1, below0 = total.now[ratio.denominator], total.before[ratio.denominator]
    formula = (
        f"{ratio.scale} * ({n1.id} / {below1.id} - {n0.id} / {below0.id}"
        f" - ({d1.id} / {below1.id} - {d0.id} / {below0.id})"
        f" * ({above1.id} / {below1.id} + {above0.id} / {below0.id}) / 2)"
    )
    own = cells.now[metric]
    inputs = (n1, n0, d1, d0, above1, above0, below1, below0)
    return own.model_copy(
        update={
            "id": id,
            "kind": "effect",
            "value": value,
            "formula": formula,
            "inputs": tuple(dict.fromkeys(f.id for f in inputs)),
        }
    )


def _one_sided(id: str, now: Fact, before: Fact) -> Fact:
    """The part of a slice that is there in one period only: all that it has, or all that it had."""
    if now.value is not None:
        update = {"value": now.value, "formula": now.id, "inputs": (now.id,)}
    else:
        update = {"value": -(before.value or Decimal(0)), "formula": f"0 - {before.id}", "inputs": (before.id,)}
    return now.model_copy(update={"id": id, "kind": "effect", **update})


def _rest(id: str, change: Fact, shown: Sequence[Fact], value: Decimal) -> Fact:
    formula = " - ".join([change.id, *(fact.id for fact in shown)])
    update = {"id": id, "kind": "difference", "value": value, "formula": formula}
    return change.model_copy(update={**update, "inputs": (change.id, *(fact.id for fact in shown))})


def _rank(book: FactBook, parts: Sequence[Fact]) -> None:
    """Places among the parts shown: gains from the largest down, losses from the deepest up.

    Slices that are not shown are smaller in size than every one that is, so these places hold among all slices.
    """
    if len(parts) < 2:
        return
    for part in parts:
        if part.value:
            book.computed(facts.rank, part, parts, ascending=part.value < 0)


def _largest(values: Sequence[Decimal], count: int) -> list[int]:
    """Indexes of the values that are largest in size; equals in the order of the frame, which is total."""
    return sorted(range(len(values)), key=lambda i: (-abs(values[i]), i))[:count]


def _change(row: Mapping[str, Any], metric: str) -> Decimal:
    return _value(row.get(metric)) - _value(row.get(f"{metric}__previous"))


def _value(value: Any) -> Decimal:
    """A cell as a summand: a slice that is absent in one period stands with zero."""
    return Decimal(0) if value is None else Decimal(value)


def quantum_of(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    return Decimal(1).scaleb(exponent if isinstance(exponent, int) else -4)


def contribution_table(context: ToolContext, asked: Asked, split: Split) -> Table:
    """One metric's slices as a table: now, before, change, and the share of the change."""
    metric = split.metric
    column = asked.frame.column(metric)
    names = [c for c in asked.frame.columns if c.kind in ("dimension", "label")]
    dimension_of = {column: dimension for dimension, column in asked.labels.items()}
    about = {"kind": "compare", "unit": column.unit, "currency": column.currency, "metric": metric}
    columns = [
        *(column_json(c) for c in names),
        column_json(column),
        {"name": f"{metric}__previous", **about},
        {"name": f"{metric}__change", **about},
        {"name": f"{metric}__contribution", **about},
        {
            "name": f"{metric}__share_of_change",
            "kind": "compare",
            "unit": "percent_ratio",
            "currency": None,
            "metric": metric,
        },
    ]
    rows, ids = [], []
    for one in split.slices:
        texts = {label.dimension: label for label in one.cells.labels}
        row: dict[str, Any] = {}
        for c in names:
            dimension = c.name if c.kind == "dimension" else dimension_of[c.name]
            label = texts.get(dimension)
            row[c.name] = (label.text if c.kind == "label" else label.value) if label else None
        shown = {
            metric: one.cells.now[metric],
            f"{metric}__previous": one.cells.before[metric],
            f"{metric}__change": one.cells.change[metric],
            f"{metric}__contribution": one.part,
            f"{metric}__share_of_change": one.share,
        }
        rows.append(row | {name: _text(fact) for name, fact in shown.items()})
        ids.append({name: fact.id for name, fact in shown.items() if fact})
    if split.rest is not None:
        blank = {c.name: REST if n == 0 else None for n, c in enumerate(names)}
        rows.append(blank | {f"{metric}__contribution": _text(split.rest)})
        ids.append({f"{metric}__contribution": split.rest.id})
    splits = [dimensions_of(context)[name].title.lower() for name in asked.query.dimensions]
    title = f"What moved {metrics_of(context)[metric].title}, by {' and '.join(splits)}"
    return Table(title=title, columns=tuple(columns), rows=tuple(rows), fact_ids=tuple(ids))


def _text(fact: Fact | None) -> str | None:
    return None if fact is None or fact.value is None else format(fact.value, "f")
