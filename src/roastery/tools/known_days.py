"""Which steps of a series are known to be unlike others: holidays, promotions, and what the asker has told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from roastery.tools.analysis.arrays import Integers
from roastery.tools.analysis.holidays import holidays
from roastery.tools.asking import KnownDays
from roastery.tools.base import ToolContext

LONGEST_PROMOTION_DAYS = 15
"""What goes on for longer is how business is, not an exception to it."""
LEAST_DAYS_OF_STEP = 2
PROMOTION = "promotion: "
PROMOTIONS = """
SELECT coalesce(nullif(kind, ''), promotion_name, promotion_id) AS name,
       CAST(timezone(?, starts_at) AS DATE) AS first_day,
       CAST(timezone(?, coalesce(ends_at, starts_at)) AS DATE) AS last_day
FROM promotions WHERE starts_at IS NOT NULL AND coalesce(ends_at, starts_at) < starts_at + INTERVAL 30 DAY
ORDER BY first_day, name
"""


@dataclass(frozen=True)
class Known:
    """Names by day; a day has one name, the asker's before a promotion's before a holiday's."""

    names: dict[date, str]

    def codes(self, steps: Sequence[date], days_of_step: Sequence[int]) -> Integers:
        """A code a step, 0 for none; steps of one name share it. A longer step needs two of its days to be known."""
        numbers: dict[str, int] = {}
        found = np.zeros(len(steps), dtype=np.int64)
        for n, (first, days) in enumerate(zip(steps, days_of_step, strict=True)):
            inside = [self.names[d] for k in range(days) if (d := first + timedelta(days=k)) in self.names]
            if len(inside) >= (1 if days == 1 else LEAST_DAYS_OF_STEP) and days < 28:
                found[n] = numbers.setdefault(inside[0], len(numbers) + 1)
        return found

    def between(self, start: date, end: date) -> tuple[str, ...]:
        """What is known of the days [start, end), each name once."""
        days = [start + timedelta(days=n) for n in range((end - start).days)]
        return tuple(dict.fromkeys(self.names[day] for day in days if day in self.names))


def known_days(context: ToolContext, first: date, last: date, told: Sequence[KnownDays] = ()) -> Known:
    """Everything known of the days from first to last (both in)."""
    zone = context.organization.time_zone
    names = dict(holidays(country_of(zone), first, last))
    for row in context.metrics.warehouse.query(PROMOTIONS, [zone, zone]).to_pylist():
        days = (row["last_day"] - row["first_day"]).days + 1
        if days <= LONGEST_PROMOTION_DAYS:
            names |= {row["first_day"] + timedelta(days=n): f"{PROMOTION}{row['name']}" for n in range(days)}
    for span in told:
        names |= {span.start + timedelta(days=n): span.name for n in range((span.end - span.start).days)}
    return Known({day: name for day, name in names.items() if first <= day <= last})


def country_of(zone: str) -> str:
    """The country of a time zone, '' where it has none.

    >>> country_of("America/Chicago")
    'US'
    """
    from babel.core import get_global

    found = get_global("zone_territories").get(zone, "")
    return str(found) if found != "001" else ""
