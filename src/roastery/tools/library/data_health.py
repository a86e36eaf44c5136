"""data_health: how fresh and complete the data is, what its checks say, and which revenue no campaign can claim."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from roastery.tools.base import FactPeriod, Receipt, Table, Tool, ToolContext, ToolResult
from roastery.tools.facts import FactBook
from roastery.tools.frames import canonical_rows
from roastery.tools.receipts import plain_receipt
from roastery.warehouse.checks import STALE_AFTER_HOURS, Check, kept_aside
from roastery.warehouse.errors import NoData
from roastery.warehouse.state import IMPORT, DataState

HOUR = Decimal(3600)
UNMAPPED_NAMES = """
SELECT campaign_name, count(*) AS touches FROM touches
WHERE resolution = 'unmapped' AND coalesce(campaign_name, '') <> ''
GROUP BY campaign_name ORDER BY touches DESC, campaign_name LIMIT 5
"""
METRICS = {
    "unmapped_touches": "unmapped_touches",
    "unmapped_revenue": "revenue_behind_unmapped_touches",
    "quarantined": "rejected_rows",
    "attribution_coverage": "attribution_coverage",
    "repeated_sales": "repeated_sales",
}
"""Checks whose figure is a fact of its own, with the name of its metric."""


class DataHealthArguments(BaseModel):
    """Nothing to say: health is that of now."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
        connections = context.connections.states() if context.connections else []
        held_up = {c.source for c in connections if c.is_wrong}
        sources = source_health(state, context.clock.now(), held_up)
        if context.actor.row_scope:
            found = Findings(sources, (), ())
            caveats = ["Checks, touches and rejected rows are shown only to those who may see all rows."]
        else:
            names = warehouse.query(UNMAPPED_NAMES).column("campaign_name").to_pylist()
            found = Findings(sources, warehouse.checks(), tuple(names), kept_aside(warehouse))
            caveats = []
        caveats = [*(c.sentence for c in connections if c.is_wrong), *_caveats(found), *caveats]
        return _result(context, _receipt(context, state, found, caveats), found, caveats)


@dataclass(frozen=True)
class SourceHealth:
    """One source over all its resources: the oldest of each time, since what is newer may be missing."""

    source: str
    data_as_of: datetime | None
    age_hours: Decimal | None
    complete_through: date | None
    history_since: date | None
    is_stale: bool


@dataclass(frozen=True)
class Findings:
    """Everything that was looked up. names: tags that name no known campaign, the most frequent first. aside: rows at
    fault that are kept aside, the latest first."""

    sources: Sequence[SourceHealth]
    checks: Sequence[Check]
    names: Sequence[str]
    aside: Sequence[dict[str, Any]] = ()

    @property
    def failed(self) -> list[Check]:
        """What somebody should look at; freshness is told by source."""
        return [check for check in self.checks if check.severity != "ok" and check.name != "freshness"]

    def rows(self) -> list[dict[str, Any]]:
        """What a rerun compares: not the age of a source, which moves by itself."""
        rows: list[dict[str, Any]] = [
            {
                "key": f"source {s.source}",
                "data_as_of": s.data_as_of,
                "complete_through": s.complete_through,
                "history_since": s.history_since,
            }
            for s in self.sources
        ]
        return rows + [
            {"key": f"{c.name} of {c.subject}", "severity": c.severity, "count": c.count, "amount": c.amount}
            for c in self.checks
            if c.name != "freshness"
        ]


def source_health(state: DataState, now: datetime, held_up: Set[str] = frozenset()) -> list[SourceHealth]:
    """Each source's oldest read, first incomplete day and latest beginning of history.

    held_up: sources whose connection is not read as it should be.
    """
    found = []
    for source in sorted({s.source for s in state.sources}):
        own = [s for s in state.sources if s.source == source]
        as_of = state.data_as_of.get(source)
        age = None if as_of is None else now - as_of
        found.append(
            SourceHealth(
                source=source,
                data_as_of=as_of,
                age_hours=None if age is None else _hours(age),
                complete_through=min((s.complete_through for s in own if s.complete_through), default=None),
                history_since=max((s.history_since for s in own if s.history_since), default=None),
                # An import is a deed, not a connection: nobody expects it to be done again every day.
                is_stale=source != IMPORT
                and (source in held_up or age is None or age > timedelta(hours=STALE_AFTER_HOURS)),
            )
        )
    return found


