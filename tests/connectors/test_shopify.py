"""Shopify against its twin: the company's own sales come out, whatever goes wrong on the way."""

import json
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from roastery.connectors.http import Politeness
from roastery.connectors.registry import open_source
from roastery.connectors.sources.shopify import Shopify
from roastery.connectors.sync import SyncReport, sync_connection
from roastery.evals.twins.server import Twins
from roastery.evals.world import World
from roastery.warehouse.clock import Clock
from tests.connectors.company import connect, rows, sync
from tests.connectors.loopback import Heard, Landing, Say, Secrets, Waits, connection

MONEY = "amount, refunded_amount, discount_amount, tax_amount, shipping_amount, fee_amount"


def sales(table: pa.Table) -> list[tuple[Any, ...]]:
    money = ", ".join(f"coalesce(CAST({name} AS DECIMAL(18,6)), 0)" for name in MONEY.split(", "))
    return rows(
        f"SELECT transaction_id, customer_id, CAST(occurred_at AS TIMESTAMPTZ), {money}, currency, status, is_test, "
        "sales_channel, location_id, coupon_code FROM t",
        t=table,
    )


def expected_sales(world: World) -> list[tuple[Any, ...]]:
    money = ", ".join(f"CAST({name} AS DECIMAL(18,6))" for name in MONEY.split(", "))
    return rows(
        f"SELECT 'shopify:' || order_id, 'shopify:' || customer_id, occurred_at, {money}, currency, status, is_test, "
        "sales_channel, 'shopify:' || location_id, coupon_code FROM t",
        t=world.orders,
    )


@pytest.fixture(scope="module")
def whole(served: Twins) -> Landing:
    """Everything that the shop has, read page by page."""
    landing = Landing()
    report = sync(served, connect(served, "shopify"), landing, Politeness(wait=Waits()), batch_rows=1)
    assert report.outcome == "complete", report.message
    return landing


def test_sales_are_the_company_s_own_to_the_cent(whole: Landing, world: World) -> None:
    assert sales(whole.curated(Shopify, "transactions")) == expected_sales(world)


def test_lines_are_the_company_s_own_without_gift_cards(whole: Landing, world: World) -> None:
    found = rows(
        "SELECT transaction_id, line_no, product_id, quantity, unit_price, discount_amount, unit_cost FROM t",
        t=whole.curated(Shopify, "transaction_lines"),
    )
    expected = rows(
        "SELECT 'shopify:' || order_id, CAST(line_no AS VARCHAR), 'shopify:' || l.product_id, "
        "CAST(quantity AS DECIMAL(18,6)), CAST(unit_price AS DECIMAL(18,6)), CAST(discount_amount AS DECIMAL(18,6)), "
        "CAST(unit_cost AS DECIMAL(18,6)) FROM l JOIN p USING (product_id) WHERE NOT is_gift_card",
        l=world.order_lines,
        p=world.products,
    )
    assert found == expected


def test_refunds_leave_revenue_without_tax_and_shipping(whole: Landing, world: World) -> None:
    found = rows(
        "SELECT refund_id, transaction_id, CAST(refunded_at AS TIMESTAMPTZ), CAST(amount AS DECIMAL(18,6)), currency "
        "FROM t",
        t=whole.curated(Shopify, "refunds"),
    )
    expected = rows(
        "SELECT 'shopify:' || refund_id, 'shopify:' || order_id, refunded_at, CAST(amount AS DECIMAL(18,6)), 'USD' "
        "FROM t",
        t=world.refunds,
    )
    assert found == expected
    assert found


def test_customers_come_with_what_joins_them_and_only_on_sealed_paths(whole: Landing, world: World) -> None:
    found = rows(
        "SELECT customer_id, email, phone, first_name, last_name, country, marketing_consent, source_order_count "
        "FROM t",
        t=whole.curated(Shopify, "customers"),
    )
    expected = rows(
        "SELECT 'shopify:' || customer_id, email, phone, first_name, last_name, country, marketing_consent, "
        "source_order_count FROM t",
        t=world.customers,
    )
    assert found == expected
    sealed = next(batch.personal for batch in whole.batches if batch.resource == "customers")
    orders = [str(batch.records) for batch in whole.batches if batch.resource == "orders"]
    assert set(sealed.values()) == {"email", "phone", "name"}
    assert not any("@mail.example" in text for text in orders)


