# ruff: noqa: S608 (names in SQL come from code)
"""Writes the credits of all sales, stretch by stretch of their days and model by model within.

Each sale is credited by itself, so stretches change no credit. They keep memory small where a company is large, and
rows of one model and of near days lie together: DuckDB skips the others when a report asks for one model's month.
"""

from itertools import pairwise

import duckdb

from roastery.warehouse.attribution import CLOSED_FORM, credits_select
from roastery.warehouse.sql import quoted

STRETCH_ROWS = 1_000_000
"""Sales and touches before them that are credited at once."""

BEGINNINGS = """
SELECT min(sale_date)::VARCHAR FROM (
    SELECT sale_date, sum(sum(rows)) OVER (ORDER BY sale_date) // {stretch_rows} AS stretch
    FROM (SELECT sale_date, count(*) AS rows FROM {sales} GROUP BY sale_date
          UNION ALL
          SELECT sale_date, count(*) FROM {paths} GROUP BY sale_date)
    GROUP BY sale_date)
GROUP BY stretch ORDER BY 1
"""


def credit_sales(
    cursor: duckdb.DuckDBPyConnection,
    into: str = "curated.attribution_credits",
    sales: str = "curated.sales",
    conversion_paths: str = "curated.conversion_paths",
    stretch_rows: int = STRETCH_ROWS,
) -> None:
    """Write a table with the rows of `credits_select` for every closed-form model."""
    place = f"{'TEMP ' if '.' not in into else ''}TABLE {into}"
    begins = [
        row[0]
        for row in cursor.execute(
            BEGINNINGS.format(sales=sales, paths=conversion_paths, stretch_rows=stretch_rows)
        ).fetchall()
    ]
    if len(begins) < 2:
        cursor.execute(
            f"CREATE OR REPLACE {place} AS {credits_select(CLOSED_FORM, sales=sales, paths=conversion_paths)}"
        )
        return
    whole = credits_select(CLOSED_FORM, sales=sales, paths=conversion_paths)
    # Spelled out: see Changes.ensure for what an empty CREATE … AS does.
    columns = ", ".join(f"{row[0]} {row[1]}" for row in cursor.execute(f"DESCRIBE {whole}").fetchall())
    cursor.execute(f"CREATE OR REPLACE {place} ({columns})")
    for condition in _stretches(begins):
        cursor.execute(
            f"INSERT INTO {into} "
            + credits_select(
                CLOSED_FORM,
                sales=f"(SELECT * FROM {sales} WHERE {condition})",
                paths=f"(SELECT * FROM {conversion_paths} WHERE {condition})",
            )
        )


def _stretches(begins: list[str]) -> list[str]:
    """Conditions on a sale's day, each sale meeting one.

    >>> _stretches(["2026-01-01", "2026-02-01"])
    ["coalesce(sale_date < DATE '2026-02-01', true)", "sale_date >= DATE '2026-02-01'"]
    """
    days = [f"DATE {quoted(day)}" for day in begins]
    between = [f"sale_date >= {day} AND sale_date < {end}" for day, end in pairwise(days[1:])]
    return [f"coalesce(sale_date < {days[1]}, true)", *between, f"sale_date >= {days[-1]}"]
