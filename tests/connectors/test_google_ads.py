"""Google Ads against its twin: the company's own figures come out, whatever goes wrong on the way."""

from datetime import date
from typing import Any

import pyarrow.compute as pc
import pytest

from roastery.connectors.http import Politeness
from roastery.connectors.sources.google_ads import GoogleAds, gaql, performance_key, retry_delay
from roastery.evals.twins.server import Twins
from roastery.evals.world import World
from tests.connectors.company import ad_rows, connect, rows, sync
from tests.connectors.loopback import Landing, Waits

RECENT = {"history_months": 3, "slice_days": 14}
FIGURES = ("customers", "performance")
SINCE = date(2026, 8, 2)


def truth(world: World, since: date | None = None) -> list[tuple[Any, ...]]:
    days = world.ad_days.filter(pc.equal(world.ad_days["platform"], "google_ads"))
    return ad_rows(days.filter(pc.greater_equal(days["report_date"], since)) if since else days)


def performance(landing: Landing) -> list[tuple[Any, ...]]:
    return ad_rows(landing.curated(GoogleAds, "ad_performance"))


def test_all_history_comes_out_as_the_company_has_it(twins: Twins, politeness: Politeness, world: World) -> None:
    landing = Landing()
    connected = connect(twins, "google_ads", history_months=28, slice_days=62)
    report = sync(twins, connected, landing, politeness, only=FIGURES)
    assert report.outcome == "complete", report.message
    assert performance(landing) == truth(world)
    last = [batch.progress for batch in landing.batches if batch.resource == "performance" and batch.completed][-1]
    assert (last.complete_through, last.history_since) == (date(2026, 11, 1), date(2024, 7, 2))


def test_performance_max_stands_in_rows_without_ads(twins: Twins, politeness: Politeness, world: World) -> None:
    landing = Landing()
    sync(twins, connect(twins, "google_ads", **RECENT), landing, politeness, only=FIGURES)
    spent = "SELECT campaign_id, sum(spend), count(*) FROM t WHERE ad_id = '' AND platform = 'google_ads' {} GROUP BY 1"
    found = rows(spent.format(""), t=landing.curated(GoogleAds, "ad_performance"))
    assert found == rows(spent.format(f"AND report_date >= '{SINCE}'"), t=world.ad_days)
    assert found


def test_the_next_sync_reads_its_window_again_and_takes_what_was_restated(
    twins: Twins, politeness: Politeness, world: World
) -> None:
    landing, connected = Landing(), connect(twins, "google_ads", **RECENT)
    sync(twins, connected, landing, politeness, only=FIGURES)
    before = performance(landing)
    restated = twins.control.restate(days=28)
    twins.control.asked.clear()
    sync(twins, connected, landing, politeness, only=FIGURES)
    assert performance(landing) == truth(restated, SINCE)
    assert performance(landing) != before
    queries = [a.parameters["query"] for a in twins.control.asked if a.what == "ad_group_ad"]
    assert "BETWEEN '2026-10-04' AND" in queries[-1]


@pytest.mark.parametrize(
    ("fault", "after", "matching"),
    [
        ("throttle", 1, ""),
        ("server_error", 3, ""),
        ("html", 4, ""),
        ("cut_off", 1, "ad_group_ad"),
        ("cut_off", 2, "campaign"),
        ("expire_token", 5, ""),
        ("expire_token", 0, ""),
    ],
)
def test_a_fault_on_the_way_changes_nothing(
    twins: Twins, politeness: Politeness, world: World, fault: Any, after: int, matching: str
) -> None:
    met = twins.control.met["google_ads", fault]
    twins.control.fail("google_ads", fault, times=2, after=after, matching=matching)
    landing = Landing()
    report = sync(twins, connect(twins, "google_ads", **RECENT), landing, politeness, only=FIGURES)
    assert report.outcome == "complete", report.message
    assert twins.control.met["google_ads", fault] == met + 2
    assert performance(landing) == truth(world, SINCE)


def test_a_stream_that_breaks_off_is_asked_for_in_halves(twins: Twins, politeness: Politeness) -> None:
    twins.control.fail("google_ads", "cut_off", matching="ad_group_ad")
    sync(twins, connect(twins, "google_ads", **RECENT), Landing(), politeness, only=FIGURES)
    spans = [a.parameters["query"].split("BETWEEN ")[1] for a in twins.control.asked if a.what == "ad_group_ad"]
    assert spans[:3] == [
        "'2026-10-20' AND '2026-11-02'",
        "'2026-10-27' AND '2026-11-02'",
        "'2026-10-20' AND '2026-10-26'",
    ]