def test_products_carry_cost_price_and_category(whole: Landing, world: World) -> None:
    columns = "CAST(unit_cost AS DECIMAL(18,6)), CAST(price AS DECIMAL(18,6))"
    found = rows(f"SELECT product_id, product_name, category, {columns} FROM t", t=whole.curated(Shopify, "products"))
    expected = rows(f"SELECT 'shopify:' || product_id, product_name, category, {columns} FROM t", t=world.products)
    assert found == expected


def test_touchpoints_are_the_shop_s_journeys_with_their_tags(whole: Landing, world: World) -> None:
    found = rows(
        "SELECT touchpoint_id, customer_id, CAST(occurred_at AS TIMESTAMPTZ), utm_source, utm_medium, utm_campaign, "
        "utm_content, utm_id, click_id, referrer FROM t",
        t=whole.curated(Shopify, "touchpoints"),
    )
    expected = rows(
        """
        SELECT 'shopify:' || visit_id, 'shopify:' || customer_id, j.occurred_at, utm_source, utm_medium, utm_campaign,
               utm_content, url_decode(nullif(regexp_extract(landing_page, '[?&]utm_id=([^&]*)', 1), '')),
               nullif(regexp_extract(landing_page, '(gclid|fbclid)=', 1) || ':'
                      || regexp_extract(landing_page, '(gclid|fbclid)=([^&]*)', 2), ':'), referrer
        FROM j JOIN o USING (order_id)
        """,
        j=world.journeys,
        o=world.orders,
    )
    assert found == expected
    assert {row[3] for row in found} > {"facebook", "google", "klaviyo"}


def test_parcels_follow_their_orders(whole: Landing, world: World) -> None:
    parcels, sold = whole.curated(Shopify, "shipments"), whole.curated(Shopify, "transactions")
    found = rows(
        "SELECT count(*), count(DISTINCT shipment_id), count_if(CAST(shipped_at AS TIMESTAMPTZ) > "
        "CAST(occurred_at AS TIMESTAMPTZ)), count_if(sales_channel <> 'pos' AND s.status = 'completed'), "
        "count_if(coalesce(delivered_at >= shipped_at, true)) FROM t JOIN s USING (transaction_id)",
        t=parcels,
        s=sold,
    )
    sent = rows(
        "SELECT count(*) FROM t WHERE status = 'completed' AND sales_channel <> 'pos' AND occurred_at < "
        "'2026-10-28'::TIMESTAMPTZ",
        t=world.orders,
    )[0][0]
    assert len(set(found[0])) == 1
    assert sent <= found[0][0] <= world.orders.num_rows


def test_history_is_complete_since_the_shop_began(whole: Landing) -> None:
    progress = [
        batch.progress for batch in whole.batches if batch.resource == "orders" and batch.progress.history_since
    ]
    assert [p.history_since for p in progress] == sorted(
        (p.history_since for p in progress if p.history_since), reverse=True
    )
    assert progress[-1].history_since == date(2024, 7, 15)
    assert progress[-1].complete_through == date(2026, 11, 1)


def test_the_next_sync_asks_only_for_what_changed(twins: Twins, politeness: Politeness, world: World) -> None:
    landing, connected = Landing(), connect(twins, "shopify")
    sync(twins, connected, landing, politeness)
    landed = len(landing.keys("orders"))
    sync(twins, connected, landing, politeness)
    assert len(landing.keys("orders")) - landed < 5
    assert sales(landing.curated(Shopify, "transactions")) == expected_sales(world)


