"""Salesforce against its twin: deals in their currencies and on their days, stages, deleted records, long histories."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from roastery.connectors.http import Politeness
from roastery.connectors.sources.salesforce import Salesforce
from roastery.evals.twins.salesforce import SalesforceTwin
from roastery.evals.twins.salesforce_books import Truth
from roastery.evals.twins.server import Twins
from tests.connectors.company import connect, rows, sync
from tests.connectors.loopback import Landing, Waits

POLITE = Politeness(wait=Waits(), jitter=lambda: 1.0)


def twin_of(twins: Twins) -> SalesforceTwin:
    twin = twins.of["salesforce"]
    assert isinstance(twin, SalesforceTwin)
    return twin


@pytest.fixture(scope="module")
def whole(served: Twins) -> Landing:
    landing = Landing()
    report = sync(served, connect(served, "salesforce"), landing, POLITE)
    assert report.outcome == "complete", report.message
    return landing


@pytest.fixture(scope="module")
def truth(whole: Landing, served: Twins) -> Truth:
    return twin_of(served).books.truth


def deals(landing: Landing) -> dict[str, tuple[Any, ...]]:
    found = rows("SELECT transaction_id, CAST(amount AS DECIMAL(18,2)), currency, "
                 "CAST(CAST(occurred_at AS TIMESTAMPTZ) AT TIME ZONE 'America/Los_Angeles' AS DATE), is_renewal FROM t",
                 t=landing.curated(Salesforce, "transactions"))  # fmt: skip
    return {name: (amount, currency, day.isoformat(), renewal) for name, amount, currency, day, renewal in found}


def test_won_deals_keep_currency_and_closing_day_wherever_one_is(whole: Landing, truth: Truth) -> None:
    assert deals(whole) == truth.deals
    assert {currency for _, currency, _, _ in truth.deals.values()} == {"GBP", "EUR", "USD"}


def test_opportunities_have_owner_pipeline_lead_and_customer(whole: Landing, truth: Truth) -> None:
    found = rows("SELECT opportunity_id, owner, pipeline, lead_id, customer_id, stage, campaign_id FROM t",
                 t=whole.curated(Salesforce, "opportunities"))  # fmt: skip
    assert {row[0]: row[1] for row in found} == truth.owners
    assert {row[2] for row in found} == {"New Business", "Renewals"}
    assert {row[0]: row[5] for row in found} == {name: path[-1] for name, path in truth.stages.items()}
    assert all(row[3].replace("00Q", "003") == row[4] and row[6].startswith("linkedin_ads:") for row in found)


def test_stages_move_as_their_history_says(whole: Landing, truth: Truth) -> None:
    found = rows("SELECT object_id, changed_at, from_stage, to_stage FROM t",
                 t=whole.curated(Salesforce, "stage_changes"))  # fmt: skip
    moved: dict[str, list[Any]] = {}
    for name, _, before, after in sorted(found, key=lambda row: (row[0], str(row[1]))):
        assert before == (moved[name][-1] if name in moved else None)
        moved.setdefault(name, []).append(after)
    assert moved == truth.stages


def test_leads_have_the_stage_that_they_reached(whole: Landing, truth: Truth) -> None:
    found = dict(rows("SELECT lead_id, stage FROM t", t=whole.curated(Salesforce, "leads")))
    assert found == truth.leads


def test_proposals_are_decided_as_the_quotes_say(whole: Landing) -> None:
    found = rows("SELECT status, count(*), count(decided_at) FROM t GROUP BY 1",
                 t=whole.curated(Salesforce, "proposals"))  # fmt: skip
    assert {row[0] for row in found} == {"accepted", "declined", "sent"}
    assert all((row[2] == 0) == (row[0] == "sent") for row in found)


def test_a_long_history_by_bulk_is_the_same(twins: Twins, whole: Landing) -> None:
    landing = Landing()
    assert sync(twins, connect(twins, "salesforce", bulk_from=1, bulk_page=13), landing, POLITE).outcome == "complete"
    assert twins.control.count("salesforce", "/results") > 10
    for contract in ("transactions", "opportunities", "leads", "stage_changes", "proposals", "customers"):
        assert rows("FROM t", t=landing.curated(Salesforce, contract)) == rows(
            "FROM t", t=whole.curated(Salesforce, contract)
        )


def test_what_changed_and_what_was_deleted_is_found(twins: Twins) -> None:
    twin, made, landing = twin_of(twins), connect(twins, "salesforce"), Landing()
    sync(twins, made, landing, POLITE)
    gone, changed = sorted(twin.books.truth.deals)[:2]
    now = twin.books.now
    twin.change("Opportunity", gone.removeprefix("salesforce:"), now - timedelta(minutes=2), IsDeleted=True)
    twin.change("Opportunity", changed.removeprefix("salesforce:"), now - timedelta(minutes=1), Amount=1234.5)
    sync(twins, made, landing, POLITE)
    found = deals(landing)
    assert gone not in found
    assert found[changed][0] == Decimal("1234.50")


def test_fields_and_objects_that_the_organization_lacks_are_left_out_and_told(twins: Twins) -> None:
    twin = twin_of(twins)
    twin.absent, twin.missing_objects = {"CurrencyIsoCode", "ContactId"}, {"Quote"}
    landing = Landing()
    report = sync(twins, connect(twins, "salesforce"), landing, POLITE)
    assert {r.resource: r.outcome for r in report.resources}["quotes"] == "skipped"
    assert any("has no ContactId, CurrencyIsoCode for opportunities" in notice for notice in report.notices)
    assert {currency for _, currency, _, _ in deals(landing).values()} == {None}


def test_the_day_s_calls_are_left_to_others_when_they_run_out(twins: Twins) -> None:
    twin_of(twins).used = 85_000
    report = sync(twins, connect(twins, "salesforce"), Landing(), POLITE)
    assert report.outcome == "waiting"
    assert "85000 of 100000 calls" in report.message
    assert report.resume_at is not None


@pytest.mark.parametrize("fault", ["server_error", "cut_off", "expire_token"])
def test_trouble_on_the_way_changes_nothing(twins: Twins, whole: Landing, fault: Any) -> None:
    landing, made = Landing(), connect(twins, "salesforce")
    before = made[1].held["refresh_token"]
    twins.control.fail("salesforce", fault, after=4)
    assert sync(twins, made, landing, POLITE).outcome == "complete"
    assert deals(landing) == deals(whole)
    assert (made[1].held["refresh_token"] != before) == (fault == "expire_token")


def test_a_limit_that_is_reached_waits_an_hour(twins: Twins) -> None:
    twins.control.fail("salesforce", "throttle")
    report = sync(twins, connect(twins, "salesforce"), Landing(), POLITE)
    assert report.outcome == "waiting"
    assert "used up" in report.message
