"""A new organization's file that is a copy answers as one that was made step by step."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from roastery.warehouse import build, engine
from roastery.warehouse.blanks import Blanks
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.organization import Organization

NOW = "2026-11-02T15:00:00+00:00"
SALE = {"transaction_id": "t1", "kind": "order", "status": "completed", "amount": "12.50", "currency": "EUR"}


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouses]:
    """Three organizations of the same settings, of which the third is a copy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "BLANKS", Blanks())
        found = Warehouses(tmp_path_factory.mktemp("blanks"), b"k" * 32, (), Clock.from_iso(NOW))
        for name in ("one", "two", "three"):
            made(found, name)
        yield found
        found.close()


def made(warehouses: Warehouses, name: str, **settings: str) -> Warehouse:
    return warehouses.open(Organization(name, name.title(), **settings))


def contents(warehouse: Warehouse) -> dict[str, int]:
    names = warehouse.query(
        "SELECT schema_name || '.' || table_name AS name FROM duckdb_tables() UNION ALL "
        "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal"
    )
    return {n: warehouse.query(f"SELECT count(*) AS n FROM {n}").to_pylist()[0]["n"] for n in names["name"].to_pylist()}


def test_a_copy_holds_the_tables_of_one_that_was_built(warehouses: Warehouses) -> None:
    first, second, third = (made(warehouses, name) for name in ("one", "two", "three"))
    assert contents(first) == contents(second) == contents(third)
    assert engine.BLANKS._kept[build.mark(first)] is not None


def test_a_copy_is_its_own_organizations(warehouses: Warehouses) -> None:
    third = made(warehouses, "three")
    assert third.query("SELECT organization_id FROM meta.file").to_pylist() == [{"organization_id": "three"}]
    assert third.query("SELECT count(*) AS n FROM meta.builds").to_pylist() == [{"n": 1}]
    assert not third.needs_build()


def test_what_lands_in_a_copy_stays_there(warehouses: Warehouses) -> None:
    third, fourth = made(warehouses, "busy"), made(warehouses, "four")
    third.upsert_rows("transactions", [{**SALE, "occurred_at": NOW}])
    count = "SELECT count(*) AS n FROM transactions"
    assert third.query(count).to_pylist() == [{"n": 1}]
    assert fourth.query(count).to_pylist() == [{"n": 0}]
    assert made(warehouses, "five").query(count).to_pylist() == [{"n": 0}]


def test_other_settings_are_built_for_themselves(warehouses: Warehouses) -> None:
    before = set(engine.BLANKS._kept)
    made(warehouses, "berlin", currency="EUR", time_zone="Europe/Berlin")
    (other,) = set(engine.BLANKS._kept) - before
    assert other[1] == date(2026, 11, 2)


def test_a_copy_never_takes_the_place_of_a_file(warehouses: Warehouses, tmp_path: Path) -> None:
    taken = tmp_path / "taken.duckdb"
    taken.write_bytes(b"mine")
    assert engine.BLANKS.copy_to(taken, next(iter(engine.BLANKS._kept))) is None
    assert taken.read_bytes() == b"mine"
    assert sorted(p.name for p in tmp_path.glob("*.new")) == []