@pytest.mark.parametrize(
    ("fault", "after"),
    [("throttle", 0), ("throttle", 6), ("server_error", 3), ("html", 2), ("cut_off", 5), ("too_much_data", 1),
     ("expire_token", 0), ("expire_token", 7)],
)  # fmt: skip
def test_a_fault_on_the_way_changes_nothing(
    twins: Twins, politeness: Politeness, world: World, fault: Any, after: int
) -> None:
    met = twins.control.met["shopify", fault]
    # Only pages can be made smaller.
    twins.control.fail("shopify", fault, times=2, after=after, matching="Orders" if fault == "too_much_data" else "")
    landing, connected = Landing(), connect(twins, "shopify")
    report = sync(twins, connected, landing, politeness)
    assert report.outcome == "complete", report.message
    assert twins.control.met["shopify", fault] == met + 2
    assert sorted(set(landing.keys("customers"))) == sorted(str(c) for c in world.customers["customer_id"].to_pylist())
    assert sorted(set(landing.keys("orders"))) == sorted(str(o) for o in world.orders["order_id"].to_pylist())


def test_a_rotated_refresh_token_is_stored(twins: Twins, politeness: Politeness) -> None:
    twins.control.fail("shopify", "expire_token", after=3)
    connected = connect(twins, "shopify")
    before = connected[1].held["refresh_token"]
    assert sync(twins, connected, Landing(), politeness).outcome == "complete"
    assert connected[1].held["refresh_token"] == twins.tokens["shopify"].refresh_token != before
    # The grant goes on: a second death is survived with what was stored.
    twins.tokens["shopify"].expire()
    assert sync(twins, connected, Landing(), politeness).outcome == "complete"


def test_throttled_waits_as_long_as_the_cost_says(twins: Twins, politeness: Politeness, waits: Waits) -> None:
    twins.control.fail("shopify", "throttle", wait_seconds=3.5)
    assert sync(twins, connect(twins, "shopify"), Landing(), politeness).outcome == "complete"
    assert 3.5 in waits.seconds


@pytest.mark.parametrize("killed_after", [1, 4, 9])
def test_a_sync_that_broke_off_goes_on_and_new_orders_meanwhile_are_found(
    twins: Twins, politeness: Politeness, world: World, killed_after: int
) -> None:
    class Killed(Exception):
        pass

    class Dying(Landing):
        left = killed_after

        def land(self, batch: Any) -> Any:
            if self.left == 0:
                raise Killed
            self.left -= 1
            return super().land(batch)

    landing, connected = Dying(), connect(twins, "shopify", order_page=40, customer_page=40)
    with pytest.raises(Killed):
        sync(twins, connected, landing, politeness, batch_rows=1)
    landing.left = 10_000
    assert sync(twins, connected, landing, politeness).outcome == "complete"
    assert sales(landing.curated(Shopify, "transactions")) == expected_sales(world)


# What only a shop of another kind shows, against a script.


def scripted(
    provider: Any, politeness: Politeness, orders: list[dict[str, Any]], **more: Any
) -> tuple[Landing, SyncReport]:
    """One sync of a shop that has these orders; more: scopes, landing, now, only, or answers by operation name."""
    scopes = more.pop("scopes", ["read_all_orders"])
    landing, only = more.pop("landing", None) or Landing(), more.pop("only", ["shop", "orders"])
    clock = Clock.from_iso(more.pop("now", "2026-11-02T15:00:00+00:00"))

    def connection_of(nodes: list[dict[str, Any]]) -> dict[str, Any]:
        return {"nodes": nodes, "pageInfo": {"hasNextPage": False, "endCursor": None}}

    def answer(heard: Heard) -> Say:
        body = json.loads(heard.body)
        name = body["query"].split()[1].split("(")[0]
        if name in more:
            return Say(more[name](body["variables"]))
        shop = {"id": "gid://shopify/Shop/1", "ianaTimezone": "Europe/Berlin", "createdAt": "2020-01-01T00:00:00Z"}
        data = {
            "Shop": {"shop": shop},
            "Scopes": {"currentAppInstallation": {"accessScopes": [{"handle": s} for s in scopes]}},
            "Orders": {"orders": connection_of(orders)},
        }[name]
        return Say({"data": data})

    made = connection("shopify", provider(answer).url, shop="acme")
    source = open_source(made, Secrets(access_token="token-1"), clock, politeness=politeness)
    return landing, sync_connection(source, made, landing, clock, only=only)


