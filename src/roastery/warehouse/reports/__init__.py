"""Ready reports: one YAML file each, tiles of MetricQueries with a chart for each."""

from roastery.warehouse.reports.registry import report, reports, validate
from roastery.warehouse.reports.report import CHARTS, INDUSTRIES, Report, Tile, tile_query

__all__ = ["CHARTS", "INDUSTRIES", "Report", "Tile", "report", "reports", "tile_query", "validate"]
