"""A custom CRM over REST: previewed first, kept out of private networks, pushed rows in the next query."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from roastery.api.app import Roastery
from tests.api.conftest import Desk
from tests.api.routes.test_imports import revenue

BILLS = {
    "transaction_id": "no",
    "occurred_at": "at",
    "amount": {"from": "cents", "divide_by": 100},
    "currency": {"value": "USD"},
    "kind": {"value": "order"},
}
SECRET = "whsec_" + base64.b64encode(b"a secret that signs what is pushed").decode()


def custom(mode: str, dataset: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"provider": "custom_crm", "settings": {"mode": mode, "datasets": {"transactions": dataset}, **more}}


def test_a_preview_shows_rows_faults_and_fields_that_nothing_takes(desk: Desk, roastery: Roastery) -> None:
    folder = roastery.settings.home / "folders"
    folder.mkdir()
    (folder / "bills.csv").write_text("no,at,cents,note\nB1,2026-11-05T10:00:00Z,1250,x\nB2,yesterday,1,y\n")
    body = custom("folder", {"file": "*.csv", "map": BILLS}, folder=str(folder))
    [shown] = desk.call("POST", "/v1/connections/preview", json=body).json()["datasets"]
    assert shown["rows"][0]["amount"] == "12.5"
    assert shown["unmapped"] == ["note"]
    assert shown["faults"] == ["occurred_at: 'yesterday' is not an ISO date or time; give its `format`."]
    assert desk.call("GET", "/v1/connections").json()["items"] == []


def test_a_mistake_in_the_mapping_is_named_when_connecting(desk: Desk) -> None:
    body = custom("rest", {"path": "bills", "map": {**BILLS, "amuont": "x"}}, url="https://crm.example")
    answer = desk.call("POST", "/v1/connections", json=body)
    assert answer.status_code == 400
    assert "amount" in answer.text


def test_a_private_address_is_not_reached(desk: Desk) -> None:
    body = custom("rest", {"path": "latest/meta-data", "map": BILLS}, url="http://169.254.169.254")
    answer = desk.call("POST", "/v1/connections/preview", json=body)
    assert answer.status_code >= 400
    assert "private network" in answer.json()["detail"]


def test_a_pushed_row_is_mapped_and_in_the_next_query(desk: Desk, roastery: Roastery) -> None:
    body = custom("webhook", {"type": "bill", "map": BILLS})
    made = desk.call("POST", "/v1/connections", json={**body, "secrets": {"webhook_secret": SECRET}}).json()
    pushed = json.dumps({"type": "bill.upserted", "data": {"no": "B1", "at": "2026-11-05T10:00:00Z", "cents": 4200}})
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", now, pushed),
    }
    path = f"/v1/webhooks/custom_crm/{made['id']}"
    for _ in range(2):
        assert desk.client.post(path, content=pushed, headers=headers).status_code == 200
    assert desk.client.post(path, content=pushed + " ", headers={**headers, "webhook-id": "m2"}).status_code == 401
    roastery.builds.close()
    assert revenue(desk) == {"revenue": "42.00", "orders": 1}
