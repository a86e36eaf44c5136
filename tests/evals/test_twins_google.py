import gzip
import json
from datetime import date
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from roastery.evals.twins import Twins, gaql
from roastery.evals.twins.google_rows import RESOURCES
from roastery.evals.world.company import GOOGLE_ACCOUNT
from roastery.evals.world.truth import Truth

OCTOBER = "segments.date BETWEEN '2026-10-01' AND '2026-10-31'"
TOTALS = f"SELECT campaign.id, campaign.status, segments.date, metrics.cost_micros FROM campaign WHERE {OCTOBER}"
ADS = f"SELECT campaign.id, ad_group_ad.ad.id, segments.date, metrics.cost_micros FROM ad_group_ad WHERE {OCTOBER}"


def post(twins: Twins, query: str, token: str | None = None, call: str = "searchStream") -> httpx2.Response:
    twin = twins["google_ads"]
    headers = {
        "Authorization": f"Bearer {token or twin.secrets['access_token']}",
        "developer-token": twin.secrets["developer_token"],
    }
    url = f"{twin.base_url}/v26/customers/{GOOGLE_ACCOUNT}/googleAds:{call}"
    return httpx2.post(url, json={"query": query}, headers=headers)


def rows(twins: Twins, query: str) -> list[dict[str, Any]]:
    return [row for chunk in post(twins, query).json() for row in chunk["results"]]


def cost(found: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(row["metrics"]["costMicros"]) / 1_000_000 for row in found), Decimal(0))


def test_campaign_totals_hold_all_spend_and_ads_miss_performance_max(twins: Twins, small_truth: Truth) -> None:
    truth = small_truth.delivery(date(2026, 10, 1), date(2026, 11, 1), "campaign")
    google = {k: v["spend"] for k, v in truth.items() if k.startswith("google_ads:")}
    totals, ads = rows(twins, TOTALS), rows(twins, ADS)
    assert cost(totals) == sum(google.values())
    missing = {row["campaign"]["id"] for row in totals} - {row["campaign"]["id"] for row in ads}
    [performance_max] = missing
    assert cost(totals) - cost(ads) == google[f"google_ads:{performance_max}"]


def test_micros_are_text_and_conversions_are_numbers(twins: Twins) -> None:
    query = f"SELECT metrics.cost_micros, metrics.conversions, segments.date FROM campaign WHERE {OCTOBER}"
    for row in rows(twins, query):
        assert isinstance(row["metrics"]["costMicros"], str)
        assert isinstance(row["metrics"]["conversions"], float)


def test_rows_of_nothing_but_zeros_are_not_sent(twins: Twins) -> None:
    query = f"SELECT ad_group_ad.ad.id, segments.date, metrics.clicks FROM ad_group_ad WHERE {OCTOBER}"
    found = rows(twins, query)
    assert found
    assert all(row["metrics"]["clicks"] != "0" for row in found)


def test_removed_campaigns_keep_their_spend(twins: Twins) -> None:
    query = TOTALS.replace("2026-10-01", "2026-06-01").replace("2026-10-31", "2026-06-30")
    assert "REMOVED" in {row["campaign"]["status"] for row in rows(twins, query)}


def test_a_dead_token_is_refused_and_refreshed(twins: Twins) -> None:
    twins.tokens["google_ads"].expire()
    refused = post(twins, TOTALS)
    assert refused.status_code == 401
    assert refused.json()[0]["error"]["status"] == "UNAUTHENTICATED"
    twin = twins["google_ads"]
    form = {name: twin.secrets[name] for name in ("client_id", "client_secret", "refresh_token")}
    fresh = httpx2.post(f"{twin.base_url}/token", data={"grant_type": "refresh_token", **form}).json()
    assert fresh["expires_in"] == 3599
    assert post(twins, TOTALS, token=fresh["access_token"]).status_code == 200


