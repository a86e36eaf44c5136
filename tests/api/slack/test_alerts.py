"""Alerts: judged by a durable schedule, each slice and window stored and told once, through crashes too."""

import json
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from roastery.api.app import OPERATOR, Roastery
from roastery.api.delivery.alerts import judge_alert
from roastery.api.delivery.digests import prepare_digest, send_digest
from roastery.api.delivery.message import Message
from roastery.api.jobs import Jobs, run_name
from roastery.api.receipts import rerun_receipt
from roastery.api.store.alerts import Alert, Alerts
from roastery.api.store.deliveries import Deliveries
from roastery.api.store.schedules import Schedule, Schedules
from roastery.api.store.tables import AlertFiringRow, ScheduleRow
from roastery.warehouse.errors import NoData, NotAllowed
from tests.api.conftest import create_postgres, migrate
from tests.api.slack.fake_slack import FakeSlack
from tests.api.slack.service import empty_organization, settings_for
from tests.processes import Process
from tests.tools.beans import BEANS, NOON, ad_rows

RULE: dict[str, Any] = {
    "kind": "threshold",
    "query": {"metrics": ["spend"], "dimensions": ["campaign"], "period": {"name": "yesterday"}},
    "metric": "spend",
    "op": "gt",
    "value": "15",
}
HITS = 2
"""Campaigns that spent more than 15 on 9 November."""


def made(roastery: Roastery, **changes: Any) -> Alert:
    with roastery.database.session() as session:
        return Alerts(session).create(
            BEANS.id, "Dear days", {**RULE, **changes}, [{"channel": "slack", "destination": "C100"}], NOON.now()
        )


def test_an_alert_sees_what_its_maker_may_see_today(beans: Roastery) -> None:
    """Margin is not for viewers: an owner's alert judges it, one of nobody known does not."""
    margin = {"query": {"metrics": ["gross_margin"], "period": {"name": "yesterday"}}, "metric": "gross_margin"}
    with beans.database.session() as session:
        alerts = Alerts(session)
        own, nobodys = (
            alerts.create(BEANS.id, by or "nobody", {**RULE, **margin}, [], NOON.now(), created_by=by)
            for by in (OPERATOR.id, "")
        )
    with pytest.raises(NotAllowed):
        judge_alert(beans, BEANS, nobodys)
    with pytest.raises(NoData):
        judge_alert(beans, BEANS, own)


def scheduled(roastery: Roastery, kind: str, target: dict[str, Any]) -> Schedule:
    """A schedule that is due: next_at lies a minute back in real time."""
    due = roastery.wall.now().replace(second=0, microsecond=0) - timedelta(minutes=1)
    with roastery.database.session() as session:
        schedule = Schedules(session).create(BEANS.id, kind, "0 8 * * *", BEANS.zone, target, due)
        session.execute(update(ScheduleRow).where(ScheduleRow.id == schedule.id).values(next_at=due))
    with roastery.database.reading() as session:
        return Schedules(session).get(BEANS.id, schedule.id)


def firings(roastery: Roastery) -> int:
    with roastery.database.reading() as session:
        return session.scalar(select(func.count()).select_from(AlertFiringRow)) or 0


@pytest.fixture
def jobs(beans: Roastery) -> Iterator[Jobs]:
    made = Jobs(beans)
    yield made
    made.stop()


def finish(jobs: Jobs, schedule: Schedule) -> dict[str, Any]:
    found: dict[str, Any] = jobs.finish(run_name(schedule))
    for name in found.get("outcomes", []):
        jobs.finish(name)
    return found


def test_a_firing_says_what_was_crossed_with_a_receipt(beans: Roastery) -> None:
    judged = judge_alert(beans, BEANS, made(beans))
    assert len(judged.deliveries) == HITS
    pending = Deliveries(beans.database).pending()
    texts = {Message.of_payload(delivery.payload).text.split("\n")[0] for delivery in pending}
    spent = {str(r["campaign_id"]): f"${r['spend']}" for r in ad_rows() if str(r["report_date"]) == "2026-11-09"}
    names = {"c1": "Spring \\<roast\\>", "c2": "Brand"}
    assert texts == {
        f"**Dear days**: spend of campaign {name} was {spent[id]} on 9 Nov 2026, above $15.00."
        for id, name in names.items()
    }
    footnote = Message.of_payload(pending[0].payload).footnote
    receipt_id = footnote.removeprefix("Receipt: ")
    assert rerun_receipt(beans, BEANS, OPERATOR, receipt_id)["status"] == "same"


def test_judging_again_stores_and_sends_nothing_new(beans: Roastery) -> None:
    alert = made(beans)
    assert len(judge_alert(beans, BEANS, alert).deliveries) == HITS
    assert judge_alert(beans, BEANS, alert).deliveries == ()
    assert firings(beans) == HITS
    assert len(Deliveries(beans.database).pending()) == HITS


def test_an_alert_without_a_crossing_is_silent(beans: Roastery) -> None:
    assert judge_alert(beans, BEANS, made(beans, value="1000000")).deliveries == ()
    assert firings(beans) == 0


