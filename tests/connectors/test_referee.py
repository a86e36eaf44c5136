"""What we ask for, held against the providers' own documents, which nobody here wrote."""

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from roastery.connectors.sources import meta_ads, shopify
from roastery.connectors.sources.google_ads import QUERIES, gaql
from roastery.connectors.sources.shopify.fills import ORDER_SHAPE

SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs"

pytestmark = [
    pytest.mark.referee,
    pytest.mark.skipif(not SPECS.exists(), reason=f"no reference material at ../{SPECS.parent.name}/{SPECS.name}"),
]


# Shopify: every document against the official schema.


@cache
def shopify_schema() -> Any:
    graphql = pytest.importorskip("graphql", reason="graphql-core is not installed")
    text = gzip.decompress((SPECS / "shopify" / "admin_2026-10.graphql.gz").read_bytes()).decode()
    return graphql.build_ast_schema(graphql.parse(text, no_location=True), assume_valid=True)


@pytest.mark.parametrize("name", shopify.DOCUMENTS)
def test_a_shopify_document_is_valid(name: str) -> None:
    graphql = pytest.importorskip("graphql")
    errors = graphql.validate(shopify_schema(), graphql.parse(shopify.DOCUMENTS[name]))
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("name", shopify.DOCUMENTS)
def test_a_shopify_document_asks_for_nothing_deprecated(name: str) -> None:
    graphql = pytest.importorskip("graphql")
    rule = graphql.NoDeprecatedCustomRule
    errors = graphql.validate(shopify_schema(), graphql.parse(shopify.DOCUMENTS[name]), [rule])
    assert [error.message for error in errors] == []


def test_the_shape_that_fills_contracts_is_asked_for() -> None:
    """Every field that the SQL reads out of an order is in the document that asks for orders."""
    asked = set(re.findall(r"\w+", shopify.DOCUMENTS["orders"]))

    def names(shape: Any) -> set[str]:
        if isinstance(shape, dict):
            return set(shape) | {name for value in shape.values() for name in names(value)}
        return {name for value in shape for name in names(value)} if isinstance(shape, list) else set()

    assert names(ORDER_SHAPE) <= asked


def test_status_values_are_the_official_ones() -> None:
    values = set(shopify_schema().type_map["OrderDisplayFinancialStatus"].values)
    handled = {"VOIDED", "EXPIRED", "PENDING", "AUTHORIZED"}
    assert handled <= values
    assert values - handled == {"PAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED", "REFUNDED"}


# Meta: field lists of the SDK's own source.


def meta_fields(name: str) -> dict[str, str]:
    spec = json.loads((SPECS / "meta" / f"{name}.json").read_text())
    return {field["name"]: field["type"] for field in spec["fields"]}


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("AdsInsights", f"{meta_ads.INSIGHT_FIELDS},{meta_ads.AD_FIELDS}"),
        ("AdAccount", meta_ads.ACCOUNT_FIELDS),
        ("Campaign", meta_ads.ENTITY_FIELDS["campaigns"]),
        ("AdSet", meta_ads.ENTITY_FIELDS["adsets"]),
        ("Ad", meta_ads.ENTITY_FIELDS["ads"]),
    ],
)
def test_meta_has_every_field_that_is_asked_for(kind: str, asked: str) -> None:
    assert set(asked.split(",")) - set(meta_fields(kind)) == set()


def test_meta_s_figures_are_text_and_its_actions_lists() -> None:
    fields = meta_fields("AdsInsights")
    assert {fields[name] for name in ("spend", "impressions", "clicks", "reach", "frequency")} == {"string"}
    assert {fields[name] for name in ("actions", "action_values", "video_play_actions")} == {"list<AdsActionStats>"}
    assert {"action_type", "value", "1d_view", "7d_click"} <= set(meta_fields("AdsActionStats"))


def test_meta_s_insights_take_the_parameters_that_are_sent() -> None:
    spec = json.loads((SPECS / "meta" / "AdAccount.json").read_text())
    edges = {api["endpoint"]: api for api in spec["apis"] if api.get("method") == "GET" and "endpoint" in api}
    taken = {param["name"] for param in edges["insights"]["params"]}
    sent = {"level", "time_increment", "time_range", "fields", "action_attribution_windows", "limit"}
    assert sent | {"use_unified_attribution_setting"} <= taken
    assert "effective_status" in {param["name"] for param in edges["campaigns"]["params"]}
    enums = json.loads((SPECS / "meta" / "enum_types.json").read_text())
    allowed = next(e["values"] for e in enums if e["name"] == "Campaign_effective_status")
    assert set(meta_ads.STATUSES) <= set(allowed)


# Google: every field of every query against the discovery document.


@cache
def google_schemas() -> dict[str, Any]:
    text = gzip.decompress((SPECS / "google_ads" / "v25-discovery.json.gz").read_bytes())
    schemas: dict[str, Any] = json.loads(text)["schemas"]
    return schemas


def google_type(path: str) -> dict[str, Any]:
    """The declaration of a GAQL field. Errors: KeyError when there is no such field."""
    schemas = google_schemas()
    kind = next(name for name in schemas if name.endswith("Services__GoogleAdsRow"))
    declared: dict[str, Any] = {"$ref": kind}
    for step in path.split("."):
        first, *rest = step.split("_")
        declared = schemas[declared["$ref"]]["properties"][first + "".join(word.title() for word in rest)]
    return declared


@pytest.mark.parametrize("name", QUERIES)
def test_google_has_every_field_that_is_asked_for(name: str) -> None:
    for path in QUERIES[name][1].split(", "):
        google_type(path)


def test_google_s_money_is_whole_micros_and_its_conversions_are_doubles() -> None:
    assert google_type("metrics.cost_micros") == {
        **google_type("metrics.cost_micros"),
        "type": "string",
        "format": "int64",
    }
    assert google_type("metrics.conversions")["format"] == "double"
    assert google_type("campaign_budget.amount_micros")["format"] == "int64"


def test_google_s_old_names_are_gone() -> None:
    for path in ("metrics.video_views", "campaign.start_date"):
        with pytest.raises(KeyError):
            google_type(path)


def test_google_s_search_stream_takes_a_query() -> None:
    schemas = google_schemas()
    request = next(s for n, s in schemas.items() if n.endswith("Services__SearchGoogleAdsStreamRequest"))
    answer = next(s for n, s in schemas.items() if n.endswith("Services__SearchGoogleAdsStreamResponse"))
    assert "query" in request["properties"]
    assert {"results", "fieldMask", "requestId"} <= set(answer["properties"])
    details = next(s for n, s in schemas.items() if n.endswith("Errors__QuotaErrorDetails"))
    assert details["properties"]["retryDelay"]["format"] == "google-duration"
    assert gaql("customers").startswith("SELECT customer.id")


def test_google_s_channel_types_are_the_official_ones() -> None:
    declared = google_type("campaign.advertising_channel_type")
    assert {"DISPLAY", "VIDEO", "DEMAND_GEN", "SEARCH", "PERFORMANCE_MAX"} <= set(declared["enum"])
