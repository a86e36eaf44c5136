"""ShipStation against its twin: what parcels cost and when they arrived, voided ones left out."""

import base64
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from roastery.connectors.errors import WebhookRejected
from roastery.connectors.http import Politeness
from roastery.connectors.sources.shipstation import LABEL, ShipStation
from roastery.evals.twins.server import Twins
from roastery.evals.twins.shipstation import ShipStationTwin, parcels
from roastery.evals.world import World
from tests.connectors.company import connect, rows, sync
from tests.connectors.loopback import Landing, Waits

POLITE = Politeness(wait=Waits(), jitter=lambda: 1.0)
SPEC = Path(__file__).resolve().parents[3] / "shared" / "specs" / "shipstation" / "v2-openapi.yaml"
referee = pytest.mark.referee
beside = pytest.mark.skipif(not SPEC.exists(), reason="the providers' own documents are not beside us")


@pytest.fixture(scope="module")
def whole(served: Twins) -> Landing:
    landing = Landing()
    report = sync(served, connect(served, "shipstation", page_size=50), landing, POLITE)
    assert report.outcome == "complete", report.message
    return landing


def shipments(landing: Landing) -> list[tuple[Any, ...]]:
    return rows("SELECT shipment_id, transaction_id, CAST(shipping_cost AS DECIMAL(18,2)), currency, status FROM t",
                t=landing.curated(ShipStation, "shipments"))  # fmt: skip


def test_parcels_have_their_cost_and_sale_and_voided_ones_are_left_out(whole: Landing, world: World) -> None:
    found = [(name, sale, str(cost), currency, status) for name, sale, cost, currency, status in shipments(whole)]
    true = [(f"shipstation:{row['label_id']}", f"shopify:{row['external_order_id']}",
             f"{row['shipment_cost']['amount']:.2f}", "USD", row["tracking_status"])
            for row in parcels(world) if not row["voided"]]  # fmt: skip
    assert found == sorted(true, key=str)
    assert len(whole.keys("labels")) > len(found)


def test_arrivals_of_the_last_days_are_asked_for_once(twins: Twins, whole: Landing, world: World) -> None:
    since = (world.clock.now() - timedelta(days=14)).strftime("%Y-%m-%dT%H:%M:%SZ")
    true = {f"shipstation:{row['label_id']}": datetime.fromisoformat(row["arrived"]) for row in parcels(world)
            if row["arrived"] and row["created_at"] >= since}  # fmt: skip
    found = dict(rows("SELECT shipment_id, delivered_at FROM t WHERE delivered_at IS NOT NULL",
                      t=whole.curated(ShipStation, "shipments")))  # fmt: skip
    assert found == true
    landing, made = Landing(), connect(twins, "shipstation")
    sync(twins, made, landing, POLITE)
    twins.control.asked.clear()
    sync(twins, made, landing, POLITE)
    assert twins.control.count("shipstation", "/track") == 0


def test_a_label_that_is_voided_later_is_found(twins: Twins) -> None:
    twin, made, landing = twins.of["shipstation"], connect(twins, "shipstation"), Landing()
    assert isinstance(twin, ShipStationTwin)
    sync(twins, made, landing, POLITE)
    last = twin.shelf.by("labels", "created_at", "label_id")[-1]
    twin.shelf.put("labels", [{**last, "voided": True, "status": "voided"}], "label_id")
    sync(twins, made, landing, POLITE)
    assert f"shipstation:{last['label_id']}" not in {row[0] for row in shipments(landing)}


def test_stock_is_kept_by_day_with_its_cost(whole: Landing) -> None:
    found = rows("SELECT product_id, on_hand, unit_cost, currency FROM t WHERE on_hand > 0",
                 t=whole.curated(ShipStation, "inventory_levels"))  # fmt: skip
    assert found
    assert all(row[0].startswith("shipstation:LK-") and row[3] == "USD" for row in found)


@pytest.mark.parametrize("fault", ["throttle", "server_error", "cut_off"])
def test_trouble_on_the_way_changes_nothing(twins: Twins, whole: Landing, fault: Any) -> None:
    landing = Landing()
    twins.control.fail("shipstation", fault, after=2, times=2)
    assert sync(twins, connect(twins, "shipstation", page_size=50), landing, POLITE).outcome == "complete"
    assert shipments(landing) == shipments(whole)


def test_addresses_are_not_kept(whole: Landing) -> None:
    assert "Main Street" not in str([record.payload for batch in whole.batches for record in batch.records])


def test_webhooks_are_proved_by_the_public_key() -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    now, body = datetime(2026, 11, 2, tzinfo=UTC), b'{"resource_type": "API_TRACK", "resource_url": "x"}'
    stamp = "2026-11-02T00:00:00Z"
    signature = base64.b64encode(key.sign(f"{stamp}.".encode() + body, padding.PKCS1v15(), SHA256())).decode()
    headers = {"X-ShipEngine-RSA-SHA256-Signature": signature, "X-ShipEngine-Timestamp": stamp}
    delivery = ShipStation.webhook.verify(body, headers, ["no key", pem], now)
    assert ShipStation.webhook_resources[delivery.topic] == ("labels",)
    other = rsa.generate_private_key(65537, 2048).public_key()
    strange = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for secret, changed, at in ((strange, body, now), (pem, body + b" ", now), (pem, body, now + timedelta(minutes=6)),
                                ("", body, now)):  # fmt: skip
        with pytest.raises(WebhookRejected):
            ShipStation.webhook.verify(changed, headers, [secret], at)


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(SPEC.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return found


@referee
@beside
def test_labels_are_as_documented(twins: Twins) -> None:
    schemas, shared = document()["components"]["schemas"], document()["components"].get("parameters", {})
    label = set(schemas["label"]["properties"])
    assert set(LABEL) <= label
    given = document()["paths"]["/v2/labels"]["get"]["parameters"]
    names = {p.get("name") or shared[p["$ref"].rsplit("/", 1)[1]]["name"] for p in given}
    assert {"created_at_start", "created_at_end", "page", "page_size", "sort_by", "sort_dir"} <= names
    twin = twins["shipstation"]
    headers = {"api-key": twin.secrets["access_token"]}
    with httpx2.Client(trust_env=False) as client:
        answer = client.get(f"{twin.base_url}/v2/labels?page_size=5", headers=headers).json()
        track = client.get(
            f"{twin.base_url}/v2/labels/{answer['labels'][-1]['label_id']}/track", headers=headers
        ).json()
    assert all(set(row) <= label for row in answer["labels"])
    assert set(track) <= set(schemas["tracking_information"]["properties"])
    assert {"labels", "total", "page", "pages", "links"} == set(answer)
