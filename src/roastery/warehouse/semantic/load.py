"""Reads facts.yml, dimensions.yml and one file of metrics per family, and ties their names together."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from roastery.warehouse.declared import read_yaml
from roastery.warehouse.errors import BadQuery, RoasteryError, UnknownName, nearest
from roastery.warehouse.semantic.expression import Expression, parse
from roastery.warehouse.semantic.formula import (
    Arithmetic,
    Choice,
    Name,
    Node,
    Number,
    Present,
    names_in,
    parse_formula,
)
from roastery.warehouse.semantic.model import (
    Day,
    Dimension,
    Fact,
    Join,
    LabelSource,
    Measure,
    Metric,
    Semantics,
    Window,
)
from roastery.warehouse.semantic.spec import (
    DEFAULT_FORMATS,
    BaseSpec,
    DaySpec,
    DimensionSpec,
    FactSpec,
    MeasureSpec,
    MetricSpec,
)

FACTS, DIMENSIONS = "facts", "dimensions"
Spec = TypeVar("Spec", bound=BaseModel)


@dataclass(frozen=True)
class Problem:
    """Something unsound in a file: where, and a sentence."""

    file: str
    name: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}.yml, {self.name}: {self.message}"


class Unsound(BadQuery):
    """The files do not make a sound model; `problems` says all that is wrong."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("The metric files are not sound. " + " ".join(str(p) for p in problems))
        self.problems = tuple(problems)


@cache
def shipped() -> Semantics:
    """The metrics that ship with the product."""
    return load(read_files())


def read_files() -> dict[str, dict[str, Any]]:
    """Every file of warehouse/metrics as parsed, by its name without ending."""
    folder = files("roastery.warehouse.metrics")
    found = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yml"))
    return {name.removesuffix(".yml"): read_yaml(folder.joinpath(name).read_text(encoding="utf-8")) for name in found}


def load(written: Mapping[str, Mapping[str, Any]]) -> Semantics:
    """Tie the files together. Errors: Unsound with every problem, each with the nearest name where one is unknown."""
    problems: list[Problem] = []
    facts = dict(_facts(written.get(FACTS, {}), problems))
    dimensions = dict(_dimensions(written.get(DIMENSIONS, {}), problems))
    specs: dict[str, tuple[str, MetricSpec]] = {}
    for family in written:
        if family in (FACTS, DIMENSIONS):
            continue
        for name, spec in _specs(family, written[family], MetricSpec, problems):
            if name in specs:
                problems.append(Problem(family, name, f"stands in {specs[name][0]}.yml already."))
            specs[name] = (family, spec)
    metrics: dict[str, Metric] = {}
    for name, (family, spec) in specs.items():
        try:
            metrics[name] = _metric(name, family, spec, facts)
        except RoasteryError as error:
            problems.append(Problem(family, name, error.message))
    # A metric with a fault of its own is no fault of those that name it.
    named = {name for family in written if family not in (FACTS, DIMENSIONS) for name in written[family]}
    problems += _unknown_names(facts, dimensions, metrics, named)
    if problems:
        raise Unsound(problems)
    return Semantics(MappingProxyType(facts), MappingProxyType(dimensions), MappingProxyType(metrics))


def _specs(
    file: str, body: Mapping[str, Any], shape: type[Spec], problems: list[Problem]
) -> Iterator[tuple[str, Spec]]:
    for name, written in body.items():
        if name.startswith("."):
            continue
        try:
            yield name, shape.model_validate(written)
        except ValidationError as error:
            problems += [Problem(file, name, _sentence(fault, shape)) for fault in error.errors()]


def _sentence(fault: Any, shape: type[BaseModel]) -> str:
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        near = nearest(str(fault["loc"][-1]), list(shape.model_fields))
        return f"'{where}' is not known here." + (f" Did you mean '{near}'?" if near else "")
    return f"{where or 'the whole'}: {fault['msg']}."


def _facts(body: Mapping[str, Any], problems: list[Problem]) -> Iterator[tuple[str, Fact]]:
    for name, spec in _specs(FACTS, body, FactSpec, problems):
        try:
            yield name, _fact(name, spec)
        except RoasteryError as error:
            problems.append(Problem(FACTS, name, error.message))


def _fact(name: str, spec: FactSpec) -> Fact:
    base = spec.base or BaseSpec(table=spec.table or "", date=spec.day.date, at=spec.day.at)
    return Fact(
        name=name,
        title=spec.title,
        table=spec.table,
        sql=spec.sql,
        base_table=base.table,
        base_day=_day(DaySpec(date=base.date, at=None if base.date else base.at, zone=spec.day.zone)),
        is_credits=spec.credits,
        contracts=spec.contracts,
        day=_day(spec.day),
        touch_day=_day(spec.touch_day) if spec.touch_day else None,
        rate_on=_expression(spec.rate_on),
        currency=spec.currency,
        none=spec.none,
        is_stock=spec.stock is not None,
        is_daily=spec.daily,
        of_period=spec.of_period,
        advice=spec.advice,
        because=spec.because,
        joins={join: Join(join, j.table, j.key, parse(j.by)) for join, j in spec.joins.items()},
        dimensions={dimension: parse(text) for dimension, text in spec.dimensions.items()},
        maturity=spec.maturity,
    )