def _hours(age: timedelta) -> Decimal:
    return max((Decimal(int(age.total_seconds())) / HOUR).quantize(Decimal("0.1")), Decimal("0.0"))


def _caveats(found: Findings) -> list[str]:
    stale = [
        f"{s.source} has not been read since {s.data_as_of.isoformat(timespec='minutes')}."
        if s.data_as_of
        else f"{s.source} has not been read yet."
        for s in found.sources
        if s.is_stale
    ]
    return stale + [check.message for check in found.failed]


def _receipt(context: ToolContext, state: DataState, found: Findings, caveats: Sequence[str]) -> Receipt:
    receipt = plain_receipt(
        DataHealth.name,
        {},
        found.rows(),
        context,
        data_as_of={source: at.isoformat() for source, at in state.data_as_of.items()},
        build=state.build,
        complete_through=state.complete_through.isoformat() if state.complete_through else None,
        caveats=caveats,
    )
    return receipt.model_copy(update={"period": _today(context)})


def _today(context: ToolContext) -> FactPeriod:
    today = context.clock.today(context.organization.time_zone)
    return FactPeriod(start=today, end=today + timedelta(days=1))


def _result(context: ToolContext, receipt: Receipt, found: Findings, caveats: Sequence[str]) -> ToolResult:
    book, now = FactBook(receipt.id), _today(context)
    sources = [
        {
            "source": book.label("source", s.source).id,
            "age": book.measured("data_age", s.age_hours, "hours", now, dimensions={"source": s.source}).id,
            "complete_through": _day_label(book, "complete_through", s.complete_through),
            "history_since": _day_label(book, "history_since", s.history_since),
            "stale": s.is_stale,
        }
        for s in found.sources
    ]
    figures: dict[str, list[str]] = {}
    for check in found.checks:
        if check.name in METRICS:
            figures.setdefault(check.name, []).append(_figure(book, check, now))
    data = {
        "sources": sources,
        "failed_checks": book.measured("failed_checks", len(found.failed), "count", now).id,
        "failed": list(dict.fromkeys(check.name.replace("_", " ") for check in found.failed)),
        "figures": figures,
        "names": [book.label("utm_campaign", name).id for name in found.names],
    }
    tables = [_sources_table(found.sources), *([_checks_table(found.failed)] if found.failed else [])]
    if found.aside:
        tables.append(_aside_table(found.aside))
    return ToolResult(
        tool=DataHealth.name,
        facts=book.facts,
        labels=book.labels,
        tables=tuple(tables),
        caveats=tuple(caveats),
        receipt=receipt,
        data=data,
    )


def _figure(book: FactBook, check: Check, now: FactPeriod) -> str:
    """The id of a check's figure: its money or ratio where it has one, else its count."""
    about = {"subject": check.subject}
    metric = METRICS[check.name]
    if check.amount is None:
        return book.measured(metric, check.count, "count", now, dimensions=about).id
    unit, currency = ("money", check.currency) if check.currency else ("ratio", None)
    amount = check.amount.quantize(Decimal("0.01")) if check.currency else check.amount
    return book.measured(metric, amount, unit, now, currency=currency, dimensions=about).id


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
    columns: list[dict[str, Any]] = [{"name": name, "kind": "dimension"} for name in rows[0]]
    columns[2] = {"name": "age", "kind": "metric", "unit": "hours", "currency": None}
    return Table(title="Sources", columns=tuple(columns), rows=tuple(canonical_rows(rows)))


def _checks_table(checks: Sequence[Check]) -> Table:
    columns = tuple({"name": name, "kind": "dimension"} for name in ("check", "severity", "message"))
    rows = tuple({"check": c.name.replace("_", " "), "severity": c.severity, "message": c.message} for c in checks)
    return Table(title="Checks", columns=columns, rows=rows)


def _aside_table(rows: Sequence[dict[str, Any]]) -> Table:
    """Each row at fault with its reason; its values are not repeated, since a fault may stand in any of them."""
    names = ("dataset", "source", "row", "column", "message")
    columns = tuple({"name": name, "kind": "dimension"} for name in names)
    shown = tuple({name: None if row[name] is None else str(row[name]) for name in names} for row in rows)
    return Table(title="Rows kept aside", columns=columns, rows=shown)
