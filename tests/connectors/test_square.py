"""Square against its twin: every location's sales once and to the cent, with cash, refunds, stock and rotation."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from square.utils.webhooks_helper import verify_signature

from roastery.connectors.errors import WebhookRejected
from roastery.connectors.http import Politeness
from roastery.connectors.sources.square import Square
from roastery.evals.twins.server import Twins
from roastery.evals.twins.square import SquareTwin
from roastery.evals.twins.square_books import BurgerBooks, iso
from tests.connectors.company import connect, rows, sync
from tests.connectors.loopback import Landing, Waits

POLITE = Politeness(wait=Waits(), jitter=lambda: 1.0)


def twin_of(twins: Twins) -> SquareTwin:
    twin = twins.of["square"]
    assert isinstance(twin, SquareTwin)
    return twin


@pytest.fixture(scope="module")
def whole(served: Twins) -> Landing:
    landing = Landing()
    report = sync(served, connect(served, "square"), landing, POLITE)
    assert report.outcome == "complete", report.message
    return landing


@pytest.fixture(scope="module")
def books(whole: Landing, served: Twins) -> BurgerBooks:
    return twin_of(served).books


def sales(landing: Landing) -> dict[str, tuple[Any, ...]]:
    money = ", ".join(
        f"coalesce(CAST({name} AS DECIMAL(18,6)), 0)" for name in ("amount", "refunded_amount", "fee_amount")
    )
    found = rows(f"SELECT transaction_id, {money}, customer_id, location_id, sales_channel FROM t "
                 "WHERE status = 'completed'", t=landing.curated(Square, "transactions"))  # fmt: skip
    return {row[0]: row[1:] for row in found}


def test_sales_of_every_location_are_without_tax_tips_and_gift_cards(whole: Landing, books: BurgerBooks) -> None:
    assert sales(whole) == books.truth.sales


def test_payments_of_every_location_are_read_not_only_the_main_one(whole: Landing, books: BurgerBooks) -> None:
    assert sorted(whole.keys("payments")) == sorted(row["id"] for row in books.rows["payments"])


def test_refunds_and_what_came_back_belong_to_the_order_that_was_sold(whole: Landing, books: BurgerBooks) -> None:
    refunded = {order: sale[1] for order, sale in books.truth.sales.items() if sale[1]}
    found = rows("SELECT transaction_id, CAST(amount AS DECIMAL(18,6)) FROM t", t=whole.curated(Square, "refunds"))
    assert dict(found) == refunded
    returned = rows("SELECT transaction_id, CAST(amount AS DECIMAL(18,6)) FROM t", t=whole.curated(Square, "returns"))
    assert dict(returned) == refunded


def test_the_menu_has_categories_and_costs_and_stock_is_by_location(whole: Landing) -> None:
    menu = rows("SELECT product_name, category, CAST(unit_cost AS DECIMAL(18,2)), CAST(price AS DECIMAL(18,2)) FROM t",
                t=whole.curated(Square, "products"))  # fmt: skip
    assert [tuple(map(str, row)) for row in menu if row[0] == "Fries"] == [("Fries", "Sides", "0.90", "3.99")]
    stock = rows("SELECT snapshot_date, product_id, location_id, on_hand, unit_cost FROM t",
                 t=whole.curated(Square, "inventory_levels"))  # fmt: skip
    assert len(stock) == 15
    assert {str(row[0]) for row in stock} == {"2026-11-02"}
    assert str(stock[0][3]) == "40.500000"


def test_lines_promotions_and_places_are_there(whole: Landing) -> None:
    lines = whole.curated(Square, "transaction_lines")
    assert rows("SELECT count(*) FROM t WHERE product_id IS NULL", t=lines) == [(0,)]
    assert rows("SELECT promotion_id, promotion_name FROM t", t=whole.curated(Square, "promotions")) == [
        ("square:D1", "BOGO Shake")
    ]
    places = rows("SELECT location_id, location_name, time_zone FROM t", t=whole.curated(Square, "locations"))
    assert ("square:L00", "Boston Seaport", "America/New_York") in places


def test_an_offline_order_that_arrives_late_is_found(twins: Twins) -> None:
    twin, made, landing = twin_of(twins), connect(twins, "square"), Landing()
    sync(twins, made, landing, POLITE)
    now = twin.books.now
    late = {**twin.books.rows["orders"][0], "id": "OLATE", "created_at": iso(now - timedelta(days=3)),
            "updated_at": iso(now - timedelta(minutes=1))}  # fmt: skip
    twin.shelf.put("orders", [late])
    twin.change("catalog", "V2", now, is_deleted=True)
    twins.control.asked.clear()
    sync(twins, made, landing, POLITE)
    assert "square:OLATE" in sales(landing)
    assert ("square:V2",) not in rows("SELECT product_id FROM t", t=landing.curated(Square, "products"))
    assert twins.control.count("square", "/v2/orders/search") == 2  # twelve locations, ten at a time


def test_a_new_location_s_history_is_read(twins: Twins) -> None:
    twin, made, landing = twin_of(twins), connect(twins, "square"), Landing()
    place = twin.shelf.drop("locations", "L05")
    sync(twins, made, landing, POLITE)
    assert not any(sale[4 - 0] == "square:L05" for sale in sales(landing).values())
    twin.shelf.put("locations", [place])
    sync(twins, made, landing, POLITE)
    assert sales(landing) == twin.books.truth.sales


PROVED = ("throttle", "server_error")


@pytest.mark.parametrize(
    "fault", ["cut_off", "expire_token", *(pytest.param(f, marks=pytest.mark.prove) for f in PROVED)]
)
def test_trouble_on_the_way_changes_nothing(twins: Twins, whole: Landing, fault: Any) -> None:
    landing, made = Landing(), connect(twins, "square")
    before = made[1].held["refresh_token"]
    twins.control.fail("square", fault, after=4)
    assert sync(twins, made, landing, POLITE).outcome == "complete"
    assert sales(landing) == sales(whole)
    # With PKCE every refresh gives a new refresh token, which has to be kept.
    assert (made[1].held["refresh_token"] != before) == (fault == "expire_token")


def test_access_is_refreshed_before_it_ends(twins: Twins) -> None:
    made = connect(twins, "square")
    made[1].held["expires_at"] = (twins.world.clock.now() - timedelta(seconds=1)).isoformat()
    assert sync(twins, made, Landing(), POLITE).outcome == "complete"
    assert datetime.fromisoformat(made[1].held["expires_at"]) > twins.world.clock.now() + timedelta(days=25)


def test_personal_values_are_sealed_paths(whole: Landing) -> None:
    sealed = next(batch.personal for batch in whole.batches if batch.resource == "customers")
    for batch in whole.batches:
        for record in batch.records:
            assert "@mail.example" not in str({k: v for k, v in record.payload.items() if k not in sealed})
            assert "Elm St" not in str(record.payload)


def test_webhooks_are_verified_as_square_s_own_package_does() -> None:
    import base64
    import hashlib
    import hmac

    url, key, body = (
        "https://r.example/v1/webhooks/square/con_1",
        "key-1",
        b'{"event_id": "e1", "type": "order.updated"}',
    )
    signature = base64.b64encode(hmac.new(key.encode(), url.encode() + body, hashlib.sha256).digest()).decode()
    assert verify_signature(
        request_body=body.decode(), signature_header=signature, signature_key=key, notification_url=url
    )
    headers, now = {"x-square-hmacsha256-signature": signature}, datetime(2026, 11, 2, tzinfo=UTC)
    delivery = Square.webhook.at(url).verify(body, headers, ["old", key], now)
    assert (delivery.id, delivery.topic) == ("e1", "order.updated")
    for address, changed, secret in ((url + "/", body, key), (url, body + b" ", key), (url, body, "key-2")):
        with pytest.raises(WebhookRejected):
            Square.webhook.at(address).verify(changed, headers, [secret], now)
