"""What a ready report is: a title, what it answers, and tiles that each ask one MetricQuery."""

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from roastery.warehouse.semantic.query import FilterSpec, MetricQuery, PeriodSpec

Chart = Literal["number", "line", "bar", "stacked_bar", "funnel", "table"]
Industry = Literal["any", "restaurant", "health_and_wellness", "home_services", "e_commerce", "professional_services"]
CHARTS: tuple[str, ...] = get_args(Chart)
INDUSTRIES: tuple[str, ...] = get_args(Industry)


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tile(_Written):
    """One part of a report. period: the tile's own where it is not the report's; note: what to know beside it."""

    title: str
    chart: Chart
    query: MetricQuery
    period: str | None = None
    note: str | None = None


class Report(_Written):
    """A ready report. name: of its file; answers: what of the product's promises it is; period: of its tiles."""

    name: str
    title: str
    industry: Industry
    kind: Literal["report", "dashboard"]
    answers: str
    description: str
    period: str
    tiles: tuple[Tile, ...] = Field(min_length=1)


def tile_query(
    report: Report, tile: Tile, period: PeriodSpec | None = None, filters: tuple[FilterSpec, ...] = ()
) -> MetricQuery:
    """The tile's query over the asked period (else the tile's own, else the report's), with the asked filters too."""
    own = PeriodSpec(name=tile.period or report.period)
    return tile.query.model_copy(update={"period": period or own, "filters": (*tile.query.filters, *filters)})
