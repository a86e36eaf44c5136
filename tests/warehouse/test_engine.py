"""The adapter: read-only queries with limits, one instance per organization, the least recently used closed."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.errors import BadQuery, BrokenFile, Busy, QueryTimeout, UnknownName
from roastery.warehouse.organization import Organization
from tests.warehouse.conftest import ACME, CLOCK, SECRET, put, rows

pytestmark = pytest.mark.usefixtures("all_threads")

SLOW = "SELECT sum(a.i * b.i) FROM range(1000000) a(i), range(1000000) b(i)"


def test_a_core_statement_and_its_text_give_the_same_rows(warehouse: Warehouse) -> None:
    put(
        warehouse,
        campaigns=[{"campaign_id": "1", "brand": "A"}, {"campaign_id": "2"}, {"campaign_id": "3", "brand": "B"}],
    )
    campaigns = sa.table("campaigns", sa.column("campaign_id"), sa.column("brand"))
    statement = sa.select(campaigns.c.campaign_id).where(campaigns.c.brand.in_(["A", "B"])).order_by("campaign_id")
    assert warehouse.query(statement).column(0).to_pylist() == ["1", "3"]
    text = warehouse.query("SELECT campaign_id FROM campaigns WHERE brand IN (?, ?) ORDER BY 1", ["A", "B"])
    assert text.column(0).to_pylist() == ["1", "3"]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO campaigns (campaign_id) VALUES ('x')",
        "DROP TABLE sales",
        "SELECT 1; DROP TABLE sales",
        "COPY sales TO 'sales.csv'",
        "ATTACH 'other.duckdb'",
        "SET threads = 1",
        "PRAGMA database_list",
    ],
)
def test_a_query_that_is_no_select_is_refused(shared: Warehouse, sql: str) -> None:
    with pytest.raises(BadQuery):
        shared.query(sql)
    assert rows(shared, "SELECT count(*) FROM campaigns") == [(0,)]


def test_a_query_cannot_reach_beyond_its_own_file(warehouse: Warehouse, home: Path) -> None:
    (home / "secret.csv").write_text("a\n1\n")
    with pytest.raises(BadQuery, match="disabled by configuration"):
        warehouse.query(f"SELECT * FROM read_csv('{home / 'secret.csv'}')")


def test_a_slow_query_ends_at_its_limit_and_the_next_one_runs(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(timeout=0.3)
    with pytest.raises(QueryTimeout, match=r"longer than 0\.3 seconds"):
        warehouse.query(SLOW)
    assert rows(warehouse, "SELECT 1") == [(1,)]


def test_at_most_two_long_queries_run_at_once(open_warehouse: Callable[..., Warehouse]) -> None:
    """The third waits for the time that a query may take, and is then told to come back."""
    warehouse = open_warehouse(timeout=1)
    with warehouse._owner.pool.lease("acme") as instance, instance.heavy, instance.heavy:
        with pytest.raises(Busy, match="Two long queries"):
            warehouse.user_sql("SELECT 1")
        assert rows(warehouse, "SELECT 1") == [(1,)], "short ones still run"
    assert warehouse.user_sql("SELECT 1").num_rows == 1


def test_a_limited_result_says_that_it_was_cut(warehouse: Warehouse) -> None:
    cut = warehouse.query("SELECT * FROM range(10)", max_rows=3)
    whole = warehouse.query("SELECT * FROM range(3)", max_rows=3)
    assert cut.num_rows == 3
    assert cut.schema.metadata == {b"truncated": b"true"}
    assert whole.num_rows == 3
    assert not whole.schema.metadata


def test_the_least_recently_used_file_is_closed_and_opens_again(tmp_path: Path, empty_home: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(empty_home, home)
    warehouses = Warehouses(home, SECRET, (), CLOCK, max_open=2)
    opened = []
    for name in ("one", "two", "three"):
        shutil.copy(home / "warehouse" / "acme.duckdb", home / "warehouse" / f"{name}.duckdb")
        opened.append(warehouses.open(Organization(name, name)))
        opened[-1].upsert_rows("audiences", [{"audience_id": name}])
    assert warehouses.pool.open_count == 2
    assert [rows(w, "SELECT audience_id FROM audiences") for w in opened] == [[("one",)], [("two",)], [("three",)]]
    assert warehouses.pool.open_count == 2
    warehouses.close()


def test_a_file_in_use_is_not_closed_for_another(tmp_path: Path, empty_home: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(empty_home, home)
    shutil.copy(home / "warehouse" / "acme.duckdb", home / "warehouse" / "other.duckdb")
    warehouses = Warehouses(home, SECRET, (), CLOCK, max_open=1)
    first = warehouses.open(ACME)
    with first.reading() as cursor:
        warehouses.open(Organization("other", "Other"))
        assert cursor.execute("SELECT 1").fetchone() == (1,)
    warehouses.close()


@pytest.mark.parametrize("name", ["../acme", "a/b", ".", "", "x" * 200])
def test_an_id_that_is_no_file_name_opens_nothing(home: Path, name: str) -> None:
    warehouses = Warehouses(home, SECRET, (), CLOCK)
    with pytest.raises(UnknownName):
        warehouses.open(Organization(name, "Bad"))
    warehouses.close()


def test_an_organization_may_be_called_like_a_schema(tmp_path: Path, empty_home: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(empty_home, home)
    shutil.move(home / "warehouse" / "acme.duckdb", home / "warehouse" / "raw.duckdb")
    warehouses = Warehouses(home, SECRET, (), CLOCK)
    assert rows(warehouses.open(Organization("raw", "Raw")), "SELECT count(*) FROM raw.records") == [(0,)]
    warehouses.close()


def test_a_file_that_another_process_has_open_is_said_to_be_busy(home: Path) -> None:
    path = str(home / "warehouse" / "acme.duckdb")
    hold = f"import duckdb; held = duckdb.connect({path!r}); print('open', flush=True); input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", hold], stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        warehouses = Warehouses(home, SECRET, (), CLOCK)
        with pytest.raises(Busy, match="open in another process"):
            warehouses.open(ACME)
        holder.communicate("\n")
    warehouses.close()


def test_the_state_is_new_after_every_landing_and_build(warehouse: Warehouse) -> None:
    before = warehouse.state()
    assert warehouse.state() is before
    warehouse.upsert_rows("products", [{"product_id": "p1", "product_name": "Cup"}], build=False)
    landed = warehouse.state()
    assert (landed.last_seq > before.last_seq, landed.is_current) == (True, False)
    warehouse.build()
    assert warehouse.state().is_current
    assert warehouse.state().build != landed.build


def test_many_threads_asking_many_organizations_each_read_their_own(tmp_path: Path, empty_home: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(empty_home, home)
    names = ("one", "two", "three", "four")
    warehouses = Warehouses(home, SECRET, (), CLOCK, max_open=2)
    for name in names:
        shutil.copy(home / "warehouse" / "acme.duckdb", home / "warehouse" / f"{name}.duckdb")
        warehouses.open(Organization(name, name)).upsert_rows("audiences", [{"audience_id": name}])

    def ask(turn: int) -> bool:
        name = names[turn % len(names)]
        return rows(warehouses.open(Organization(name, name)), "SELECT audience_id FROM audiences") == [(name,)]

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(ask, range(24)))
    warehouses.close()


def test_a_file_that_cannot_be_opened_fails_its_own_organization_and_opens_once_mended(home: Path) -> None:
    warehouses = Warehouses(home, SECRET, (), CLOCK)
    broken = home / "warehouse" / "broken.duckdb"
    broken.write_bytes(b"this is not a database" * 1000)
    for _ in range(2):
        with pytest.raises(BrokenFile, match="cannot be read"):
            warehouses.open(Organization("broken", "Broken"))
    assert rows(warehouses.open(ACME), "SELECT 1") == [(1,)]
    shutil.copy(home / "warehouse" / "acme.duckdb", broken)
    assert rows(warehouses.open(Organization("broken", "Broken")), "SELECT count(*) FROM campaigns") == [(0,)]
    warehouses.close()
