"""Errors of the analyses, classed by who acts next.

RoasteryError
├── AskerError
│   └── BadQuery
│       └── UnfitInput       arguments do not fit each other, or hold what the method cannot read
│           └── BeyondBounds a budget that nothing in the data can speak for; it knows the nearest that something does
└── DataError
    ├── NoData
    │   └── TooLittleData    the method needs more history, customers, volume …; the message says how much
    └── CannotTell           there is data, but it does not settle the question; the message says what would
"""

from roastery.warehouse.errors import BadQuery, DataError, NoData


class UnfitInput(BadQuery):
    """Arguments that do not fit each other, such as columns of different length."""


class BeyondBounds(UnfitInput):
    """A budget that the bounds of its parts cannot hold. low, high: those that they can, money a day."""

    def __init__(self, message: str, low: float, high: float) -> None:
        super().__init__(message)
        self.low, self.high = low, high


class TooLittleData(NoData):
    """Less data than the method needs; a number from it would be noise."""


class CannotTell(DataError):
    """The data does not settle the question (spend never varied, a ratio without denominator …)."""
