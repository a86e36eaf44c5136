"""The one clock (law 16): nothing else in the product reads the time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Clock:
    """Real time, or an instant at which it is fixed.

    Order of who decides (CONTRACTS section 1): `ROASTERY_NOW`, then the organization's setting, then real time.
    """

    fixed_at: datetime | None = None

    def now(self) -> datetime:
        """The current instant in UTC."""
        if self.fixed_at is not None:
            return self.fixed_at.astimezone(UTC)
        return datetime.now(UTC)

    def today(self, time_zone: str) -> date:
        """The current day in an IANA zone."""
        return self.now().astimezone(ZoneInfo(time_zone)).date()

    @classmethod
    def from_iso(cls, text: str | None) -> "Clock":
        """A clock fixed at an ISO 8601 instant (UTC where it has no offset), or real time for None or ''."""
        if not text:
            return cls()
        at = datetime.fromisoformat(text)
        return cls(at if at.tzinfo else at.replace(tzinfo=UTC))


Now = Callable[[], datetime]
