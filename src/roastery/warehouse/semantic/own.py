"""An organization's own metrics: written like those that ship, checked against them, and told apart by versions."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from roastery.warehouse.errors import BadQuery, UnknownName
from roastery.warehouse.organization import OwnMetric
from roastery.warehouse.semantic.load import DIMENSIONS, FACTS, load, read_files, shipped
from roastery.warehouse.semantic.model import Metric, Semantics
from roastery.warehouse.semantic.spec import ROLES
from roastery.warehouse.semantic.validate import validate

FAMILY = "own"
NAME = re.compile(r"^[a-z][a-z0-9_]{1,59}$")
MAX_METRICS = 200


@lru_cache(maxsize=256)
def semantics_of(own: tuple[OwnMetric, ...]) -> Semantics:
    """The shipped metrics and an organization's own; one object for one set of definitions."""
    if not own:
        return shipped()
    model = load({**_shipped_files(), FAMILY: {metric.name: json.loads(metric.written) for metric in own}})
    versions = {metric.name: metric.version for metric in own}
    metrics = {name: _own(metric, model, versions) for name, metric in model.metrics.items()}
    return Semantics(model.facts, model.dimensions, MappingProxyType(metrics))


@cache
def _shipped_files() -> Mapping[str, Mapping[str, Any]]:
    return MappingProxyType(read_files())


def _own(metric: Metric, model: Semantics, versions: Mapping[str, int]) -> Metric:
    if metric.name not in versions:
        return metric
    return replace(metric, version=versions[metric.name], roles=metric.roles or _inherited(metric, model))


def _inherited(metric: Metric, model: Semantics) -> tuple[Any, ...]:
    """Who may see what a measure reads: a column that only metrics for some add up stays with them."""
    read = {(m.fact.name, column) for m in metric.measures for column in _columns(m)}
    open_columns: set[tuple[str, Any]] = set()
    kept: dict[tuple[str, Any], tuple[Any, ...]] = {}
    for other in shipped().metrics.values():
        for measure in other.measures:
            for column in measure.of.columns if measure.of else ():
                if other.roles:
                    kept[measure.fact.name, column] = other.roles
                else:
                    open_columns.add((measure.fact.name, column))
    limits = [roles for column, roles in kept.items() if column in read and column not in open_columns]
    return tuple(role for role in ROLES if all(role in limit for limit in limits)) if limits else ()


def _columns(measure: Any) -> set[Any]:
    expressions = [*([measure.of] if measure.of else []), *measure.where]
    return {column for expression in expressions for column in expression.columns}


def with_added(own: Sequence[OwnMetric], written: Mapping[str, Any]) -> tuple[OwnMetric, ...]:
    """The own metrics with some added or defined anew, whose version then counts on.

    Errors: BadQuery with every fault and the nearest name; a name or a synonym that ships is taken.
    """
    if not isinstance(written, Mapping) or not written:
        raise BadQuery("A metric file maps names to definitions, such as `margin_after_ads: {title: …, formula: …}`.")
    for name, body in written.items():
        _check_name(name)
        if not isinstance(body, Mapping):
            raise BadQuery(f"'{name}' is not a definition: it needs a title, a definition, a unit and a computation.")
    known = {metric.name: metric for metric in own}
    for name, body in written.items():
        text = json.dumps(body, sort_keys=True, ensure_ascii=False, default=str)
        before = known.get(name)
        if before is None or before.written != text:
            known[name] = OwnMetric(name, text, before.version + 1 if before else 1)
    if len(known) > MAX_METRICS:
        raise BadQuery(f"An organization has at most {MAX_METRICS} metrics of its own.")
    return _sound(tuple(known.values()))


def without(own: Sequence[OwnMetric], name: str) -> tuple[OwnMetric, ...]:
    """The own metrics but one. Errors: UnknownName; BadQuery when another is computed from it."""
    if name not in {metric.name for metric in own}:
        raise UnknownName("metric of your own", name, [metric.name for metric in own])
    return _sound(tuple(metric for metric in own if metric.name != name))


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not NAME.match(name):
        raise BadQuery(f"'{name}' is not a metric's name: small letters, digits and _, such as margin_after_ads.")
    if name in shipped().metrics or name in (FACTS, DIMENSIONS):
        raise BadQuery(f"'{name}' is a metric that ships with the product; choose another name.")


def _sound(own: tuple[OwnMetric, ...]) -> tuple[OwnMetric, ...]:
    bodies = {metric.name: json.loads(metric.written) for metric in own}
    faults = validate({**_shipped_files(), FAMILY: bodies})
    if faults:
        raise BadQuery(" ".join(f"'{fault.name}': {fault.message}" for fault in faults))
    return own


def readable(own: Sequence[OwnMetric]) -> list[dict[str, Any]]:
    """Own metrics as people wrote them, with their versions."""
    return [{"name": metric.name, "version": metric.version, **json.loads(metric.written)} for metric in own]
