"""Errors of the analyses, classed by who acts next.

RoasteryError
├── AskerError
│   └── BadQuery
│       └── UnfitInput       arguments do not fit each other, or hold what the method cannot read
└── DataError
    ├── NoData
    │   └── TooLittleData    the method needs more history, customers, volume …; the message says how much
    └── CannotTell           there is data, but it does not settle the question; the message says what would
"""

from roastery.warehouse.errors import BadQuery, DataError, NoData


class UnfitInput(BadQuery):
    """Arguments that do not fit each other, such as columns of different length."""


class TooLittleData(NoData):
    """Less data than the method needs; a number from it would be noise."""


class CannotTell(DataError):
    """The data does not settle the question (spend never varied, a ratio without denominator …)."""
