"""HubSpot's own documents of 2026-09 against what we ask and what our twin answers."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest

from roastery.connectors.sources.hubspot.kinds import KINDS
from roastery.evals.twins.server import Twins

SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs" / "hubspot" / "2026-09"
pytestmark = [
    pytest.mark.referee,
    pytest.mark.skipif(not SPECS.exists(), reason="the providers' own documents are not beside us"),
]
FILES = {"line_items": "lineItems"}


@cache
def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SPECS / f"{name}.json").read_text())
    return found


def check(spec: dict[str, Any], schema: dict[str, Any], value: Any, at: str = "") -> None:
    """Holds a value against an OpenAPI 3.0 schema: required names, known names, types."""
    if "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    kinds = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
    if value is None:
        assert schema.get("nullable"), at
        return
    if schema.get("type") in kinds:
        assert isinstance(value, kinds[schema["type"]]), (at, value)
    if isinstance(value, list):
        for number, part in enumerate(value):
            check(spec, schema["items"], part, f"{at}[{number}]")
    properties, more = schema.get("properties", {}), schema.get("additionalProperties")
    if isinstance(value, dict) and (properties or more):
        assert set(schema.get("required", ())) <= set(value), at
        for name, part in value.items():
            inner = properties.get(name) or (more if isinstance(more, dict) else None)
            assert inner is not None, f"{at}.{name} is unknown"
            check(spec, inner, part, f"{at}.{name}")


def schema_of(spec: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    answers = spec["paths"][path][method]["responses"]
    found: dict[str, Any] = answers["200"]["content"]["application/json"]["schema"]
    return found


def asked(spec: dict[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = spec["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_searches_and_answers_are_as_documented(twins: Twins, kind: str) -> None:
    spec, path = document(FILES.get(kind, kind)), "/crm/objects/2026-09/{objectType}/search"
    body = {
        "filterGroups": [{"filters": [{"propertyName": KINDS[kind].changed, "operator": "GTE", "value": "0"}]}],
        "sorts": [{"propertyName": KINDS[kind].changed, "direction": "ASCENDING"}],
        "properties": list(KINDS[kind].properties), "limit": 5, "after": "0",
    }  # fmt: skip
    request = spec["components"]["schemas"]["PublicObjectSearchRequest"]
    assert set(body) >= set(request["required"])
    assert set(body) <= set(request["properties"])
    answer = post(twins, f"/crm/objects/2026-09/{kind}/search", body)
    check(spec, schema_of(spec, path, "post"), answer)


def test_histories_and_associations_are_as_documented(twins: Twins) -> None:
    spec = document("deals")
    body = {"inputs": [{"id": "5000"}], "properties": [], "propertiesWithHistory": ["dealstage"]}
    check(spec, asked(spec, "/crm/objects/2026-09/{objectType}/batch/read"), body)
    answer = post(twins, "/crm/objects/2026-09/deals/batch/read", body)
    check(spec, schema_of(spec, "/crm/objects/2026-09/{objectType}/batch/read", "post"), answer)
    links = document("associations")
    path = "/crm/associations/2026-09/{fromObjectType}/{toObjectType}/batch/read"
    answer = post(twins, "/crm/associations/2026-09/deals/contacts/batch/read", {"inputs": [{"id": "5000"}]})
    assert answer["results"]
    kinds = links["components"]["schemas"]["MultiAssociatedObjectWithLabel"]["properties"]
    assert set(answer["results"][0]["to"][0]) <= set(kinds)
    assert path in links["paths"]


def test_pipelines_are_as_documented(twins: Twins) -> None:
    spec = document("pipelines")
    with httpx2.Client(trust_env=False) as client:
        answer = client.get(f"{twins['hubspot'].base_url}/crm/pipelines/2026-09/deals", headers=bearer(twins)).json()
    check(spec, schema_of(spec, "/crm/pipelines/2026-09/{objectType}", "get"), answer)


def test_tokens_are_asked_for_as_documented() -> None:
    form = document("oauth")["paths"]["/oauth/2026-09/token"]["post"]["requestBody"]["content"]
    fields = form["application/x-www-form-urlencoded"]["schema"]["properties"]
    assert {"grant_type", "refresh_token", "client_id", "client_secret"} <= set(fields)
    assert "refresh_token" in fields["grant_type"]["enum"]


def bearer(twins: Twins) -> dict[str, str]:
    return {"authorization": f"Bearer {twins['hubspot'].secrets['access_token']}"}


def post(twins: Twins, path: str, body: Any) -> Any:
    with httpx2.Client(trust_env=False) as client:
        answer = client.post(f"{twins['hubspot'].base_url}{path}", json=body, headers=bearer(twins))
    assert answer.status_code == 200, answer.text
    return answer.json()
