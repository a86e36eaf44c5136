"""Durable jobs: due schedules, Slack questions and deliveries, each carried to its end once, through crashes too.

What has to happen stands in our own tables; DBOS runs each piece as a workflow under a name made from what it is, so
that two processes and two starts give one run. A dead process's unfinished runs are taken over by a living one.
"""

import asyncio
import os
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from roastery.api.delivery.outbox import LONGEST_PAUSE_SECONDS, MOST_ATTEMPTS, Outbox, channels
from roastery.api.privacy import finish_erasures, keep_retention
from roastery.api.slack.answers import answer_event
from roastery.api.store.deliveries import Deliveries
from roastery.api.store.organizations import Organizations
from roastery.api.store.schedules import Executors, Schedule, Schedules, next_time
from roastery.api.store.slack import SlackEvents

if TYPE_CHECKING:
    from fastapi import FastAPI

    from roastery.api.app import Roastery

TICK_SECONDS = 10.0
DEAD_AFTER = timedelta(seconds=60)
RETENTION_EVERY = timedelta(hours=1)
LEFT_AFTER = timedelta(minutes=5)
"""An erasure that has run for so long was left behind, or its file was in use."""
APPLICATION_VERSION = "1"
"""Runs survive an upgrade of the product, so their version is not that of the code; raise it when a workflow's steps
change their order."""

log = structlog.get_logger()
_running: "Jobs | None" = None


def running(roastery: "Roastery") -> "Jobs | None":
    """The jobs of this process if they run on this application object."""
    return _running if _running is not None and _running.roastery is roastery else None


