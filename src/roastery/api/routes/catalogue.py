"""/v1/metrics, /v1/dimensions and /v1/datasets: what can be asked, and what can be imported."""

from typing import Any

from fastapi import APIRouter

from roastery.api.routes.documented import documented
from roastery.api.security.caller import Reader
from roastery.warehouse.contracts import CONTRACTS, Column
from roastery.warehouse.semantic.load import shipped

router = APIRouter(prefix="/v1", tags=["catalogue"])

METRIC = {
    "name": "roas",
    "title": "ROAS",
    "definition": "Revenue credited to paid touches / spend …",
    "unit": "ratio",
    "synonyms": ["return on ad spend"],
    "dimensions": ["platform", "campaign"],
    "additivity": "non_additive",
    "family": "attribution",
    "direction": "up",
}
DIMENSION = {
    "name": "platform",
    "title": "Platform",
    "definition": "Where the ad ran.",
    "synonyms": ["network"],
    "metrics": ["spend", "roas"],
}
DATASET = {
    "name": "fx_rates",
    "title": "Exchange rates",
    "about": "One row per day and pair of currencies.",
    "key": ["rate_date", "base_currency", "quote_currency"],
    "columns": [{"name": "rate", "type": "rate", "about": "", "is_key": False, "required": True}],
}


@router.get("/metrics", **documented({"items": [METRIC], "next": None}))
def list_metrics(_caller: Reader) -> dict[str, Any]:
    """Every metric: definition, unit, synonyms, the dimensions it can be split by, and whether its parts sum."""
    model = shipped()
    items = [
        {
            "name": name,
            "title": metric.title,
            "definition": metric.definition,
            "unit": metric.unit,
            "synonyms": list(metric.synonyms),
            "dimensions": list(model.allowed_dimensions(name)),
            "additivity": model.additivity(name),
            "family": metric.family,
            "direction": metric.direction,
        }
        for name, metric in ((name, model.metrics[name]) for name in model.public)
    ]
    return {"items": items, "next": None}


@router.get("/dimensions", **documented({"items": [DIMENSION], "next": None}))
def list_dimensions(_caller: Reader) -> dict[str, Any]:
    """Every dimension, and the metrics that can be split by it."""
    model = shipped()
    allowed = {name: frozenset(model.allowed_dimensions(name)) for name in model.public}
    items = [
        {
            "name": dimension.name,
            "title": dimension.title,
            "definition": dimension.definition,
            "synonyms": list(dimension.synonyms),
            "metrics": [name for name, dimensions in allowed.items() if dimension.name in dimensions],
        }
        for dimension in model.dimensions.values()
    ]
    return {"items": items, "next": None}


@router.get("/datasets", **documented({"items": [DATASET], "next": None}))
def list_datasets(_caller: Reader) -> dict[str, Any]:
    """Every dataset that can be imported, with its key and columns."""
    items = [
        {
            "name": contract.name,
            "title": contract.title,
            "about": contract.about,
            "key": list(contract.key),
            "columns": [_column(column) for column in contract.columns],
        }
        for contract in CONTRACTS.values()
    ]
    return {"items": items, "next": None}


def _column(column: Column) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": column.name,
        "type": column.type,
        "about": column.about,
        "is_key": column.is_key,
        "required": column.required,
    }
    if column.allowed:
        shown["allowed"] = list(column.allowed)
    if column.personal:
        shown["personal"] = column.personal
    return shown
