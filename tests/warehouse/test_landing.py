"""What lands: every version, its cursor in the same transaction, each record once, each day by its last whole read."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from roastery.warehouse import landing
from roastery.warehouse.contracts import Fill
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.raw import CompletedRead, RawBatch, RawRecord, SourceProgress
from tests.warehouse.conftest import NOW, rows

ADS = Fill(
    "ad_performance",
    "meta_ads",
    "insights",
    """SELECT (payload->>'day')::DATE AS report_date, 'meta_ads' AS platform, payload->>'account' AS account_id,
       payload->>'campaign' AS campaign_id, payload->>'name' AS campaign_name,
       (payload->>'spend')::DECIMAL(18,6) AS spend FROM {records}""",
)
LEADS = Fill(
    "leads",
    "crm",
    "leads",
    "SELECT payload->>'id' AS lead_id, payload->>'stage' AS stage, (payload->>'at')::TIMESTAMPTZ AS created_at "
    "FROM {records}",
)
DAY = date(2026, 10, 5)


def insights(day: date, spend: dict[str, str], read_id: str, *, whole: bool = True) -> RawBatch:
    records = [
        RawRecord(
            f"{day}:{campaign}",
            {"day": day.isoformat(), "account": "a", "campaign": campaign, "name": campaign, "spend": amount},
            scope="a",
            day=day,
        )
        for campaign, amount in spend.items()
    ]
    completes = CompletedRead("a", (day,)) if whole else None
    return RawBatch("con", "meta_ads", "insights", records, {"day": day.isoformat()}, read_id, completes)


def leads(*states: tuple[str, str], cursor: str | None = None) -> RawBatch:
    records = [RawRecord(key, {"id": key, "stage": stage, "at": "2026-10-01T00:00:00Z"}) for key, stage in states]
    return RawBatch("con", "crm", "leads", records, {"after": cursor} if cursor else None)


def spend(warehouse: Warehouse) -> dict[str, Decimal]:
    warehouse.build()
    return dict(rows(warehouse, "SELECT campaign_id, spend FROM ad_performance ORDER BY 1"))


def stages(warehouse: Warehouse) -> dict[str, str]:
    warehouse.build()
    return dict(rows(warehouse, "SELECT lead_id, stage FROM leads ORDER BY 1"))


def test_a_restated_day_replaces_what_was_read_before(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(ADS)
    warehouse.land(insights(DAY, {"c1": "10.00", "c2": "5.00"}, "read 1"))
    assert spend(warehouse) == {"c1": Decimal("10"), "c2": Decimal("5")}
    warehouse.land(insights(DAY, {"c1": "11.50"}, "read 2"))
    assert spend(warehouse) == {"c1": Decimal("11.5")}, "c2 is gone from the day, as the platform now says"
    assert rows(warehouse, "SELECT count(*) FROM raw.records") == [(3,)], "raw keeps every version"


def test_a_read_that_broke_off_does_not_count(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(ADS)
    warehouse.land(insights(DAY, {"c1": "10.00"}, "read 1"))
    warehouse.land(insights(DAY, {"c1": "99.00"}, "read 2", whole=False))
    assert spend(warehouse) == {"c1": Decimal("10")}
    warehouse.land(insights(DAY, {"c1": "99.00", "c2": "1.00"}, "read 2"))
    assert spend(warehouse) == {"c1": Decimal("99"), "c2": Decimal("1")}, "the pages that came again count once"


def test_a_day_without_rows_any_more_is_empty(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(ADS)
    warehouse.land(insights(DAY, {"c1": "10.00"}, "read 1"))
    warehouse.land(insights(DAY, {}, "read 2"))
    assert spend(warehouse) == {}


def test_several_reads_land_in_one_batch_and_each_counts_for_its_own_days(
    open_warehouse: Callable[..., Warehouse],
) -> None:
    warehouse = open_warehouse(ADS)
    later = date(2026, 10, 6)
    parts = [insights(DAY, {"c1": "10.00"}, "first"), insights(later, {"c2": "5.00"}, "second", whole=False),
             insights(DAY, {"c1": "11.00"}, "third")]  # fmt: skip
    records = [record._replace(read_id=part.read_id) for part in parts for record in part.records]
    whole = [CompletedRead("a", (DAY,), "first"), CompletedRead("a", (DAY,), "third")]
    report = warehouse.land(RawBatch("con", "meta_ads", "insights", records, completes=whole))
    assert report.landed == 3
    assert spend(warehouse) == {"c1": Decimal("11")}, "the later read of the day, and nothing of the one broken off"
    warehouse.land(insights(later, {}, "second"))
    assert spend(warehouse) == {"c1": Decimal("11"), "c2": Decimal("5")}


def test_the_latest_version_of_a_record_counts_and_a_deleted_one_does_not(
    open_warehouse: Callable[..., Warehouse],
) -> None:
    warehouse = open_warehouse(LEADS)
    warehouse.land(leads(("1", "new"), ("2", "new")))
    warehouse.land(leads(("1", "qualified")))
    assert stages(warehouse) == {"1": "qualified", "2": "new"}
    warehouse.land(RawBatch("con", "crm", "leads", [RawRecord("2", {}, deleted=True)]))
    assert stages(warehouse) == {"1": "qualified"}
    warehouse.land(leads(("2", "contacted")))
    assert stages(warehouse) == {"1": "qualified", "2": "contacted"}


def test_the_same_record_again_is_not_landed_again(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(LEADS)
    first = warehouse.land(leads(("1", "new"), ("2", "new")))
    again = warehouse.land(leads(("2", "new"), ("1", "won")))
    assert (first.landed, first.unchanged) == (2, 0)
    assert (again.landed, again.unchanged) == (1, 1)
    back = warehouse.land(leads(("1", "new")))
    assert back.landed == 1, "an old version that comes back is news"
    assert stages(warehouse) == {"1": "new", "2": "new"}


def test_two_connections_of_one_source_are_kept_apart(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(LEADS)
    for connection, stage in (("east", "new"), ("west", "lost")):
        record = RawRecord("7", {"id": f"{connection}:7", "stage": stage, "at": "2026-10-01T00:00:00Z"})
        warehouse.land(RawBatch(connection, "crm", "leads", [record]))
    warehouse.build()
    assert rows(warehouse, "SELECT lead_id, connection_id, connection_source FROM leads ORDER BY 1") == [
        ("east:7", "east", "crm"),
        ("west:7", "west", "crm"),
    ]


def test_the_cursor_moves_with_its_rows_and_only_then(
    open_warehouse: Callable[..., Warehouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = open_warehouse(LEADS)
    assert warehouse.cursor("con", "leads") is None
    warehouse.land(leads(("1", "new"), cursor="p1"))
    warehouse.land(leads(("2", "new")))
    assert warehouse.cursor("con", "leads") == {"after": "p1"}
    monkeypatch.setattr(landing, "write_progress", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        warehouse.land(leads(("3", "new"), cursor="p2"))
    assert warehouse.cursor("con", "leads") == {"after": "p1"}
    assert rows(warehouse, "SELECT count(*) FROM raw.records") == [(2,)]


def test_half_of_a_surrogate_pair_does_not_stop_a_sync(warehouse: Warehouse) -> None:
    warehouse.land(RawBatch("con", "crm", "leads", [RawRecord("3", {"name": "Ana \ud83d"})]))
    assert rows(warehouse, "SELECT payload->>'name' FROM raw.records") == [("Ana ?",)]


def test_progress_only_moves_forward(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(LEADS)
    for through, since in (
        (date(2026, 10, 30), date(2025, 1, 1)),
        (date(2026, 10, 20), date(2024, 1, 1)),
        (None, None),
    ):
        progress = SourceProgress(datetime(2026, 10, 31, tzinfo=UTC), through, since)
        warehouse.land(RawBatch("con", "crm", "leads", [], progress=progress))
    state = warehouse.state()
    assert state.complete_through == date(2026, 10, 30)
    assert state.history_since == date(2024, 1, 1)
    assert state.data_as_of == {"crm": datetime(2026, 10, 31, tzinfo=UTC)}
    assert state.sources[0].last_success_at == NOW


def test_state_says_whether_the_build_holds_what_has_landed(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(LEADS)
    warehouse.land(leads(("1", "new")))
    assert not warehouse.state().is_current
    assert warehouse.needs_build()
    build = warehouse.build().build
    assert warehouse.state().is_current
    assert warehouse.state().build == build
    assert not warehouse.needs_build()
    assert warehouse.build().build == build, "nothing landed: the mark stays"
