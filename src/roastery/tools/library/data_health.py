"""data_health: how fresh and complete the data is, what its checks say, and which revenue no campaign can claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from roastery.tools import facts
from roastery.tools.base import FactPeriod, Receipt, Table, Tool, ToolContext, ToolResult
from roastery.tools.facts import FactBook
from roastery.tools.frames import canonical_rows
from roastery.tools.receipts import plain_receipt
from roastery.warehouse.errors import NoData
from roastery.warehouse.semantic.query import Period, PeriodSpec
from roastery.warehouse.state import DataState

HOUR = Decimal(3600)
STALE_AFTER = timedelta(hours=26)

UNMAPPED_TOUCHES = """
SELECT
  count(*) FILTER (WHERE resolution = 'unmapped') AS unmapped,
  count(*) FILTER (WHERE resolution <> 'none') AS tagged
FROM touches WHERE touch_date >= ? AND touch_date < ?
"""
UNMAPPED_REVENUE = """
SELECT s.currency, sum(s.net_amount) AS revenue FROM sales s
WHERE s.sale_date >= ? AND s.sale_date < ? AND EXISTS (
  SELECT 1 FROM conversion_paths p JOIN touches t ON t.touchpoint_id = p.touchpoint_id
  WHERE p.sale_id = s.sale_id AND t.resolution = 'unmapped' AND p.hours_before <= 24 * p.campaign_window_days)
GROUP BY s.currency ORDER BY s.currency
"""
UNMAPPED_NAMES = """
SELECT campaign_name, platform, count(*) AS touches FROM touches
WHERE resolution = 'unmapped' AND touch_date >= ? AND touch_date < ? AND coalesce(campaign_name, '') <> ''
GROUP BY campaign_name, platform ORDER BY touches DESC, campaign_name, platform LIMIT 5
"""
QUARANTINED = """
SELECT contract AS dataset, source, count(*) AS rows FROM system.quarantine
GROUP BY contract, source ORDER BY contract, source
"""


class DataHealthArguments(BaseModel):
    """period: the days whose touches and revenue are looked at; freshness is always that of now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    period: PeriodSpec | None = None


class DataHealth(Tool[DataHealthArguments]):
    """Freshness and completeness per source, checks, unmapped touches with the revenue behind them, rejected rows."""

    name = "data_health"
    description = (
        "How healthy is the data: when each source was last read, through which day it is complete, since when its "
        "history is whole, failed checks, clicks whose campaign is unknown and the revenue behind them, rejected rows. "
        "Use it for 'is the data up to date', 'can I trust', 'what is missing' questions."
    )
    arguments = DataHealthArguments

    def run(self, context: ToolContext, arguments: DataHealthArguments) -> ToolResult:
        warehouse = context.metrics.warehouse
        state: DataState = warehouse.state()
        if not state.sources:
            raise NoData("Nothing has landed yet: connect a source or import a dataset first.")
        period: Period = context.metrics.resolve_period(arguments.period or PeriodSpec(name="last_28_days"))
        sources = source_health(state, context.clock.now())
        checks = [_check_row(check) for check in warehouse.checks()]
        found = Findings(sources, checks)
        caveats = _caveats(sources, checks)
        if context.actor.row_scope:
            caveats.append("Touches, revenue and rejected rows are shown only to those who may see all rows.")
        else:
            found.read_touches(warehouse, period)
        receipt = _receipt(context, arguments, state, period, found, caveats)
        return _result(context, receipt, period, found, caveats)


@dataclass(frozen=True)
class SourceHealth:
    """One source over all its resources: the oldest of each time, since what is newer may be missing."""

    source: str
    data_as_of: datetime | None
    age_hours: Decimal | None
    complete_through: date | None
    history_since: date | None
    is_stale: bool


class Findings:
    """Everything that was looked up, in the form of the receipt's rows."""

    def __init__(self, sources: Sequence[SourceHealth], checks: list[dict[str, Any]]) -> None:
        self.sources = sources
        self.checks = checks
        self.touches: dict[str, Any] | None = None
        self.revenue: list[dict[str, Any]] = []
        self.names: list[dict[str, Any]] = []
        self.quarantined: list[dict[str, Any]] = []

    def read_touches(self, warehouse: Any, period: Period) -> None:
        days = [period.start, period.end]
        self.touches = warehouse.query(UNMAPPED_TOUCHES, days).to_pylist()[0]
        self.revenue = warehouse.query(UNMAPPED_REVENUE, days).to_pylist()
        self.names = warehouse.query(UNMAPPED_NAMES, days).to_pylist()
        self.quarantined = warehouse.query(QUARANTINED).to_pylist()

    def rows(self) -> list[dict[str, Any]]:
        """What a rerun compares: not the age, which moves by itself."""
        rows: list[dict[str, Any]] = [
            {
                "key": f"source {s.source}",
                "data_as_of": s.data_as_of,
                "complete_through": s.complete_through,
                "history_since": s.history_since,
            }
            for s in self.sources
        ]
        rows += [{"key": f"check {c['check']} of {c['subject']}", **c} for c in self.checks]
        rows += [{"key": "touches", **self.touches}] if self.touches else []
        rows += [{"key": f"unmapped revenue {r['currency']}", **r} for r in self.revenue]
        rows += [{"key": f"rejected {q['dataset']} of {q['source']}", **q} for q in self.quarantined]
        return rows


