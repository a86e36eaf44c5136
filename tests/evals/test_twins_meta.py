import hashlib
import hmac
import json
from datetime import date
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from roastery.evals.twins import Twins
from roastery.evals.world.company import META_ACCOUNT
from roastery.evals.world.truth import Truth

OCTOBER = {"since": "2026-10-01", "until": "2026-10-31"}
FIELDS = "campaign_id,ad_id,campaign_name,spend,impressions,clicks,actions,action_values"


def get(twins: Twins, path: str, token: str | None = None, **params: Any) -> httpx2.Response:
    twin = twins["meta_ads"]
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in params.items()}
    headers = {"Authorization": f"Bearer {token or twin.secrets['access_token']}"}
    return httpx2.get(f"{twin.base_url}/v26.0/{path}", params=texts, headers=headers)


def insights(twins: Twins, **params: Any) -> list[dict[str, Any]]:
    """Every row, page by page."""
    asked = {"time_range": OCTOBER, "time_increment": "1", "fields": FIELDS, "limit": "100", **params}
    rows: list[dict[str, Any]] = []
    while True:
        body = get(twins, f"act_{META_ACCOUNT}/insights", **asked).json()
        rows += body["data"]
        if "next" not in body.get("paging", {}):
            return rows
        asked["after"] = body["paging"]["cursors"]["after"]


def spend(rows: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(row["spend"]) for row in rows), Decimal(0))


def test_campaign_rows_hold_all_spend_and_ad_rows_miss_deleted_ads(twins: Twins, small_truth: Truth) -> None:
    expected = small_truth.delivery(date(2026, 10, 1), date(2026, 11, 1), "platform")["meta_ads"]["spend"]
    assert spend(insights(twins, level="campaign")) == expected
    ads = insights(twins, level="ad")
    assert spend(ads) < expected
    assert all(row["ad_id"] for row in ads)


def test_figures_are_strings_and_what_is_zero_is_left_out(twins: Twins) -> None:
    rows = insights(twins, level="ad")
    assert all(isinstance(row["spend"], str) and isinstance(row["impressions"], str) for row in rows)
    assert any("actions" not in row for row in rows)
    assert not any(row.get("clicks") == "0" for row in rows)


def test_one_sale_stands_under_several_action_types(twins: Twins, small_truth: Truth) -> None:
    rows = insights(twins, level="campaign", action_attribution_windows=["1d_view", "7d_click"])
    by_type: dict[str, Decimal] = {}
    for action in (action for row in rows for action in row.get("actions", [])):
        by_type[action["action_type"]] = by_type.get(action["action_type"], Decimal(0)) + Decimal(action["value"])
    expected = small_truth.delivery(date(2026, 10, 1), date(2026, 11, 1), "platform")["meta_ads"]
    assert by_type["omni_purchase"] == by_type["purchase"] == expected["reported_conversions"]
    assert 0 < by_type["offsite_conversion.fb_pixel_purchase"] <= by_type["purchase"]
    viewed = [a for row in rows for a in row.get("actions", []) if a["action_type"] == "purchase" and "1d_view" in a]
    assert viewed


def test_rows_bear_the_name_of_their_day(twins: Twins) -> None:
    names = {row["campaign_name"] for row in insights(twins, level="campaign")}
    assert {"Fall Launch", "Fall Roast Launch"} <= names


def test_a_dead_token_is_refused_in_metas_words(twins: Twins) -> None:
    twins.control.fail("meta_ads", "expire_token")
    answer = get(twins, f"act_{META_ACCOUNT}", fields="currency")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == 190
    fresh = twins.tokens["meta_ads"].reconnect()
    assert get(twins, f"act_{META_ACCOUNT}", token=fresh, fields="currency").json()["currency"] == "USD"


def test_the_proof_of_the_app_is_checked(twins: Twins) -> None:
    secrets = twins["meta_ads"].secrets
    proof = hmac.new(secrets["app_secret"].encode(), secrets["access_token"].encode(), hashlib.sha256).hexdigest()
    assert get(twins, f"act_{META_ACCOUNT}", appsecret_proof=proof).status_code == 200
    assert get(twins, f"act_{META_ACCOUNT}", appsecret_proof="0" * 64).json()["error"]["code"] == 100


def test_throttling_says_so_in_body_and_header_and_passes(twins: Twins) -> None:
    twins.control.fail("meta_ads", "throttle", after=1, matching="insights")
    asked = {"time_range": OCTOBER, "level": "campaign", "time_increment": "1"}
    path = f"act_{META_ACCOUNT}/insights"
    assert get(twins, path, **asked).status_code == 200
    limited = get(twins, path, **asked)
    assert limited.json()["error"]["code"] == 17
    [usage] = json.loads(limited.headers["x-business-use-case-usage"]).values()
    assert usage[0]["call_count"] == 100
    assert get(twins, path, **asked).status_code == 200
    assert twins.control.count("meta_ads", "insights") == 3


def test_restated_days_give_other_figures_and_the_truth_moves_with_them(twins: Twins) -> None:
    before = insights(twins, level="campaign")
    world = twins.control.restate(days=28)
    after = insights(twins, level="campaign")
    assert spend(after) != spend(before)
    expected = Truth(world).delivery(date(2026, 10, 1), date(2026, 11, 1), "platform")["meta_ads"]["spend"]
    assert spend(after) == expected
    old = [row for row in before if row["date_start"] < "2026-10-05"]
    assert old == [row for row in after if row["date_start"] < "2026-10-05"]


@pytest.mark.parametrize(
    ("params", "code"),
    [({"fields": "spend,video_views"}, 100), ({"level": "keyword"}, 100),
     ({"time_range": {"since": "2022-01-01", "until": "2022-01-02"}}, 3018),
     ({"action_attribution_windows": ["7d_view"]}, 100)],
)  # fmt: skip
def test_what_meta_would_refuse_is_refused(twins: Twins, params: dict[str, Any], code: int) -> None:
    asked = {"time_range": OCTOBER, "level": "ad", **params}
    assert get(twins, f"act_{META_ACCOUNT}/insights", **asked).json()["error"]["code"] == code


def test_archived_campaigns_are_given_only_when_asked_for(twins: Twins) -> None:
    path = f"act_{META_ACCOUNT}/campaigns"
    usual = get(twins, path, fields="name,effective_status", limit="50").json()["data"]
    every = get(twins, path, fields="name", limit="50", effective_status=["ACTIVE", "PAUSED", "ARCHIVED"]).json()[
        "data"
    ]
    assert {row["name"] for row in every} - {row["name"] for row in usual} == {"Holiday Gifting 2024 (done)"}


@pytest.mark.referee
def test_every_field_is_one_of_metas_own(shared_material: Any) -> None:
    from roastery.evals.twins.meta import FIELDS as KNOWN
    from roastery.evals.twins.meta import WINDOWS

    spec = json.loads((shared_material / "specs/meta/AdsInsights.json").read_text())
    assert {field["name"] for field in spec["fields"]} >= KNOWN
    stats = json.loads((shared_material / "specs/meta/AdsActionStats.json").read_text())
    assert {field["name"] for field in stats["fields"]} >= {*WINDOWS, "action_type", "value"}
