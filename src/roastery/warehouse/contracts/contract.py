"""What a dataset is: Contract and Column values, and Fill, the SELECT by which a source fills one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal

from roastery.warehouse.errors import UnknownName

ColumnType = Literal[
    "text", "integer", "decimal", "money", "rate", "boolean", "date", "timestamp", "list", "json", "currency"
]
PersonalKind = Literal["email", "phone", "name"]

SQL_TYPES: dict[str, str] = {
    "text": "VARCHAR",
    "currency": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,6)",
    "money": "DECIMAL(18,6)",
    "rate": "DECIMAL(24,12)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
    "list": "VARCHAR[]",
    "json": "JSON",
}


@dataclass(frozen=True)
class Column:
    """One column of a contract.

    default: taken, as text of its type, where the value is null when the table is curated; never stored in raw.
    past: a value after today is an error. references: the dataset whose single key this column names.
    is_word: a name of a list that metrics know, so that `Paid Social` is paid_social wherever it comes from.
    follows: the dataset whose row, which this one names, has the currency where none is given; else the organization's.
    """

    name: str
    type: ColumnType
    about: str = ""
    is_key: bool = False
    personal: PersonalKind | None = None
    unit: str | None = None
    allowed: tuple[str, ...] = ()
    minimum: Decimal | None = None
    required: bool = False
    past: bool = False
    default: str | None = None
    references: str | None = None
    follows: str | None = None
    is_word: bool = False

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.type]

    @property
    def is_number(self) -> bool:
        return self.type in ("integer", "decimal", "money", "rate")


@dataclass(frozen=True)
class Contract:
    """One curated dataset: its grain is its key. day: the column that places a row in time, if there is one."""

    name: str
    title: str
    about: str
    domain: str
    columns: tuple[Column, ...]
    day: str | None = None

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.is_key)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def personal(self) -> dict[str, str]:
        """Personal columns and their kind (email, phone, name)."""
        return {column.name: column.personal for column in self.columns if column.personal}

    def column(self, name: str) -> Column:
        if name not in self.by_name:
            raise UnknownName(f"column of {self.name}", name, self.by_name)
        return self.by_name[name]

    def ddl(self) -> str:
        """CREATE OR REPLACE TABLE of the contract; without a primary-key index, which would double large files."""
        columns = ", ".join(f'"{c.name}" {c.sql_type}' for c in self.columns)
        lineage = "connection_id VARCHAR, connection_source VARCHAR"
        return f"CREATE OR REPLACE TABLE curated.{self.name} ({columns}, {lineage})"


ACROSS_RECORDS = re.compile(r"\b(OVER|GROUP\s+BY|QUALIFY|JOIN|(?<!IS )(?<!IS NOT )DISTINCT)\b", re.IGNORECASE)
"""What in a fill's SQL may make a row out of several records."""


@dataclass(frozen=True)
class Fill:
    """How current raw records of one resource of one source fill one contract, as one SELECT.

    `sql` reads from `{records}` (columns connection_id, key, payload JSON, landed_at, seq), once per connection, and
    gives columns named as in the contract, a subset of them; the rest are null. Personal values are sealed already.
    joins: other resources of the same connection that it reads as well, as `{name}` with the same columns.
    by_record: whether each row comes from one record (or one partition day) alone, so that the others need not be read
    when it changes; None: as far as the SQL shows by itself.
    """

    contract: str
    source: str
    resource: str
    sql: str
    joins: tuple[str, ...] = ()
    by_record: bool | None = None

    @property
    def is_local(self) -> bool:
        """Whether a record's rows depend on no other record."""
        if self.by_record is not None:
            return self.by_record
        return not self.joins and not ACROSS_RECORDS.search(self.sql) and self.sql.count("{records}") == 1

    @property
    def reads(self) -> tuple[str, ...]:
        """Every resource that it is made of."""
        return (self.resource, *self.joins)

    def bound(self, records: Callable[[str], str]) -> str:
        """The SELECT over what `records` gives for a resource, a table expression."""
        return bound_sql(self.sql, self.resource, self.joins, records)


def bound_sql(sql: str, resource: str, joins: tuple[str, ...], records: Callable[[str], str]) -> str:
    """A fill's SELECT with its placeholders replaced by what `records` gives for each resource."""
    sql = sql.replace("{records}", records(resource))
    for name in joins:
        sql = sql.replace(f"{{{name}}}", records(name))
    return sql
