"""Be sent something again and again: create_schedule. It acts, so it waits for an approval."""

import re
from dataclasses import replace
from typing import Any

from roastery.agent.planner.asks.base import Ask
from roastery.agent.planner.dates import WEEKDAY, WEEKDAYS, weekday_number
from roastery.agent.planner.defaults import credited
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading

CLOCK = re.compile(
    r"\b(?:at|by|around|@)?\s*(?P<h>\d{1,2})(?::(?P<m>\d{2}))?\s*(?P<half>a\.?m\.?|p\.?m\.?)?(?=[\s,.?!:;)]|$)",
    re.IGNORECASE,
)
CADENCES = (
    ("month", r"monthly|(?:every|each|once a|per) month|(?:first|last|1|15) (?:day )?of (?:the|each|every) month"),
    ("week", rf"weekly|(?:every|each|once a|per) week|(?:every|each|on) {WEEKDAY}s?|{WEEKDAY}s|week"),
    ("day", r"daily|(?:every|each) (?:day|morning|evening|weekday)|once a day|mornings"),
    ("hour", r"hourly|(?:every|each) hour"),
)
AGAIN = (
    r"(?:the )?(?:first|last|\d+|start|beginning|end|middle) (?:\w+ )?of (?:every|each|the) (?:month|quarter|week|year)"
    r"|"
    r"(?:once|twice) (?:a|per|every) (?:day|week|month|quarter)|nightly|fortnightly|quarterly|every other \w+|"
    r"every \d+ (?:days|weeks|months|hours)|"
    rf"(?:every|each) (?:single )?(?:{WEEKDAY}|morning|week|month|day|evening|quarter|weekday|workday"
    rf"|(?:working|business) day|night|hour)|{WEEKDAY}s|(?:daily"
    rf"|weekly|monthly)"
)
DELIVERED = (
    r"(?:in|into|to) (?:my|our|the|her|his|their) (?:\S+ )?(?:inbox|mailbox|mail|e ?mail|slack|channel|desk"
    r"|phone)|to (?:me|us|myself|everyone|(?:the|my|our) (?:\w+ )?(?:team|boss|board|partners|manager|owners?))"
    r"|(?:send|mail|e ?mail|post|drop|forward|push|deliver|dm|shoot|ping|text|report|throw|stick|pop"
    r"|serve|land) (?:it |this |that )?(?:to )?(?:me|us|over|everyone|the \w+)"
    r"|by e ?mail|via (?:slack|e ?mail|mail)|(?:i|we) (?:want|need|would like|wanna have|get)"
)
"""That something is to come again and again, and to somebody: together they are a schedule, in whatever words."""
LOOKS_BACK = (
    r"(?:every|each) (?:month|week|day|quarter) (?:since|from|between|in|during|over|of|until) (?:.*)?P\d+(?: .*)?"
    r"|G\d+ (?:since|from|between|in|during|over|of)? ?P\d+(?: .*)?"
)
"""Steps of a time that has been: "how many each month since January"."""
DELIVERED_FIRST = r"(?:send|mail|e ?mail|post|schedule|deliver|remind|drop|forward|push)(?: .*)?"
DESTINATION = re.compile(r"(?<!\w)#[a-z][\w-]+", re.IGNORECASE)
"""A channel as people write it: #leadership."""
TIMES = {"noon": "12:00", "midday": "12:00", "midnight": "00:00"}


