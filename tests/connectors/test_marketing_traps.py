"""Each provider's own traps: what would silently give a wrong number is told apart or said."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from roastery.connectors.http import Politeness
from roastery.connectors.registry import SOURCES, open_source
from roastery.connectors.sync import SyncReport, sync_connection
from roastery.evals.twins.server import Twins
from roastery.warehouse.clock import Clock
from tests.connectors.company import connect, rows, sync
from tests.connectors.loopback import Heard, Landing, Provider, Say, Secrets, Waits, connection

NOW = Clock(datetime(2026, 11, 2, 15, tzinfo=UTC))
Start = Callable[..., Provider]


def synced(
    server: Provider, provider: str, polite: Politeness, landing: Landing | None = None, only: Any = (), **settings: Any
) -> SyncReport:
    made = connection(provider, server.url, **settings)
    secrets = Secrets(access_token="token-1", refresh_token="refresh-1", client_id="id", client_secret="secret")
    source = open_source(made, secrets, NOW, politeness=polite)
    return sync_connection(source, made, landing or Landing(), NOW, only=only)


def lower(heard: Heard) -> dict[str, str]:
    return {name.lower(): value for name, value in heard.headers.items()}


# TikTok.


def tiktok(code: int, data: Any = None, message: str = "") -> Say:
    return Say({"code": code, "message": message, "request_id": "1", "data": data or {}})


ADVERTISER = {"list": [{"advertiser_id": "7", "currency": "USD", "timezone": "America/New_York", "create_time": 0}]}


@pytest.mark.parametrize(
    ("code", "outcome", "said"),
    [
        (40100, "waiting", "limiting how much"),
        (40105, "needs_consent", "Connect it again"),
        (40001, "skipped", "does not let this connection read that"),
        (40002, "failed", "refused the request"),
        (50000, "waiting", "problem of its own"),
    ],
)
def test_tiktok_s_good_status_with_a_bad_code_is_no_empty_result(
    provider: Start, politeness: Politeness, code: int, outcome: str, said: str
) -> None:
    report = synced(provider(tiktok(code)), "tiktok_ads", politeness, only=["advertisers"], advertiser_id="7")
    assert report.outcome == outcome
    assert said in report.message


def test_tiktok_s_limit_without_a_hint_waits_the_time_that_is_set(
    provider: Start, politeness: Politeness, waits: Waits
) -> None:
    server = provider(tiktok(40100), tiktok(0, ADVERTISER))
    report = synced(server, "tiktok_ads", politeness, only=["advertisers"], advertiser_id="7", pause_seconds=120)
    assert report.outcome == "complete"
    assert 120.0 in waits.seconds


def test_tiktok_s_dash_is_no_zero(provider: Start, politeness: Politeness) -> None:
    metrics = {"spend": "5.00", "impressions": "100", "clicks": "2", "reach": "-", "frequency": "-", "likes": "1",
               "comments": "-", "shares": "-", "follows": "-", "conversion": "1", "total_purchase_value": "-",
               "video_watched_2s": "9", "campaign_id": "1", "campaign_name": "C", "adgroup_id": "2",
               "adgroup_name": "G", "ad_name": "A"}  # fmt: skip

    def answer(heard: Heard) -> Say:
        if "advertiser/info" in heard.path:
            return tiktok(0, ADVERTISER)
        is_ad = "AUCTION_AD" in heard.path and "2026-11-02" in heard.path
        row = {"dimensions": {"ad_id": "9", "stat_time_day": "2026-11-02 00:00:00"}, "metrics": metrics}
        pages = {"page": 1, "page_size": 1000, "total_number": 1, "total_page": 1}
        return tiktok(0, {"list": [row] if is_ad else [], "page_info": pages})

    landing = Landing()
    made = synced(provider(answer), "tiktok_ads", politeness, landing, only=["advertisers", "figures"],
                  advertiser_id="7", history_months=1)  # fmt: skip
    assert made.outcome == "complete", made.message
    table = landing.curated(SOURCES["tiktok_ads"], "ad_performance")
    found = rows("SELECT spend, reach, reported_conversion_value, social_actions, time_zone FROM t", t=table)
    assert found == [(Decimal("5.000000"), None, None, 1, "America/New_York")]


# LinkedIn.


def test_linkedin_is_never_asked_for_more_than_twenty_fields_and_parts_are_put_together(
    twins: Twins, politeness: Politeness
) -> None:
    landing = Landing()
    report = sync(twins, connect(twins, "linkedin_ads", history_months=1), landing, politeness)
    assert report.outcome == "complete", report.message
    asked = [a.parameters["fields"].split(",") for a in twins.control.asked if "fields" in a.parameters]
    assert max(map(len, asked)) == 20
    assert len({tuple(fields) for fields in asked}) == 2
    record = next(r for b in landing.batches if b.resource == "figures" for r in b.records)
    assert {"costInLocalCurrency", "approximateMemberReach"} <= set(record.payload)


def test_an_answer_that_linkedin_has_cut_is_asked_for_in_smaller_parts(provider: Start, politeness: Politeness) -> None:
    on = {"year": 2026, "month": 11, "day": 1}
    row = {"dateRange": {"start": on, "end": on}, "pivotValues": ["urn:li:sponsoredCampaignGroup:1"],
           "costInLocalCurrency": "1.0", "impressions": 1}  # fmt: skip
    spans: list[str] = []

    def answer(heard: Heard) -> Say:
        if "/adAccounts/" in heard.path:
            return Say({"id": 5, "currency": "USD"})
        spans.append(heard.path.partition("dateRange=")[2].partition("&")[0])
        is_long = spans[-1].count("day:1)") == 0 or "month:10" in spans[-1]
        return Say({"elements": [row] * (15_000 if is_long and len(spans) < 3 else 0)})

    report = synced(provider(answer), "linkedin_ads", politeness, only=["accounts", "figures"], account_id="5",
                    history_months=1, metrics="costInLocalCurrency,impressions")  # fmt: skip
    assert report.outcome == "complete", report.message
    assert len(spans) > 4


def test_a_version_that_linkedin_has_ended_is_named(provider: Start, politeness: Politeness) -> None:
    report = synced(provider(Say({"message": "not active"}, 426)), "linkedin_ads", politeness, only=["accounts"],
                    account_id="5")  # fmt: skip
    assert report.outcome == "failed"
    assert "api_version" in report.message


# Google Analytics.


def ga4(heard: Heard, **meta: Any) -> Say:
    body = json.loads(heard.body)
    names = [entry["name"] for entry in body["dimensions"]]
    metrics = [entry["name"] for entry in body["metrics"]]
    cells = {"date": body["dateRanges"][0]["startDate"].replace("-", "")}
    row = {"dimensionValues": [{"value": cells.get(n, "x")} for n in names],
           "metricValues": [{"value": "3"} for _ in metrics]}  # fmt: skip
    has = int(body["offset"]) == 0 and body["limit"] != "1"
    return Say(
        {
            "dimensionHeaders": [{"name": n} for n in names],
            "metricHeaders": [{"name": n, "type": "TYPE_INTEGER"} for n in metrics],
            "rows": [row] if has else [],
            "rowCount": 1,
            "metadata": {"currencyCode": "EUR", "timeZone": "Europe/Berlin", **meta},
        }
    )


def test_google_analytics_says_what_is_sampled_held_back_or_lost(provider: Start, politeness: Politeness) -> None:
    flags = {"subjectToThresholding": True, "samplingMetadatas": [{}], "dataLossFromOtherRow": True}
    landing = Landing()
    report = synced(provider(lambda heard: ga4(heard, **flags)), "ga4", politeness, landing, property_id="1",
                    history_months=1)  # fmt: skip
    assert report.outcome == "complete", report.message
    assert len(report.notices) == 3
    table = landing.curated(SOURCES["ga4"], "web_performance")
    assert rows("SELECT DISTINCT is_sampled, is_thresholded, currency, time_zone FROM t", t=table) == [
        (True, True, "EUR", "Europe/Berlin")
    ]


def test_google_analytics_is_not_asked_once_its_tokens_are_nearly_gone(provider: Start, politeness: Politeness) -> None:
    def answer(heard: Heard) -> Say:
        said = ga4(heard)
        return Say({**said.body, "propertyQuota": {"tokensPerHour": {"consumed": 1, "remaining": 9}}})

    server = provider(answer)
    report = synced(server, "ga4", politeness, property_id="1", history_months=1)
    assert report.outcome == "waiting"
    assert report.resume_at is not None
    assert len(server.heard) == 1


# E-mail.


def test_mailchimp_s_automations_are_not_counted_and_said(twins: Twins, politeness: Politeness) -> None:
    landing = Landing()
    report = sync(twins, connect(twins, "mailchimp"), landing, politeness)
    assert any("automations" in notice for notice in report.notices)
    found = landing.curated(SOURCES["mailchimp"], "email_performance")
    assert rows("SELECT count(*) FROM t WHERE campaign_id LIKE '%auto%'", t=found) == [(0,)]
    assert rows("SELECT count(*) FROM t WHERE proxy_opens > 0 AND proxy_opens <= unique_opens", t=found)[0][0] > 0


def test_what_is_kept_of_people_is_what_is_used(twins: Twins, politeness: Politeness) -> None:
    for name in ("mailchimp", "klaviyo", "constant_contact"):
        landing = Landing()
        sync(twins, connect(twins, name), landing, politeness)
        kept = json.dumps([dict(r.payload) for b in landing.batches for r in b.records])
        assert "203.0.113.7" not in kept
        assert "1 Main St" not in kept
        clicks = json.dumps([dict(r.payload) for b in landing.batches if b.resource == "clicks" for r in b.records])
        assert "@mail.example" not in clicks


def test_a_mailchimp_key_goes_as_a_password_and_a_token_as_itself(provider: Start, politeness: Politeness) -> None:
    server = provider(Say({"account_id": "1", "account_timezone": "Europe/Berlin"}))
    for token in ("0123456789abcdef-us21", "0123456789abcdef"):
        made = connection("mailchimp", server.url)
        source = open_source(made, Secrets(access_token=token), NOW, politeness=politeness)
        assert sync_connection(source, made, Landing(), NOW, only=["account"]).outcome == "complete"
    assert [lower(h)["authorization"].split()[0] for h in server.heard] == ["Basic", "Bearer"]


def test_klaviyo_s_private_key_needs_no_refresh_and_its_limit_of_a_day_ends_the_sync(
    provider: Start, politeness: Politeness
) -> None:
    server = provider(Say({"errors": []}, 429, {"Retry-After": "7200"}))
    made = connection("klaviyo", server.url)
    source = open_source(made, Secrets(access_token="pk_0123456789"), NOW, politeness=politeness)
    report = sync_connection(source, made, Landing(), NOW, only=["account"])
    assert report.message == "Klaviyo is limiting how much may be asked. The sync goes on at 17:00 UTC."
    assert lower(server.heard[0])["authorization"] == "Klaviyo-API-Key pk_0123456789"
    assert lower(server.heard[0])["revision"] == "2026-07-15"


def test_a_klaviyo_window_of_a_year_that_has_settled_is_not_asked_for_again(
    twins: Twins, politeness: Politeness
) -> None:
    landing, connected = Landing(), connect(twins, "klaviyo")
    sync(twins, connected, landing, politeness)
    first = twins.control.count("klaviyo", "campaign-values")
    twins.control.asked.clear()
    sync(twins, connected, landing, politeness)
    assert (first, twins.control.count("klaviyo", "campaign-values")) == (3, 1)


def test_constant_contact_s_quota_of_the_day_is_waited_for_until_midnight(
    provider: Start, politeness: Politeness
) -> None:
    token = Say({"access_token": "a1", "expires_in": 86400})
    quota = Say([{"error_key": "quota_exceeded", "error_message": "quota"}], 429)

    def answer(heard: Heard) -> Say:
        return token if "token" in heard.path else quota

    report = synced(provider(answer), "constant_contact", politeness, only=["campaigns"])
    assert report.outcome == "waiting"
    assert report.resume_at == datetime(2026, 11, 3, tzinfo=UTC)


def test_a_contact_that_is_gone_is_told_to_the_warehouse(twins: Twins, politeness: Politeness) -> None:
    from roastery.evals.twins.constant_contact import one_deleted

    landing, connected = Landing(), connect(twins, "constant_contact")
    sync(twins, connected, landing, politeness)
    twins.control.serve(one_deleted(twins.world))
    sync(twins, connected, landing, politeness)
    assert len([r for b in landing.batches for r in b.records if r.deleted]) == 1


def test_every_marketing_source_says_since_when_its_history_is_complete(twins: Twins, politeness: Politeness) -> None:
    for name in ("tiktok_ads", "linkedin_ads", "ga4", "mailchimp", "klaviyo", "constant_contact"):
        landing = Landing()
        sync(twins, connect(twins, name), landing, politeness)
        since = [b.progress.history_since for b in landing.batches if b.progress.history_since]
        through = [b.progress.complete_through for b in landing.batches if b.progress.complete_through]
        assert since, name
        assert max(through) == date(2026, 11, 1), name
