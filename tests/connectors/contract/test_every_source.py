"""Every source against its twin: whatever happens, the curated tables equal the company's own, every row once.

A source takes part by having a twin with a DECLARATION. `make test` runs a sample; `make prove` every source × fault.
"""

import random
from dataclasses import replace

import pytest

from roastery.connectors.registry import SOURCES
from roastery.evals.twins.control import Fault, Shape
from roastery.evals.twins.declaration import emptied
from roastery.evals.twins.registry import declarations
from roastery.evals.twins.weather import UNKNOWN_FIELD, new_name
from tests.connectors.contract.conftest import Start
from tests.connectors.contract.scenario import IMPATIENT, Dying, Killed, Scenario

PROVIDERS = tuple(declarations())
SAMPLE = pytest.mark.parametrize("provider", PROVIDERS)
WEATHER: tuple[Fault, ...] = (
    "throttle", "server_error", "html", "cut_off", "wrong_type", "slow_body", "clock_skew", "cut_connection",
)  # fmt: skip
KILLS = 4
OFTEN = ("meta_ads", "shopify", "custom_crm")
"""An ad platform, a shop and a CRM: what `make test` runs of a proof over all of them."""

REPORTING = tuple(name for name, declared in declarations().items() if declared.day)
REPORTING_OFTEN = ("ga4",)
"""The one whose values are told apart by their place."""

prove = pytest.mark.prove


@pytest.mark.parametrize("provider", SOURCES)
def test_every_source_has_a_declared_twin(provider: str) -> None:
    assert provider in declarations(), f"the twin of {provider} does not say what it should bring"


@pytest.mark.parametrize("provider", [pytest.param(name, marks=() if name in OFTEN else prove) for name in PROVIDERS])
def test_a_bad_day_ends_with_every_row_once(start: Start, provider: str) -> None:
    """The sample of `make test`: access ends, the provider throttles, a gateway fails, the process is killed."""
    scenario = start(provider)
    control = scenario.twins.control
    rng = random.Random(provider)
    for fault in ("throttle", "server_error", "cut_off"):
        control.fail(provider, fault, after=rng.randrange(6))
    if scenario.declared.expires:
        control.fail(provider, "expire_token", after=rng.randrange(4))
    with pytest.raises(Killed):
        until_through(scenario, Dying(scenario.warehouse, at=rng.randrange(2, 5)))
    until_through(scenario, scenario.warehouse)
    scenario.check()


@prove
@SAMPLE
def test_a_first_sync_brings_everything(start: Start, provider: str) -> None:
    scenario = start(provider)
    scenario.synced()
    scenario.check()
    state = scenario.warehouse.state()
    assert state.data_as_of[provider] == scenario.twins.world.clock.now()
    again = scenario.synced()
    scenario.check()
    assert sum(r.landed for r in again.resources if not partitioned(scenario, r.resource)) == 0


@prove
@SAMPLE
def test_the_next_sync_brings_what_is_new(start: Start, provider: str) -> None:
    scenario = start(provider)
    today = scenario.twins.world
    scenario.twins.control.serve(today.as_of(today.now - scenario.declared.earlier))
    scenario.synced()
    scenario.check()
    scenario.twins.control.serve(today)
    scenario.synced()
    scenario.check()


@prove
@SAMPLE
def test_restated_days_are_replaced(start: Start, provider: str) -> None:
    scenario = start(provider)
    if scenario.declared.restate is None:
        pytest.skip(scenario.declared.because or "this provider restates nothing")
    scenario.synced()
    scenario.twins.control.serve(scenario.declared.restate(scenario.twins.world))
    scenario.synced()
    scenario.check()


@prove
@SAMPLE
def test_what_is_deleted_goes(start: Start, provider: str) -> None:
    scenario = start(provider)
    if scenario.declared.delete is None:
        pytest.skip(scenario.declared.because or "this provider deletes nothing")
    scenario.synced()
    before = scenario.twins.world
    scenario.twins.control.serve(scenario.declared.delete(before))
    scenario.synced()
    scenario.check()
    with pytest.raises(AssertionError):
        scenario.check(before)


@prove
@pytest.mark.parametrize("kill", range(KILLS))
@SAMPLE
def test_a_kill_at_any_landing_loses_and_doubles_nothing(start: Start, provider: str, kill: int) -> None:
    scenario = start(provider)
    rng = random.Random(f"{provider} {kill}")
    dying = Dying(scenario.warehouse, at=rng.randrange(1, 4 + 6 * kill), is_after=bool(kill % 2))
    try:
        scenario.sync(dying, batch_rows=1)
    except Killed:
        pass
    else:
        assert dying.landings < dying.at
    scenario.synced(batch_rows=rng.choice((1, 200)))
    scenario.check()


@prove
@pytest.mark.parametrize("after", [0, 1, 3])
@SAMPLE
def test_access_that_ends_in_mid_sync_is_renewed_or_asked_for(start: Start, provider: str, after: int) -> None:
    scenario = start(provider)
    if not scenario.declared.expires:
        pytest.skip("this provider's keys do not end")
    scenario.twins.control.fail(provider, "expire_token", after=after)
    until_through(scenario, scenario.warehouse)
    assert scenario.twins.control.met[provider, "expire_token"] > 0
    scenario.check()


@prove
@pytest.mark.parametrize("fault", WEATHER)
@SAMPLE
def test_weather_changes_nothing(start: Start, provider: str, fault: Fault) -> None:
    scenario = start(provider)
    met = scenario.twins.control.met[provider, fault]
    scenario.patience_seconds = IMPATIENT if fault == "slow_body" else scenario.patience_seconds
    for after in (0, 2):
        scenario.twins.control.fail(provider, fault, times=2, after=after, wait_seconds=1.0)
    until_through(scenario, scenario.warehouse)
    assert scenario.twins.control.met[provider, fault] > met
    scenario.check()


