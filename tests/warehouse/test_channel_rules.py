"""An organization's own channel rules: their order, their patterns, what they change, and the preview of that."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from roastery.warehouse.channel_preview import preview
from roastery.warehouse.channel_rules import OwnRule
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import BadQuery
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery
from tests.warehouse.conftest import put

NOW = Clock.from_iso("2026-11-01T12:00:00+00:00")
TOUCHES: list[dict[str, Any]] = [
    {"touchpoint_id": "audio", "utm_source": "acast", "utm_medium": "Audio-Ad", "utm_campaign": "Spring"},
    {"touchpoint_id": "brand", "campaign_id": "c1", "kind": "click"},
    {"touchpoint_id": "given", "channel": "referral", "utm_source": "partner"},
    {"touchpoint_id": "plain", "utm_source": "google", "utm_medium": "organic"},
    {"touchpoint_id": "typed"},
]  # fmt: skip
RULES = (
    OwnRule("podcast", medium=("audio*",)),
    OwnRule("brand_search", platform=("google_ads",), campaign=("* brand*", "brand*")),
    OwnRule("partners", source=("partner",)),
)


def fill(warehouse: Warehouse) -> Warehouse:
    put(
        warehouse,
        campaigns=[
            {"campaign_id": "c1", "campaign_name": "US Brand", "platform": "google_ads", "channel": "paid_search"},
            {"campaign_id": "c2", "campaign_name": "Generic", "platform": "google_ads"},
        ],
        ad_performance=[
            {"report_date": "2026-10-01", "platform": "google_ads", "campaign_id": id, "spend": "50.00"}
            for id in ("c1", "c2")
        ],
        touchpoints=[{"customer_id": f"p{n}", "occurred_at": "2026-10-02T10:00:00Z", **touch}
                     for n, touch in enumerate(TOUCHES)],
        transactions=[{"transaction_id": f"s{n}", "customer_id": f"p{n}", "occurred_at": "2026-10-03T10:00:00Z",
                       "amount": f"{10 * (n + 1)}.00"} for n in range(len(TOUCHES))],
    )  # fmt: skip
    return warehouse


def channels(warehouse: Warehouse) -> dict[str, str]:
    rows = warehouse.query("SELECT touchpoint_id, channel FROM touches").to_pylist()
    return {row["touchpoint_id"]: row["channel"] for row in rows}


def spend_by_channel(warehouse: Warehouse) -> dict[str, Decimal]:
    frame = SemanticLayer(warehouse, NOW).ask(MetricQuery(metrics=("spend", "roas"), dimensions=("channel",)))
    return {row["channel"]: row["spend"] for row in frame.rows if row["spend"]}


def test_own_rules_win_in_their_order_and_the_default_grouping_comes_last(
    open_warehouse: Callable[..., Warehouse],
) -> None:
    before = channels(fill(open_warehouse()))
    assert before == {"audio": "other", "brand": "paid_search", "given": "referral", "plain": "organic_search",
                      "typed": "direct"}  # fmt: skip


def test_rules_move_touches_credit_and_spend_alike(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = fill(open_warehouse(channel_rules=RULES))
    assert channels(warehouse) == {"audio": "podcast", "brand": "brand_search", "given": "partners",
                                   "plain": "organic_search", "typed": "direct"}  # fmt: skip
    assert spend_by_channel(warehouse) == {"brand_search": Decimal("50.00"), "paid_search": Decimal("50.00")}


def test_a_campaign_without_a_channel_has_that_of_its_platform(open_warehouse: Callable[..., Warehouse]) -> None:
    assert spend_by_channel(fill(open_warehouse())) == {"paid_search": Decimal("100.00")}


def test_preview_says_what_would_change_and_nothing_of_it_stays(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = fill(open_warehouse())
    before = channels(warehouse)
    found = preview(warehouse, RULES)
    changes = {change.channel: change for change in found.channels}
    assert changes["podcast"].before.touches == 0
    assert (changes["podcast"].after.touches, changes["podcast"].after.revenue) == (1, Decimal("10.00"))
    assert changes["paid_search"].before.spend == Decimal("100.00")
    assert (changes["paid_search"].after.spend, changes["brand_search"].after.spend) == (Decimal("50"), Decimal("50"))
    assert changes["organic_search"].before == changes["organic_search"].after
    assert set(found.moved) == {
        ("other", "podcast", 1),
        ("paid_search", "brand_search", 1),
        ("referral", "partners", 1),
    }
    for sums in ("before", "after"):
        assert sum(getattr(change, sums).revenue for change in found.channels) == Decimal("150.00")
    assert channels(warehouse) == before
    assert not warehouse.needs_build()


def test_preview_equals_what_applying_the_rules_gives(open_warehouse: Callable[..., Warehouse]) -> None:
    """Also where credit moves: a touch that is made direct no longer counts under last_non_direct."""
    rules = (OwnRule("direct", source=("google",)), *RULES)
    warehouse = fill(open_warehouse())
    foreseen = {change.channel: change.after for change in preview(warehouse, rules).channels}
    applied = Warehouse(warehouse._owner, warehouse.organization.with_settings(channel_rules=rules))
    applied.build()
    sums = applied.query(
        "SELECT channel, sum(credited_net) AS revenue FROM attribution_credits WHERE model = 'last_non_direct' "
        "GROUP BY channel"
    ).to_pylist()
    assert {row["channel"]: row["revenue"] for row in sums} == {
        name: numbers.revenue for name, numbers in foreseen.items() if numbers.revenue
    }


def test_brackets_and_question_marks_stand_for_themselves(open_warehouse: Callable[..., Warehouse]) -> None:
    rules = (OwnRule("odd", campaign=("[x]?",)), OwnRule("quoted", source=("it's",)))
    warehouse = open_warehouse(channel_rules=rules)
    put(warehouse, touchpoints=[
        {"touchpoint_id": "a", "customer_id": "a", "occurred_at": "2026-10-02T10:00:00Z", "utm_campaign": "[X]?"},
        {"touchpoint_id": "b", "customer_id": "b", "occurred_at": "2026-10-02T10:00:00Z", "utm_campaign": "xy"},
        {"touchpoint_id": "c", "customer_id": "c", "occurred_at": "2026-10-02T10:00:00Z", "utm_source": "It's"},
    ])  # fmt: skip
    assert channels(warehouse) == {"a": "odd", "b": "direct", "c": "quoted"}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: OwnRule("Paid Social", source=("x",)), "is not a channel's name"),
        (lambda: OwnRule("x"), "needs a condition"),
        (lambda: OwnRule("x", source=("",)), "1 to 200 characters"),
    ],
)
def test_an_unsound_rule_is_refused_with_a_sentence(make: Callable[[], OwnRule], said: str) -> None:
    with pytest.raises(BadQuery, match=said):
        make()


def test_a_rule_that_is_never_reached_is_refused(open_warehouse: Callable[..., Warehouse]) -> None:
    with pytest.raises(BadQuery, match="Rule 2 has the conditions of rule 1"):
        open_warehouse(channel_rules=(OwnRule("a", source=("x",)), OwnRule("b", source=("x",))))
