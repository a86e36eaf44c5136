"""How connections are: the state, since when, why, and what somebody can do about it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from roastery.api.store.connections import Connections
from roastery.api.store.schedules import Schedule, Schedules
from roastery.api.store.tables import ConnectionRow
from roastery.connectors.consent import CONSENTS
from roastery.connectors.registry import SOURCES
from roastery.tools.base import ConnectionState
from roastery.warehouse.organization import Organization
from roastery.warehouse.state import SourceState

if TYPE_CHECKING:
    from roastery.api.app import Roastery

PROMISED = timedelta(hours=4)
"""Data is promised to be no older than this; syncs run hourly, so several have to fail before it is."""

STATES = ("healthy", "delayed", "throttled", "needs_consent", "failing", "paused", "new")
ENDED = {
    "complete": "healthy",
    "skipped": "healthy",
    "waiting": "throttled",
    "needs_consent": "needs_consent",
    "failed": "failing",
    "not_run": "failing",
}
"""The state that a sync leaves, by its outcome."""


@dataclass(frozen=True)
class Health:
    """One connection. rows: new or changed with the last sync; history_since: the first day from which all is there."""

    connection_id: str
    provider: str
    name: str
    state: str
    since: datetime | None
    why: str
    what_to_do: str
    last_success: datetime | None
    rows: int | None
    age_minutes: int | None
    promised_minutes: int
    history_since: date | None
    complete_through: date | None

    @property
    def sentence(self) -> str:
        """The state in words, for people."""
        since = f" since {self.since:%d %b %Y %H:%M} UTC" if self.since else ""
        told = " ".join(part for part in (self.why, self.what_to_do) if part)
        return f"{self.name} is {WORDS[self.state]}{since}.{' ' + told if told else ''}"

    def as_json(self) -> dict[str, Any]:
        found = {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(self).items()}
        return {**found, "sentence": self.sentence}


WORDS = {
    "healthy": "healthy",
    "delayed": "delayed",
    "throttled": "waiting for the provider",
    "needs_consent": "waiting for consent",
    "failing": "failing",
    "paused": "paused",
    "new": "not read yet",
}


def ended(row: ConnectionRow, state: str, why: str, now: datetime, **more: Any) -> dict[str, Any]:
    """What to keep of a sync that ended in a state: since when it holds is the first time in a row."""
    before = row.health or {}
    since = before.get("since") if before.get("state") == state else None
    return {"state": state, "since": since or now.isoformat(), "why": why, **more}


def health_of(
    roastery: "Roastery", organization: Organization, rows: Sequence[ConnectionRow] | None = None
) -> list[Health]:
    """Every connection that brings data, or those given."""
    with roastery.database.reading() as session:
        if rows is None:
            rows = Connections(session, roastery.keyring, organization.id).list()
        schedules = [s for s in Schedules(session).of(organization.id) if s.kind == "sync"]
    if not rows:
        return []
    states = roastery.warehouse(organization).state().sources
    now = roastery.clock_of(organization).now()
    return [_health(organization, row, schedules, states, now) for row in rows]


def _health(
    organization: Organization,
    row: ConnectionRow,
    schedules: Sequence[Schedule],
    states: Sequence[SourceState],
    now: datetime,
) -> Health:
    own = [s for s in states if s.connection_id == row.id]
    state, since, why, what_to_do = _state(organization, row, schedules, now)
    age = int((now - row.last_sync_at).total_seconds() // 60) if row.last_sync_at else None
    return Health(
        row.id,
        row.provider,
        row.name,
        state,
        since,
        why,
        what_to_do,
        row.last_sync_at,
        (row.health or {}).get("rows"),
        None if age is None else max(0, age),
        int(PROMISED.total_seconds() // 60),
        max((s.history_since for s in own if s.history_since), default=None),
        min((s.complete_through for s in own if s.complete_through), default=None),
    )


def _state(
    organization: Organization, row: ConnectionRow, schedules: Sequence[Schedule], now: datetime
) -> tuple[str, datetime | None, str, str]:
    """State, since when, why, and what to do."""
    kept = row.health or {}
    since = datetime.fromisoformat(kept["since"]) if kept.get("since") else None
    ours = [s for s in schedules if s.target.get("connection_id") == row.id]
    if row.provider not in SOURCES:
        return "healthy", None, "Rows are pushed to it.", ""
    if ours and all(s.next_at is None for s in ours):
        resume = f"roastery connections resume {row.id} --org {organization.id}"
        return "paused", None, "It is not read until somebody resumes it.", f"To resume: {resume}"
    state = kept.get("state")
    if state == "needs_consent":
        again = f"roastery connect {row.provider} --again {row.id} --org {organization.id}"
        if row.provider not in CONSENTS:
            needed = SOURCES[row.provider].required_secrets or ("access_token",)
            again += "".join(f" --secret {name}=…" for name in needed if name not in ("client_id", "client_secret"))
        return state, since, str(kept.get("why", "")), f"Give consent again: {again}"
    if state == "throttled":
        until = kept.get("resume_at")
        when = (
            f"It goes on by itself after {datetime.fromisoformat(until):%H:%M} UTC."
            if until
            else "It goes on by itself."
        )
        return state, since, str(kept.get("why", "")), when
    if state == "failing":
        return state, since, str(kept.get("why", "")), "The next sync tries again; what has landed stays."
    if row.last_sync_at is None:
        return "new", row.created_at, "", f"Read it: roastery sync {row.id} --org {organization.id}"
    if now - row.last_sync_at > PROMISED:
        late = row.last_sync_at + PROMISED
        return (
            "delayed",
            late,
            f"It was last read on {row.last_sync_at:%d %b %Y %H:%M} UTC.",
            ("Syncs run while `roastery serve` does."),
        )
    return "healthy", since, "", ""


class Healths:
    """The tools' door to the connections of one organization (tools.base.Connected)."""

    def __init__(self, roastery: "Roastery", organization: Organization) -> None:
        self._roastery, self._organization = roastery, organization

    def states(self) -> list[ConnectionState]:
        return [
            ConnectionState(h.provider, h.state, h.sentence, h.state not in ("healthy", "new"))
            for h in health_of(self._roastery, self._organization)
        ]
