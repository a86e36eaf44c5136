"""Each derived table of the nasty company has no row without the tables that it is said to have its rows from."""

import pytest

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.increments import narrowed, narrowed_name
from roastery.warehouse.rows_from import ROWS_FROM
from roastery.warehouse.scalar import count
from roastery.warehouse.steps import DERIVED, Step, steps
from tests.warehouse.semantic.company import CLOCK

ALWAYS_SOME = {"curated.fx_daily", "work.people"}
"""The first has rows of the organization's own currency; the second is a union of all that name a customer."""
EMPTY_HERE = {"work.seen_as"}
"""Nobody is seen without a name in the nasty company."""


@pytest.fixture(scope="module")
def made(company: Warehouse) -> dict[str, Step]:
    organization = company.organization
    return {step.makes[0]: step for step in steps(organization, CLOCK.today(organization.time_zone))}


def test_every_derived_table_says_what_it_has_its_rows_from(made: dict[str, Step]) -> None:
    assert set(ROWS_FROM) == set(DERIVED) - ALWAYS_SOME
    for table, sources in ROWS_FROM.items():
        assert set(sources) <= set(made[table].reads), table


@pytest.mark.parametrize("table", ROWS_FROM)
def test_without_those_it_has_no_row(company: Warehouse, made: dict[str, Step], table: str) -> None:
    step, sources = made[table], ROWS_FROM[table]
    with company._owner.pool.lease(company.organization.id) as instance, instance.cursor() as cursor:
        assert table in EMPTY_HERE or count(cursor, f"SELECT count(*) FROM {table}") > 0
        for name in sources:
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE {narrowed_name(name)} AS FROM {name} LIMIT 0")
        if step.run is None:
            left = f"SELECT count(*) FROM ({narrowed(step.sql, dict.fromkeys(sources, ''))})"
        else:
            step.run(cursor, into="without", **{name.split(".")[1]: narrowed_name(name) for name in sources})
            left = "SELECT count(*) FROM without"
        assert count(cursor, left) == 0
