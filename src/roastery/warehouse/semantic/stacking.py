"""SELECTs under each other by the names of their columns; a column that one of them lacks is null there.

Most of the time that a query of a new shape takes to compile goes into its branches, and branches come back in other
queries: their text is kept.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from threading import Lock
from typing import Any

import sqlalchemy as sa
from duckdb_engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

CUT = "\x00"
DuckDBCompiler: Any = Dialect.statement_compiler


@dataclass(frozen=True)
class Part:
    """A branch to be stacked: its SELECT, what columns it gives beside the keys, and whether groups may share a key."""

    select: "sa.Select[Any] | Written"
    values: tuple[str, ...]
    is_unfinished: bool


@dataclass(frozen=True)
class Written:
    """A SELECT's text, cut where a value goes in, with the values' binds: one more piece of text than of binds."""

    texts: tuple[str, ...]
    binds: tuple[sa.BindParameter[Any], ...]


class Branches:
    """The branches of earlier queries, as text by shape."""

    def __init__(self, kept: int = 2_000) -> None:
        self._parts: OrderedDict[Hashable, Part] = OrderedDict()
        self._kept = kept
        self._lock = Lock()

    def of(self, shape: Hashable, make: Callable[[], Part]) -> Part:
        """The part of a shape; made and written once."""
        with self._lock:
            if shape in self._parts:
                self._parts.move_to_end(shape)
                return self._parts[shape]
        made = make()
        assert isinstance(made.select, sa.Select)
        part = Part(written(made.select), made.values, made.is_unfinished)
        with self._lock:
            self._parts[shape] = part
            while len(self._parts) > self._kept:
                self._parts.popitem(last=False)
        return part


def written(select: sa.Select[Any]) -> "Written | sa.Select[Any]":
    """The text of a SELECT; itself where its common table expressions have to stand elsewhere."""
    made: Any = select.compile(dialect=_CUTTING)
    return select if made.ctes else Written(tuple(str(made).split(CUT)), tuple(made.cuts))


class _Cut(DuckDBCompiler):  # type: ignore[misc]
    """Leaves a cut where a value goes in, so that no constant of the text can be taken for a place."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.cuts: list[sa.BindParameter[Any]] = []
        super().__init__(*given, **named)

    def visit_bindparam(self, bindparam: sa.BindParameter[Any], **_: Any) -> str:
        self.cuts.append(bindparam)
        return CUT


class _CutDialect(Dialect):
    statement_compiler = _Cut


_CUTTING = _CutDialect(paramstyle="named")


class Stacked(sa.FromClause):
    """DuckDB's UNION ALL BY NAME as a named source. SQLAlchemy's own compounds match columns by place, so that every
    SELECT would have to spell out a null for each column of the others, most of the text of a query of many facts."""

    inherit_cache = False
    named_with_column = False

    def __init__(self, selects: "Sequence[sa.Select[Any] | Written]", name: str) -> None:
        self.selects, self.name = selects, name

    @property
    def _from_objects(self) -> list[Any]:
        return [self]


@compiles(Stacked)
def _stacked(element: Stacked, compiler: SQLCompiler, **_: Any) -> str:
    texts = (
        _with_values(select, compiler) if isinstance(select, Written) else compiler.process(select, asfrom=True)
        for select in element.selects
    )
    return f"({' UNION ALL BY NAME '.join(texts)}) AS {element.name}"


class Layer(sa.FromClause):
    """A SELECT over one source whose columns and conditions are text, as a named source. They hold no value of a query
    and are most of a query's expressions: as objects they would take longer to compile than all the rest."""

    inherit_cache = False
    named_with_column = False

    def __init__(
        self, name: str, columns: Sequence[str], source: sa.FromClause, where: str = "", group_by: Sequence[str] = ()
    ) -> None:
        self.name, self.columns_text, self.source = name, ", ".join(columns), source
        self.rest = f" WHERE {where}" if where else ""
        self.rest += f" GROUP BY {', '.join(group_by)}" if group_by else ""

    @property
    def _from_objects(self) -> list[Any]:
        return [self]


@compiles(Layer)
def _layer(element: Layer, compiler: SQLCompiler, **_: Any) -> str:
    source = compiler.process(element.source, asfrom=True)
    return f"(SELECT {element.columns_text} FROM {source}{element.rest}) AS {element.name}"  # noqa: S608 - the text is the compiler's own


def quoted(name: str) -> str:
    """A column's name as SQL text.

    >>> quoted("date")
    '"date"'
    """
    return '"' + name.replace('"', '""') + '"'


def _with_values(select: Written, compiler: SQLCompiler) -> str:
    places = (compiler.process(bind) for bind in select.binds)
    return "".join(chain.from_iterable(zip(select.texts, chain(places, [""]), strict=True)))
