"""Schedules: due times in the organization's own zone, and a due run that one process takes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from roastery.api.errors import BadBody
from roastery.api.store.database import Database
from roastery.api.store.organizations import Organizations, new_organization
from roastery.api.store.schedules import Executors, Schedules, next_time

CHICAGO, NEW_YORK, KATHMANDU = ZoneInfo("America/Chicago"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")


def local(day: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("cron", "zone", "after", "due"),
    [
        ("0 8 * * 1", CHICAGO, "2026-11-22T12:00", "2026-11-23T08:00"),
        ("0 8 * * 1", CHICAGO, "2026-11-23T08:00", "2026-11-30T08:00"),
        ("0 8 * * *", KATHMANDU, "2026-11-22T07:59", "2026-11-22T08:00"),
        # The clocks go back on 1 November 2026 and forward on 14 March 2027: eight o'clock stays eight o'clock.
        ("0 8 * * *", CHICAGO, "2026-10-31T08:00", "2026-11-01T08:00"),
        ("0 8 * * *", CHICAGO, "2027-03-13T08:00", "2027-03-14T08:00"),
    ],
)
def test_a_schedule_is_due_at_the_organizations_own_time(cron: str, zone: ZoneInfo, after: str, due: str) -> None:
    assert next_time(cron, zone, local(after, zone)) == local(due, zone).astimezone(UTC)


@pytest.mark.parametrize("cron", ["30 2 * * *", "30 1 * * *", "0 * * * *"])
@pytest.mark.parametrize("start", ["2027-03-13T00:00", "2026-10-31T00:00"])
def test_each_local_day_of_a_clock_change_has_each_due_time_once(cron: str, start: str) -> None:
    at = local(start, NEW_YORK).astimezone(UTC)
    seen: list[datetime] = []
    for _ in range(60):
        at = next_time(cron, NEW_YORK, at)
        seen.append(at)
    assert seen == sorted(set(seen))
    if not cron.startswith("0 *"):
        days = [moment.astimezone(NEW_YORK).date() for moment in seen]
        assert days == sorted(set(days))


@pytest.mark.parametrize("cron", ["", "every monday", "0 8 * *", "99 8 * * *", "0 8 * * * *"])
def test_a_cron_line_that_is_none_is_a_sentence(cron: str) -> None:
    with pytest.raises(BadBody, match="cron line of five fields"):
        next_time(cron, CHICAGO, datetime(2026, 11, 22, tzinfo=UTC))


def test_a_due_run_is_taken_once(database: Database) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    organization = new_organization("Beans", time_zone="America/Chicago")
    with database.session() as session:
        Organizations(session).create(organization, now)
        made = Schedules(session).create(organization.id, "digest", "* * * * *", organization.zone, {}, now)
        assert Schedules(session).due(now) == []
        assert made.next_at is not None
        (due,) = Schedules(session).due(made.next_at)
    later = next_time(due.cron, organization.zone, made.next_at)
    with database.session() as session:
        assert Schedules(session).advance(due, later)
    with database.session() as session:
        assert not Schedules(session).advance(due, later)
        assert Schedules(session).due(made.next_at) == []


def test_a_process_is_alive_while_it_beats(database: Database) -> None:
    early, late = datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 22, 13, tzinfo=UTC)
    with database.session() as session:
        Executors(session).beat("one", early)
        Executors(session).beat("two", early)
        Executors(session).beat("two", late)
        assert Executors(session).alive(late) == {"two"}
        Executors(session).leave("two")
        assert Executors(session).alive(early) == {"one"}
