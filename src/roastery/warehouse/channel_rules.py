"""An organization's own channel rules: ordered, the first that fits wins, and the default grouping comes after them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from roastery.warehouse.errors import BadQuery
from roastery.warehouse.sql import quoted

CONDITIONS = ("source", "medium", "platform", "campaign")
CHANNEL = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
MAX_RULES, MAX_PATTERNS = 200, 50


@dataclass(frozen=True)
class OwnRule:
    """Contacts that meet every given condition are of `channel`.

    A condition is a list of patterns, any of which must fit, whatever its case: `*` stands for any text and everything
    else for itself. source and medium are those of the link (utm_source, utm_medium); platform is that of the contact,
    or of its campaign; campaign is the campaign's name, or what the link calls it.
    """

    channel: str
    source: tuple[str, ...] = ()
    medium: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()
    campaign: tuple[str, ...] = ()
    about: str = ""

    def __post_init__(self) -> None:
        if not CHANNEL.match(self.channel):
            raise BadQuery(
                f"'{self.channel}' is not a channel's name: small letters, digits and _, such as paid_social."
            )
        if not any(getattr(self, name) for name in CONDITIONS):
            raise BadQuery(f"A channel rule needs a condition: any of {', '.join(CONDITIONS)}.")
        patterns = [pattern for name in CONDITIONS for pattern in getattr(self, name)]
        if len(patterns) > MAX_PATTERNS or any(not 0 < len(pattern) <= 200 for pattern in patterns):
            raise BadQuery(f"A rule has at most {MAX_PATTERNS} patterns of 1 to 200 characters each.")


def checked(rules: Iterable[OwnRule]) -> tuple[OwnRule, ...]:
    """The rules in their order. Errors: BadQuery for too many, or one that can never be reached."""
    rules = tuple(rules)
    if len(rules) > MAX_RULES:
        raise BadQuery(f"There are {len(rules)} channel rules; at most {MAX_RULES} are possible.")
    seen: dict[tuple[tuple[str, ...], ...], int] = {}
    for number, rule in enumerate(rules, 1):
        first = seen.setdefault(tuple(getattr(rule, name) for name in CONDITIONS), number)
        if first != number:
            raise BadQuery(f"Rule {number} has the conditions of rule {first}, so it would never be reached.")
    return rules


def own_channel_case(rules: Iterable[OwnRule]) -> str:
    """SQL: the channel that the first fitting rule gives, else null; over lower-case source, medium, platform,
    campaign_name and utm_campaign, never null.

    >>> own_channel_case([OwnRule("podcast", medium=("audio*",))])
    "CASE WHEN (medium GLOB 'audio*') THEN 'podcast' END"
    """
    whens = [f"WHEN {_condition(rule)} THEN {quoted(rule.channel)}" for rule in rules]
    return f"CASE {' '.join(whens)} END" if whens else "CAST(NULL AS VARCHAR)"


def _condition(rule: OwnRule) -> str:
    parts = []
    for name in CONDITIONS:
        columns = ("campaign_name", "utm_campaign") if name == "campaign" else (name,)
        fits = [f"{column} GLOB {quoted(glob(p))}" for p in getattr(rule, name) for column in columns]
        if fits:
            parts.append(f"({' OR '.join(fits)})")
    return " AND ".join(parts)


def glob(pattern: str) -> str:
    """A pattern as the engine's GLOB, in which `?` and brackets stand for themselves.

    >>> glob("Spring [EU]*?")
    'spring [[]eu]*[?]'
    """
    return re.sub(r"[\[?]", r"[\g<0>]", pattern.strip().lower())