def money(amount: str, currency: str = "EUR") -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def line(price: str, quantity: int = 1, tax: str = "0", off: str = "0", is_gift_card: bool = False) -> dict[str, Any]:
    return {
        "quantity": quantity,
        "isGiftCard": is_gift_card,
        "product": {"legacyResourceId": "9"},
        "originalUnitPriceSet": money(price),
        "discountAllocations": [{"allocatedAmountSet": money(off)}],
        "taxLines": [{"priceSet": money(tax)}],
    }


def order(number: str, subtotal: str, lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    page = {"hasNextPage": False, "endCursor": None}
    return {
        "id": f"gid://shopify/Order/{number}",
        "legacyResourceId": number,
        "createdAt": "2026-10-01T10:00:00Z",
        "processedAt": "2026-10-01T10:00:00Z",
        "updatedAt": "2026-10-02T10:00:00Z",
        "displayFinancialStatus": "PAID",
        "edited": False,
        "taxesIncluded": False,
        "subtotalPriceSet": money(subtotal),
        "currentSubtotalPriceSet": money(subtotal),
        "lineItems": {"nodes": lines, "pageInfo": page},
        "refunds": [],
        "fulfillments": [],
        "transactions": [],
        **more,
    }


def refund(total: str, lines: list[tuple[str, str]], shipping: str = "0", gift: str = "0") -> dict[str, Any]:
    """A refund of lines given as (subtotal, tax), of shipping, and of a gift card."""
    page = {"hasNextPage": False, "endCursor": None}
    items = [{"subtotalSet": money(s), "totalTaxSet": money(t), "lineItem": {"isGiftCard": False}} for s, t in lines]
    items.append({"subtotalSet": money(gift), "totalTaxSet": money("0"), "lineItem": {"isGiftCard": True}})
    return {
        "id": "gid://shopify/Refund/77",
        "legacyResourceId": "77",
        "createdAt": "2026-10-05T10:00:00Z",
        "totalRefundedSet": money(total),
        "refundLineItems": {"nodes": items, "pageInfo": page},
        "refundShippingLines": {"nodes": [{"subtotalAmountSet": money(shipping), "taxAmountSet": money("0")}]},
    }


CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "plain": (order("1", "100.00", [line("50.00", 2)]), "100.00", "0.00"),
    "tax inside prices": (
        order("1", "119.00", [line("59.50", 2, tax="19.00")], taxesIncluded=True),
        "100.00",
        "0.00",
    ),
    "gift card beside goods": (
        order("1", "150.00", [line("100.00"), line("50.00", is_gift_card=True)]),
        "100.00",
        "0.00",
    ),
    "only a gift card": (order("1", "50.00", [line("50.00", is_gift_card=True)]), "0.00", "0.00"),
    "goods sent back with tax and shipping": (
        order("1", "100.00", [line("100.00")], refunds=[refund("124.00", [("100.00", "19.00")], shipping="5.00")]),
        "100.00",
        "100.00",
    ),
    "goodwill without a line": (
        order("1", "100.00", [line("100.00")], refunds=[refund("15.00", [])]),
        "100.00",
        "15.00",
    ),
    "a fee kept": (
        order("1", "100.00", [line("100.00")], refunds=[refund("95.00", [("100.00", "0")])]),
        "100.00",
        "95.00",
    ),
    "a gift card given back": (
        order(
            "1", "150.00", [line("100.00"), line("50", is_gift_card=True)], refunds=[refund("50.00", [], gift="50.00")]
        ),
        "100.00",
        "0.00",
    ),
    "an order edited upwards": (
        order("1", "100.00", [line("100.00"), line("20.00")], edited=True, currentSubtotalPriceSet=money("120.00")),
        "120.00",
        "0.00",
    ),
    "an edited order with a return": (
        order(
            "1",
            "100.00",
            [line("100.00"), line("20.00")],
            edited=True,
            currentSubtotalPriceSet=money("100.00"),
            refunds=[refund("20.00", [("20.00", "0")])],
        ),
        "120.00",
        "20.00",
    ),
}