def source_health(state: DataState, now: datetime) -> list[SourceHealth]:
    """Each source's oldest read, first incomplete day and latest beginning of history."""
    found = []
    for source in sorted({s.source for s in state.sources}):
        own = [s for s in state.sources if s.source == source]
        as_of = state.data_as_of.get(source)
        age = None if as_of is None else now - as_of
        found.append(
            SourceHealth(
                source=source,
                data_as_of=as_of,
                age_hours=None if age is None else (Decimal(int(age.total_seconds())) / HOUR).quantize(Decimal("0.1")),
                complete_through=min((s.complete_through for s in own if s.complete_through), default=None),
                history_since=max((s.history_since for s in own if s.history_since), default=None),
                # An import is a deed, not a connection: nobody expects it to be done again every day.
                is_stale=source != "import" and (age is None or age > STALE_AFTER),
            )
        )
    return found


def _check_row(check: Any) -> dict[str, Any]:
    return {
        "check": check.name,
        "subject": check.subject,
        "severity": check.severity,
        "rows_at_fault": check.rows_at_fault,
        "message": check.message,
    }


def _caveats(sources: Sequence[SourceHealth], checks: Sequence[dict[str, Any]]) -> list[str]:
    caveats = [
        f"{s.source} has not been read since {s.data_as_of.isoformat(timespec='minutes')}."
        if s.data_as_of
        else f"{s.source} has not been read yet."
        for s in sources
        if s.is_stale
    ]
    return caveats + [str(check["message"]) for check in checks if check["severity"] == "error"]


def _receipt(
    context: ToolContext,
    arguments: DataHealthArguments,
    state: DataState,
    period: Period,
    found: Findings,
    caveats: Sequence[str],
) -> Receipt:
    receipt = plain_receipt(
        DataHealth.name,
        {"period": {"start": period.start.isoformat(), "end": period.end.isoformat()}},
        found.rows(),
        context,
        data_as_of={source: at.isoformat() for source, at in state.data_as_of.items()},
        build=state.build,
        sql=";".join((UNMAPPED_TOUCHES, UNMAPPED_REVENUE, QUARANTINED)) if found.touches else None,
        complete_through=state.complete_through.isoformat() if state.complete_through else None,
        caveats=caveats,
    )
    return receipt.model_copy(update={"period": FactPeriod(start=period.start, end=period.end)})


def _result(
    context: ToolContext, receipt: Receipt, period: Period, found: Findings, caveats: Sequence[str]
) -> ToolResult:
    book = FactBook(receipt.id)
    days = FactPeriod(start=period.start, end=period.end)
    today = context.clock.today(context.organization.time_zone)
    now = FactPeriod(start=today, end=today + timedelta(days=1))
    data: dict[str, Any] = {"sources": [], "names": []}
    for s in found.sources:
        age = book.measured("data_age", s.age_hours, "hours", now, dimensions={"source": s.source})
        data["sources"].append(
            {
                "source": book.label("source", s.source).id,
                "age": age.id,
                "complete_through": _day_label(book, "complete_through", s.complete_through),
                "history_since": _day_label(book, "history_since", s.history_since),
                "stale": s.is_stale,
            }
        )
    failed = [check for check in found.checks if check["severity"] != "ok"]
    data["failed_checks"] = book.measured("failed_checks", len(failed), "count", now).id
    data["checks"] = failed
    if found.touches is not None:
        unmapped = book.measured("unmapped_touches", found.touches["unmapped"], "count", days)
        tagged = book.measured("tagged_touches", found.touches["tagged"], "count", days)
        data["unmapped"] = {"touches": unmapped.id, "share": book.computed(facts.share, unmapped, tagged).id}
        data["unmapped_revenue"] = [
            book.measured("revenue_behind_unmapped_touches", r["revenue"], "money", days, currency=r["currency"]).id
            for r in found.revenue
        ]
        data["names"] = [book.label("utm_campaign", n["campaign_name"]).id for n in found.names]
        rejected = sum(q["rows"] for q in found.quarantined)
        data["rejected_rows"] = book.measured("rejected_rows", rejected, "count", now).id
    tables = [_sources_table(found.sources)]
    if failed:
        tables.append(_text_table("Checks", failed))
    if found.quarantined:
        tables.append(_text_table("Rejected rows", found.quarantined))
    return ToolResult(
        tool=DataHealth.name,
        facts=book.facts,
        labels=book.labels,
        tables=tuple(tables),
        caveats=tuple(caveats),
        receipt=receipt,
        data=data,
    )


def _day_label(book: FactBook, what: str, day: date | None) -> str | None:
    return None if day is None else book.label(what, day.isoformat()).id


def _sources_table(sources: Sequence[SourceHealth]) -> Table:
    rows = [
        {
            "source": s.source,
            "data_as_of": s.data_as_of.isoformat(timespec="minutes") if s.data_as_of else None,
            "age": s.age_hours,
            "complete_through": s.complete_through,
            "history_since": s.history_since,
        }
        for s in sources
    ]
    columns = [{"name": name, "kind": "dimension"} for name in rows[0]]
    columns[2] = {"name": "age", "kind": "metric", "unit": "hours", "currency": None}  # type: ignore[dict-item]
    return Table(title="Sources", columns=tuple(columns), rows=tuple(canonical_rows(rows)))


def _text_table(title: str, rows: Sequence[dict[str, Any]]) -> Table:
    columns = tuple({"name": name, "kind": "dimension"} for name in rows[0])
    texts = [{name: None if value is None else str(value) for name, value in row.items()} for row in rows]
    return Table(title=title, columns=columns, rows=tuple(texts))
