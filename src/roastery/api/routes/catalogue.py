"""/v1/metrics, /v1/dimensions and /v1/datasets: what can be asked, and what can be imported."""

from typing import Any

from fastapi import APIRouter

from roastery.api.routes.documented import documented
from roastery.api.security.caller import Reader
from roastery.warehouse.contracts import CONTRACTS, Column
from roastery.warehouse.semantic.catalogue import catalogue_of
from roastery.warehouse.semantic.own import semantics_of

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
    "direction": "higher",
    "kind": "ratio",
    "formula": "paid_revenue / spend",
    "grains": ["day", "week", "month", "quarter", "year", "fiscal_period", "fiscal_quarter", "fiscal_year"],
    "parameters": ["attribution_model"],
    "across_platforms": None,
    "history": None,
    "maturity": "moves",
    "minimum_age_days": 0,
    "version": 0,
    "roles": ["owner", "admin", "analyst", "viewer"],
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
def list_metrics(caller: Reader) -> dict[str, Any]:
    """Every metric: definition, unit, synonyms, the dimensions it can be split by, whether its parts sum, how its past
    days behave, and the roles that may see it."""
    metrics = catalogue_of(semantics_of(caller.organization.metrics)).metrics.values()
    items = [{field: getattr(entry, field) for field in METRIC} for entry in metrics]
    return {"items": items, "next": None}


@router.get("/dimensions", **documented({"items": [DIMENSION], "next": None}))
def list_dimensions(caller: Reader) -> dict[str, Any]:
    """Every dimension, and the metrics that can be split by it."""
    dimensions = catalogue_of(semantics_of(caller.organization.metrics)).dimensions.values()
    items = [{field: getattr(entry, field) for field in DIMENSION} for entry in dimensions]
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
