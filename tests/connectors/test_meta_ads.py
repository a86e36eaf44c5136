"""Meta Ads against its twin: the company's own figures come out, whatever goes wrong on the way."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow.compute as pc
import pytest

from roastery.connectors.http import Politeness
from roastery.connectors.registry import open_source
from roastery.connectors.sources.meta_ads import MetaAds, insight_key
from roastery.connectors.sync import sync_connection
from roastery.evals.twins.server import Twins
from roastery.evals.world import World
from tests.connectors.company import ad_rows, connect, rows, sync
from tests.connectors.loopback import Heard, Landing, Provider, Say, Secrets, Waits, connection

RECENT = {"history_months": 3}
"""Enough history for a fault to happen in, and quick."""


def truth(world: World, since: date | None = None) -> list[tuple[Any, ...]]:
    days = world.ad_days.filter(pc.equal(world.ad_days["platform"], "meta_ads"))
    return ad_rows(days.filter(pc.greater_equal(days["report_date"], since)) if since else days)


def three_months(world: World) -> date:
    return world.clock.today("America/Chicago").replace(month=8) + timedelta(days=1)


def performance(landing: Landing) -> list[tuple[Any, ...]]:
    return ad_rows(landing.curated(MetaAds, "ad_performance"))


def test_all_history_comes_out_as_the_company_has_it_newest_first(
    twins: Twins, politeness: Politeness, world: World
) -> None:
    landing = Landing()
    report = sync(twins, connect(twins, "meta_ads"), landing, politeness)
    assert report.outcome == "complete", report.message
    assert performance(landing) == truth(world)
    last = [batch.progress for batch in landing.batches if batch.resource == "insights" and batch.completed][-1]
    assert last.complete_through == date(2026, 11, 1)
    assert last.history_since == date(2024, 8, 1)
    asked = [a.parameters for a in twins.control.asked if a.what == "insights level=ad"]
    since = [json.loads(parameters["time_range"])["since"] for parameters in asked]
    assert since == sorted(since, reverse=True)
    assert since[-1] == "2024-08-01"
    assert all(parameters["time_increment"] == "1" for parameters in asked)


def test_rows_without_an_ad_hold_what_campaigns_spent_beyond_their_ads(
    twins: Twins, politeness: Politeness, world: World
) -> None:
    landing = Landing()
    sync(twins, connect(twins, "meta_ads", **RECENT), landing, politeness)
    found = landing.curated(MetaAds, "ad_performance")
    residual = rows("SELECT sum(spend), count(*) FROM t WHERE ad_id = '' AND ad_group_id = ''", t=found)
    expected = rows(
        f"SELECT sum(spend), count(*) FROM t WHERE ad_id = '' AND platform = 'meta_ads' "
        f"AND report_date >= '{three_months(world)}'",
        t=world.ad_days,
    )
    assert residual == expected
    assert residual[0][0] > 0


def test_the_next_sync_reads_28_days_again_and_takes_what_was_restated(
    twins: Twins, politeness: Politeness, world: World
) -> None:
    landing, connected = Landing(), connect(twins, "meta_ads", **RECENT)
    sync(twins, connected, landing, politeness)
    before = performance(landing)
    restated = twins.control.restate(days=28)
    twins.control.asked.clear()
    sync(twins, connected, landing, politeness)
    assert performance(landing) == truth(restated, three_months(world))
    assert performance(landing) != before
    spans = [json.loads(a.parameters["time_range"]) for a in twins.control.asked if a.what == "insights level=ad"]
    assert min(span["since"] for span in spans) == "2026-10-06"


@pytest.mark.parametrize(
    ("fault", "after"), [("throttle", 0), ("server_error", 3), ("html", 5), ("cut_off", 9), ("too_much_data", 2)]
)
def test_a_fault_on_the_way_changes_nothing(
    twins: Twins, politeness: Politeness, world: World, fault: Any, after: int
) -> None:
    twins.control.fail("meta_ads", fault, times=2, after=after, matching="insights")
    landing = Landing()
    report = sync(twins, connect(twins, "meta_ads", **RECENT), landing, politeness)
    assert report.outcome == "complete", report.message
    assert twins.control.met["meta_ads", fault] >= 2
    assert performance(landing) == truth(world, three_months(world))


@pytest.mark.parametrize("after", [0, 7])
def test_a_token_that_dies_in_mid_sync_asks_for_consent_and_nothing_is_lost(
    twins: Twins, politeness: Politeness, world: World, after: int
) -> None:
    twins.control.fail("meta_ads", "expire_token", after=after)
    landing, connected = Landing(), connect(twins, "meta_ads", **RECENT)
    report = sync(twins, connected, landing, politeness)
    assert report.outcome == "needs_consent"
    assert report.message == "Meta Ads no longer accepts this connection's access. Connect it again."
    connected[1].held["access_token"] = twins.tokens["meta_ads"].reconnect()
    assert sync(twins, connected, landing, politeness).outcome == "complete"
    assert performance(landing) == truth(world, three_months(world))


def test_consent_given_again_in_mid_sync_is_taken_up(twins: Twins, politeness: Politeness, world: World) -> None:
    twins.control.fail("meta_ads", "expire_token", after=4)
    landing, connected = Landing(), connect(twins, "meta_ads", **RECENT)

    class Mended(Secrets):
        """The store of somebody who reconnects at once."""

        def secrets(self, connection_id: str) -> Any:
            if not twins.tokens["meta_ads"].accepts(self.held["access_token"]):
                self.held["access_token"] = twins.tokens["meta_ads"].reconnect()
            return super().secrets(connection_id)

    report = sync(twins, (connected[0], Mended(**connected[1].held)), landing, politeness)
    assert report.outcome == "complete"
    assert performance(landing) == truth(world, three_months(world))


def test_another_action_reads_history_again_and_never_adds_overlapping_ones(
    twins: Twins, politeness: Politeness, world: World
) -> None:
    landing = Landing()
    sync(twins, connect(twins, "meta_ads", **RECENT), landing, politeness)
    pixel = connect(twins, "meta_ads", action_type="offsite_conversion.fb_pixel_purchase", **RECENT)
    sync(twins, pixel, landing, politeness)
    found = landing.curated(MetaAds, "ad_performance")
    expected = rows(
        f"SELECT sum(clicked + viewed), sum(clicked_value + viewed_value) FROM t "
        f"WHERE platform = 'meta_ads' AND report_date >= '{three_months(world)}'",
        t=world.ad_days,
    )
    assert rows("SELECT sum(reported_conversions), sum(reported_conversion_value) FROM t", t=found) == expected


def test_campaigns_carry_name_status_budget_and_dates(twins: Twins, politeness: Politeness, world: World) -> None:
    landing = Landing()
    sync(twins, connect(twins, "meta_ads", **RECENT), landing, politeness, only=["accounts", "campaigns"])
    found = rows(
        "SELECT campaign_id, campaign_name, status, CAST(start_date AS DATE), CAST(end_date AS DATE), budget_amount, "
        "budget_type, currency, channel FROM t",
        t=landing.curated(MetaAds, "campaigns"),
    )
    expected = rows(
        "SELECT campaign_id, campaign_name, status, start_date, end_date, CAST(daily_budget AS DECIMAL(18,2)), "
        "'daily', 'USD', 'paid_social' FROM t WHERE platform = 'meta_ads'",
        t=world.campaigns,
    )
    assert found == expected


def test_an_account_that_is_not_ours_is_named(twins: Twins, politeness: Politeness) -> None:
    report = sync(twins, connect(twins, "meta_ads", account_id="99"), Landing(), politeness)
    assert report.outcome == "failed"
    assert report.message.startswith("Meta Ads refused the request")


def account() -> Say:
    return Say({"id": "act_1", "account_id": "1", "currency": "JPY", "timezone_name": "Asia/Tokyo", "name": "A"})


def test_the_provider_s_own_wait_ends_the_sync_with_the_time_when_it_goes_on(
    provider: Any, politeness: Politeness, waits: Waits, world: World
) -> None:
    usage = {"X-Business-Use-Case-Usage": '{"1": [{"call_count": 100, "estimated_time_to_regain_access": 19}]}'}
    limited = Say({"error": {"code": 80004, "message": "too many calls"}}, 400, usage)
    server: Provider = provider(account(), limited)
    landing = Landing()
    made = connection("meta_ads", server.url, account_id="act_1")
    source = open_source(made, Secrets(access_token="token-1"), world.clock, politeness=politeness)
    report = sync_connection(source, made, landing, world.clock)
    assert report.outcome == "waiting"
    assert report.message == "Meta Ads is limiting how much may be asked. The sync goes on at 15:19 UTC."
    assert len(server.heard) == 2


@pytest.mark.parametrize(
    ("header", "used", "slows"),
    [
        ("X-App-Usage", '{"call_count": 100, "total_time": 3}', True),
        ("X-Business-Use-Case-Usage", '{"1": [{"call_count": 4, "total_cputime": 100}]}', True),
        ("X-Ad-Account-Usage", '{"acc_id_util_pct": 100.0}', True),
        ("X-App-Usage", '{"call_count": 60}', False),
        ("X-App-Usage", "not json", False),
        ("X-App-Usage", "[1]", False),
    ],
)
def test_a_limit_that_is_nearly_used_up_slows_us_down(
    provider: Any, politeness: Politeness, waits: Waits, world: World, header: str, used: str, slows: bool
) -> None:
    def answer(heard: Heard) -> Say:
        body = {"data": []} if "/campaigns" in heard.path else account().body
        return Say(body, headers={header: used})

    made = connection("meta_ads", provider(answer).url, account_id="act_1")
    source = open_source(made, Secrets(access_token="token-1"), world.clock, politeness=politeness)
    report = sync_connection(source, made, Landing(), world.clock, only=["accounts", "campaigns"])
    assert report.outcome == "complete"
    assert bool(waits.seconds) == slows


def test_yen_budgets_are_whole_units(provider: Any, politeness: Politeness, world: World) -> None:
    def answer(heard: Heard) -> Say:
        if "/campaigns" in heard.path:
            return Say({"data": [{"id": "5", "name": "東京", "lifetime_budget": "12000", "daily_budget": "0"}]})
        return account()

    landing = Landing()
    made = connection("meta_ads", provider(answer).url, account_id="act_1")
    source = open_source(made, Secrets(access_token="token-1"), world.clock, politeness=politeness)
    sync_connection(source, made, landing, world.clock, only=["accounts", "campaigns"])
    found = rows("SELECT budget_amount, budget_type FROM t", t=landing.curated(MetaAds, "campaigns"))
    assert found == [(Decimal("12000.00"), "lifetime")]


def test_an_insight_s_key_tells_ads_from_totals() -> None:
    assert insight_key({"ad_id": "7", "campaign_id": "8"}) != insight_key({"campaign_id": "7"})
