"""What a rule of the calendar grammar is: words, what they make, and the pieces that rules share."""

import re
from collections.abc import Callable
from typing import Literal

from roastery.agent.planner.dates import Calendar, Days

Kind = Literal["period", "compare", "grain"]


UNIT = r"(?:day|week|month|quarter|year)"


LAST = r"(?:last|past|previous|prior|trailing|preceding|recent|most recent|latest|rolling)"


Made = Days | str | None


Rule = tuple[str, re.Pattern[str], Callable[[Calendar, re.Match[str]], Made], Kind]


def period_rule(
    name: str, pattern: str, make: Callable[[Calendar, re.Match[str]], Made], kind: Kind = "period"
) -> Rule:
    return name, re.compile(rf"(?<![^ ])(?:{pattern})(?![^ ])"), make, kind


def read_says(value: str) -> Callable[[Calendar, re.Match[str]], str]:
    return lambda calendar, match: value


def read_grain(_: Calendar, m: re.Match[str]) -> str:
    word = m["unit"]
    return {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}.get(
        word, "year" if word in ("annual", "annually") else word
    )


def read_before(_: Calendar, m: re.Match[str]) -> str:
    return f"before:{m['n']}:{m.groupdict().get('unit') or ''}"
