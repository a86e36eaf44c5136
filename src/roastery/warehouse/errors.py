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

from collections.abc import Iterable

from rapidfuzz import fuzz, process


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


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """The most similar allowed name, or None when none is close.

    >>> nearest("roass", ["roas", "spend"])
    'roas'
    """
    found = process.extractOne(name, list(allowed), scorer=fuzz.ratio, processor=str.lower, score_cutoff=60)
    return found[0] if found else None
