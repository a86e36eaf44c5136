"""Schedules: what runs again and again, and when next; a due run is taken by moving `next_at` on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from roastery.api.errors import BadBody, NotFound
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import ExecutorRow, ScheduleRow

KINDS = ("alert", "digest", "question", "sync")


@dataclass(frozen=True)
class Schedule:
    """One schedule; next_at is the instant of its next run, None while it is switched off."""

    id: str
    organization_id: str
    name: str
    kind: str
    cron: str
    target: dict[str, Any]
    next_at: datetime | None


def next_time(cron: str, zone: ZoneInfo, after: datetime) -> datetime:
    """The first instant after `after` at which a cron line is due in a zone. Errors: BadBody.

    A time that a clock change skips is due at the change; one that it repeats is due the first time only.
    """
    from croniter import CroniterBadDateError, croniter

    if not croniter.is_valid(cron) or len(cron.split()) != 5:
        raise BadBody(f"'{cron}' is not a cron line of five fields, such as '0 8 * * 1' for Mondays at 8.")
    # Wall-clock arithmetic: the cron line is read on local time without zone, and its answer put back into the zone.
    local = after.astimezone(zone).replace(tzinfo=None)
    found = croniter(cron, local)
    while True:
        try:
            wall = found.get_next(datetime)
        except CroniterBadDateError:
            raise BadBody(f"'{cron}' names a day that never comes.") from None
        at = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if at > after:
            return at


class Schedules:
    def __init__(self, session: Session) -> None:
        self._session = session

    def create(
        self,
        organization_id: str,
        kind: str,
        cron: str,
        zone: ZoneInfo,
        target: Mapping[str, Any],
        at: datetime,
        *,
        name: str = "",
        created_by: str = "",
    ) -> Schedule:
        """A new schedule, due for the first time after `at`. Errors: BadBody for a cron line that cannot be read."""
        if kind not in KINDS:
            raise BadBody(f"A schedule is of kind {', '.join(KINDS)}; not '{kind}'.")
        row = ScheduleRow(
            id=new_id("sch"),
            organization_id=organization_id,
            name=name,
            kind=kind,
            cron=cron,
            target=dict(target),
            next_at=next_time(cron, zone, at),
            created_by=created_by,
            created_at=at,
        )
        self._session.add(row)
        self._session.flush()
        return _read(row)

    def get(self, organization_id: str, schedule_id: str) -> Schedule:
        row = self._session.get(ScheduleRow, schedule_id)
        if row is None or row.organization_id != organization_id:
            raise NotFound("schedule", schedule_id)
        return _read(row)

    def find(self, schedule_id: str) -> Schedule | None:
        """By id alone, for the jobs; requests use `get`."""
        row = self._session.get(ScheduleRow, schedule_id)
        return _read(row) if row else None

    def of(self, organization_id: str) -> list[Schedule]:
        rows = select(ScheduleRow).where(ScheduleRow.organization_id == organization_id)
        return [_read(row) for row in self._session.scalars(rows.order_by(ScheduleRow.created_at, ScheduleRow.id))]

    def remove(self, organization_id: str, schedule_id: str) -> None:
        self.get(organization_id, schedule_id)
        self._session.delete(self._session.get_one(ScheduleRow, schedule_id))

    def switch(self, organization_id: str, schedule_id: str, enabled: bool, zone: ZoneInfo, at: datetime) -> None:
        """Switch a schedule off, or on again from its next time after `at`."""
        self.get(organization_id, schedule_id)
        row = self._session.get_one(ScheduleRow, schedule_id)
        row.enabled = enabled
        if enabled:
            row.next_at = next_time(row.cron, zone, at)

    def due(self, now: datetime) -> list[Schedule]:
        """Enabled schedules whose time has come, the longest overdue first."""
        rows = select(ScheduleRow).where(ScheduleRow.enabled, ScheduleRow.next_at <= now)
        return [_read(row) for row in self._session.scalars(rows.order_by(ScheduleRow.next_at, ScheduleRow.id))]

    def advance(self, schedule: Schedule, next_at: datetime) -> bool:
        """Move a schedule past the run that was due; False when another process has done so."""
        moved = self._session.execute(
            update(ScheduleRow)
            .where(ScheduleRow.id == schedule.id, ScheduleRow.next_at == schedule.next_at)
            .values(next_at=next_at, last_at=schedule.next_at)
        )
        return bool(moved.rowcount)  # type: ignore[attr-defined]


class Executors:
    """Processes that run jobs, by their heartbeat."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def beat(self, executor_id: str, now: datetime) -> None:
        row = self._session.get(ExecutorRow, executor_id)
        if row is None:
            self._session.add(ExecutorRow(id=executor_id, beat_at=now))
        else:
            row.beat_at = now

    def alive(self, since: datetime) -> frozenset[str]:
        """Executors that have beaten since an instant."""
        return frozenset(self._session.scalars(select(ExecutorRow.id).where(ExecutorRow.beat_at >= since)))

    def leave(self, executor_id: str) -> None:
        row = self._session.get(ExecutorRow, executor_id)
        if row is not None:
            self._session.delete(row)


def _read(row: ScheduleRow) -> Schedule:
    return Schedule(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        kind=row.kind,
        cron=row.cron,
        target=row.target,
        next_at=row.next_at if row.enabled else None,
    )
