"""The OpenAPI document shows a worked example of every call."""

from tests.api.conftest import Desk

METHODS = ("get", "post", "patch", "put", "delete")


def test_every_call_has_a_worked_example(desk: Desk) -> None:
    document = desk.client.get("/openapi.json").json()
    lacking = []
    for path, item in document["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            call = item[method]
            answers = [body for status, body in call["responses"].items() if status.startswith("2")]
            if not any("example" in kind for body in answers for kind in body.get("content", {}).values()):
                lacking.append(f"{method} {path}: answer")
            sent = call.get("requestBody", {}).get("content", {})
            if sent and not any("example" in kind for kind in sent.values()):
                lacking.append(f"{method} {path}: body")
            if not call.get("summary"):
                lacking.append(f"{method} {path}: summary")
    assert lacking == []


def test_the_public_calls_are_there(desk: Desk) -> None:
    paths = set(desk.client.get("/openapi.json").json()["paths"])
    assert paths >= {
        "/v1/imports/{dataset}",
        "/v1/events",
        "/v1/webhooks/{provider}/{connection_id}",
        "/v1/metrics",
        "/v1/dimensions",
        "/v1/datasets",
        "/v1/query",
        "/v1/tools",
        "/v1/tools/{name}",
        "/v1/ask",
        "/v1/receipts/{receipt_id}",
        "/v1/receipts/{receipt_id}/rerun",
        "/v1/organizations",
        "/v1/keys",
        "/v1/connections",
        "/healthz",
        "/readyz",
        "/metrics",
    }
