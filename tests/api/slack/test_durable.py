"""Work that survives a killed process: questions, deliveries, due schedules; each has its effect once."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from roastery.api.app import Roastery
from roastery.api.jobs import Jobs
from roastery.api.store.slack import SlackEvents
from roastery.warehouse.organization import Organization
from tests import processes
from tests.api.slack.fake_slack import FakeSlack
from tests.api.slack.service import mention


@pytest.fixture
def jobs(roastery: Roastery) -> Iterator[Jobs]:
    made = Jobs(roastery)
    yield made
    made.stop()


def crash(home: Path, slack: FakeSlack, moment: str, event_id: str = "Ev01") -> int:
    """Run a process that takes an event and is killed at a moment; gives its exit code."""
    arguments = [str(home), f"{slack.url}/api/", json.dumps(mention("", event_id=event_id)), moment]
    return processes.run("-m", "tests.api.slack.crashing", *arguments).returncode


def finished(jobs: Jobs, event_id: str = "Ev01") -> None:
    jobs.finish(f"slack:{event_id}")
    for delivery_id in jobs.unsent():
        jobs.finish(f"deliver:{delivery_id}")


def test_a_question_whose_process_died_after_the_200_is_answered_after_a_restart(
    roastery: Roastery,
    organization: Organization,
    slack: FakeSlack,
    jobs: Jobs,
) -> None:
    assert crash(roastery.settings.home, slack, "after_200") == -signal.SIGKILL
    assert slack.posts == []
    assert SlackEvents(roastery.database).waiting() == ["Ev01"]
    jobs.start(ticking=False)
    finished(jobs)
    assert [post["thread_ts"] for post in slack.posts] == ["1699999999.000100"]


def test_an_answer_whose_process_died_while_posting_is_not_posted_twice(
    roastery: Roastery,
    organization: Organization,
    slack: FakeSlack,
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
    roastery: Roastery,
    organization: Organization,
    slack: FakeSlack,
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
