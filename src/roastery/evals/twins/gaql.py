"""Enough of the Google Ads Query Language to run the queries of a reporting client over rows in memory.

A row is flat: dotted field name → value. Money is in micros, 64-bit integers become text, enums are their names.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

FlatRow = Mapping[str, Any]


class BadQuery(Exception):
    """A query that Google would refuse. code: of queryError."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Query:
    """A parsed query; conditions are tests of a row."""

    fields: tuple[str, ...]
    resource: str
    conditions: tuple[tuple[str, Callable[[Any], bool]], ...]
    order_by: tuple[tuple[str, bool], ...]
    limit: int | None

    @property
    def named(self) -> set[str]:
        return {*self.fields, *(f for f, _ in self.conditions), *(f for f, _ in self.order_by)}


_SHAPE = re.compile(
    r"^\s*SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<resource>\w+)(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER\s+BY\s+(?P<order>.+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?(?:\s+PARAMETERS\s+.+)?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_BETWEEN = re.compile(r"^([\w.]+)\s+BETWEEN\s+(\S+)\s+AND\s+(\S+)$", re.IGNORECASE)
_AMONG = re.compile(r"^([\w.]+)\s+(NOT\s+IN|IN)\s*\((.*)\)$", re.IGNORECASE | re.DOTALL)
_COMPARE = re.compile(r"^([\w.]+)\s*(!=|>=|<=|=|>|<)\s*(\S+)$")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def parse(text: str) -> Query:
    """A query out of its text.

    >>> parse("SELECT campaign.id FROM campaign WHERE metrics.clicks > 3 LIMIT 2").resource
    'campaign'
    """
    shape = _SHAPE.match(text)
    if shape is None:
        raise BadQuery("UNEXPECTED_INPUT", "Error in query: unexpected input.")
    fields = tuple(f.strip() for f in shape["fields"].split(","))
    order = [part.split() for part in (shape["order"] or "").split(",") if part.strip()]
    return Query(
        fields=fields,
        resource=shape["resource"],
        conditions=tuple(_condition(part) for part in _conjuncts(shape["where"] or "")),
        order_by=tuple((part[0], len(part) > 1 and part[1].upper() == "DESC") for part in order),
        limit=int(shape["limit"]) if shape["limit"] else None,
    )


def _conjuncts(where: str) -> list[str]:
    """The parts of a WHERE, which GAQL joins by AND only; the AND of a BETWEEN stays within its part."""
    parts: list[str] = []
    for piece in re.split(r"\s+AND\s+", where.strip(), flags=re.IGNORECASE):
        if parts and re.search(r"\sBETWEEN\s+\S+$", parts[-1], re.IGNORECASE):
            parts[-1] += f" AND {piece}"
        elif piece:
            parts.append(piece)
    return parts


def _literal(text: str) -> Any:
    text = text.strip()
    if text[:1] in "'\"":
        return text[1:-1]
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


def _condition(text: str) -> tuple[str, Callable[[Any], bool]]:
    text = text.strip()
    if found := _BETWEEN.match(text):
        low, high = _literal(found[2]), _literal(found[3])
        return found[1], lambda value: low <= value <= high
    if found := _AMONG.match(text):
        among = {_literal(part) for part in found[3].split(",")}
        return found[1], (lambda v: v not in among) if "NOT" in found[2].upper() else (lambda v: v in among)
    if found := _COMPARE.match(text):
        test, right = _COMPARISONS[found[2]], _literal(found[3])
        return found[1], lambda value: test(value, right)
    raise BadQuery("BAD_FIELD_NAME" if "." not in text else "UNEXPECTED_INPUT", f"Error in WHERE clause: '{text}'.")


def select(query: Query, rows: Iterable[FlatRow]) -> list[FlatRow]:
    """The rows that the query keeps, in its order."""
    kept = [row for row in rows if all(test(row.get(name)) for name, test in query.conditions)]
    for name, is_descending in reversed(query.order_by):
        kept.sort(key=lambda row: row[name], reverse=is_descending)
    return kept[: query.limit] if query.limit is not None else kept


def camel(name: str) -> str:
    """A field name as JSON writes it.

    >>> camel("advertising_channel_type")
    'advertisingChannelType'
    """
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def nested(rows: Iterable[FlatRow], fields: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The asked fields of flat rows as nested JSON; absent ones are left out."""
    places = [(name, *_place(name)) for name in fields]
    for row in rows:
        whole: dict[str, Any] = {}
        for name, path, last in places:
            value = row.get(name)
            if value is None:
                continue
            inner = whole
            for part in path:
                inner = inner.setdefault(part, {})
            inner[last] = value
        yield whole


def _place(name: str) -> tuple[list[str], str]:
    *path, last = (camel(part) for part in name.split("."))
    return path, last
