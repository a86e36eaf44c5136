"""SELECTs under each other by the names of their columns; a column that one of them lacks is null there."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler


class UnionByName(sa.FromClause):
    """DuckDB's UNION ALL BY NAME as a named source. SQLAlchemy's own compounds match columns by place, so that every
    SELECT would have to spell out a null for each column of the others, most of the text of a query of many facts."""

    inherit_cache = False
    named_with_column = False

    def __init__(self, selects: list[sa.Select[Any]], name: str) -> None:
        self.selects, self.name = selects, name

    @property
    def _from_objects(self) -> list[Any]:
        return [self]


@compiles(UnionByName)
def _compiled(element: UnionByName, compiler: SQLCompiler, **_: Any) -> str:
    selects = (compiler.process(select, asfrom=True) for select in element.selects)
    return f"({' UNION ALL BY NAME '.join(selects)}) AS {element.name}"
