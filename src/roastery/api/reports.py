"""Ready reports: their list, their tiles, and every tile run for one organization, each with its receipt."""

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from roastery.api.numbers import run_query
from roastery.tools.base import Actor
from roastery.warehouse.errors import AskerError, DataError
from roastery.warehouse.organization import Organization
from roastery.warehouse.reports import Report, Tile, report, tile_query
from roastery.warehouse.semantic.query import FilterSpec, PeriodSpec

if TYPE_CHECKING:
    from roastery.api.app import Roastery


class ReportRun(BaseModel):
    """What may differ from the report as it stands: the days of every tile, and further conditions on all of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    period: PeriodSpec | None = None
    filters: tuple[FilterSpec, ...] = ()


def shown(found: Report) -> dict[str, Any]:
    """A report as the list shows it."""
    return {name: getattr(found, name) for name in ("name", "title", "industry", "kind", "answers", "description")}


def described(found: Report) -> dict[str, Any]:
    """A report with its tiles, each with the query that it asks."""
    tiles = [
        {
            "title": tile.title,
            "chart": tile.chart,
            "note": tile.note,
            "query": tile_query(found, tile).model_dump(mode="json", exclude_defaults=True),
        }
        for tile in found.tiles
    ]
    return {**shown(found), "period": found.period, "tiles": tiles}


def run_report(
    roastery: "Roastery", organization: Organization, actor: Actor, name: str, asked: ReportRun | None = None
) -> dict[str, Any]:
    """Every tile's MetricFrame, or the sentence why it has none. Errors: UnknownName for a report that is none."""
    found = report(name)
    asked = asked or ReportRun()
    tiles = [_run_tile(roastery, organization, actor, found, tile, asked) for tile in found.tiles]
    return {**shown(found), "tiles": tiles}


def _run_tile(
    roastery: "Roastery", organization: Organization, actor: Actor, found: Report, tile: Tile, asked: ReportRun
) -> dict[str, Any]:
    """One tile; what its asker may not see or what no data is there for is said in its place (law 11)."""
    query = tile_query(found, tile, asked.period, asked.filters)
    head = {"title": tile.title, "chart": tile.chart, "note": tile.note}
    try:
        frame = run_query(roastery, organization, actor, query.model_dump(mode="json", exclude_unset=True))
    except (AskerError, DataError) as error:
        return {**head, "problem": error.message, "frame": None}
    return {**head, "problem": None, "frame": frame}
