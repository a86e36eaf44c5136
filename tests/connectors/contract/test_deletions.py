"""What a list no longer shows is deleted only where the provider says so itself, and only as far as access reaches."""

from dataclasses import replace
from datetime import timedelta

import pyarrow.compute as pc

from roastery.evals.twins.shopify import SCOPES, ShopifyTwin, last_order_deleted
from tests.connectors.contract.conftest import Start
from tests.connectors.contract.scenario import Scenario


def shop_of(scenario: Scenario) -> ShopifyTwin:
    twin = scenario.twins.of["shopify"]
    assert isinstance(twin, ShopifyTwin)
    return twin


def test_a_deleted_order_is_found_at_the_next_look_and_told(start: Start) -> None:
    scenario = start("shopify")
    scenario.synced()
    scenario.twins.control.serve(last_order_deleted(scenario.twins.world))
    report = scenario.synced()
    assert "One of the orders was deleted at Shopify; it is taken out of every figure." in report.notices
    scenario.check()
    assert not [notice for notice in scenario.synced().notices if "deleted" in notice]


def test_orders_older_than_access_reaches_are_not_taken_for_deleted(start: Start) -> None:
    scenario = start("shopify")
    scenario.synced()
    whole, twin = scenario.twins.world, shop_of(scenario)
    recent = pc.field("occurred_at") >= pc.scalar(whole.now - timedelta(days=60))
    try:
        twin.scopes = [scope for scope in SCOPES if scope != "read_all_orders"]
        scenario.twins.control.serve(replace(whole, orders=whole.orders.filter(recent)))
        scenario.synced()
        scenario.check(whole)
    finally:
        twin.scopes = list(SCOPES)
