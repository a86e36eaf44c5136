"""Errors of the warehouse, classed by who acts next.

RoasteryError
├── AskerError          the asker changes the question
│   ├── UnknownName         no such metric, dimension, dataset, column, organization …
│   ├── ImpossibleSplit     the metric cannot be split by that dimension
│   ├── BadPeriod           reversed, empty or unreadable period
│   ├── BadQuery            any other unsound query or argument
│   ├── NotAllowed          this person may not see that
│   └── HistoryIncomplete   the metric needs history from before the data begins
├── DataError           somebody mends or adds data
│   ├── NoData              nothing has landed yet that could answer
│   ├── MissingRate         a currency has no rate on or before a row's day
│   └── BadRows             rows break their contract (the good ones have landed)
└── StoreError          the operator acts
    ├── QueryTimeout        the query ran longer than its limit
    ├── Busy                too many heavy queries, or another writer
    ├── BrokenFile          the organization's file is no database, or damaged
    └── BuildFailed         curated tables could not be rebuilt; the last good ones stay
"""

import re
from collections.abc import Iterable

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA


class RoasteryError(Exception):
    """What is wrong, what is allowed and the nearest name, as one or two sentences that a marketer can act on."""

    def __init__(self, message: str, *, allowed: Iterable[str] = (), did_you_mean: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.allowed = tuple(allowed)
        self.did_you_mean = did_you_mean


class AskerError(RoasteryError):
    """The question has to change."""


class UnknownName(AskerError):
    """A name that does not exist, with the nearest one that does."""

    def __init__(self, kind: str, name: str, allowed: Iterable[str] = ()) -> None:
        allowed = tuple(sorted(allowed))
        near = nearest(name, allowed)
        hint = f" Did you mean '{near}'?" if near else ""
        if not near and allowed:
            shown = ", ".join(allowed[:12])
            hint = f" Known: {shown}{' …' if len(allowed) > 12 else ''}."
        super().__init__(f"Unknown {kind} '{name}'.{hint}", allowed=allowed, did_you_mean=near)
        self.kind = kind
        self.name = name


class ImpossibleSplit(AskerError):
    """A metric asked by a dimension that its facts do not carry."""

    def __init__(self, metric: str, dimension: str, allowed: Iterable[str], why: str = "") -> None:
        allowed = tuple(sorted(allowed))
        because = f" ({why})" if why else ""
        super().__init__(
            f"'{metric}' cannot be split by '{dimension}'{because}. It can be split by: {', '.join(allowed)}.",
            allowed=allowed,
            did_you_mean=nearest(dimension, allowed),
        )
        self.metric = metric
        self.dimension = dimension


class BadPeriod(AskerError):
    """A period that is reversed, empty or cannot be read."""


class BadQuery(AskerError):
    """An argument that is not of its form."""


class NotAllowed(AskerError):
    """The asker's role or scope does not cover this; the message never contains the figure."""


class HistoryIncomplete(AskerError):
    """The period begins before the history that the metric needs."""


class DataError(RoasteryError):
    """Data is missing or unsound."""


class NoData(DataError):
    """Nothing has landed that could answer; the message names what to connect or import."""


class MissingRate(DataError):
    """A sum over currencies was refused because a dated rate is missing."""


class BadRows(DataError):
    """Rows broke their contract."""


class StoreError(RoasteryError):
    """The operator has to act."""


class QueryTimeout(StoreError):
    """The query ran longer than its limit."""


class Busy(StoreError):
    """Another process or too many queries hold what is needed."""


class BrokenFile(StoreError):
    """The organization's file cannot be read."""


class BuildFailed(StoreError):
    """Curated tables could not be built; the last good ones stay."""


LONG = 7
"""From this length on, like letters are no chance: "kampagne" is the campaign."""


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """The allowed name that was likely meant, or None: a slip of the keys or a word in common, not any like letters.

    >>> nearest("roass", ["roas", "spend"])
    'roas'
    >>> nearest("kunde", ["kind", "campaign"])
    >>> nearest("customer", ["customer_id", "custom_field"])
    'customer_id'
    """
    known = list(allowed)
    words = _words(name)
    for found, _, _ in process.extract(name, known, scorer=fuzz.ratio, processor=str.lower, score_cutoff=60, limit=5):
        slips = OSA.distance(name.lower(), found.lower())
        long = min(len(name), len(found)) >= LONG
        if long or slips <= max(1, len(name) // 3) or words & _words(found):
            return found
    return None


def _words(name: str) -> set[str]:
    return {word for word in re.split(r"[^a-z0-9]+", name.lower()) if len(word) > 2}
