"""Stripe against its twin: payments once and to the cent, what changes later, and subscriptions as they truly went."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
import stripe as official

from roastery.connectors.errors import WebhookRejected
from roastery.connectors.http import Politeness
from roastery.connectors.sources.stripe import Stripe
from roastery.connectors.webhooks import StampedSignature
from roastery.evals.twins.server import Twins
from roastery.evals.twins.stripe import StripeTwin
from roastery.evals.twins.stripe_books import WELLNESS
from roastery.evals.twins.stripe_records import charge
from roastery.evals.twins.stripe_shop import SHOP
from roastery.evals.world import World
from tests.connectors.company import connect, rows, sync
from tests.connectors.loopback import Landing, Waits

POLITE = Politeness(wait=Waits(), jitter=lambda: 1.0)


def twin_of(twins: Twins) -> StripeTwin:
    twin = twins.of["stripe"]
    assert isinstance(twin, StripeTwin)
    return twin


@pytest.fixture(scope="module")
def wellness(served: Twins) -> Landing:
    landing = Landing()
    report = sync(served, connect(served, "stripe", account=WELLNESS), landing, POLITE)
    assert report.outcome == "complete", report.message
    return landing


@pytest.fixture(scope="module")
def shop(served: Twins) -> Landing:
    landing = Landing()
    assert sync(served, connect(served, "stripe"), landing, POLITE).outcome == "complete"
    return landing


def sales(table: pa.Table) -> dict[str, tuple[Any, ...]]:
    found = rows(
        "SELECT transaction_id, CAST(amount AS DECIMAL(18,6)), coalesce(CAST(refunded_amount AS DECIMAL(18,6)), 0), "
        "coalesce(CAST(fee_amount AS DECIMAL(18,6)), 0), currency, coalesce(is_renewal, false) FROM t "
        "WHERE status = 'completed' AND NOT is_test",
        t=table,
    )
    return {row[0]: row[1:] for row in found}


def test_sales_are_without_tax_with_fees_and_renewals_told_apart(wellness: Landing, served: Twins) -> None:
    assert sales(wellness.curated(Stripe, "transactions")) == twin_of(served).wellness.truth.sales


def test_uncaptured_test_and_failed_payments_are_no_sales(wellness: Landing) -> None:
    found = rows("SELECT transaction_id, status, is_test FROM t WHERE status <> 'completed' OR is_test",
                 t=wellness.curated(Stripe, "transactions"))  # fmt: skip
    assert found[:1] == [("stripe:pi_held", "pending", False)]
    assert found[1:] == [("stripe:pi_test", "completed", True), ("stripe:pi_w13x2", "failed", False)]


def test_a_lost_dispute_and_refunds_leave_revenue_once(wellness: Landing, served: Twins) -> None:
    back = rows("SELECT transaction_id, sum(CAST(amount AS DECIMAL(18,6))) FROM t GROUP BY 1",
                t=wellness.curated(Stripe, "refunds"))  # fmt: skip
    truth = twin_of(served).wellness.truth.sales
    assert dict(back) == {name: sale[1] for name, sale in truth.items() if sale[1]}


def test_monthly_value_is_by_the_month_and_after_standing_discounts(wellness: Landing, served: Twins) -> None:
    found = rows("SELECT subscription_id, CAST(mrr AS DECIMAL(18,6)), canceled_at FROM t",
                 t=wellness.curated(Stripe, "subscriptions"))  # fmt: skip
    truth = twin_of(served).wellness.truth
    assert {name: mrr for name, mrr, _ in found} == truth.mrr
    assert {name: at for name, _, at in found if at} == truth.churned


def test_plans_have_names_and_ended_subscriptions_are_there(wellness: Landing) -> None:
    found = rows("SELECT plan, count(*), count(*) FILTER (status = 'canceled') > 0 FROM t GROUP BY 1",
                 t=wellness.curated(Stripe, "subscriptions"))  # fmt: skip
    assert {row[0] for row in found} == {"Essential", "Plus", "Family"}
    assert any(row[2] for row in found)


def test_changes_of_plan_come_out_of_the_invoices(wellness: Landing, served: Twins) -> None:
    events = wellness.curated(Stripe, "subscription_events")
    grown = rows("SELECT subscription_id, CAST(mrr_delta AS DECIMAL(18,6)) FROM t "
                 "WHERE kind IN ('expansion', 'contraction')", t=events)  # fmt: skip
    assert {name: [delta] for name, delta in grown} == twin_of(served).wellness.truth.moves
    kinds = dict(rows("SELECT kind, count(*) FROM t GROUP BY 1", t=events))
    truth = twin_of(served).wellness.truth
    assert kinds["start"] == len(truth.mrr)
    assert kinds["churn"] == len(truth.churned)
    assert kinds["renewal"] == sum(1 for sale in truth.sales.values() if sale[4])
    assert kinds["payment_failed"] > 0


def test_lines_name_the_product_that_was_paid(wellness: Landing) -> None:
    found = rows("SELECT DISTINCT product_id FROM t", t=wellness.curated(Stripe, "transaction_lines"))
    assert found == [("stripe:prod_Essential",), ("stripe:prod_Family",), ("stripe:prod_Plus",)]


def test_a_payment_of_a_shop_order_names_that_order(shop: Landing, world: World) -> None:
    found = rows("SELECT external_order_id, is_test FROM t", t=shop.curated(Stripe, "transactions"))
    orders = rows("SELECT CAST(order_id AS VARCHAR), is_test FROM o WHERE status = 'completed' AND NOT is_cash "
                  "AND sales_channel = 'online'", o=world.orders)  # fmt: skip
    assert found == orders


def test_personal_values_lie_on_sealed_paths_only(shop: Landing) -> None:
    sealed = next(batch.personal for batch in shop.batches if batch.resource == "customers")
    assert set(sealed.values()) == {"name", "email", "phone"}
    for batch in shop.batches:
        for record in batch.records:
            left = {k: v for k, v in record.payload.items() if k not in ("name", "email", "phone", "_connection")}
            assert "mail.example" not in json.dumps(left)
            assert "Main Street" not in json.dumps(record.payload)


def test_what_changed_later_is_found_by_its_event(twins: Twins) -> None:
    twin, made, landing = twin_of(twins), connect(twins, "stripe", account=WELLNESS), Landing()
    sync(twins, made, landing, POLITE)
    old = dict(twin.shelf.get(f"{WELLNESS}/charges", "ch_jpy") or {})
    twin.change(WELLNESS, "charges", {**old, "amount_refunded": 2000}, "charge.refunded")
    new = charge("new", 4200, int(twin.now) - 60, None, currency="eur")
    twin.change(WELLNESS, "charges", new, "charge.succeeded", created=int(twin.now) - 60)
    twins.control.asked.clear()
    sync(twins, made, landing, POLITE)
    found = sales(landing.curated(Stripe, "transactions"))
    assert found["stripe:pi_jpy"][1] == 2000
    assert found["stripe:pi_new"][0] == 42
    assert twins.control.count("stripe", "/v1/charges/") == 1  # only what the list does not bring


def test_a_deleted_customer_goes(twins: Twins) -> None:
    twin, made, landing = twin_of(twins), connect(twins, "stripe", account=WELLNESS), Landing()
    sync(twins, made, landing, POLITE)
    twin.remove(WELLNESS, "customers", "cus_w3", "customer.deleted")
    sync(twins, made, landing, POLITE)
    assert ("stripe:cus_w3",) not in rows("SELECT customer_id FROM t", t=landing.curated(Stripe, "customers"))


def test_after_a_month_without_a_sync_everything_is_read_again(twins: Twins) -> None:
    twin, made, landing = twin_of(twins), connect(twins, "stripe", account=WELLNESS), Landing()
    sync(twins, made, landing, POLITE)
    old = dict(twin.shelf.get(f"{WELLNESS}/charges", "ch_jpy") or {})
    # Changed 40 days ago: its event is gone.
    twin.change(WELLNESS, "charges", {**old, "amount_refunded": 1500}, "charge.refunded", int(twin.now) - 40 * 86400)
    for key, state in landing.cursors.items():
        landing.cursors[key] = {**state, "changes_from": int(twin.now) - 45 * 86400}
    report = sync(twins, made, landing, POLITE)
    assert any("30 days" in notice for notice in report.notices)
    assert sales(landing.curated(Stripe, "transactions"))["stripe:pi_jpy"][1] == 1500


PROVED = ("server_error", "html", "wrong_type", "slow", "clock_skew")


@pytest.mark.parametrize("fault", ["throttle", "cut_off", *(pytest.param(f, marks=pytest.mark.prove) for f in PROVED)])
def test_trouble_on_the_way_changes_nothing(twins: Twins, wellness: Landing, fault: Any) -> None:
    landing = Landing()
    twins.control.fail("stripe", fault, times=2, after=1)
    assert sync(twins, connect(twins, "stripe", account=WELLNESS), landing, POLITE).outcome == "complete"
    for contract in ("transactions", "subscriptions", "customers"):
        assert _all(landing.curated(Stripe, contract)) == _all(wellness.curated(Stripe, contract))


def _all(table: pa.Table) -> list[tuple[Any, ...]]:
    return rows("SELECT * FROM t", t=table)


def test_a_broken_off_history_goes_on_where_it_stopped(twins: Twins, shop: Landing) -> None:
    made, landing = connect(twins, "stripe", page_limit=40), Landing()
    twins.control.fail("stripe", "server_error", times=20, after=6)
    assert sync(twins, made, landing, POLITE).outcome == "waiting"
    twins.control.calm()
    assert sync(twins, made, landing, POLITE).outcome == "complete"
    assert sales(landing.curated(Stripe, "transactions")) == sales(shop.curated(Stripe, "transactions"))


def test_history_is_said_to_be_whole_only_when_it_is(shop: Landing) -> None:
    told = [batch.progress.history_since for batch in shop.batches if batch.resource == "charges"]
    assert told[-1] == min(day for day in told if day)
    assert told[-1] == datetime(2024, 8, 1, tzinfo=UTC).date()  # the account's own beginning


def test_a_revoked_key_asks_for_a_new_one(twins: Twins) -> None:
    made = connect(twins, "stripe")
    twins.tokens["stripe"].revoke()
    report = sync(twins, made, Landing(), POLITE)
    assert report.outcome == "needs_consent"
    assert "Connect it again" in report.message


def test_access_by_oauth_is_refreshed_and_its_rotation_kept(twins: Twins) -> None:
    twin = twin_of(twins)
    made, secrets = connect(twins, "stripe", account=WELLNESS)
    secrets.held |= {"refresh_token": twin.tokens.refresh_token, "client_secret": "sk_live_twin_platform",
                     "client_id": "ca_twin"}  # fmt: skip
    before = secrets.held["refresh_token"]
    twins.control.fail("stripe", "expire_token", after=2)
    assert sync(twins, (made, secrets), Landing(), POLITE).outcome == "complete"
    assert secrets.held["refresh_token"] != before


def test_webhooks_are_verified_as_stripe_s_own_package_signs() -> None:
    body, now = b'{"id": "evt_1", "object": "event", "type": "charge.succeeded"}', datetime(2026, 11, 2, tzinfo=UTC)
    stamp = int(now.timestamp())
    signature = official.WebhookSignature._compute_signature(f"{stamp}.{body.decode()}", "whsec_a")
    header = {"stripe-signature": f"t={stamp},v1={'0' * 64},v1={signature}"}
    scheme = StampedSignature("Stripe-Signature")
    delivery = scheme.verify(body, header, ["whsec_old", "whsec_a"], now)
    assert (delivery.id, delivery.topic) == ("evt_1", "charge.succeeded")
    for secrets, changed, at in (
        (["whsec_b"], body, now),
        (["whsec_a"], body + b" ", now),
        (["whsec_a"], body, now + timedelta(seconds=301)),
        ([""], body, now),
    ):
        with pytest.raises(WebhookRejected):
            scheme.verify(changed, header, secrets, at)


def test_every_topic_names_resources_that_exist() -> None:
    names = {resource.name for resource in Stripe.resources}
    assert all(set(of) <= names for of in Stripe.webhook_resources.values())
    assert all(re.fullmatch(r"[a-z_.]+", topic) for topic in Stripe.webhook_resources)


def test_money_of_currencies_without_cents_is_not_divided(wellness: Landing) -> None:
    found = sales(wellness.curated(Stripe, "transactions"))
    assert found["stripe:pi_jpy"][0] == Decimal(5000)
    assert found["stripe:pi_kwd"][0] == Decimal("12.345")


def test_the_shop_s_own_account_is_read_without_naming_one(shop: Landing) -> None:
    assert SHOP != WELLNESS
    assert len(shop.keys("charges")) == len(set(shop.keys("charges")))
