"""Reads the reports from the YAML files beside it, once, and checks them against the catalogue."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from roastery.warehouse.declared import read_yaml
from roastery.warehouse.errors import UnknownName
from roastery.warehouse.reports.report import Report, Tile
from roastery.warehouse.semantic.calendar import NAMES as PERIOD_NAMES
from roastery.warehouse.semantic.catalogue import Catalogue, shipped_catalogue


def read_files() -> dict[str, Any]:
    """Every report as parsed, by name."""
    found = sorted(entry.name for entry in files(__package__).iterdir() if entry.name.endswith(".yml"))
    return {
        name.removesuffix(".yml"): read_yaml(files(__package__).joinpath(name).read_text(encoding="utf-8"))
        for name in found
    }


@cache
def reports() -> Mapping[str, Report]:
    """Every ready report by name."""
    return MappingProxyType({name: Report(name=name, **body) for name, body in read_files().items()})


def report(name: str) -> Report:
    """One report. Errors: UnknownName with the nearest one.

    >>> report("creative_roi").industry
    'any'
    """
    found = reports().get(name)
    if found is None:
        raise UnknownName("report", name, reports())
    return found


def validate(written: Mapping[str, Any] | None = None) -> Iterator[str]:
    """A sentence for everything that is unsound in the files (those that ship, or the given ones)."""
    catalogue = shipped_catalogue()
    for name, body in (read_files() if written is None else written).items():
        try:
            read = Report(name=name, **body)
        except (ValidationError, TypeError) as error:
            yield f"{name}.yml: {error!s}".replace("\n", " ")
            continue
        if read.period not in PERIOD_NAMES:
            yield f"{name}.yml: {UnknownName('period', read.period, PERIOD_NAMES).message}"
        for tile in read.tiles:
            yield from (f"{name}.yml, '{tile.title}': {fault}" for fault in _faults(tile, catalogue))


def _faults(tile: Tile, catalogue: Catalogue) -> Iterator[str]:
    query = tile.query
    if query.period is not None:
        yield "a tile's period stands beside its query, as a name."
    if tile.period is not None and tile.period not in PERIOD_NAMES:
        yield UnknownName("period", tile.period, PERIOD_NAMES).message
    if tile.chart in ("line", "stacked_bar") and not (query.grain or "cohort_month" in query.dimensions):
        yield f"a {tile.chart} chart runs over time; give the query a grain."
    if tile.chart in ("number", "funnel") and (query.dimensions or query.grain):
        yield f"a {tile.chart} chart shows totals; take its dimensions and grain away."
    if tile.chart in ("bar", "table") and not query.dimensions:
        yield f"a {tile.chart} needs a dimension."
    if "date" in query.dimensions:
        yield "days are asked by `grain`, not as a dimension."
    for name in query.metrics:
        entry = catalogue.metrics.get(name)
        if entry is None:
            yield UnknownName("metric", name, catalogue.metrics).message
            continue
        asked = [*query.dimensions, *(item.dimension for item in query.filters if item.dimension)]
        for dimension in asked:
            if dimension not in catalogue.dimensions:
                yield UnknownName("dimension", dimension, catalogue.dimensions).message
            elif dimension not in entry.dimensions:
                yield f"'{name}' cannot be split by '{dimension}'."
        if query.grain is not None and query.grain not in entry.grains:
            yield f"'{name}' has no {query.grain}s: it is of a whole period."
    shown = {*query.metrics, *query.dimensions, "date"}
    for order in query.order_by:
        if order.field.split("__")[0] not in shown:
            yield f"it is ordered by '{order.field}', which it does not show."