@prove
@SAMPLE
def test_an_empty_account_is_empty_and_no_error(start: Start, provider: str) -> None:
    scenario = start(provider)
    scenario.twins.control.serve(emptied(scenario.twins.world))
    scenario.synced()
    scenario.synced()
    scenario.check()


@prove
@SAMPLE
def test_an_unknown_field_is_kept_and_changes_no_figure(start: Start, provider: str) -> None:
    scenario, drift = start(provider), declarations()[provider].drift
    if drift is None:
        pytest.skip("nothing declared")
    scenario.twins.control.drift(provider, Shape(drift.field, "unknown"))
    scenario.synced()
    scenario.check()
    if not drift.unknown_kept:
        return
    kept = scenario.warehouse.query(
        "SELECT count(*) FROM raw.records WHERE contains(payload::VARCHAR, ?)", [UNKNOWN_FIELD]
    )
    assert kept.column(0)[0].as_py() > 0


@prove
@SAMPLE
def test_a_missing_field_is_reported_and_nothing_becomes_zero(start: Start, provider: str) -> None:
    scenario, drift = start(provider), declarations()[provider].drift
    if drift is None or not drift.missing_fails:
        pytest.skip("the field may be absent")
    scenario.synced()
    before = scenario.twins.world
    scenario.twins.control.drift(provider, Shape(drift.field, "missing"))
    today = scenario.declared.restate(before) if scenario.declared.restate else before
    scenario.twins.control.serve(today)
    report = scenario.sync()
    assert report.outcome == "failed"
    assert drift.field in report.message
    scenario.check(before, without=drift.from_elsewhere)
    scenario.twins.control.calm()
    scenario.synced()
    scenario.check()


@prove
@SAMPLE
def test_a_changed_type_is_kept_aside_by_name_or_refused(start: Start, provider: str) -> None:
    scenario, drift = start(provider), declarations()[provider].drift
    if drift is None:
        pytest.skip("nothing declared")
    scenario.twins.control.drift(provider, Shape(drift.field, "retyped"))
    if drift.retyped_fails:
        report = scenario.sync()
        assert (report.outcome, report.landed) == ("failed", 0)
        return
    scenario.synced()
    scenario.build()
    asked = "SELECT DISTINCT column_name FROM meta.quarantine WHERE contract = ? AND source = ?"
    aside = scenario.warehouse.query(asked, [drift.contract, provider]).column(0).to_pylist()
    assert any(drift.column in columns.split(", ") for columns in aside)


@pytest.mark.parametrize(
    "provider", [pytest.param(name, marks=() if name in REPORTING_OFTEN else prove) for name in REPORTING]
)
def test_a_day_that_cannot_be_read_sets_its_row_aside_and_no_other(start: Start, provider: str) -> None:
    scenario, day = start(provider), declarations()[provider].day
    assert day is not None
    scenario.twins.control.drift(provider, Shape(day.field, "one_retyped"))
    scenario.synced()
    scenario.build()
    asked = "SELECT column_name FROM meta.quarantine WHERE contract = ? AND source = ?"
    aside = scenario.warehouse.query(asked, [day.contract, provider]).column(0).to_pylist()
    assert aside, "the row is named"
    assert all(day.column in columns.split(", ") for columns in aside)
    truth = next(t for t in scenario.declared.truth if t.contract == day.contract)
    columns, expected = scenario.expected(truth)
    missing = set(expected) - set(scenario.found(truth, columns))
    # Where an ad's row is missing, what its campaign has beyond its ads is another figure.
    assert 0 < len(missing) <= 2 * len(aside) < len(expected)
    scenario.twins.control.calm()


RENAMED = {
    "hubspot": ("property_names", "amount"),
    "linkedin_ads": ("metric_names", "costInLocalCurrency"),
    "ga4": ("names", "landingPage"),
    "salesforce": ("field_names", "Amount"),
    "zendesk": ("metric_names", "reply_time_in_minutes"),
    "gorgias": ("field_names", "closed_datetime"),
    "shipstation": ("field_names", "shipment_cost"),
}
"""The setting that tells a name which the provider has changed, and such a name."""


@pytest.mark.parametrize("provider", [pytest.param(name, marks=() if name == "hubspot" else prove) for name in RENAMED])
def test_a_name_that_the_provider_has_changed_is_told_by_a_setting(start: Start, provider: str) -> None:
    scenario, (setting, field) = start(provider), RENAMED[provider]
    scenario.twins.control.drift(provider, Shape(field, "renamed"))
    told = {**scenario.connection.settings, setting: f"{field}={new_name(field)}"}
    scenario.connection = replace(scenario.connection, settings=told)
    scenario.synced()
    scenario.check()
    scenario.twins.control.calm()


def until_through(scenario: Scenario, landing: object) -> None:
    """Sync as a scheduler and a person would: again after a failure that passes, and with new consent where asked."""
    for _ in range(6):
        report = scenario.sync(landing, batch_rows=10)
        if report.outcome == "complete":
            return
        assert report.outcome in ("waiting", "needs_consent"), report.message
        if report.outcome == "needs_consent":
            scenario.reconnect()
    raise AssertionError(report.message)


def partitioned(scenario: Scenario, resource: str) -> bool:
    source = SOURCES[scenario.declared.provider]
    return any(r.partition is not None for r in source.resources if r.name == resource)
