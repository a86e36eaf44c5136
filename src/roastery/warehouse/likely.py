"""Which header of a foreign file is probably a column that it lacks: 'date' or 'Datum' for report_date."""

import re
from collections.abc import Iterable

from roastery.warehouse.contracts import Column
from roastery.warehouse.errors import nearest

DAY_WORDS = frozenset({"date", "day", "datum", "tag", "fecha", "dia", "jour", "data", "giorno"})
"""What a column of days is called in the languages that exports come in."""


def likely_header(column: Column, headers: Iterable[str]) -> str | None:
    """The header that shares most words with the column's name, else one that is spelled nearly so; None for neither.

    >>> from roastery.warehouse.contracts import contract
    >>> key = contract("ad_performance").by_name["report_date"]
    >>> likely_header(key, ["Campaign", "Date", "Cost"]), likely_header(key, ["Datum"]), likely_header(key, ["Cost"])
    ('Date', 'Datum', None)
    """
    headers = list(headers)
    own = words(column.name)
    if column.type in ("date", "timestamp"):
        own |= DAY_WORDS
    shared = [(len(own & words(header)), -len(words(header) - own), -place) for place, header in enumerate(headers)]
    best = max(shared, default=(0, 0, 0))
    # A word more than it shares tells of something else: 'campaign start date' is no report_date.
    if best[0] > 0 and -best[1] < best[0] + 1:
        return headers[-best[2]]
    return nearest(column.name, headers)


def words(name: str) -> set[str]:
    """
    >>> sorted(words("Report Date (UTC)")), sorted(words("campaignId"))
    (['date', 'report', 'utc'], ['campaign', 'id'])
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return {word for word in re.split(r"[^0-9a-z]+", spaced.lower()) if word}
