"""Connections over HTTP, end to end: connected by REST, synced from a provider's twin, told by its webhook."""

import base64
import hashlib
import hmac
import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from roastery.evals.twins import Twins, serve
from roastery.evals.twins.shopify import CLIENT
from roastery.evals.world import World
from tests.api.conftest import Desk, Prepared, client_of, open_roastery


@pytest.fixture(scope="module")
def twins() -> Iterator[Twins]:
    with serve(World.make(customers=200)) as twins:
        yield twins


@pytest.fixture(scope="module")
def connected(prepared: Prepared, twins: Twins, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, str]]:
    """Acme with its shop connected, and the connection's id."""
    home = tmp_path_factory.mktemp("connected") / "home"
    shutil.copytree(prepared.home, home)
    with open_roastery(home) as roastery:
        desk = Desk(client_of(roastery), roastery, prepared.organization, prepared.keys)
        yield desk, connect(desk, twins)["id"]


def connect(desk: Desk, twins: Twins, **secrets: str) -> dict[str, Any]:
    twin = twins["shopify"]
    body = {"provider": "shopify", "settings": dict(twin.settings), "secrets": secrets or dict(twin.secrets)}
    made = desk.call("POST", "/v1/connections", json={**body, "base_url": twin.base_url})
    assert made.status_code == 201, made.text
    answer: dict[str, Any] = made.json()
    return answer


def synced(desk: Desk, connection_id: str) -> dict[str, Any]:
    """The connection after every sync that was started has ended."""
    desk.roastery.syncs.close()
    answer: dict[str, Any] = desk.call("GET", f"/v1/connections/{connection_id}").json()
    return answer


def orders(desk: Desk) -> int:
    body = {"sql": "SELECT count(*) AS n FROM transactions WHERE source_system = 'shopify'"}
    count: int = desk.call("POST", "/v1/sql", role="analyst", json=body).json()["rows"][0]["n"]
    return count


def test_a_sync_runs_beside_and_tells_how_far_it_is(connected: tuple[Desk, str], twins: Twins) -> None:
    desk, connection_id = connected
    started = desk.call("POST", f"/v1/connections/{connection_id}/sync")
    assert (started.status_code, started.json()["status"]) == (202, "syncing")
    done = synced(desk, connection_id)
    assert (done["status"], done["progress"]["percent"]) == ("connected", 100.0)
    assert done["last_sync_at"] is not None
    assert {r["resource"] for r in done["progress"]["resources"]} >= {"orders", "customers", "products"}
    assert orders(desk) == twins.world.orders.num_rows


def test_a_source_that_refuses_us_says_so_on_its_connection(connected: tuple[Desk, str], twins: Twins) -> None:
    desk, _ = connected
    refused = connect(desk, twins, access_token="not-the-token")
    desk.call("POST", f"/v1/connections/{refused['id']}/sync")
    done = synced(desk, refused["id"])
    assert done["status"] == "needs_consent"
    assert "Connect it again" in done["status_detail"]
    assert "not-the-token" not in str(done)
    health = done["health"]
    assert (health["state"], health["since"]) == ("needs_consent", "2026-11-20T12:00:00+00:00")
    assert "roastery connect shopify --again" in health["what_to_do"]
    told = desk.call("POST", "/v1/tools/data_health", json={}).json()
    assert any("shopify is waiting for consent since 20 Nov 2026 12:00 UTC." in caveat for caveat in told["caveats"])
    desk.call("DELETE", f"/v1/connections/{refused['id']}")


def test_a_healthy_connection_says_since_when_its_history_is_whole(connected: tuple[Desk, str], twins: Twins) -> None:
    desk, connection_id = connected
    health = desk.call("GET", f"/v1/connections/{connection_id}").json()["health"]
    assert (health["state"], health["promised_minutes"], health["rows"] > 0) == ("healthy", 240, True)
    assert health["history_since"] is not None
    desk.call("POST", f"/v1/connections/{connection_id}/pause")
    listed = desk.call("GET", "/v1/connections").json()["items"]
    [paused] = [c["health"] for c in listed if c["id"] == connection_id]
    assert paused["state"] == "paused"
    assert "roastery connections resume" in paused["what_to_do"]
    assert desk.call("POST", f"/v1/connections/{connection_id}/resume").json()["health"]["state"] == "healthy"


