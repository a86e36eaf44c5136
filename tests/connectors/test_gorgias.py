"""Gorgias against its twin: tickets with replies and surveys, only what changed the next time."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from roastery.connectors.http import Politeness
from roastery.connectors.sources.gorgias import Gorgias
from roastery.evals.twins.gorgias import GorgiasTwin, iso
from roastery.evals.twins.server import Twins
from roastery.evals.twins.zendesk import support_tickets
from roastery.evals.world import World
from tests.connectors.company import connect, rows, sync
from tests.connectors.loopback import Landing, Waits

POLITE = Politeness(wait=Waits(), jitter=lambda: 1.0)


@pytest.fixture(scope="module")
def whole(served: Twins) -> Landing:
    landing = Landing()
    report = sync(served, connect(served, "gorgias", page_limit=5), landing, POLITE)
    assert report.outcome == "complete", report.message
    return landing


def tickets(landing: Landing) -> dict[str, tuple[Any, ...]]:
    found = rows("SELECT ticket_id, customer_id, CAST(opened_at AS TIMESTAMPTZ), CAST(first_reply_at AS TIMESTAMPTZ), "
                 "CAST(resolved_at AS TIMESTAMPTZ), status, CAST(satisfaction_score AS INTEGER) FROM t",
                 t=landing.curated(Gorgias, "tickets"))  # fmt: skip
    return {row[0]: row[1:] for row in found}


def test_tickets_have_their_first_reply_solution_and_score(whole: Landing, world: World) -> None:
    true = {}
    for row in support_tickets(world)[0]:
        opened = datetime.fromisoformat(row["created_at"])
        reply, solved = row["metrics"]["reply_time_in_minutes"]["calendar"], row["metrics"]["solved_at"]
        true[f"gorgias:{row['id']}"] = (
            f"gorgias:{row['requester_id']}", opened, None if reply is None else opened + timedelta(minutes=reply),
            solved and datetime.fromisoformat(solved), "closed" if solved else "open",
            {"good": 5, "bad": 2}.get(row["satisfaction_rating"]["score"]),
        )  # fmt: skip
    assert tickets(whole) == true


def test_free_text_is_not_kept(whole: Landing) -> None:
    stored = str([record.payload for batch in whole.batches for record in batch.records])
    assert "Where is my order" not in stored
    assert "prefers mornings" not in stored


def test_only_what_changed_is_read_the_next_time(twins: Twins) -> None:
    twin, made, landing = twins.of["gorgias"], connect(twins, "gorgias", page_limit=5), Landing()
    assert isinstance(twin, GorgiasTwin)
    sync(twins, made, landing, POLITE)
    now = twins.world.clock.now()
    first, second = twin.shelf.by("tickets", "id")[:2]
    twin.shelf.put("tickets", [{**first, "trashed_datetime": iso(now), "updated_datetime": iso(now)}])
    twin.shelf.put("tickets", [{**second, "status": "open", "closed_datetime": None, "updated_datetime": iso(now)}])
    twins.control.asked.clear()
    sync(twins, made, landing, POLITE)
    found = tickets(landing)
    assert f"gorgias:{first['id']}" not in found
    assert found[f"gorgias:{second['id']}"][4] == "open"
    assert twins.control.count("gorgias", "/api/tickets") == 1
    assert twins.control.count("gorgias", "/api/messages") <= 3


@pytest.mark.parametrize("fault", ["throttle", "server_error", "cut_off"])
def test_trouble_on_the_way_changes_nothing(twins: Twins, whole: Landing, fault: Any) -> None:
    landing = Landing()
    twins.control.fail("gorgias", fault, after=2, times=2)
    assert sync(twins, connect(twins, "gorgias"), landing, POLITE).outcome == "complete"
    assert tickets(landing) == tickets(whole)