def _day(spec: DaySpec) -> Day:
    return Day(_expression(spec.date), _expression(spec.at), spec.zone == "platform")


def _expression(text: str | None) -> Expression | None:
    return parse(text) if text else None


def _dimensions(body: Mapping[str, Any], problems: list[Problem]) -> Iterator[tuple[str, Dimension]]:
    for name, spec in _specs(DIMENSIONS, body, DimensionSpec, problems):
        sources = spec.label.sources if spec.label else ()
        yield (
            name,
            Dimension(
                name=name,
                title=spec.title,
                definition=spec.definition,
                synonyms=spec.synonyms,
                label_column=spec.label.column if spec.label else None,
                label_sources=tuple(LabelSource(s.table, s.key, s.text, s.latest) for s in sources),
                note=spec.note,
            ),
        )


def _metric(name: str, family: str, spec: MetricSpec, facts: Mapping[str, Fact]) -> Metric:
    return Metric(
        name=name,
        family=family,
        title=spec.title,
        definition=spec.definition,
        unit=spec.unit,
        synonyms=spec.synonyms,
        format=spec.format or DEFAULT_FORMATS[spec.unit],
        direction=spec.direction,
        hidden=spec.hidden,
        kind=_kind(spec),
        measures=tuple(_measure(measure, spec, facts) for measure in spec.measure),
        formula=_formula(spec),
        window=Window(spec.cumulative.over, spec.cumulative.days or 0) if spec.cumulative else None,
        is_fractional=spec.is_fractional,
        history=spec.history,
        across_platforms=spec.across_platforms,
        minimum_age_days=spec.minimum_age_days,
        companions=spec.companions,
        caveat=spec.caveat,
        written=_written(spec),
        roles=spec.roles,
        maturity=spec.maturity,
        drivers=parse_formula(spec.drivers) if spec.drivers else None,
    )


def _kind(spec: MetricSpec) -> Literal["simple", "ratio", "derived", "cumulative"]:
    if spec.measure:
        return "simple"
    return "ratio" if spec.ratio else "cumulative" if spec.cumulative else "derived"


def _measure(spec: MeasureSpec, metric: MetricSpec, facts: Mapping[str, Fact]) -> Measure:
    if spec.fact not in facts:
        raise UnknownName("fact", spec.fact, facts)
    where = parse(spec.where).conjuncts if spec.where else ()
    is_money = metric.unit == "money" and spec.aggregate != "count"
    return Measure(facts[spec.fact], spec.aggregate, _expression(spec.of), where, is_money, spec.without, spec.at)


def _formula(spec: MetricSpec) -> Node | None:
    if spec.ratio:
        over: Node = Name(spec.ratio.numerator)
        if spec.ratio.strict:
            over = Present(over)
        if spec.ratio.scale:
            over = Arithmetic("*", Number(Decimal(spec.ratio.scale)), over)
        return Arithmetic("/", over, Name(spec.ratio.denominator))
    if spec.cumulative:
        return Name(spec.cumulative.metric)
    if spec.choose:
        options = (("order_day", Name(spec.choose.order_day)), ("refund_day", Name(spec.choose.refund_day)))
        return Choice(spec.choose.parameter, options)
    return parse_formula(spec.formula) if spec.formula else None


def _written(spec: MetricSpec) -> str:
    if spec.ratio:
        scale = f"{spec.ratio.scale} * " if spec.ratio.scale else ""
        return f"{scale}{spec.ratio.numerator} / {spec.ratio.denominator}"
    if spec.cumulative:
        days = f" {spec.cumulative.days} days" if spec.cumulative.days else ""
        return f"{spec.cumulative.metric} over {spec.cumulative.over}{days}"
    return spec.formula or ""


def _unknown_names(
    facts: Mapping[str, Fact],
    dimensions: Mapping[str, Dimension],
    metrics: Mapping[str, Metric],
    named: Collection[str],
) -> list[Problem]:
    found: list[Problem] = []

    def check(file: str, owner: str, kind: str, name: str, known: Collection[str]) -> None:
        if name not in known:
            found.append(Problem(file, owner, UnknownName(kind, name, known).message))

    for fact in facts.values():
        for dimension in fact.dimensions:
            check(FACTS, fact.name, "dimension", dimension, dimensions)
    for metric in metrics.values():
        formulas = [node for node in (metric.formula, metric.drivers) if node is not None]
        for part in (*(name for node in formulas for name in names_in(node)), *metric.companions):
            check(metric.family, metric.name, "metric", part, named)
        for measure in metric.measures:
            for dimension in measure.without:
                check(metric.family, metric.name, "dimension", dimension, dimensions)
    return found or (_circles(metrics) if len(metrics) == len(named) else [])


def _circles(metrics: Mapping[str, Metric]) -> list[Problem]:
    """Metrics that are computed from themselves."""

    def reached(name: str, seen: set[str]) -> set[str]:
        formula = metrics[name].formula
        for part in names_in(formula) if formula is not None else ():
            if part not in seen:
                seen |= {part} | reached(part, seen | {part})
        return seen

    return [
        Problem(m.family, m.name, "is computed from itself.")
        for m in metrics.values()
        if m.name in reached(m.name, set())
    ]