def test_a_due_alert_is_judged_and_told_once(beans: Roastery, slack: FakeSlack, jobs: Jobs) -> None:
    schedule = scheduled(beans, "alert", {"alert_id": made(beans).id})
    jobs.start(ticking=False)
    found = finish(jobs, schedule)
    assert found["error"] == ""
    assert len(slack.posts) == HITS
    assert all(post["channel"] == "C100" and "thread_ts" not in post for post in slack.posts)
    for _ in range(2):
        jobs.tick()
    assert len(slack.posts) == HITS
    with beans.database.reading() as session:
        after = Schedules(session).get(BEANS.id, schedule.id)
    assert after.next_at is not None
    assert after.next_at > beans.wall.now()


def test_runs_that_were_missed_are_made_up_for_by_one(beans: Roastery, slack: FakeSlack, jobs: Jobs) -> None:
    schedule = scheduled(beans, "alert", {"alert_id": made(beans).id})
    long_ago = beans.wall.now() - timedelta(days=3)
    with beans.database.session() as session:
        session.execute(update(ScheduleRow).values(next_at=long_ago))
        schedule = Schedules(session).get(BEANS.id, schedule.id)
    jobs.start(ticking=False)
    finish(jobs, schedule)
    jobs.tick()
    from dbos import DBOS

    assert len([run for run in DBOS.list_workflows() if run.name == "run_schedule"]) == 1


def test_a_run_that_fails_is_told_and_the_schedule_goes_on(beans: Roastery, jobs: Jobs) -> None:
    schedule = scheduled(beans, "alert", {"alert_id": "alr_gone"})
    jobs.start(ticking=False)
    assert "There is no alert 'alr_gone'" in finish(jobs, schedule)["error"]
    with beans.database.reading() as session:
        after = Schedules(session).get(BEANS.id, schedule.id)
    assert after.next_at is not None
    assert after.next_at > beans.wall.now()


def process(home: Path, slack_url: str, **changes: Any) -> Process:
    arguments = [str(home), f"{slack_url}/api/", json.dumps(changes)]
    return Process("-m", "tests.api.slack.jobs_process", *arguments)


def test_an_alert_whose_process_died_while_telling_is_told_once(beans: Roastery, slack: FakeSlack, jobs: Jobs) -> None:
    schedule = scheduled(beans, "alert", {"alert_id": made(beans).id})
    beans.warehouses.close()
    slack.kill_client_after_post = True
    crashed = process(beans.settings.home, slack.url, now=NOON.now().isoformat())
    crashed.communicate(timeout=180)
    assert crashed.returncode == -signal.SIGKILL
    assert len(slack.posts) >= 1
    jobs.start(ticking=False)
    finish(jobs, schedule)
    for delivery_id in jobs.unsent():
        jobs.finish(f"deliver:{delivery_id}")
    assert len(slack.posts) == HITS
    assert firings(beans) == HITS


def test_two_processes_run_each_due_thing_once(tmp_path: Path, slack: FakeSlack, postgres_url: str) -> None:
    url = create_postgres(postgres_url, f"jobs_{tmp_path.name.replace('-', '_')}"[:60].lower())
    migrate(url)
    with Roastery.open(settings_for(tmp_path, f"{slack.url}/api/", database_url=url)) as roastery:
        organization = empty_organization(roastery)
        now = roastery.wall.now()
        outbox = Deliveries(roastery.database)
        for number in range(6):
            payload = Message(text=f"number {number}").as_payload()
            outbox.open(organization.id, f"key {number}", "slack", "C100", payload, now)
        due = datetime.fromisoformat("2026-11-01T08:00:00+00:00")
        with roastery.database.session() as session:
            made = Schedules(session).create(organization.id, "alert", "0 8 * * *", organization.zone, {}, due)
        running = [process(tmp_path, slack.url, database_url=url) for _ in range(2)]
        errors = [one.communicate(timeout=180)[1] for one in running]
        assert [one.returncode for one in running] == [0, 0], errors
        assert sorted(post["text"] for post in slack.posts) == [f"number {number}" for number in range(6)]
        assert outbox.pending() == []
        with roastery.database.reading() as session:
            assert Schedules(session).find(made.id) is not None
            assert Schedules(session).due(roastery.wall.now()) == []


@pytest.mark.prove
def test_the_weeks_digest_is_sent_once_to_each_destination(beans: Roastery, slack: FakeSlack) -> None:
    for _ in range(2):
        assert send_digest(beans, BEANS) == {"slack:C100": "sent"}
    assert send_digest(beans, BEANS, (("slack", "C200"), ("slack", "C100"))) == {
        "slack:C200": "sent",
        "slack:C100": "sent",
    }
    assert [post["channel"] for post in slack.posts] == ["C100", "C200"]
    text = slack.posts[0]["text"]
    assert text.startswith("*Weekly digest, 2–8 Nov 2026*")
    assert "Revenue fell by 1.10 %" in text


def test_a_due_digest_is_written_once_and_sent(beans: Roastery, slack: FakeSlack, jobs: Jobs) -> None:
    destinations = [{"channel": "slack", "destination": "C100"}]
    schedule = scheduled(beans, "digest", {"destinations": destinations})
    jobs.start(ticking=False)
    finish(jobs, schedule)
    assert len(slack.posts) == 1
    assert prepare_digest(beans, BEANS, "slack", "C100") == finish(jobs, schedule)["deliveries"][0]


def test_a_digest_without_a_destination_is_a_sentence(roastery: Roastery) -> None:
    with pytest.raises(NoData, match="nowhere to send"):
        send_digest(roastery, BEANS)
