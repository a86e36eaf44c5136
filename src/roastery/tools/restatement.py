"""Restatement memory: numbers that an earlier answer gave and that have changed since, with what changed them.

Bounded: receipts of the last 30 days, of the two tools that are cheap to ask again, about metrics that are asked now,
each question once, at most three asked again, and none while the tables are those of then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from roastery.tools import facts
from roastery.tools.base import Fact, FactPeriod, Receipt, ToolContext, ToolResult
from roastery.tools.definitions import metrics_of
from roastery.tools.facts import FactBook
from roastery.tools.frame_facts import held_by_filters
from roastery.tools.receipts import Cause, compare
from roastery.tools.registry import run
from roastery.warehouse.errors import AskerError, DataError
from roastery.warehouse.semantic.query import FilterSpec

ASKED_AGAIN = ("query_metrics", "compare_periods")
MOST_ASKED_AGAIN = 3
MEMORY_DAYS = 30
MATERIAL = Decimal("0.001")
"""A number that moved by less than this share of itself is the same to its reader."""


@dataclass(frozen=True)
class Moved:
    """One number that was said and is another now. entity: the row's own dimensions, none for a total."""

    metric: str
    entity: Mapping[str, str]
    then: Decimal
    now: Decimal

    @property
    def size(self) -> Decimal:
        return abs(self.now - self.then) / abs(self.then) if self.then else Decimal(1)


@dataclass(frozen=True)
class Restated:
    """An earlier receipt beside the same question now: the number that moved most, and why."""

    then: Receipt
    now: Receipt
    moved: Moved
    causes: tuple[Cause, ...]


def restated(context: ToolContext, earlier: Iterable[Receipt], asked: Sequence[Receipt]) -> list[Restated]:
    """What earlier receipts (newest first) said of the metrics of `asked` and is no longer so.

    Errors: none of an asker's or of missing data; what cannot be asked any more is left alone.
    """
    wanted = {name for receipt in asked for name in receipt.metric_definitions}
    found = []
    for then in _candidates(context, earlier, wanted, context.metrics.warehouse.state().build):
        try:
            now = run(then.tool, then.arguments, context, keep=False).receipt
        except (AskerError, DataError):
            continue
        if now is None:
            continue
        moved = _moved(then, now, wanted)
        if moved is not None:
            context.ledger.keep(now)
            found.append(Restated(then, now, moved, compare(then, now)[1]))
    return found


def _candidates(context: ToolContext, earlier: Iterable[Receipt], wanted: set[str], build: str) -> list[Receipt]:
    since = context.clock.now() - timedelta(days=MEMORY_DAYS)
    kept: list[Receipt] = []
    seen: list[tuple[str, Any]] = []
    for receipt in earlier:
        question = (receipt.tool, receipt.arguments)
        if question in seen or len(kept) == MOST_ASKED_AGAIN:
            continue
        seen.append(question)
        is_open = receipt.period is None or receipt.period.end > receipt.clock.date()
        related = wanted & receipt.metric_definitions.keys()
        may = receipt.scope_key == context.actor.scope_key and receipt.created_at >= since
        if receipt.tool in ASKED_AGAIN and related and may and not is_open and receipt.build != build:
            kept.append(receipt)
    return kept


def _moved(then: Receipt, now: Receipt, wanted: set[str]) -> Moved | None:
    """The total that moved most, else the row that did; None where nothing moved by more than a reader sees."""
    metrics = [m for m in then.arguments.get("metrics", ()) if m in wanted]
    totals = [_cell(m, {}, then.totals, now.totals) for m in metrics]
    keys = list(then.arguments.get("dimensions", ()))
    rows: list[Moved | None] = []
    if keys and not then.arguments.get("grain"):
        after = {tuple(row.get(k) for k in keys): row for row in now.result}
        rows = [
            _cell(m, {k: str(row.get(k)) for k in keys}, row, after.get(tuple(row.get(k) for k in keys), {}))
            for row in then.result
            for m in metrics
        ]
    for cells in (totals, rows):
        seen = [cell for cell in cells if cell is not None and cell.size >= MATERIAL]
        if seen:
            return max(seen, key=lambda cell: cell.size)
    return None


def _cell(metric: str, entity: dict[str, str], then: Mapping[str, Any], now: Mapping[str, Any]) -> Moved | None:
    if then.get(metric) is None or now.get(metric) is None:
        return None
    return Moved(metric, entity, Decimal(str(then[metric])), Decimal(str(now[metric])))


def as_result(context: ToolContext, found: Restated) -> ToolResult:
    """The number then (of the earlier receipt), the number now and the change, as facts of a result."""
    moved, receipt = found.moved, found.now
    assert receipt.period is not None
    book = FactBook(receipt.id)
    filters = [FilterSpec.model_validate(f) for f in found.then.arguments.get("filters", ())]
    about = {**held_by_filters(filters), **moved.entity}
    entry = metrics_of(context)[moved.metric]
    now, then = (_fact(book, entry, moved, v, receipt, about) for v in (moved.now, moved.then))
    change = book.computed(facts.change, now, then)
    kept = [f.model_copy(update={"receipt_id": found.then.id}) if f.id == then.id else f for f in book.facts]
    day = found.then.clock.astimezone(context.organization.zone).date()
    sources = [str(c.detail["source"]) for c in found.causes if c.kind == "source" and c.detail.get("source")]
    asked_on = book.label("asked_on", day.isoformat(), f"{day.day} {day:%b %Y}")
    labels = [book.label("source", name) for name in sources]
    entity = [book.label(d, v) for d, v in moved.entity.items()]
    return ToolResult(
        tool="restatement",
        facts=tuple(kept),
        labels=(asked_on, *labels, *entity),
        receipt=receipt,
        data={
            "metric": moved.metric,
            "then": then.id,
            "now": now.id,
            "change": change.id,
            "asked_on": asked_on.id,
            "sources": [label.id for label in labels],
            "entity": [label.id for label in entity],
            "kinds": list(dict.fromkeys(c.kind for c in found.causes)),
            "causes": [c.sentence for c in found.causes if c.kind != "row"],
        },
    )


def _fact(book: FactBook, entry: Any, moved: Moved, value: Decimal, receipt: Receipt, about: Mapping[str, str]) -> Fact:
    period = receipt.period or FactPeriod(start=receipt.clock.date(), end=receipt.clock.date())
    currency = receipt.currency if entry.unit == "money" else None
    return book.measured(moved.metric, value, entry.unit, period, currency=currency, dimensions=about)
