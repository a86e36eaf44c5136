"""Durable jobs: due times in the organization's zone, and work that survives a killed process."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from roastery.api.app import Roastery
from roastery.api.errors import BadBody
from roastery.api.jobs import Jobs
from roastery.api.store.schedules import Schedules, next_time
from roastery.api.store.slack import SlackEvents
from roastery.warehouse.organization import Organization
from tests.api.slack.conftest import SECRET, mention
from tests.api.slack.fake_slack import FakeSlack

pytest_plugins: list[str] = []
from tests.api.slack.conftest import organization, roastery, settings, slack  # noqa: E402, F401

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


def test_a_due_run_is_taken_once(roastery: Roastery, organization: Organization) -> None:  # noqa: F811
    now = roastery.wall.now()
    with roastery.database.session() as session:
        made = Schedules(session).create(organization.id, "digest", "* * * * *", organization.zone, {}, now)
        assert Schedules(session).due(now) == []
        assert made.next_at is not None
        (due,) = Schedules(session).due(made.next_at)
    later = next_time(due.cron, organization.zone, made.next_at)
    with roastery.database.session() as session:
        assert Schedules(session).advance(due, later)
    with roastery.database.session() as session:
        assert not Schedules(session).advance(due, later)


@pytest.fixture
def jobs(roastery: Roastery) -> Iterator[Jobs]:  # noqa: F811
    made = Jobs(roastery)
    yield made
    made.stop()


def crash(home: Path, slack: FakeSlack, moment: str, event_id: str = "Ev01") -> int:  # noqa: F811
    """Run a process that takes an event and is killed at a moment; gives its exit code."""
    arguments = [str(home), f"{slack.url}/api/", SECRET, json.dumps(mention("", event_id=event_id)), moment]
    return subprocess.run(
        [sys.executable, "-m", "tests.api.slack.crashing", *arguments], check=False, timeout=120
    ).returncode


def finished(jobs: Jobs, event_id: str = "Ev01") -> None:
    jobs.finish(f"slack:{event_id}")
    for delivery_id in jobs.unsent():
        jobs.finish(f"deliver:{delivery_id}")


def test_a_question_whose_process_died_after_the_200_is_answered_after_a_restart(
    roastery: Roastery,  # noqa: F811
    organization: Organization,  # noqa: F811
    slack: FakeSlack,  # noqa: F811
    jobs: Jobs,
) -> None:
    assert crash(roastery.settings.home, slack, "after_200") == -signal.SIGKILL
    assert slack.posts == []
    assert SlackEvents(roastery.database).waiting() == ["Ev01"]
    jobs.start(ticking=False)
    finished(jobs)
    assert [post["thread_ts"] for post in slack.posts] == ["1699999999.000100"]


def test_an_answer_whose_process_died_while_posting_is_not_posted_twice(
    roastery: Roastery,  # noqa: F811
    organization: Organization,  # noqa: F811
    slack: FakeSlack,  # noqa: F811
    jobs: Jobs,
) -> None:
    slack.kill_client_after_post = True
    assert crash(roastery.settings.home, slack, "while_posting") == -signal.SIGKILL
    assert len(slack.posts) == 1
    jobs.start(ticking=False)
    finished(jobs)
    assert len(slack.posts) == 1
    assert jobs.unsent() == []


def test_starting_the_same_work_again_has_no_effect(
    roastery: Roastery,  # noqa: F811
    organization: Organization,  # noqa: F811
    slack: FakeSlack,  # noqa: F811
    jobs: Jobs,
) -> None:
    event = mention("")
    SlackEvents(roastery.database).keep("Ev01", "T0001", organization.id, event, roastery.wall.now())
    jobs.start(ticking=False)
    for _ in range(3):
        jobs.tick()
        jobs.start_slack("Ev01")
    finished(jobs)
    jobs.tick()
    assert len(slack.posts) == 1
