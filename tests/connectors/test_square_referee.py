"""Square's own document against what we ask and what our twin answers."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from roastery.connectors.sources.square import CATALOG_TYPES, CUSTOMER, PAYMENT, REFUND
from roastery.evals.twins.server import Twins
from roastery.evals.twins.square import SquareTwin

SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs" / "square"
pytestmark = [
    pytest.mark.referee,
    pytest.mark.skipif(not SPECS.exists(), reason="the providers' own documents are not beside us"),
]


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SPECS / "api.json").read_text())
    return found


def names(schema: str) -> set[str]:
    return set(document()["components"]["schemas"][schema]["properties"])


def known(schema: str, value: Any, at: str, left_out: set[str]) -> None:
    """Every name of a record stands in its schema, with the declared kind of value, all the way down."""
    declared = document()["components"]["schemas"].get(schema)
    if declared is None or "properties" not in declared:
        return
    for name, part in value.items():
        inner = declared["properties"].get(name)
        assert inner is not None or f"{schema}.{name}" in left_out, f"{at}.{name} is unknown"
        for entry in part if isinstance(part, list) else [part]:
            reference = str((inner or {}).get("$ref") or (inner or {}).get("items", {}).get("$ref", ""))
            if isinstance(entry, dict) and reference:
                known(reference.rsplit("/", 1)[1], entry, f"{at}.{name}", left_out)


@pytest.mark.parametrize(
    ("schema", "kind"),
    [("Order", "orders"), ("Payment", "payments"), ("PaymentRefund", "refunds"), ("Customer", "customers"),
     ("CatalogObject", "catalog"), ("Location", "locations")],
)  # fmt: skip
def test_the_twin_s_records_are_of_square_s_shape(twins: Twins, schema: str, kind: str) -> None:
    twin = twins.of["square"]
    assert isinstance(twin, SquareTwin)
    # What vendors ask stands in the current package, not in this document of 2025.
    left_out = {"CatalogItemVariation.item_variation_vendor_infos"}
    for row in twin.shelf.all(kind):
        known(schema, row, kind, left_out)


def test_what_is_kept_exists() -> None:
    assert set(PAYMENT) <= names("Payment")
    assert set(REFUND) <= names("PaymentRefund")
    assert set(CUSTOMER) <= names("Customer")
    assert set(CATALOG_TYPES) <= set(document()["components"]["schemas"]["CatalogObjectType"]["enum"])


@pytest.mark.parametrize("kind", ["payments", "refunds"])
def test_payments_take_what_we_ask(kind: str) -> None:
    declared = {p["name"] for p in document()["paths"][f"/v2/{kind}"]["get"]["parameters"]}
    assert {"location_id", "sort_field", "sort_order", "limit", "begin_time", "cursor", "updated_at_begin_time",
            "updated_at_end_time"} <= declared  # fmt: skip


def test_searches_take_what_we_ask() -> None:
    assert {"location_ids", "limit", "query", "cursor"} <= names("SearchOrdersRequest")
    assert {"updated_at"} <= names("SearchOrdersDateTimeFilter")
    assert {"sort_field", "sort_order"} <= names("SearchOrdersSort")
    assert {"query", "limit", "cursor"} <= names("SearchCustomersRequest")
    assert {"updated_at"} <= names("CustomerFilter")
    assert {"object_types", "include_deleted_objects", "begin_time", "limit", "cursor"} <= names(
        "SearchCatalogObjectsRequest"
    )
    assert {"location_ids", "states", "limit", "cursor"} <= names("BatchRetrieveInventoryCountsRequest")
    assert {"client_id", "client_secret", "grant_type", "refresh_token"} <= names("ObtainTokenRequest")
    assert {"expires_at", "refresh_token"} <= names("ObtainTokenResponse")
