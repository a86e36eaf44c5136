"""What an export format declares: its columns with their headers in every language, and how rows fill contracts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from roastery.connectors.exports.headers import plain_header

Kind = Literal["text", "id", "count", "number", "money", "day", "time"]
"""id: a text that a spreadsheet may have spoiled (1.2E+17); count: a whole number, whose separators can only group."""

NUMBERS: tuple[Kind, ...] = ("count", "number", "money")


@dataclass(frozen=True)
class Field:
    """One column that a format may have.

    headers: by language, what it is called, several with `|` between; upper and lower case, accents, and a currency in
    brackets do not matter. kind: how its cells are read. zero: an empty cell of a column that is there means none.
    says: what is lost when the column is missing; '' where nobody misses it. instead: another column that then serves,
    and what that means.
    """

    name: str
    headers: Mapping[str, str]
    kind: Kind = "text"
    zero: bool = False
    says: str = ""
    instead: tuple[str, str] = ("", "")
    personal: bool = False


def english(name: str, headers: str, kind: Kind = "text", **more: Any) -> Field:
    """A column of an export that exists in English only."""
    return Field(name, {"en": headers}, kind, **more)


@dataclass(frozen=True)
class Need:
    """At least one of these columns has to be there; how: what to do in the provider's screen to get it."""

    fields: tuple[str, ...]
    how: str


@dataclass(frozen=True)
class Filling:
    """How rows of the file become rows of a dataset: one SELECT over `{rows}`.

    `{rows}` has row_number, every declared column, typed (null where the file lacks it), row_day, row_currency, and for
    the column `email` a customer id made of it, email_id. The SELECT gives file_row (the first row of the file that a
    row is made of) and columns of the contract. `{zone}` is the organization's time zone.
    """

    dataset: str
    sql: str


@dataclass(frozen=True)
class Export:
    """A format. provider: whose connection would bring the same data.

    places: the columns that say what a row is about; a row with figures and none of them is a total. day: SQL of the
    DATE that a row needs to count at all, and day_says why it has none. checks: columns whose sum is held against the
    file's own totals row. sums: rows of one key are added up (a report broken down further), so that the same row
    twice is asked about. money: the column whose header and cells tell the currency. assumes: what is true of every
    file of this format and worth saying. told_of: the dataset whose days and amounts are shown where a row of the file
    is none of it by itself, such as an order over several rows. utc: times without an offset are in UTC. warns: SELECTs
    of a count over `{rows}`, each with the sentence that is said when it is not 0.
    """

    name: str
    provider: str
    title: str
    fields: tuple[Field, ...]
    needs: tuple[Need, ...]
    fillings: tuple[Filling, ...]
    places: tuple[str, ...] = ()
    day: str = ""
    day_says: str = "The row names no day."
    checks: tuple[str, ...] = ()
    sums: bool = False
    money: tuple[str, ...] = ()
    assumes: tuple[str, ...] = ()
    told_of: str = ""
    utc: bool = False
    warns: tuple[tuple[str, str], ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {f.name: f for f in self.fields}

    @cached_property
    def by_header(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Column and languages by a header's plain form."""
        found: dict[str, tuple[str, tuple[str, ...]]] = {}
        for f in self.fields:
            for language, spelled in f.headers.items():
                for header in spelled.split("|"):
                    plain = plain_header(header)
                    name, languages = found.get(plain, (f.name, ()))
                    if name == f.name:
                        found[plain] = (name, (*languages, language))
        return found
