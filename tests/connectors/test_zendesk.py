"""Zendesk against its twin: tickets with their times and scores, changes once, tokens that are used once."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from roastery.connectors.errors import WebhookRejected
from roastery.connectors.http import Politeness
from roastery.connectors.sources.zendesk import Zendesk
from roastery.evals.twins.server import Twins
from roastery.evals.twins.zendesk import ZendeskTwin, support_tickets
from roastery.evals.world import World
from roastery.warehouse.declared import read_yaml
from tests.connectors.company import connect, rows, sync
from tests.connectors.loopback import Landing, Say, Secrets, Waits, connection

POLITE = Politeness(wait=Waits(), jitter=lambda: 1.0)
SPEC = Path(__file__).resolve().parents[3] / "shared" / "specs" / "zendesk" / "incremental.split-from-official.yml"


@pytest.fixture(scope="module")
def whole(served: Twins) -> Landing:
    landing = Landing()
    report = sync(served, connect(served, "zendesk", page_limit=5), landing, POLITE)
    assert report.outcome == "complete", report.message
    return landing


def tickets(landing: Landing) -> list[tuple[Any, ...]]:
    return rows("SELECT ticket_id, customer_id, CAST(opened_at AS TIMESTAMPTZ), first_reply_at, "
                "CAST(resolved_at AS TIMESTAMPTZ), status, CAST(satisfaction_score AS INTEGER) FROM t",
                t=landing.curated(Zendesk, "tickets"))  # fmt: skip


def expected(world: World) -> list[tuple[Any, ...]]:
    found = []
    for row in support_tickets(world)[0]:
        opened = datetime.fromisoformat(row["created_at"])
        reply, solved = row["metrics"]["reply_time_in_minutes"]["calendar"], row["metrics"]["solved_at"]
        score = {"good": 5, "bad": 1}.get(row["satisfaction_rating"]["score"])
        found.append((f"zendesk:{row['id']}", f"zendesk:{row['requester_id']}", opened,
                      None if reply is None else opened + timedelta(minutes=reply),
                      solved and datetime.fromisoformat(solved), row["status"], score))  # fmt: skip
    return sorted(found, key=str)


def test_tickets_have_their_replies_solutions_and_scores(whole: Landing, world: World) -> None:
    assert tickets(whole) == expected(world)


def test_who_asked_is_a_customer_and_free_text_is_not_kept(whole: Landing, world: World) -> None:
    people = rows("SELECT customer_id, email FROM t", t=whole.curated(Zendesk, "customers"))
    assert len(people) == len(support_tickets(world)[1])
    stored = str([record.payload for batch in whole.batches for record in batch.records if batch.resource == "tickets"])
    assert "Hello, this is" not in stored
    assert "Where is my order" not in stored


def test_the_export_goes_on_from_its_cursor_and_deleted_tickets_go(twins: Twins) -> None:
    twin, made, landing = twins.of["zendesk"], connect(twins, "zendesk"), Landing()
    assert isinstance(twin, ZendeskTwin)
    sync(twins, made, landing, POLITE)
    first, second = (row["id"] for row in twin.shelf.by("tickets", "id")[:2])
    now = twins.world.clock.now()
    twin.change("tickets", first, now, status="deleted")
    twin.change("tickets", second, now, satisfaction_rating={"score": "bad"})
    twins.control.asked.clear()
    assert sync(twins, made, landing, POLITE).landed == 2
    found = {row[0]: row[6] for row in tickets(landing)}
    assert f"zendesk:{first}" not in found
    assert found[f"zendesk:{second}"] == 1
    assert all("cursor" in asked.parameters for asked in twins.control.asked)


@pytest.mark.parametrize("fault", ["throttle", "server_error", "cut_off", "expire_token"])
def test_trouble_on_the_way_changes_nothing(twins: Twins, whole: Landing, fault: Any) -> None:
    landing, made = Landing(), connect(twins, "zendesk", page_limit=20)
    before = made[1].held["refresh_token"]
    twins.control.fail("zendesk", fault, after=1)
    assert sync(twins, made, landing, POLITE).outcome == "complete"
    assert tickets(landing) == tickets(whole)
    assert (made[1].held["refresh_token"] != before) == (fault == "expire_token")


def test_an_api_token_signs_in_with_the_agent_s_address(provider: Any) -> None:
    from roastery.connectors.registry import open_source
    from roastery.connectors.sync import sync_connection
    from roastery.warehouse.clock import Clock

    server = provider(Say({"users": [], "tickets": [], "after_cursor": None, "end_of_stream": True}))
    made = connection("zendesk", server.url, subdomain="acme", email="agent@acme.example")
    source = open_source(made, Secrets(access_token="api-token-1"), Clock(), politeness=POLITE)
    assert sync_connection(source, made, Landing(), Clock()).outcome == "complete"
    name, value = server.heard[0].headers["Authorization"].split(" ")
    assert (name, base64.b64decode(value)) == ("Basic", b"agent@acme.example/token:api-token-1")


def test_webhooks_bind_the_body_to_its_time() -> None:
    now, body = datetime(2026, 11, 2, tzinfo=UTC), b'{"type": "zen:event-type:ticket.created", "id": "1"}'
    stamp = "2026-11-02T00:00:00Z"
    digest = base64.b64encode(hmac.new(b"secret-1", stamp.encode() + body, hashlib.sha256).digest()).decode()
    headers = {"X-Zendesk-Webhook-Signature": digest, "X-Zendesk-Webhook-Signature-Timestamp": stamp,
               "X-Zendesk-Webhook-Invocation-Id": "inv_1"}  # fmt: skip
    delivery = Zendesk.webhook.verify(body, headers, ["secret-1"], now)
    assert delivery.id == "inv_1"
    assert Zendesk.webhook_resources[delivery.topic] == ("tickets",)
    for secret, changed, at in (("secret-2", body, now), ("secret-1", body + b" ", now),
                                ("secret-1", body, now + timedelta(minutes=6))):  # fmt: skip
        with pytest.raises(WebhookRejected):
            Zendesk.webhook.verify(changed, headers, [secret], at)


@pytest.mark.referee
@pytest.mark.skipif(not SPEC.exists(), reason="the providers' own documents are not beside us")
@pytest.mark.parametrize("kind", ["Tickets", "Users"])
def test_the_twin_s_answers_have_the_documented_names(twins: Twins, kind: str) -> None:
    import httpx2

    spec = read_yaml(SPEC.read_text())
    declared = set(spec["components"]["schemas"][f"CursorBasedExportIncremental{kind}Response"]["properties"])
    twin, name = twins["zendesk"], kind.lower()
    assert f"/api/v2/incremental/{name}/cursor" in spec["paths"]
    with httpx2.Client(trust_env=False) as client:
        answer = client.get(f"{twin.base_url}/api/v2/incremental/{name}/cursor?start_time=1",
                            headers={"authorization": f"Bearer {twin.secrets['access_token']}"}).json()  # fmt: skip
    assert set(answer) <= declared
