"""Which headers of a foreign file are probably the columns that it lacks: 'date' or 'Datum' for report_date."""

import re
from collections.abc import Sequence

from roastery.warehouse.contracts import Column
from roastery.warehouse.errors import nearest

DAY_WORDS = frozenset({"date", "day", "datum", "tag", "fecha", "dia", "jour", "data", "giorno"})
"""What a column of days is called in the languages that exports come in."""


def likely_headers(columns: Sequence[Column], headers: Sequence[str]) -> dict[str, str]:
    """Headers by the missing column that they probably are, each used once: those that share most words, and leave
    fewest over, first; then those that say no more than that they are days; then those that are spelled nearly so.

    >>> from roastery.warehouse.contracts import contract
    >>> ads = [c for c in contract("ad_performance").columns if c.is_key]
    >>> likely_headers(ads, ["Datum", "Ad", "Cost"])
    {'report_date': 'Datum', 'ad_id': 'Ad'}
    >>> likely_headers([contract("transactions").by_name["occurred_at"]], ["Kunde", "Datum"])
    {'occurred_at': 'Datum'}
    """
    pairs = []
    for place, column in enumerate(columns):
        for header in headers:
            shared, left_over = alike(column, header)
            if shared and shared >= left_over:
                pairs.append((-shared, left_over, place, column.name, header))
    found: dict[str, str] = {}
    for *_, name, header in sorted(pairs):
        if name not in found and header not in found.values():
            found[name] = header
    days = [header for header in headers if header not in found.values() and words(header) <= DAY_WORDS]
    for column in columns:
        if column.type in ("date", "timestamp") and column.name not in found and days:
            found[column.name] = days.pop(0)
    for column in columns:
        others = [header for header in headers if header not in found.values()]
        if column.name not in found and (near := nearest(column.name, others)):
            found[column.name] = near
    return found


def alike(column: Column, header: str) -> tuple[int, int]:
    """How many words a header shares with a column's name, and how many of both are left over.

    A word for days in any language is a day column's `date`.
    """
    own, told = words(column.name), words(header)
    if column.type in ("date", "timestamp"):
        own, told = ({"date"} | own, {"date" if word in DAY_WORDS else word for word in told})
    return len(own & told), len(told - own) + len(own - told) if own & told else 0


def words(name: str) -> set[str]:
    """
    >>> sorted(words("Report Date (UTC)")), sorted(words("campaignId"))
    (['date', 'report', 'utc'], ['campaign', 'id'])
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return {word for word in re.split(r"[^0-9a-z]+", spaced.lower()) if word}
