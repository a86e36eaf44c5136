"""SQL text compiled once per shape of query, with the values of each query filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from duckdb_engine import Dialect

DIALECT = Dialect(paramstyle="numeric_dollar")


@dataclass(frozen=True)
class Compiled:
    """SQL text with numbered places, and their values."""

    sql: str
    parameters: tuple[Any, ...]

    @property
    def text(self) -> str:
        """The SQL with its values written in, as a receipt shows it and `roastery sql` takes it."""
        return re.sub(r"\$(\d+)", lambda m: written(self.parameters[int(m[1]) - 1]), self.sql)


@dataclass(frozen=True)
class Template:
    """SQL text whose places are filled by name; `constants` are the values that every query of the shape shares."""

    sql: str
    places: tuple[str, ...]
    constants: Mapping[str, Any]

    def filled(self, values: Mapping[str, Any]) -> Compiled:
        return Compiled(
            self.sql, tuple(values[name] if name in values else self.constants[name] for name in self.places)
        )


def template(statement: sa.Select[Any]) -> Template:
    made: Any = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    places = tuple(made.positiontup or ())
    return Template(str(made), places, {name: made.params[name] for name in places})


def compiled(statement: sa.Select[Any]) -> Compiled:
    """A statement with its own values."""
    return template(statement).filled({})


def written(value: Any) -> str:
    """A value as SQL text.

    >>> written("it's")
    "'it''s'"
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return f"TIMESTAMPTZ '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, int | Decimal):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
