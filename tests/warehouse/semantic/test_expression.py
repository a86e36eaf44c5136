"""The small SQL of metric files, formulas over metrics, and the examples in docstrings."""

import doctest
import importlib
import pkgutil
from decimal import Decimal
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

import roastery.warehouse.semantic as package
from roastery.warehouse.errors import BadQuery
from roastery.warehouse.semantic.expression import parse
from roastery.warehouse.semantic.formula import core_of, names_in, parse_formula
from roastery.warehouse.semantic.template import compiled, written


def value_of(core: Any) -> Any:
    statement = compiled(sa.select(core))
    return duckdb.execute(statement.sql, list(statement.parameters)).fetchone()[0]  # type: ignore[index]


def computed(text: str, **columns: Any) -> Any:
    places = {name: sa.literal_column("NULL" if value is None else repr(value)) for name, value in columns.items()}
    return value_of(parse(text).core(lambda table, name: places[name]))


@pytest.mark.parametrize(
    ("text", "columns", "value"),
    [
        ("a - (b + c)", {"a": 9, "b": 3, "c": 2}, 4),
        ("a * (b + c)", {"a": 2, "b": 3, "c": 4}, 14),
        ("a - b - c", {"a": 9, "b": 3, "c": 2}, 4),
        ("-a", {"a": 5}, -5),
        ("not a", {"a": None}, True),
        ("not (a = 1 or b = 2)", {"a": 0, "b": 2}, False),
        ("a in (1, 2) and b is not null", {"a": 2, "b": 0}, True),
        ("case when a > 1 then 'many' when a = 1 then 'one' end", {"a": 0}, None),
        ("case when a > 1 then 'it''s' else 'one' end", {"a": 2}, "it's"),
        ("coalesce(nullif(a, ''), 'unknown')", {"a": ""}, "unknown"),
        ("greatest(a, least(b, 3))", {"a": 1, "b": 8}, 3),
        ("a <> b", {"a": "x", "b": "y"}, True),
    ],
)
def test_expression_means_what_sql_means(text: str, columns: dict[str, Any], value: Any) -> None:
    assert computed(text, **columns) == value


def test_a_product_of_amounts_is_wide_enough_for_it() -> None:
    typed = {name: sa.literal_column(f"CAST({value} AS DECIMAL(18,6))") for name, value in (("a", 2.5e6), ("b", 4e6))}
    assert value_of(parse("a * b - a").core(lambda table, name: typed[name])) == Decimal("9999997500000")


@pytest.mark.parametrize(
    "text",
    [
        "read_csv('x')",
        "(select 1)",
        "a::int",
        "exists (select 1)",
        "random()",
        "a; b",
        "sum(a)",
        "*",
        "a like 'b'",
    ],
)
def test_what_is_not_on_the_list_is_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        parse(text)


def formula(text: str, **values: float | None) -> Any:
    columns = {name: sa.literal_column("NULL" if v is None else str(v)) for name, v in values.items()}
    return value_of(core_of(parse_formula(text), columns.__getitem__))


@pytest.mark.parametrize(
    ("text", "values", "value"),
    [
        ("a / b", {"a": 1, "b": 4}, 0.25),
        ("a / b", {"a": 1, "b": 0}, None),
        ("a / b", {"a": None, "b": 2}, None),
        ("1000 * a / b", {"a": 3, "b": 6}, 500.0),
        ("a / (b + c)", {"a": 3, "b": 1, "c": 2}, 1.0),
        ("a - b", {"a": 3, "b": None}, None),
        ("total(a, -b)", {"a": 3, "b": None}, 3),
        ("total(a, -b)", {"a": None, "b": 2}, -2),
        ("total(a, -b)", {"a": None, "b": None}, None),
        ("a + total(-b, -c)", {"a": 10, "b": 2, "c": None}, 8),
        ("given(a, b, c)", {"a": 10, "b": 0, "c": 1}, 10),
        ("given(a, b, c)", {"a": 10, "b": 0, "c": None}, None),
    ],
)
def test_formula_computes(text: str, values: dict[str, float | None], value: Any) -> None:
    found = formula(text, **values)
    assert (found if found is None else Decimal(str(found))) == (value if value is None else Decimal(str(value)))


def test_formula_names_its_metrics_in_order() -> None:
    assert list(names_in(parse_formula("b + total(a, -c) / 2"))) == ["b", "a", "c"]
    with pytest.raises(BadQuery, match="Use"):
        parse_formula("max(a, b)")
    with pytest.raises(BadQuery, match="not allowed"):
        parse_formula("given(a)")


def test_values_are_written_into_a_receipts_sql_without_a_way_out() -> None:
    for value in ("x'; DROP TABLE sales; --", "a\\'b", "%s $1 :name", "日本"):
        assert value_of(sa.literal_column(written(value))) == value


def test_examples_in_docstrings_hold() -> None:
    tried = 0
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        failed, ran = doctest.testmod(importlib.import_module(module.name))
        assert failed == 0, module.name
        tried += ran
    assert tried >= 3