@pytest.mark.parametrize(("given", "amount", "refunded"), CASES.values(), ids=CASES)
def test_what_counts_as_revenue(
    provider: Any, politeness: Politeness, given: dict[str, Any], amount: str, refunded: str
) -> None:
    landing, report = scripted(provider, politeness, [given])
    assert report.outcome == "complete", report.message
    found = rows(
        "SELECT CAST(CAST(amount AS DECIMAL(18,2)) AS VARCHAR), "
        "CAST(CAST(refunded_amount AS DECIMAL(18,2)) AS VARCHAR), currency FROM t",
        t=landing.curated(Shopify, "transactions"),
    )
    assert found == [(amount, refunded, "EUR")]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"displayFinancialStatus": "PAID"}, "completed"),
        ({"displayFinancialStatus": "PARTIALLY_PAID"}, "completed"),
        ({"displayFinancialStatus": "REFUNDED"}, "completed"),
        ({"displayFinancialStatus": None}, "completed"),
        ({"displayFinancialStatus": "PENDING"}, "pending"),
        ({"displayFinancialStatus": "AUTHORIZED"}, "pending"),
        ({"displayFinancialStatus": "VOIDED"}, "cancelled"),
        ({"displayFinancialStatus": "EXPIRED"}, "failed"),
        ({"displayFinancialStatus": "PAID", "cancelledAt": "2026-10-02T10:00:00Z"}, "cancelled"),
    ],
)
def test_a_status_is_one_of_the_contract_s(
    provider: Any, politeness: Politeness, given: dict[str, Any], status: str
) -> None:
    landing, _ = scripted(provider, politeness, [order("1", "10", [line("10")], **given)])
    assert rows("SELECT status FROM t", t=landing.curated(Shopify, "transactions")) == [(status,)]


def test_without_read_all_orders_history_begins_sixty_days_ago_and_says_so(
    provider: Any, politeness: Politeness
) -> None:
    landing, report = scripted(provider, politeness, [order("1", "10", [line("10")])], scopes=["read_orders"])
    assert [b.progress.history_since for b in landing.batches if b.progress.history_since][-1] == date(2026, 9, 4)
    assert report.notices == (
        "Shopify gives this connection only the orders of the last 60 days: history begins on 2026-09-04. "
        "With the read_all_orders scope it would be complete. Of older orders that are deleted only webhooks tell.",
    )


def test_a_field_that_may_not_be_read_stays_empty_and_is_named(provider: Any, politeness: Politeness) -> None:
    hidden = order("1", "10", [line("10")], customer=None)

    def orders(variables: Any) -> dict[str, Any]:
        page = {"nodes": [hidden], "pageInfo": {"hasNextPage": False, "endCursor": None}}
        denied = {"message": "Access denied", "path": ["orders", "nodes", 0, "customer"],
                  "extensions": {"code": "ACCESS_DENIED"}}  # fmt: skip
        return {"data": {"orders": page}, "errors": [denied]}

    landing, report = scripted(provider, politeness, [], Orders=orders)
    assert report.outcome == "complete"
    assert landing.keys("orders") == ["1"]
    assert report.notices == ("Shopify does not let this connection read customer; it stays empty.",)


def test_long_lists_inside_an_order_are_read_to_their_end(provider: Any, politeness: Politeness) -> None:
    long = order("1", "60", [line("1.00") for _ in range(10)])
    long["lineItems"]["pageInfo"] = {"hasNextPage": True, "endCursor": "c10"}
    long["refunds"] = [refund("1.00", [("1.00", "0")]) | {"id": f"gid://shopify/Refund/{n}"} for n in range(5)]

    def more_lines(variables: Any) -> dict[str, Any]:
        start = int(variables["after"][1:])
        page = {"hasNextPage": start < 30, "endCursor": f"c{start + 25}"}
        return {"data": {"order": {"lineItems": {"nodes": [line("1.00") for _ in range(25)], "pageInfo": page}}}}

    def more_refunds(variables: Any) -> dict[str, Any]:
        refunds = [refund("1.00", [("1.00", "0")]) | {"legacyResourceId": str(n)} for n in range(7)]
        return {"data": {"order": {"refunds": refunds}}}

    landing, report = scripted(provider, politeness, [long], MoreLines=more_lines, MoreRefunds=more_refunds)
    assert report.outcome == "complete", report.message
    assert rows("SELECT count(*) FROM t", t=landing.curated(Shopify, "transaction_lines")) == [(60,)]
    assert rows("SELECT count(*), count(DISTINCT refund_id) FROM t", t=landing.curated(Shopify, "refunds")) == [(7, 7)]


