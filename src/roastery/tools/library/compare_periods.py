"""compare_periods: how much metrics moved between two periods, and what each slice contributed to the change."""

from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from roastery.tools.base import Tool, ToolContext, ToolResult
from roastery.tools.comparing import ask_both
from roastery.tools.contributions import contribution_table, contributions
from roastery.tools.definitions import parts_of_ratio, with_parts
from roastery.tools.facts import FactBook
from roastery.tools.frame_facts import frame_facts, frame_table
from roastery.tools.frames import frame_json
from roastery.tools.library.query_metrics import table_title
from roastery.tools.maturing import maturing
from roastery.tools.queries import Asked
from roastery.warehouse.semantic.query import FilterSpec, MetricQuery, PeriodSpec


class ComparePeriodsArguments(BaseModel):
    """Two periods of the same metrics; `dimensions` names the slices whose contributions are wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    metrics: tuple[str, ...] = Field(min_length=1, max_length=10)
    dimensions: tuple[str, ...] = Field(default=(), max_length=3)
    period: PeriodSpec | None = None
    compare_to: Literal["previous_period", "previous_year"] | PeriodSpec = "previous_period"
    filters: tuple[FilterSpec, ...] = ()
    attribution_model: str | None = None
    attribution_window_days: int | None = None
    view_window_days: int | None = None
    attribution_date: Literal["conversion", "touch"] | None = None
    currency: str | None = None
    time_zone: str | None = None
    slices: int = Field(default=10, ge=1, le=100, description="How many slices to show; the rest are summed.")
    like_for_like: bool = Field(
        default=True, description="Cut both periods to the same number of days where the later one is not complete yet."
    )


class ComparePeriods(Tool[ComparePeriodsArguments]):
    """Totals, changes and exact contributions: the slices' parts sum to the change."""

    name = "compare_periods"
    description = (
        "Compare two periods: how much did metrics change, and which slices (by channel, platform, campaign …) "
        "contributed how much to the change. Use it for 'versus', 'compared with', 'what changed', 'what moved' and "
        "'which campaign drove the change' questions. An incomplete period is compared like for like."
    )
    arguments = ComparePeriodsArguments

    def run(self, context: ToolContext, arguments: ComparePeriodsArguments) -> ToolResult:
        asked, caveats = _asked(context, arguments)
        book = FactBook(asked.receipt.id)
        if not arguments.dimensions:
            return _totals_only(context, book, asked, caveats)
        shown = contributions(context, book, asked, arguments.metrics, arguments.slices)
        asked = replace(asked, receipt=maturing(context, book, asked, shown.total).on(asked.receipt))
        caveats = tuple(dict.fromkeys((*asked.receipt.caveats, *caveats, *shown.caveats)))
        tables = tuple(contribution_table(context, asked, split) for split in shown.splits)
        return _result(book, asked, caveats, tables, {"total": shown.total.ids, "splits": shown.as_json()})


def _totals_only(context: ToolContext, book: FactBook, asked: Asked, caveats: tuple[str, ...]) -> ToolResult:
    found = frame_facts(book, asked, organization=context.organization)
    ripening = maturing(context, book, asked, found.total)
    table = frame_table(asked.frame, table_title(context, asked.query), found)
    receipt = ripening.on(asked.receipt)
    caveats = tuple(dict.fromkeys((*receipt.caveats, *caveats)))
    data = {"total": found.total.ids, "splits": [], **({"maturing": ripening.facts} if ripening.facts else {})}
    return _result(book, replace(asked, receipt=receipt), caveats, (table,), data)


def _result(
    book: FactBook, asked: Asked, caveats: tuple[str, ...], tables: tuple[Any, ...], data: dict[str, Any]
) -> ToolResult:
    receipt = asked.receipt.model_copy(update={"caveats": caveats})
    compared = asked.query.compare_to
    assert isinstance(compared, PeriodSpec)
    return ToolResult(
        tool=receipt.tool,
        facts=book.facts,
        labels=book.labels,
        tables=tables,
        caveats=caveats,
        receipt=receipt,
        frame=frame_json(asked.frame, receipt.id),
        data={**data, "compared": compared.model_dump(mode="json", exclude_none=True)},
    )


def _asked(context: ToolContext, arguments: ComparePeriodsArguments) -> tuple[Asked, tuple[str, ...]]:
    query = _query(context, arguments)
    context = with_parts(context, (name for name in query.metrics if name not in arguments.metrics))
    raw = as_arguments_of(arguments)
    return ask_both(context, query, ComparePeriods.name, raw, like_for_like=arguments.like_for_like)


def as_arguments_of(arguments: ComparePeriodsArguments) -> dict[str, Any]:
    """The arguments as JSON, with what was not asked left out."""
    return arguments.model_dump(mode="json", exclude_defaults=True)


def _query(context: ToolContext, arguments: ComparePeriodsArguments) -> MetricQuery:
    """Both periods in one query; with slices, the numerator and denominator of each ratio are asked along."""
    metrics = list(arguments.metrics)
    if arguments.dimensions:
        for metric in arguments.metrics:
            parts = parts_of_ratio(context, metric)
            metrics += [part for part in (parts.names if parts else ()) if part not in metrics]
    asked = arguments.model_dump(exclude={"slices", "like_for_like", "metrics"})
    return MetricQuery.model_validate({**asked, "metrics": metrics})
