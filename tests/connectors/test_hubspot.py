"""HubSpot against its twin: deals once beside their invoices, stages as they moved, nothing lost beyond the cap."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from roastery.connectors.errors import WebhookRejected
from roastery.connectors.http import Politeness
from roastery.connectors.sources.hubspot import HubSpot
from roastery.connectors.webhooks import SignedRequest
from roastery.evals.twins.hubspot import HubSpotTwin
from roastery.evals.twins.hubspot_books import Truth
from roastery.evals.twins.server import Twins
from tests.connectors.company import connect, rows, sync
from tests.connectors.loopback import Landing, Waits

POLITE = Politeness(wait=Waits(), jitter=lambda: 1.0)


def twin_of(twins: Twins) -> HubSpotTwin:
    twin = twins.of["hubspot"]
    assert isinstance(twin, HubSpotTwin)
    return twin


@pytest.fixture(scope="module")
def whole(served: Twins) -> Landing:
    landing = Landing()
    report = sync(served, connect(served, "hubspot"), landing, POLITE)
    assert report.outcome == "complete", report.message
    return landing


@pytest.fixture(scope="module")
def truth(whole: Landing, served: Twins) -> Truth:
    return twin_of(served).books.truth


def sales(landing: Landing) -> list[tuple[Any, ...]]:
    return rows("SELECT external_order_id, kind, CAST(amount AS DECIMAL(18,6)), status FROM t",
                t=landing.curated(HubSpot, "transactions"))  # fmt: skip


def test_a_won_deal_and_its_invoice_name_the_same_sale(whole: Landing, truth: Truth) -> None:
    found = sales(whole)
    best: dict[str, tuple[Any, ...]] = {}
    for name, kind, amount, _ in sorted(found, key=lambda row: row[1] != "deal"):
        best[name] = (kind, amount)
    assert best == truth.sales
    assert len(found) > len(best)


def test_deals_carry_stage_owner_and_customer(whole: Landing, truth: Truth) -> None:
    found = rows("SELECT opportunity_id, stage, owner, pipeline, customer_id IS NOT NULL FROM t",
                 t=whole.curated(HubSpot, "opportunities"))  # fmt: skip
    assert {row[0]: row[2] for row in found} == truth.owners
    assert {row[0]: row[1] for row in found} == {deal: path[-1] for deal, path in truth.stages.items()}
    assert {row[3:] for row in found} == {("Sales", True)}


def test_stages_move_as_their_history_says(whole: Landing, truth: Truth) -> None:
    found = rows("SELECT object_id, changed_at, from_stage, to_stage FROM t WHERE object_type = 'opportunity'",
                 t=whole.curated(HubSpot, "stage_changes"))  # fmt: skip
    moved: dict[str, list[Any]] = {}
    for name, _, before, after in sorted(found):
        assert before == (moved[name][-1] if name in moved else None)
        moved.setdefault(name, []).append(after)
    assert moved == truth.stages


def test_quotes_are_decided_with_their_deals(whole: Landing, truth: Truth) -> None:
    assert dict(rows("SELECT proposal_id, status FROM t", t=whole.curated(HubSpot, "proposals"))) == truth.proposals


def test_leads_have_stage_score_channel_and_area(whole: Landing) -> None:
    leads = whole.curated(HubSpot, "leads")
    stages = {row[0] for row in rows("SELECT DISTINCT stage FROM t", t=leads)}
    assert stages == {"new", "qualified", "customer", "lost"}
    assert {row[0] for row in rows("SELECT DISTINCT channel FROM t", t=leads)} >= {"paid_search", "offline"}
    assert rows("SELECT count(*) FROM t WHERE service_area IS NULL OR score IS NULL", t=leads) == [(0,)]


def test_first_visits_bring_their_tags(whole: Landing) -> None:
    found = rows("SELECT touchpoint_id, kind, utm_source, utm_medium, utm_id, click_id FROM t",
                 t=whole.curated(HubSpot, "touchpoints"))  # fmt: skip
    assert ("hubspot:1007:first", "click", "google", "cpc", "77", "gclid:g7") in found


def test_tickets_have_their_times_and_scores(whole: Landing) -> None:
    found = rows("SELECT status, count(*), count(resolved_at), count(first_reply_at), count(satisfaction_score), "
                 "count(customer_id) FROM t GROUP BY 1", t=whole.curated(HubSpot, "tickets"))  # fmt: skip
    assert found == [("closed", 15, 15, 15, 15, 15), ("new", 15, 0, 15, 15, 15)]


def test_products_and_lines_have_costs(whole: Landing) -> None:
    products = {row[0] for row in rows("SELECT product_id FROM t WHERE unit_cost = 45.5",
                                       t=whole.curated(HubSpot, "products"))}  # fmt: skip
    lines = rows("SELECT DISTINCT product_id FROM t WHERE quantity = 2", t=whole.curated(HubSpot, "transaction_lines"))
    assert {row[0] for row in lines} <= products


@pytest.mark.parametrize("same", [False, True], ids=["spread", "of one instant"])
def test_a_search_that_stops_at_its_cap_loses_nothing(twins: Twins, whole: Landing, same: bool) -> None:
    twin = twin_of(twins)
    at = datetime(2026, 10, 1, tzinfo=UTC)
    assert twin.shelf
    twin.cap = 100
    for row in twin.shelf.all("contacts") if same else ():
        twin.change("contacts", row["id"], at)
    landing = Landing()
    assert sync(twins, connect(twins, "hubspot", search_cap=100), landing, POLITE, only=["contacts"]).landed > 0
    assert set(landing.keys("contacts")) == set(whole.keys("contacts"))
    assert len(set(landing.keys("contacts"))) == 120


def test_what_changed_and_what_was_archived_is_found(twins: Twins) -> None:
    twin, made, landing = twin_of(twins), connect(twins, "hubspot"), Landing()
    sync(twins, made, landing, POLITE)
    now = twin.books.now
    twin.change("deals", "5004", now - timedelta(minutes=3), hs_is_closed="true", hs_is_closed_won="true",
                dealstage="s_won")  # fmt: skip
    twin.archive("deals", "5006", now - timedelta(minutes=2))
    twins.control.asked.clear()
    sync(twins, made, landing, POLITE)
    won = rows("SELECT opportunity_id, is_won FROM t", t=landing.curated(HubSpot, "opportunities"))
    assert ("hubspot:5004", True) in won
    assert "hubspot:5006" not in dict(won)
    assert twins.control.count("hubspot", "/deals/search") == 1


PROVED = ("throttle", "server_error", "html", "wrong_type", "slow", "clock_skew")


@pytest.mark.parametrize(
    "fault", ["cut_off", "expire_token", *(pytest.param(f, marks=pytest.mark.prove) for f in PROVED)]
)
def test_trouble_on_the_way_changes_nothing(twins: Twins, whole: Landing, fault: Any) -> None:
    landing = Landing()
    twins.control.fail("hubspot", fault, times=2 if fault != "expire_token" else 1, after=5)
    assert sync(twins, connect(twins, "hubspot"), landing, POLITE).outcome == "complete"
    for contract in ("transactions", "stage_changes", "leads"):
        assert rows("FROM t", t=landing.curated(HubSpot, contract)) == rows(
            "FROM t", t=whole.curated(HubSpot, contract)
        )


def test_personal_values_are_sealed_paths(whole: Landing) -> None:
    sealed = next(batch.personal for batch in whole.batches if batch.resource == "contacts")
    held = {path.split(".")[-1] for path in sealed}
    for batch in whole.batches:
        for record in batch.records:
            open_values = {k: v for k, v in record.payload.get("properties", {}).items() if k not in held}
            assert "@mail.example" not in str(open_values)


def test_webhooks_are_bound_to_address_body_and_time() -> None:
    now, url = datetime(2026, 11, 2, tzinfo=UTC), "https://r.example/v1/webhooks/hubspot/con_1"
    body = b'[{"subscriptionType":"deal.propertyChange"},{"subscriptionType":"contact.creation"}]'
    stamp = str(int(now.timestamp() * 1000))
    digest = hmac.new(b"secret-1", b"POST" + url.encode() + body + stamp.encode(), hashlib.sha256).digest()
    headers = {"X-HubSpot-Signature-v3": base64.b64encode(digest).decode(), "X-HubSpot-Request-Timestamp": stamp}
    scheme = HubSpot.webhook.at(url)
    delivery = scheme.verify(body, headers, ["secret-0", "secret-1"], now)
    assert delivery.topic == "deal.propertyChange,contact.creation"
    assert {name for topic in delivery.topic.split(",") for name in HubSpot.webhook_resources[topic]} == {
        "deals",
        "contacts",
    }
    wrong: list[tuple[SignedRequest, bytes, list[str], datetime]] = [
        (HubSpot.webhook.at(url + "/"), body, ["secret-1"], now),
        (scheme, body + b" ", ["secret-1"], now),
        (scheme, body, ["secret-2"], now),
        (scheme, body, ["secret-1"], now + timedelta(minutes=6)),
    ]
    for other, changed, secrets, at in wrong:
        with pytest.raises(WebhookRejected):
            other.verify(changed, headers, secrets, at)