def test_the_wait_that_the_body_asks_for_is_obeyed(twins: Twins, politeness: Politeness, waits: Waits) -> None:
    twins.control.fail("google_ads", "throttle", wait_seconds=12.5)
    assert (
        sync(twins, connect(twins, "google_ads", **RECENT), Landing(), politeness, only=FIGURES).outcome == "complete"
    )
    assert 12.5 in waits.seconds


def test_a_used_up_day_ends_the_sync_with_the_time_when_it_goes_on(twins: Twins, politeness: Politeness) -> None:
    twins.control.fail("google_ads", "throttle", after=6, wait_seconds=7200)
    landing, connected = Landing(), connect(twins, "google_ads", **RECENT)
    report = sync(twins, connected, landing, politeness, only=FIGURES)
    assert (report.outcome, report.message) == (
        "waiting",
        "Google Ads is limiting how much may be asked. The sync goes on at 17:00 UTC.",
    )
    assert sync(twins, connected, landing, politeness, only=FIGURES).outcome == "complete"
    assert performance(landing) == truth(twins.world, SINCE)


def test_a_revoked_grant_asks_for_consent(twins: Twins, politeness: Politeness) -> None:
    connected = connect(twins, "google_ads", **RECENT)
    twins.tokens["google_ads"].revoke()
    report = sync(twins, connected, Landing(), politeness)
    assert report.outcome == "needs_consent"
    assert report.message == "Google Ads has ended this connection's grant. Connect it again."


@pytest.mark.parametrize(
    ("settings", "secrets", "said"),
    [({"customer_id": "123"}, {}, "Check customer_id"), ({}, {"developer_token": "wrong-token"}, "developer token")],
)
def test_a_wrong_customer_or_developer_token_is_named(
    twins: Twins, politeness: Politeness, settings: dict[str, str], secrets: dict[str, str], said: str
) -> None:
    connected = connect(twins, "google_ads", **settings)
    connected[1].held.update(secrets)
    report = sync(twins, connected, Landing(), politeness)
    assert report.outcome == "failed"
    assert said in report.message


def test_campaigns_carry_name_status_budget_and_dates(twins: Twins, politeness: Politeness, world: World) -> None:
    landing = Landing()
    sync(twins, connect(twins, "google_ads", **RECENT), landing, politeness, only=["customers", "campaigns"])
    found = rows(
        "SELECT campaign_id, campaign_name, status, CAST(start_date AS DATE), CAST(end_date AS DATE), "
        "CAST(budget_amount AS DECIMAL(18,2)), budget_type, currency FROM t",
        t=landing.curated(GoogleAds, "campaigns"),
    )
    expected = rows(
        "SELECT campaign_id, campaign_name, status, start_date, end_date, CAST(daily_budget AS DECIMAL(18,2)), "
        "'daily', 'USD' FROM t WHERE platform = 'google_ads'",
        t=world.campaigns,
    )
    assert found == expected


def test_keywords_carry_their_quality_and_figures(twins: Twins, politeness: Politeness, world: World) -> None:
    landing = Landing()
    report = sync(twins, connect(twins, "google_ads", **RECENT), landing, politeness, only=["customers", "keywords"])
    assert report.outcome == "complete", report.message
    columns = (
        "report_date, campaign_id, ad_group_id, keyword_id, keyword_text, lower(match_type), "
        "CAST(quality_score AS INTEGER), impressions, clicks, CAST(spend AS DECIMAL(18,6))"
    )
    found = rows(f"SELECT {columns} FROM t", t=landing.curated(GoogleAds, "keyword_performance"))
    assert found == rows(f"SELECT {columns} FROM t WHERE report_date >= '{SINCE}'", t=world.keyword_days)
    assert found


def test_one_ad_in_two_groups_is_two_rows() -> None:
    def record(group: str) -> dict[str, Any]:
        return {"campaign": {"id": "1"}, "adGroup": {"id": group}, "adGroupAd": {"ad": {"id": "7"}}}

    assert performance_key(record("a")) != performance_key(record("b"))
    assert performance_key({"campaign": {"id": "7"}}) != performance_key(record("a"))


def test_renamed_fields_are_not_asked_for() -> None:
    asked = " ".join(gaql(name) for name in ("customers", "campaigns", "ads", "totals", "keywords"))
    assert "metrics.video_views" not in asked
    assert "campaign.start_date," not in asked


@pytest.mark.parametrize("error", [{}, {"details": []}, {"details": [{"errors": [{"errorCode": {}}]}]}])
def test_an_error_without_a_hint_gives_no_wait(error: dict[str, Any]) -> None:
    assert retry_delay(error) is None
