"""kill -9 in mid-landing and in mid-build: what was committed is there once, the rest not at all."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from roastery.warehouse.engine import Warehouse
from tests.warehouse.conftest import rows

# The child says on its standard output when it is in the middle, and is killed there.
CHILD = """
import sys
from pathlib import Path
from roastery.warehouse import landing, build
from roastery.warehouse.engine import Warehouses
from roastery.warehouse.raw import RawBatch, RawRecord
from tests.warehouse.conftest import ACME, CLOCK, SECRET

warehouse = Warehouses(Path(sys.argv[1]), SECRET, (), CLOCK).open(ACME)

def batch(page):
    records = [RawRecord(f"{page}.{n}", {"n": n}) for n in range(500)]
    return RawBatch("con", "shop", "orders", records, {"page": page})

def stop_here(*args):
    print("in the middle", flush=True)
    sys.stdin.read()

warehouse.land(batch(1))
warehouse.upsert_rows("leads", [{"lead_id": "1", "created_at": "2026-10-01T00:00:00Z"}])
if sys.argv[2] == "landing":
    landing.write_progress = stop_here
    warehouse.land(batch(2))
else:
    run = build._run
    build._run = lambda cursor, step: stop_here() if step.makes == ("curated.sales",) else run(cursor, step)
    warehouse.build(full=True)
"""


def killed_while(what: str, home: Path) -> None:
    root = Path(__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(home), what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"},
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "in the middle\n"
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL


def test_a_landing_that_is_killed_leaves_neither_rows_nor_cursor(
    home: Path, open_warehouse: Callable[..., Warehouse]
) -> None:
    killed_while("landing", home)
    warehouse = open_warehouse()
    assert rows(warehouse, "SELECT count(*), count(DISTINCT key) FROM raw.records WHERE source = 'shop'") == [
        (500, 500)
    ]
    assert warehouse.cursor("con", "orders") == {"page": 1}
    assert rows(warehouse, "SELECT (SELECT max(seq) FROM raw.records) <= last_seq FROM meta.sequence") == [(True,)]


@pytest.mark.parametrize("again", [False, True])
def test_a_build_that_is_killed_leaves_the_tables_of_before(
    home: Path, open_warehouse: Callable[..., Warehouse], again: bool
) -> None:
    killed_while("building", home)
    warehouse = open_warehouse()
    if again:
        warehouse.build(full=True)
    assert rows(warehouse, "SELECT lead_id FROM leads") == [("1",)]
    assert rows(warehouse, "SELECT count(*) FROM attribution_credits") == [(0,)]