def test_a_visit_in_two_journeys_is_one_touch_without_the_address_in_its_link(
    provider: Any, politeness: Politeness
) -> None:
    visit = {
        "id": "gid://shopify/CustomerVisit/5",
        "occurredAt": "2026-10-01T09:00:00Z",
        "landingPage": "https://acme.example/?utm_campaign=fall%20sale+a&gbraid=0AAA&utm_medium=cpc&e=ada%40b.example",
        "utmParameters": {"campaign": "other", "source": "google"},
    }
    page = {"hasNextPage": False, "endCursor": None}
    journey = {"customerJourneySummary": {"moments": {"nodes": [visit], "pageInfo": page}}}
    both = [order(n, "10", [line("10")], **journey, customer={"legacyResourceId": "3"}) for n in ("1", "2")]
    landing, _ = scripted(provider, politeness, both)
    assert not any("b.example" in str(batch.records) for batch in landing.batches)
    found = rows(
        "SELECT touchpoint_id, customer_id, kind, utm_campaign, utm_source, click_id FROM t",
        t=landing.curated(Shopify, "touchpoints"),
    )
    assert found == [("shopify:5", "shopify:3", "click", "fall sale a", "google", "gbraid:0AAA")]


class Remembering(Landing):
    """A warehouse that can also tell which keys it holds that are not listed."""

    def unlisted(self, connection_id: str, resource: str, keys: Any, made: str, since: Any, before: Any) -> list[str]:
        held = {r.key: r.deleted for b in self.batches if b.resource == resource for r in b.records}
        return sorted(key for key, deleted in held.items() if not deleted and key not in keys)


def page_of(root: str, *numbers: str) -> dict[str, Any]:
    at, none = "2022-03-01T10:00:00Z", {"nodes": [], "pageInfo": {"hasNextPage": False}}
    nodes = [{"id": n, "legacyResourceId": n, "createdAt": at, "updatedAt": at, "variants": none} for n in numbers]
    return {"data": {root: {"nodes": nodes, "pageInfo": {"hasNextPage": False, "endCursor": None}}}}


def test_what_was_deleted_without_a_word_is_found_whatever_its_age(provider: Any, politeness: Politeness) -> None:
    held, asked = Remembering(), []

    def listed(root: str, *numbers: str) -> Any:
        return lambda variables: asked.append((root, variables["query"])) or page_of(root, *numbers)

    more: dict[str, Any] = {
        "Customers": lambda _: page_of("customers", "7", "8"),
        "Products": lambda _: page_of("products", "9"),
        "OrderNumbers": listed("orders", "2"),
        "CustomerNumbers": listed("customers", "8"),
        "ProductNumbers": listed("products"),
        "Order": lambda _: {"data": {"order": None}},
        "Customer": lambda _: {"data": {"customer": None}},
        "Product": lambda v: {"data": {"product": {"id": v["id"]}}},  # the list ran behind
        "landing": held,
        "only": ["shop", "products", "customers", "orders"],
    }
    old = [order(number, "10", [line("10")], createdAt="2022-03-01T10:00:00Z") for number in ("1", "2")]
    scripted(provider, politeness, old, **more)
    assert asked == [], "what has just been read whole need not be looked for"
    scripted(provider, politeness, old, **more, now="2026-11-04T15:00:00+00:00")
    assert asked == [("orders", "created_at:>='2025-11-04T15:00:00Z'")], "daily only the orders of a year"
    asked.clear()
    _, report = scripted(provider, politeness, old, **more, now="2026-11-11T15:00:00+00:00")
    assert asked == [("products", None), ("customers", None), ("orders", None)]
    gone = [(b.resource, r.key) for b in held.batches for r in b.records if r.deleted]
    assert ("customers", "7") in gone
    assert ("orders", "1") in gone
    assert not any(resource == "products" for resource, _ in gone)
    assert "One of the customers was deleted at Shopify; it is taken out of every figure." in report.notices
