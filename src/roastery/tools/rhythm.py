"""When something runs again and again, as people say it and as a cron line."""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
CRON_FIELDS = 5


class Rhythm(BaseModel):
    """every hour, day, week or month, at a local time; or a cron line, which wins.

    weekday: of a weekly one (Monday when left out); day_of_month: of a monthly one, 1 to 28 so that every month has it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    every: Literal["hour", "day", "week", "month"] = "day"
    at: str = Field(default="08:00", description="HH:MM, local time")
    weekday: Weekday = "monday"
    day_of_month: int = Field(default=1, ge=1, le=28)
    cron: str | None = None

    @model_validator(mode="after")
    def _is_a_time(self) -> "Rhythm":
        if not TIME.fullmatch(self.at):
            raise ValueError(f"'{self.at}' is no time of day; write it as HH:MM, such as 08:00")
        if self.cron is not None and len(self.cron.split()) != CRON_FIELDS:
            raise ValueError(f"'{self.cron}' is not a cron line of five fields, such as '0 8 * * 1' for Mondays at 8")
        return self

    @property
    def line(self) -> str:
        """The cron line.

        >>> Rhythm(every="week", weekday="friday", at="16:30").line
        '30 16 * * 5'
        """
        if self.cron is not None:
            return self.cron
        hour, minute = map(int, self.at.split(":"))
        day_of_week = (WEEKDAYS.index(self.weekday) + 1) % 7
        return {
            "hour": f"{minute} * * * *",
            "day": f"{minute} {hour} * * *",
            "week": f"{minute} {hour} * * {day_of_week}",
            "month": f"{minute} {hour} {self.day_of_month} * *",
        }[self.every]

    @property
    def words(self) -> str:
        """As people say it.

        >>> Rhythm(every="week", weekday="friday", at="16:30").words
        'every Friday at 16:30'
        """
        if self.cron is not None:
            return f"by the cron line '{self.cron}'"
        return {
            "hour": f"every hour at minute {int(self.at.split(':')[1])}",
            "day": f"every day at {self.at}",
            "week": f"every {self.weekday.capitalize()} at {self.at}",
            "month": f"every month on day {self.day_of_month} at {self.at}",
        }[self.every]

    @property
    def sentence_start(self) -> str:
        return self.words[:1].upper() + self.words[1:]


def in_sentence(title: str) -> str:
    """A metric's title inside a sentence: abbreviations keep their capitals.

    >>> in_sentence("Attributed revenue"), in_sentence("ROAS")
    ('attributed revenue', 'ROAS')
    """
    return " ".join(word if word[1:].lower() != word[1:] else word.lower() for word in title.split(" "))


class Destination(BaseModel):
    """Where something is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: str = Field(default="slack", description="How it is delivered, such as slack.")
    destination: str = Field(description="Where: a Slack channel or person.")

    @property
    def words(self) -> str:
        return self.destination if self.channel == "slack" else f"{self.destination} by {self.channel}"