class Schedules(Ask):
    """ "Send me the digest every Monday at 9", "e-mail us spend by campaign each morning"."""

    intent = "schedule"
    tool = "create_schedule"
    said = "ask_create_schedule"
    what = "creating schedules"

    def is_meant(self, question: Question, reading: Reading, lexicon: Lexicon) -> bool:
        if question.says(pattern("tells_a_limit")):
            return False
        if question.says(LOOKS_BACK) and not question.says(DELIVERED_FIRST):
            return False
        again = question.says(rf"(?:{AGAIN})")
        to = question.says(DELIVERED) or bool(DESTINATION.search(question.text))
        if question.says(rf"(?:every|each) (?:single )?(?:{WEEKDAY}|morning|evening|afternoon)") and question.of_kind(
            "M"
        ):
            # No number is asked "every morning" but one that is to come again.
            return not question.says(rf"(?:for|by|per|of|on) (?:every|each) (?:{WEEKDAY}|morning|evening|afternoon)")
        return question.says(pattern(self.said)) or (again and to)

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        details = {**reading.details, **_when(question)}
        question.used.update(s.index for s in question.of_kind("N"))
        kept = reading.period if reading.period and "weekday" not in details else None
        if kept is not None and kept.unit == "day" and kept.name is None:
            kept = None
        made = replace(reading, intent="schedule", period=kept, compare=None, grain=None, share=False, details=details)
        made = credited(made, lexicon)
        return replace(made, details={**details, "question": in_words(made, lexicon)})

    def arguments(self, reading: Reading) -> dict[str, Any]:
        rhythm = {name: reading.details[name] for name in ("every", "weekday", "at") if name in reading.details}
        asked = reading.details.get("question", "")
        return {
            "kind": "question" if asked else "digest",
            **({"question": asked} if asked else {}),
            **({"rhythm": rhythm} if rhythm else {}),
        }


def in_words(reading: Reading, lexicon: Lexicon) -> str:
    """What was asked to be sent, as a question of its own: "Revenue by region for Hoboken last week"."""
    if not reading.metrics:
        return ""
    titles = [lexicon.vocabulary.metrics[m].title or m.replace("_", " ") for m in reading.metrics]
    said = " and ".join(titles)
    if reading.dimensions:
        said += f" by {' and '.join(d.replace('_', ' ') for d in reading.dimensions)}"
    for condition in reading.filters:
        if not condition.metric:
            link = "for" if condition.op in ("in", "eq") else "without"
            said += f" {link} {' and '.join(condition.labels or condition.values)}"
    period = (
        reading.period.name if reading.period and reading.period.name else EACH[reading.details.get("every", "week")]
    )
    return f"{said} {period.replace('_', ' ')}"


EACH = {"hour": "today", "day": "yesterday", "week": "last week", "month": "last month"}
"""What a report is about that says no period: what has come about since the last one."""


def at_another_time(question: Question, heard: Reading) -> dict[str, str]:
    """ "7:30 rather", "make it Fridays": when it is to come instead, and nothing else; empty where more is said."""
    told = _when(question)
    if heard.said - {"period", "grain"} or len(question.tokens) > 12 or not told:
        return {}
    question.used.update(s.index for s in question.of_kind("N"))
    return told


def _when(question: Question) -> dict[str, str]:
    line = question.plain
    found: dict[str, str] = {}
    for cadence, said in CADENCES:
        if re.search(rf"(?<![^ ])(?:{said})(?![^ ])", line):
            found["every"] = cadence
            break
    if day := re.search(rf"(?<![^ ])(?P<day>{WEEKDAY})s?(?![^ ])", line):
        found["weekday"] = WEEKDAYS[weekday_number(day["day"])]
        found.setdefault("every", "week")
    if time := _time(question):
        found["at"] = time
    return found


def _time(question: Question) -> str | None:
    for word, time in TIMES.items():
        if re.search(rf"\b{word}\b", question.text, re.IGNORECASE):
            return time
    for m in CLOCK.finditer(question.text):
        said_at = re.match(r"\s*(?:at|by|around|@)", m[0], re.IGNORECASE)
        if not (m["m"] or m["half"] or said_at):
            continue
        hour = int(m["h"])
        half = (m["half"] or "").lower().replace(".", "")
        if half == "pm" and hour < 12:
            hour += 12
        if half == "am" and hour == 12:
            hour = 0
        if hour < 24:
            return f"{hour:02d}:{m['m'] or '00'}"
    return None