def test_a_revoked_grant_cannot_be_refreshed(twins: Twins) -> None:
    twins.tokens["google_ads"].revoke()
    twin = twins["google_ads"]
    form = {name: twin.secrets[name] for name in ("client_id", "client_secret", "refresh_token")}
    answer = httpx2.post(f"{twin.base_url}/token", data={"grant_type": "refresh_token", **form})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_quota_is_refused_with_a_delay_in_the_body(twins: Twins) -> None:
    twins.control.fail("google_ads", "throttle", wait_seconds=2)
    refused = post(twins, TOTALS)
    assert refused.status_code == 429
    [failure] = refused.json()[0]["error"]["details"][0]["errors"]
    assert failure["errorCode"] == {"quotaError": "RESOURCE_EXHAUSTED"}
    assert failure["details"]["quotaErrorDetails"]["retryDelay"] == "2s"


def test_a_broken_stream_ends_within_a_chunk(twins: Twins) -> None:
    twins.control.fail("google_ads", "cut_off")
    with pytest.raises((httpx2.TransportError, ValueError)):
        post(twins, TOTALS).json()
    assert post(twins, TOTALS).json()


@pytest.mark.parametrize(
    ("query", "code"),
    [("SELECT metrics.video_views, segments.date FROM campaign", "UNRECOGNIZED_FIELD"),
     ("SELECT campaign.start_date FROM campaign", "UNRECOGNIZED_FIELD"),
     ("SELECT campaign.id FROM campaigns", "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE"),
     ("campaign.id please", "UNEXPECTED_INPUT")],
)  # fmt: skip
def test_what_google_would_refuse_is_refused(twins: Twins, query: str, code: str) -> None:
    refused = post(twins, query)
    assert refused.status_code == 400
    assert refused.json()[0]["error"]["details"][0]["errors"][0]["errorCode"] == {"queryError": code}


def test_page_size_is_not_supported(twins: Twins) -> None:
    twin = twins["google_ads"]
    headers = {
        "Authorization": f"Bearer {twin.secrets['access_token']}",
        "developer-token": twin.secrets["developer_token"],
    }
    url = f"{twin.base_url}/v26/customers/{GOOGLE_ACCOUNT}/googleAds:search"
    refused = httpx2.post(url, json={"query": TOTALS, "pageSize": 100}, headers=headers)
    assert refused.json()["error"]["details"][0]["errors"][0]["errorCode"] == {
        "requestError": "PAGE_SIZE_NOT_SUPPORTED"
    }


def test_keywords_share_the_spend_of_their_ad_group(twins: Twins, small_truth: Truth) -> None:
    query = f"SELECT ad_group.id, segments.date, metrics.cost_micros FROM keyword_view WHERE {OCTOBER}"
    by_keyword = cost(rows(twins, query))
    assert by_keyword == cost(rows(twins, ADS))


def test_gaql_conditions_order_and_limit() -> None:
    table = [{"campaign.id": n, "campaign.status": "ENABLED" if n % 2 else "PAUSED"} for n in range(6)]
    where = "campaign.status IN ('ENABLED') AND campaign.id >= 1"
    query = gaql.parse(f"SELECT campaign.id FROM campaign WHERE {where} ORDER BY campaign.id DESC LIMIT 2")
    assert [row["campaign.id"] for row in gaql.select(query, table)] == [5, 3]
    assert (
        len(gaql.select(gaql.parse("SELECT campaign.id FROM campaign WHERE campaign.status != 'PAUSED'"), table)) == 3
    )


@pytest.mark.referee
def test_every_field_is_one_of_googles_own(shared_material: Any) -> None:
    with gzip.open(shared_material / "specs/google_ads/v25-discovery.json.gz") as file:
        schemas = json.load(file)["schemas"]
    row = next(name for name in schemas if name.endswith("Services__GoogleAdsRow"))
    for field in sorted(set().union(*RESOURCES.values())):
        owner = row
        for step in field.split("."):
            known = schemas[owner]["properties"]
            assert gaql.camel(step) in known, f"{field}: {gaql.camel(step)} is no property of {owner}"
            owner = known[gaql.camel(step)].get("$ref", "")
