"""Attribution and budget advice against what the synthetic companies truly planted.

A campaign's planted effect is the share of the persons that it really brought, among those that any campaign brought. A
model's distance from it is the mean absolute difference of the campaigns' shares of credit, in percentage points; no
model can reach zero, since none of them sees what would have happened without.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from roastery.evals.world.companies import Company
from roastery.tools.base import Actor, Receipt, ToolContext, ToolResult
from roastery.tools.registry import run
from roastery.warehouse.attribution import MODELS
from roastery.warehouse.engine import Warehouses
from roastery.warehouse.errors import RoasteryError
from roastery.warehouse.semantic.layer import SemanticLayer

WHOLE = {"name": "all_time"}


@dataclass(frozen=True)
class Distance:
    """How far one model's shares lie from the planted ones, and how much is credited for every person truly brought."""

    company: str
    conversion: str
    model: str
    points: float
    credited_for_one: float


@dataclass(frozen=True)
class Advice:
    """What one piece of advice truly gains, in first conversions a day; None where the tool said it cannot tell."""

    company: str
    seed: int
    gain: float | None
    expected: tuple[float, float] | None
    said: str


class _Forgetful:
    def keep(self, receipt: Receipt) -> None:
        pass

    def receipt(self, receipt_id: str) -> Receipt | None:
        return None


def opened(company: Company, home: Path) -> tuple[Warehouses, ToolContext]:
    """The company in a warehouse of its own, and a context that asks it."""
    owner = Warehouses(home, b"k" * 32, (), company.clock, query_timeout_seconds=300)
    warehouse = owner.open(company.organization)
    company.load_into(warehouse)
    warehouse.build(full=True)
    layer = SemanticLayer(warehouse, company.clock)
    return owner, ToolContext(company.organization, Actor("evaluation"), company.clock, layer, _Forgetful())


def distances(context: ToolContext, caused: Mapping[str, int], conversion: str, company: str) -> Iterator[Distance]:
    """Each model's distance, over the campaigns that brought somebody or were credited with somebody."""
    arguments = {"conversion": conversion, "by": "campaign", "period": WHOLE, "limit": 100}
    result = run("compare_attribution", arguments, context, keep=False)
    credited = _credited(result)
    for model in MODELS:
        yield _distance(company, conversion, model, credited[model], caused)


def _credited(result: ToolResult) -> dict[str, dict[str, float]]:
    return {model: {row["campaign"]: float(row[model] or 0) for row in result.tables[0].rows} for model in MODELS}


def _distance(
    company: str, conversion: str, model: str, credited: Mapping[str, float], caused: Mapping[str, int]
) -> Distance:
    paid = [campaign for campaign, count in caused.items() if count or credited.get(campaign)]
    own = np.array([credited.get(campaign, 0.0) for campaign in paid])
    true = np.array([float(caused[campaign]) for campaign in paid])
    apart = np.abs(own / max(own.sum(), 1e-9) - true / max(true.sum(), 1e-9))
    return Distance(company, conversion, model, float(100 * apart.mean()), float(own.sum() / max(true.sum(), 1e-9)))


def conversion_of(company: Company) -> str:
    """What a person's first conversion is there: a lead where the company keeps leads, else a first sale."""
    return "leads" if "leads" in company.tables else "new_customers"


def caused_by(company: Company) -> dict[str, int]:
    """Persons that each campaign truly brought."""
    return {row["campaign_id"]: int(row["caused_persons"]) for row in _effects(company)}


def _effects(company: Company) -> list[dict[str, Any]]:
    """Planted effects under one set of names: the oldest company's table counts per thousand, of customers."""
    rows: list[dict[str, Any]] = company.truth["effects"].to_pylist()
    return [
        row
        if "effect" in row
        else {
            **row,
            "effect": float(row["marginal_first_orders_per_1000"]) / 1000,
            "caused_persons": row["caused_customers"],
        }
        for row in rows
    ]


def advice(company: Company, **arguments: Any) -> Advice:
    """What recommend_budget advises a company, judged by its true response curves."""
    with tempfile.TemporaryDirectory() as folder:
        owner, context = opened(company, Path(folder))
        try:
            result = run("recommend_budget", {"objective": "new_customers", **arguments}, context, keep=False)
        except RoasteryError as error:
            return Advice(company.slug, company.seed, None, None, error.message)
        finally:
            owner.close()
    return judged(company, result)


def judged(company: Company, result: ToolResult) -> Advice:
    """Truth at the advised spend less truth at today's, on the curves effect·κ·ln(1 + spend/κ)."""
    if not result.data["advised"]:
        return Advice(company.slug, company.seed, None, None, result.data["refusal"])
    facts = {fact.id: fact for fact in result.facts}
    curves = {row["campaign_id"]: row for row in _effects(company)}

    def true(column: str) -> float:
        return sum(_brought(curves.get(line["key"]), facts[line[column]].value) for line in result.data["lines"])

    totals = result.data["totals"]
    low, high = (float(facts[totals[name]].value or 0) for name in ("gain_low", "gain_high"))
    return Advice(company.slug, company.seed, true("advised") - true("spend"), (low, high), "")


def _brought(curve: Mapping[str, Any] | None, spend: Decimal | None) -> float:
    if curve is None or spend is None:
        return 0.0
    kappa = float(curve["saturation_spend"])
    return float(curve["effect"]) * kappa * float(np.log1p(float(spend) / kappa))
