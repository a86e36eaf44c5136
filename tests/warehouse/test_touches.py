"""Whose visit it was, from which campaign and channel, and that two systems that saw it count it once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from roastery.warehouse.engine import Warehouse
from tests.warehouse.conftest import put, rows

START = datetime(2026, 10, 5, 9, tzinfo=UTC)


def at(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def touch(id_: str, minutes: int = 0, **more: Any) -> dict[str, Any]:
    return {"touchpoint_id": id_, "occurred_at": at(minutes), **more}


def event(id_: str, minutes: int, visitor: str, **more: Any) -> dict[str, Any]:
    return {"event_id": id_, "occurred_at": at(minutes), "anonymous_id": visitor, "kind": "page_view", **more}


def spend(campaign: str, platform: str, name: str, day: str = "2026-10-05") -> dict[str, Any]:
    return {"report_date": day, "platform": platform, "campaign_id": campaign, "campaign_name": name, "spend": "1"}


CUSTOMERS = [
    {"customer_id": "early", "email": "Ana@example.com", "first_seen_at": "2025-01-01T00:00:00Z", "country": "US"},
    {
        "customer_id": "crm-1",
        "email": "ana@example.com",
        "phone": "+1 415 555 2671",
        "first_seen_at": "2026-01-01T00:00:00Z",
    },
    {"customer_id": "pos-9", "phone": "415-555-2671", "segment": "gold", "first_seen_at": "2026-02-01T00:00:00Z"},
    {"customer_id": "bob", "email": "bob@example.com"},
    *({"customer_id": f"desk{n}", "phone": "2125550100"} for n in range(25)),
]
CAMPAIGNS = [
    {"campaign_id": "google_ads:77", "campaign_name": "Brand", "platform": "google_ads"},
    {"campaign_id": "meta_ads:77", "campaign_name": "Prospecting", "platform": "meta_ads"},
    {"campaign_id": "pod", "campaign_name": "Podcast", "platform": "podcasts", "channel": "Audio"},
]
ADS = [
    spend("meta_ads:1", "meta_ads", "Spring Sale"),
    spend("meta_ads:2", "meta_ads", "Twin"),
    spend("google_ads:2", "google_ads", "Twin"),
    spend("meta_ads:3", "meta_ads", "Echo", day="2026-10-05"),
    spend("meta_ads:4", "meta_ads", "Echo", day="2026-10-20"),
]
MAIL = [{"report_date": "2026-10-05", "platform": "klaviyo", "campaign_id": "k:9", "campaign_name": "Spring Sale"}]
FB = {"utm_source": "facebook", "utm_medium": "paid_social"}
TOUCHES = [
    # whose
    touch("own", anonymous_id="v1", customer_id="crm-1"),
    touch("before", -60, anonymous_id="v1"),
    touch("after", 60, anonymous_id="v1"),
    touch("between", 10, anonymous_id="shared"),
    touch("shared-a", 0, anonymous_id="shared", customer_id="early"),
    touch("shared-b", 20, anonymous_id="shared", customer_id="bob"),
    touch("shared-late", 90, anonymous_id="shared"),
    touch("stranger", anonymous_id="v9"),
    touch("nameless"),
    # from which campaign
    touch("given", campaign_id="c-import", platform="billboards"),
    touch("given-bare", campaign_id="77", platform="meta_ads"),
    touch("by-id", utm_id="google_ads:77"),
    touch("by-bare-id", utm_id="77", utm_source="google", utm_medium="cpc"),
    touch("ambiguous-id", utm_id="77"),
    touch("by-click", click_id="gclid:abc", utm_id="google_ads:77"),
    touch("by-click-2", click_id="gclid:abc"),
    touch("by-name", utm_campaign="Spring Sale", **FB),
    touch("by-old-name", utm_campaign="Winter Sale", **FB),
    touch("mail-by-name", utm_campaign="Spring Sale", utm_source="klaviyo", utm_medium="email"),
    touch("mail-without-campaign", utm_campaign="Prospecting", utm_source="newsletter", utm_medium="email"),
    touch("wrong-platform", utm_campaign="Spring Sale", utm_source="google", utm_medium="cpc"),
    touch("twin-meta", utm_campaign="Twin", **FB),
    touch("twin-unsaid", utm_campaign="Twin"),
    touch("echo-by-day", utm_campaign="Echo", **FB),
    touch("unknown-name", utm_campaign="spring sale", **FB),
    touch("audio", campaign_id="pod"),
    touch("own-channel", channel="Paid Social", campaign_id="pod"),
]
EVENTS = [
    event("e1", 0, "w1", utm_source="facebook", utm_medium="cpc", utm_campaign="Spring Sale"),
    event("e2", 10, "w1"),
    event("e3", 12, "w1", utm_source="facebook", utm_medium="cpc", utm_campaign="Spring Sale"),
    event("e4", 20, "w1", utm_source="newsletter", utm_medium="email"),
    event("e5", 25, "w1", kind="form_submission", email="BOB@example.com"),
    event("e6", 56, "w1", referrer="https://www.google.com/"),
    event("e7", 200, "w1", kind="purchase", customer_id="bob"),
    event("e8", 0, "w2", referrer="https://shop.example/x", page="https://www.shop.example/y"),
]
# Shop and storefront saw the same visits; the second pair lies apart, the third only one of them saw.
SEEN_TWICE = [
    touch("shop-1", 300, customer_id="bob", source_system="shop", **FB, utm_campaign="Spring Sale"),
    touch("shop-2", 310, customer_id="bob", source_system="shop", **FB, utm_campaign="Spring Sale"),
    touch("web-1", 301, customer_id="bob", source_system="web", **FB, utm_campaign="Spring Sale"),
    touch("web-2", 311, customer_id="bob", source_system="web", **FB, utm_campaign="Spring Sale"),
    touch("web-3", 400, customer_id="bob", source_system="web", **FB, utm_campaign="Spring Sale"),
    touch("shop-other", 400, customer_id="bob", source_system="shop", utm_source="google", utm_medium="organic"),
    touch("early-web", 400, customer_id="early", source_system="web", **FB, utm_campaign="Spring Sale"),
]


@pytest.fixture(scope="module")
def seen(shared: Warehouse) -> Warehouse:
    put(shared, ad_performance=[spend("meta_ads:1", "meta_ads", "Winter Sale")])
    put(
        shared,
        customers=CUSTOMERS,
        campaigns=CAMPAIGNS,
        ad_performance=ADS,
        email_performance=MAIL,
        touchpoints=TOUCHES + SEEN_TWICE,
        web_events=EVENTS,
    )
    return shared


def column(warehouse: Warehouse, name: str) -> dict[str, Any]:
    return dict(rows(warehouse, f"SELECT touchpoint_id, {name} FROM touches"))


def test_records_that_share_an_address_or_a_phone_are_one_person(seen: Warehouse) -> None:
    people = dict(rows(seen, "SELECT identity, customer_id FROM identities WHERE identity_kind = 'customer'"))
    assert [people[record] for record in ("early", "crm-1", "pos-9", "bob")] == ["early", "early", "early", "bob"]


def test_a_phone_on_many_records_links_nobody(seen: Warehouse) -> None:
    people = dict(rows(seen, "SELECT identity, customer_id FROM identities WHERE identity_kind = 'customer'"))
    assert len({people[f"desk{n}"] for n in range(25)}) == 25


def test_a_person_has_the_attributes_of_all_records(seen: Warehouse) -> None:
    assert rows(seen, "SELECT country, segment FROM work.persons WHERE customer_id = 'early'") == [("US", "gold")]


@pytest.mark.parametrize(
    ("touchpoint", "customer"),
    [
        ("own", "early"),  # crm-1 is early
        ("before", "early"),  # the next one known on v1
        ("after", "early"),  # nobody later: the last one before
        ("between", "bob"),
        ("shared-a", "early"),
        ("shared-late", "bob"),
        ("stranger", None),
        ("nameless", None),
        ("web:e1", "bob"),  # known by the address in a form at e5
    ],
)
def test_a_visit_belongs_to_whom_the_device_is_known_by_next(
    seen: Warehouse, touchpoint: str, customer: str | None
) -> None:
    assert column(seen, "customer_id")[touchpoint] == customer


@pytest.mark.parametrize(
    ("touchpoint", "campaign", "resolution"),
    [
        ("given", "c-import", "given"),
        ("given-bare", "meta_ads:77", "given"),
        ("by-id", "google_ads:77", "utm_id"),
        ("by-bare-id", "google_ads:77", "utm_id"),
        ("ambiguous-id", "", "unmapped"),
        ("by-click-2", "google_ads:77", "click_id"),
        ("by-name", "meta_ads:1", "name"),
        ("by-old-name", "meta_ads:1", "name"),
        ("mail-by-name", "k:9", "name"),
        ("mail-without-campaign", "", "unmapped"),
        ("wrong-platform", "", "unmapped"),
        ("twin-meta", "meta_ads:2", "name"),
        ("twin-unsaid", "", "unmapped"),
        ("echo-by-day", "meta_ads:3", "name"),
        ("unknown-name", "", "unmapped"),
        ("stranger", "", "none"),
        ("web:e1", "meta_ads:1", "name"),
    ],
)
def test_a_campaign_is_found_by_id_click_or_exact_name_and_never_guessed(
    seen: Warehouse, touchpoint: str, campaign: str, resolution: str
) -> None:
    found = rows(seen, f"SELECT campaign_id, resolution FROM touches WHERE touchpoint_id = '{touchpoint}'")
    assert found == [(campaign, resolution)]


@pytest.mark.parametrize(
    ("touchpoint", "channel", "platform", "is_paid", "kind"),
    [
        ("by-name", "paid_social", "meta_ads", True, "visit"),
        ("by-id", "paid_search", "google_ads", False, "visit"),
        ("mail-by-name", "email", "klaviyo", False, "visit"),
        ("audio", "audio", "podcasts", False, "visit"),
        ("own-channel", "paid_social", "podcasts", False, "visit"),
        ("given", "other", "billboards", False, "visit"),
        ("stranger", "direct", "", False, "visit"),
        ("web:e1", "paid_social", "meta_ads", True, "click"),
        ("web:e4", "email", "", False, "email_click"),
        ("web:e6", "organic_search", "", False, "visit"),
        ("web:e8", "direct", "", False, "visit"),
    ],
)
def test_channel_and_platform_follow_from_campaign_and_tags(
    seen: Warehouse, touchpoint: str, channel: str, platform: str, is_paid: bool, kind: str
) -> None:
    found = rows(seen, f"SELECT channel, platform, is_paid, kind FROM touches WHERE touchpoint_id = '{touchpoint}'")
    assert found == [(channel, platform, is_paid, kind)]


def test_a_session_touches_at_its_start_and_at_each_new_tag(seen: Warehouse) -> None:
    """e3 repeats the tag of e1; e6 begins a session after 31 minutes; e7 is a purchase, which is no visit."""
    found = rows(seen, "SELECT touchpoint_id FROM touches WHERE touchpoint_id LIKE 'web:%' ORDER BY 1")
    assert [row[0] for row in found] == ["web:e1", "web:e4", "web:e6", "web:e8"]


def test_sessions_end_after_thirty_minutes_without_an_event(seen: Warehouse) -> None:
    columns = "session_id, channel, campaign_id, page_views, form_submissions, purchases, customer_id"
    assert rows(seen, f"SELECT {columns} FROM sessions ORDER BY session_id") == [
        ("e1", "paid_social", "meta_ads:1", 4, 1, 0, "bob"),
        ("e6", "organic_search", "", 1, 0, 0, "bob"),
        ("e7", "direct", "", 0, 0, 1, None),
        ("e8", "direct", "", 1, 0, 0, None),
    ]


def test_a_visit_that_two_systems_saw_counts_once(seen: Warehouse) -> None:
    """Two visits ten minutes apart, each seen by both; one more that only the web saw; others' stay theirs."""
    kept = {id_ for id_ in column(seen, "channel") if id_.startswith(("shop", "web-", "early-w"))} - {
        "shared-a",
        "shared-b",
    }
    assert kept == {"shop-1", "shop-2", "web-3", "shop-other", "early-web"}