def test_a_backfill_reads_a_range_again_and_lands_nothing_twice(connected: tuple[Desk, str], twins: Twins) -> None:
    desk, connection_id = connected
    before = len(twins.control.asked)
    raw = "SELECT count(*) AS n FROM raw.records"
    warehouse = desk.roastery.warehouse(desk.organization)
    landed = warehouse.query(raw).column(0)[0].as_py()
    started = desk.call("POST", f"/v1/connections/{connection_id}/sync", params={"since": "2026-01-01"})
    assert started.status_code == 202
    done = synced(desk, connection_id)
    assert (done["status"], done["health"]["rows"]) == ("connected", 0)
    asked = [str(a.parameters) for a in twins.control.asked[before:] if a.what == "Orders"]
    assert any("2025-12-31T23:50" in parameters for parameters in asked), asked
    assert warehouse.query(raw).column(0)[0].as_py() == landed
    assert orders(desk) == twins.world.orders.num_rows
    assert desk.call("POST", f"/v1/connections/{connection_id}/sync", params={"since": "soon"}).status_code == 422


def webhook(
    desk: Desk,
    connection_id: str,
    delivery: str,
    secret: str = CLIENT["client_secret"],
    topic: str = "orders/updated",
    number: int = 1,
) -> Any:
    body = json.dumps({"id": number}).encode()
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    headers = {
        "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Topic": topic,
        "X-Shopify-Webhook-Id": delivery,
        "Content-Type": "application/json",
    }
    return desk.client.post(f"/v1/webhooks/shopify/{connection_id}", content=body, headers=headers)


def test_a_signed_webhook_has_its_resource_read_once(connected: tuple[Desk, str], twins: Twins) -> None:
    desk, connection_id = connected
    before = len(twins.control.asked)
    assert webhook(desk, connection_id, "d1", secret="wrong").status_code == 401
    assert len(twins.control.asked) == before
    assert webhook(desk, connection_id, "d1").json() == {"received": True}
    done = synced(desk, connection_id)
    assert [r["resource"] for r in done["progress"]["resources"]] == ["orders"]
    after = len(twins.control.asked)
    assert after > before
    assert webhook(desk, connection_id, "d1").status_code == 200
    synced(desk, connection_id)
    assert len(twins.control.asked) == after


def test_an_order_deleted_in_the_shop_comes_out_of_the_totals(connected: tuple[Desk, str], twins: Twins) -> None:
    desk, connection_id = connected
    sold = {"sql": "SELECT sum(amount) AS sold, count(*) AS orders, max(external_order_id) AS last FROM transactions "
                   "WHERE source_system = 'shopify'"}  # fmt: skip
    before = desk.call("POST", "/v1/sql", role="analyst", json=sold).json()["rows"][0]
    gone = {"sql": f"SELECT amount FROM transactions WHERE external_order_id = '{before['last']}'"}
    amount = Decimal(desk.call("POST", "/v1/sql", role="analyst", json=gone).json()["rows"][0]["amount"])
    number = int(before["last"])
    assert (
        webhook(desk, connection_id, "forged", secret="wrong", topic="orders/delete", number=number).status_code == 401
    )
    assert webhook(desk, connection_id, "d2", topic="orders/delete", number=number).json() == {"received": True}
    desk.roastery.warehouse(desk.organization).build()
    after = desk.call("POST", "/v1/sql", role="analyst", json=sold).json()["rows"][0]
    assert after["orders"] == before["orders"] - 1
    assert Decimal(after["sold"]) == Decimal(before["sold"]) - amount
    lines = {"sql": f"SELECT count(*) AS n FROM transaction_lines WHERE transaction_id = 'shopify:{number}'"}
    assert desk.call("POST", "/v1/sql", role="analyst", json=lines).json()["rows"] == [{"n": 0}]
