"""Rows older than they are kept go, out of raw too, and stay away; younger ones and their records stay."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from roastery.warehouse.contracts import Fill
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import BadQuery, UnknownName
from roastery.warehouse.organization import Retention
from roastery.warehouse.raw import RawBatch, RawRecord
from roastery.warehouse.retention import checked, preview
from tests.warehouse.conftest import put, rows

FILL = Fill(
    "tickets",
    "desk",
    "tickets",
    "SELECT 'desk:' || (payload->>'id') AS ticket_id, payload->>'at' AS opened_at FROM {records}",
)
DESK = [{"id": "1", "at": "2026-01-05T10:00:00Z"}, {"id": "2", "at": "2026-10-25T10:00:00Z"}]
EVENTS: list[dict[str, Any]] = [
    {"event_id": "old", "anonymous_id": "a", "kind": "page_view", "occurred_at": "2026-07-01T10:00:00Z"},
    {"event_id": "edge", "anonymous_id": "a", "kind": "page_view", "occurred_at": "2026-08-03T03:00:00Z"},
    {"event_id": "new", "anonymous_id": "a", "kind": "page_view", "occurred_at": "2026-08-03T06:00:00Z"},
]
RULES = (Retention("web_events", 90), Retention("tickets", 30))


def land(warehouse: Warehouse) -> None:
    warehouse.land(RawBatch("con", "desk", "tickets", [RawRecord(r["id"], r) for r in DESK], read_id="r"))
    put(warehouse, web_events=EVENTS)


@pytest.fixture
def kept(open_warehouse: Callable[..., Warehouse]) -> Warehouse:
    warehouse = open_warehouse(FILL, retention=RULES, time_zone="America/New_York")
    land(warehouse)
    return warehouse


def test_what_is_older_goes_and_stays_away(kept: Warehouse) -> None:
    told = {found.dataset: (found.rows, found.before) for found in preview(kept, RULES)}
    assert told == {"web_events": (2, date(2026, 8, 3)), "tickets": (1, date(2026, 10, 2))}
    removed = kept.retain()
    assert (removed.records, removed.rows) == (3, {"web_events": 2, "tickets": 1})
    assert rows(kept, "SELECT event_id FROM web_events") == [("new",)], "a day is the organization's own"
    assert rows(kept, "SELECT ticket_id FROM tickets") == [("desk:2",)]
    assert rows(kept, "SELECT key FROM raw.records ORDER BY 1") == [("2",), ("new",)]
    assert kept.retain().records == 0, "once is enough"
    land(kept)
    assert rows(kept, "SELECT event_id FROM web_events") == [("new",)], "what is sent again is left out"
    assert kept.retain().records == 3
    assert kept.compact()


def test_nonsense_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(UnknownName, match="web_events"):
        checked([Retention("web_event", 90)])
    with pytest.raises(UnknownName):
        checked([Retention("customers", 90)])
    for days in (0, -5, 29, 10**6):
        with pytest.raises(BadQuery, match="30 to 36500"):
            checked([Retention("web_events", days)])
    with pytest.raises(BadQuery, match="two years"):
        checked([Retention("transactions", 365)])
    with pytest.raises(BadQuery, match="twice"):
        checked([Retention("tickets", 90), Retention("tickets", 91)])


def test_lines_go_with_their_sale_and_others_stay(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(retention=(Retention("transactions", 730),))
    put(
        warehouse,
        transactions=[
            {"transaction_id": "t1", "occurred_at": "2023-01-05T10:00:00Z", "amount": "10"},
            {"transaction_id": "t2", "occurred_at": "2026-01-05T10:00:00Z", "amount": "20"},
        ],
        transaction_lines=[
            {"transaction_id": t, "line_no": "1", "quantity": "1", "unit_price": "5"} for t in ("t1", "t2")
        ],
    )
    (told,) = preview(warehouse, warehouse.organization.retention)
    assert "count as new" in told.consequence
    assert warehouse.retain().records == 2
    assert rows(warehouse, "SELECT transaction_id FROM transaction_lines") == [("t2",)]
    assert rows(warehouse, "SELECT sale_id FROM sales") == [("t2",)]
    assert rows(warehouse, "SELECT history_since FROM meta.sources WHERE resource = 'transactions'") == [
        (date(2024, 11, 1),)
    ]
