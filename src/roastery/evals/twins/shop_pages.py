"""Connections of the shop's API: pages by cursor, search filters, sort keys, and lists nested in a record."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from roastery.evals.twins.graphql import GraphQLError
from roastery.evals.twins.graphql_engine import Arguments, Field
from roastery.evals.twins.shop_index import Ordered, Row

ROOT = frozenset({"first", "after", "last", "before", "query", "reverse", "sortKey", "savedSearchId"})
NESTED = frozenset({"first", "after", "last", "before", "reverse"})
MOST = 250
ENDLESS = 1 << 62
SORT_COLUMNS = {
    "CREATED_AT": ("occurred_at", "created_at"),
    "PROCESSED_AT": ("occurred_at",),
    "UPDATED_AT": ("updated_at",),
}
FILTER_COLUMNS = {
    "created_at": ("occurred_at", "created_at"),
    "processed_at": ("occurred_at",),
    "updated_at": ("updated_at",),
}
_TERM = re.compile(r"(\w+):(>=|<=|>|<)?\s*('[^']*'|\"[^\"]*\"|\S+)")


def listed(place: int) -> np.ndarray:
    return np.array([place], dtype=np.int64)


def connection_fields(kind: str) -> dict[str, Mapping[str, Field]]:
    """The connection and edge types of a kind; a page is a dict of rows, cursor (of the nth row), more and less."""
    return {
        f"{kind}Connection": {
            "nodes": Field(lambda page: page["rows"], kind),
            "edges": Field(_edges, f"{kind}Edge"),
            "pageInfo": Field(lambda page: page, "PageInfo"),
        },
        f"{kind}Edge": {"cursor": Field(lambda edge: edge[0]), "node": Field(lambda edge: edge[1], kind)},
    }


def _edges(page: Row) -> list[tuple[str, Row]]:
    return [(page["cursor"](n), row) for n, row in enumerate(page["rows"])]


def _cursor(*parts: Any) -> str:
    return urlsafe_b64encode(json.dumps(parts).encode()).decode()


def _parse_cursor(text: str) -> list[Any]:
    try:
        parts: list[Any] = json.loads(urlsafe_b64decode(text))
    except ValueError:
        raise GraphQLError("Invalid cursor for current pagination sort.", "INVALID_CURSOR") from None
    return parts


def _first(arguments: Arguments) -> int:
    first = arguments.get("first")
    if first is None:
        raise GraphQLError("you must provide one of first or last", "BAD_REQUEST")
    if not 0 < first <= MOST:
        raise GraphQLError(f"first must be between 1 and {MOST}", "BAD_REQUEST")
    return int(first)


def nested_page(kind: str, rows_of: Callable[[Row], list[Row]]) -> Field:
    """A connection within a record, by position."""

    def page(row: Row, arguments: Arguments) -> Row:
        rows, first = rows_of(row), _first(arguments)
        start = _parse_cursor(arguments["after"])[0] if arguments.get("after") else 0
        shown = rows[start : start + first]
        return {
            "rows": shown,
            "cursor": lambda n: _cursor(start + n + 1),
            "more": start + len(shown) < len(rows),
            "less": start > 0,
        }

    return Field(page, f"{kind}Connection", NESTED)


def root_page(records: Ordered, rows_of: Callable[[Any], list[Row]]) -> Callable[[Any, Arguments], Row]:
    """A connection at the root: filtered, sorted by (sort key, id), and paged by what the last row was."""

    def page(root: Any, arguments: Arguments) -> Row:
        sort = arguments.get("sortKey") or "ID"
        key = _column(records, SORT_COLUMNS.get(sort, ())) or records.identity
        first, after = _first(arguments), arguments.get("after")
        low, high = _bounds(records, key, arguments.get("query") or "")
        seen = tuple(_parse_cursor(after)) if after else None
        places, more = records.page(key, low, high, seen, first, bool(arguments.get("reverse")))
        rows = rows_of(places if records.identity != "product_id" else pa.array(places))
        is_id = key == records.identity

        def cursor(n: int) -> str:
            return _cursor("" if is_id else rows[n][key], rows[n][records.identity])

        return {"rows": rows, "cursor": cursor, "more": more, "less": after is not None}

    return page


def _column(records: Ordered, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in records.table.column_names), None)


Bound = tuple[str, int]


def _bounds(records: Ordered, key: str, query: str) -> tuple[Bound, Bound]:
    """The lowest and highest (value, id) that the search lets through; it may bound the sort key only."""
    low, high = ("", -ENDLESS), ("\uffff", ENDLESS)
    for name, operator, value in _TERM.findall(query):
        value = value.strip("'\"")
        if name == "status" and value == "any":
            continue
        column = records.identity if name == "id" else _column(records, FILTER_COLUMNS.get(name, ()))
        if column is None or column != key:
            raise GraphQLError(f"The twin filters by its sort key only, not by '{name}'.", "BAD_REQUEST")
        number = int(value) if name == "id" else 0
        text = "" if name == "id" else _second(value)
        if operator in (">", ">="):
            low = max(low, (text, number if name == "id" else (-ENDLESS if operator == ">=" else ENDLESS)))
        elif operator in ("<", "<="):
            high = min(high, (text, number if name == "id" else (ENDLESS if operator == "<=" else -ENDLESS)))
        else:
            low, high = (text, number or -ENDLESS), (text, number or ENDLESS)
    return low, high


def _second(value: str) -> str:
    """A time of a search as the records write theirs."""
    text = value.replace("+00:00", "Z")
    return text if "T" in text else f"{text}T00:00:00Z"