class Jobs:
    """The jobs of one process; DBOS allows one at a time. `tick` is everything that happens again and again."""

    def __init__(self, roastery: "Roastery", *, tick_seconds: float = TICK_SECONDS) -> None:
        self.roastery = roastery
        self.executor_id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._tick_seconds = tick_seconds
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._workflows: dict[str, Callable[..., Any]] = {}
        self._retained_at: datetime | None = None

    def start(self, *, ticking: bool = True) -> "Jobs":
        """Launch DBOS, take over what a dead process left, and tick in a thread of its own."""
        global _running
        from dbos import DBOS

        settings = self.roastery.settings
        url = settings.store_url if settings.database_url else f"sqlite:///{settings.home / 'jobs.sqlite'}"
        DBOS(
            config={
                "name": "roastery",
                "system_database_url": url,
                "executor_id": self.executor_id,
                "application_version": APPLICATION_VERSION,
                "log_level": "ERROR",
                "notification_listener_polling_interval_sec": 0.2,
            }
        )
        self._register()
        DBOS.launch()
        _running = self
        self.tick()
        if ticking:
            self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
            self._thread.start()
        return self

    def stop(self) -> None:
        """Tick no more and let go; what is unfinished goes on at the next start."""
        global _running
        from dbos import DBOS

        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=5)
        with self.roastery.database.session() as session:
            Executors(session).leave(self.executor_id)
        _running = None

    def tick(self) -> None:
        """Beat, take over from the dead, and start whatever is due, waiting or unsent; starting again is no effect."""
        now = self.roastery.wall.now()
        with self.roastery.database.session() as session:
            Executors(session).beat(self.executor_id, now)
        self._take_over(now)
        with self.roastery.database.reading() as session:
            due = Schedules(session).due(now)
        for schedule in due:
            self._start_due(schedule, now)
        for event_id in SlackEvents(self.roastery.database).waiting():
            self.start_slack(event_id)
        for delivery in Deliveries(self.roastery.database).pending():
            self.start_delivery(delivery.id)
        finish_erasures(self.roastery, now - LEFT_AFTER)
        if self._retained_at is None or now - self._retained_at > RETENTION_EVERY:
            self._retained_at = now
            self._start_retention(now)

    def start_slack(self, event_id: str) -> None:
        """Have a stored Slack event answered."""
        self._start("answer_slack", f"slack:{event_id}", event_id)

    def start_delivery(self, delivery_id: str) -> None:
        """Have a delivery sent."""
        self._start("deliver", f"deliver:{delivery_id}", delivery_id)

    def unsent(self) -> list[str]:
        """Ids of the deliveries that wait to be sent."""
        return [delivery.id for delivery in Deliveries(self.roastery.database).pending()]

    def finish(self, workflow_id: str) -> Any:
        """Wait for a run and give its result."""
        from dbos import DBOS

        return DBOS.retrieve_workflow(workflow_id).get_result()

    def _start_due(self, schedule: Schedule, now: datetime) -> None:
        """Start a due run under its own name, then move the schedule on: a crash in between starts the same name."""
        assert schedule.next_at is not None
        self._start("run_schedule", run_name(schedule), schedule.id, schedule.next_at.isoformat())
        with self.roastery.database.session() as session:
            organization = Organizations(session).get(schedule.organization_id)
            if organization is not None:
                # Runs that were missed while nothing ran are made up for by one run, not by one each.
                Schedules(session).advance(schedule, next_time(schedule.cron, organization.zone, now))

    def _start_retention(self, now: datetime) -> None:
        """One run a day of each organization that does not keep everything."""
        with self.roastery.database.reading() as session:
            organizations = [o for o in Organizations(session).all() if o.retention]
        for organization in organizations:
            day = now.astimezone(organization.zone).date()
            self._start("retain", f"retain:{organization.id}:{day.isoformat()}", organization.id)

    def _start(self, workflow: str, name: str, *arguments: Any) -> None:
        from dbos import DBOS, SetWorkflowID

        with SetWorkflowID(name):
            DBOS.start_workflow(self._workflows[workflow], *arguments)

    def _take_over(self, now: datetime) -> None:
        """Resume the runs of processes that no longer beat.

        Embedded, one process owns the home: every other executor is dead, however lately it has beaten.
        """
        from dbos import DBOS

        alive = {self.executor_id}
        if self.roastery.settings.database_url is not None:
            with self.roastery.database.reading() as session:
                alive |= Executors(session).alive(now - DEAD_AFTER)
        for run in DBOS.list_workflows(status="PENDING"):
            if run.executor_id not in alive:
                log.warning("taking over a run", run=run.workflow_id, executor_id=run.executor_id)
                DBOS.resume_workflow(run.workflow_id)

    def _run(self) -> None:
        while not self._stopping.wait(self._tick_seconds):
            try:
                self.tick()
            except Exception as error:
                log.error("tick failed", exc_info=error)

    def _register(self) -> None:
        """Name the workflows and their steps; every step may run twice and has its effect once."""
        from dbos import DBOS

        from roastery.api.delivery.scheduled import run_due

        roastery = self.roastery
        outbox = Outbox(roastery.database, channels(roastery.settings), roastery.wall)
        attempt = DBOS.step(name="attempt")(lambda delivery_id: outbox.attempt(delivery_id))
        judge = DBOS.step(name="run_due")(lambda schedule_id, due_at: run_due(roastery, schedule_id, due_at))
        answer = DBOS.step(name="answer")(lambda event_id: answer_event(roastery, event_id))

        def deliver(delivery_id: str) -> str:
            for number in range(MOST_ATTEMPTS):
                outcome: str = attempt(delivery_id)
                if outcome != "again":
                    return outcome
                DBOS.sleep(min(2.0**number, LONGEST_PAUSE_SECONDS))
            return "failed"

        def run_schedule(schedule_id: str, due_at: str) -> dict[str, Any]:
            found: dict[str, Any] = judge(schedule_id, due_at)
            return {**found, "outcomes": [deliver_own(d) for d in found["deliveries"]]}

        def answer_slack(event_id: str) -> list[str]:
            return [deliver_own(delivery_id) for delivery_id in answer(event_id)]

        deliver_workflow = DBOS.workflow(name="deliver")(deliver)

        def deliver_own(delivery_id: str) -> str:
            """A delivery as a run of its own, so that the sweep and this run never send it both."""
            from dbos import SetWorkflowID

            with SetWorkflowID(f"deliver:{delivery_id}"):
                handle = DBOS.start_workflow(deliver_workflow, delivery_id)
            return str(handle.workflow_id)

        retain = DBOS.step(name="retain")(
            lambda organization_id: keep_retention(roastery, roastery.organization(organization_id))
        )

        def retain_run(organization_id: str) -> None:
            retain(organization_id)

        self._workflows = {
            "deliver": deliver_workflow,
            "retain": DBOS.workflow(name="retain")(retain_run),
            "run_schedule": DBOS.workflow(name="run_schedule")(run_schedule),
            "answer_slack": DBOS.workflow(name="answer_slack")(answer_slack),
        }


@asynccontextmanager
async def beside(roastery: "Roastery") -> AsyncIterator[None]:
    """Run the jobs beside an HTTP service."""
    jobs = Jobs(roastery)
    await asyncio.to_thread(jobs.start)
    try:
        yield
    finally:
        await asyncio.to_thread(jobs.stop)


def run_beside(app: "FastAPI", roastery: "Roastery") -> None:
    """Have the jobs started and stopped with the service."""
    others = list(getattr(app.state, "beside", []))
    app.state.beside = [*others, lambda: beside(roastery)]


def run_name(schedule: Schedule) -> str:
    """What a due run is called: the same in every process."""
    assert schedule.next_at is not None
    return f"schedule:{schedule.id}:{schedule.next_at.isoformat()}"
