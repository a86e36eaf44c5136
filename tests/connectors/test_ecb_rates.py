"""The bank's reference rates against its twin: the whole history once, then the last days, restated ones replaced."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from roastery.connectors.base import Connection
from roastery.connectors.egress import Egress
from roastery.connectors.errors import BadConnection
from roastery.connectors.http import Politeness
from roastery.connectors.registry import fills, open_source
from roastery.connectors.sources.ecb_rates import EcbRates
from roastery.connectors.sync import sync_connection
from roastery.evals.twins.ecb import EcbTwin
from roastery.evals.twins.server import Twins
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouses
from roastery.warehouse.fx import rate
from roastery.warehouse.organization import Organization
from tests.connectors.company import connect, rows, sync
from tests.connectors.loopback import Landing, Provider, Say, Waits

POLITE = Politeness(wait=Waits(), jitter=lambda: 1.0)


def curated(landing: Landing) -> dict[tuple[str, str], Decimal]:
    found = rows("SELECT CAST(rate_date AS VARCHAR), quote_currency, rate::DECIMAL(24,12), base_currency FROM t",
                 t=landing.curated(EcbRates, "fx_rates"))  # fmt: skip
    assert {row[3] for row in found} == {"EUR"}
    return {(row[0], row[1]): row[2] for row in found}


def true(twin: EcbTwin, since: date) -> dict[tuple[str, str], Decimal]:
    return {(day, code): Decimal(own) for day, rates in twin.rates(since).items() for code, own in rates.items()}


def twin_of(twins: Twins) -> EcbTwin:
    twin = twins.of["ecb_rates"]
    assert isinstance(twin, EcbTwin)
    twin.asked.clear()
    return twin


def test_history_comes_once_then_the_last_days_and_what_was_restated_replaces(twins: Twins) -> None:
    twin, landing, made = twin_of(twins), Landing(), connect(twins, "ecb_rates", history_years=2)
    twin.cuts = 1
    report = sync(twins, made, landing, POLITE)
    assert report.outcome == "complete", report.message
    today = twins.world.clock.now().date()
    assert curated(landing) == true(twin, date(today.year - 2, today.month, 1))
    assert twin.asked == ["history", "history"], "an answer that ended halfway is asked again"
    lately = max(twin.rates(today - timedelta(days=10)))
    twin.restated[lately] = {"USD": "9.9999"}
    sync(twins, made, landing, POLITE)
    assert twin.asked[2:] == ["lately"]
    assert curated(landing)[lately, "USD"] == Decimal("9.9999")
    twin.restated.clear()


def test_a_day_that_cannot_be_read_leaves_the_others_and_the_cursor_as_they_are(twins: Twins, tmp_path: Path) -> None:
    bad, good = "Date,USD,\n2026-10-32,1.17,\n2026-10-30,1.16,\n2026-10-29,1.15,\n", "2026-10-30"
    server = Provider(Say(bad.encode(), content_type="text/csv"))
    warehouses = Warehouses(tmp_path, b"k" * 32, fills(), twins.world.clock)
    try:
        warehouse = warehouses.open(Organization("larkspur", "Larkspur", "USD"))
        _, secrets = connect(twins, "ecb_rates")
        made = Connection("con_rates", "larkspur", "ecb_rates", {}, server.url)
        source = open_source(made, secrets, twins.world.clock, politeness=POLITE, egress=Egress.parse("loopback"))
        report = sync_connection(source, made, warehouse, twins.world.clock)
        assert report.outcome == "complete", report.message
        warehouse.build()
        days = warehouse.query("SELECT rate_date::VARCHAR AS day FROM curated.fx_rates ORDER BY 1").column(0)
        assert days.to_pylist() == ["2026-10-29", good]
        aside = warehouse.query("SELECT column_name, message FROM meta.quarantine").to_pylist()
        told = "The key cannot be read; the row is left out."
        assert aside == [{"column_name": "rate_date", "message": told}]
        assert (warehouse.cursor("con_rates", "rates") or {})["last"] == good
    finally:
        server.close()
        warehouses.close()


def test_only_the_currencies_that_are_asked_are_kept(twins: Twins) -> None:
    landing = Landing()
    sync(twins, connect(twins, "ecb_rates", currencies="usd, GBP", history_years=1), landing, POLITE)
    assert {code for _, code in curated(landing)} == {"USD", "GBP"}
    with pytest.raises(BadConnection, match="no currency code"):
        sync(twins, connect(twins, "ecb_rates", currencies="dollars"), Landing(), POLITE)


def test_a_weekend_has_fridays_rate_in_the_warehouse(twins: Twins, tmp_path: Path) -> None:
    twin, now = twin_of(twins), twins.world.clock.now()
    warehouses = Warehouses(tmp_path, b"k" * 32, fills(), Clock(now))
    try:
        warehouse = warehouses.open(Organization("larkspur", "Larkspur", "USD"))
        report = sync(twins, connect(twins, "ecb_rates", history_years=1), warehouse, POLITE)
        assert report.outcome == "complete", report.message
        warehouse.build()
        saturday = now.date() - timedelta(days=(now.date().weekday() - 5) % 7 + 7)
        friday = max(day for day in twin.rates(saturday - timedelta(days=9)) if day <= saturday.isoformat())
        assert rate(warehouse, "EUR", "USD", saturday) == Decimal(twin.rates(date.fromisoformat(friday))[friday]["USD"])
    finally:
        warehouses.close()
