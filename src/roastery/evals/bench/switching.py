"""Switching among many organizations, of which only the last used stay open."""

import random
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

from roastery.evals.bench.measure import Measure, durations, percentile
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouses
from roastery.warehouse.organization import Organization

ORGANIZATIONS = 500
SWITCHES = 1_000
SECONDS_BETWEEN = 0.05
"""Mean of the gaps between questions: twenty a second, each of an organization drawn at random."""
AIM_P99_SECONDS = 0.020
FILE = "org_{:04}"


def run() -> list[Measure]:
    """Open one of 500 organizations at random and ask it a trivial query; baseline: asking the one already open.

    Questions arrive at random instants (exponential gaps, as independent people give them), so that a slow one is not
    hidden by the next one's waiting for it; back to back without a gap stands beside it, with no aim.
    """
    with tempfile.TemporaryDirectory() as folder:
        _make_files(Path(folder))
        warehouses = Warehouses(Path(folder), b"0" * 32, (), Clock())
        organizations = [Organization(FILE.format(i), f"Company {i}") for i in range(ORGANIZATIONS)]
        chance = random.Random(7)

        def ask(organization: Organization) -> None:
            warehouses.open(organization).query("SELECT count(*) FROM sales")

        stay = durations(lambda: ask(organizations[-1]), 200)
        durations(lambda: ask(chance.choice(organizations)), 100, warm=0)
        arriving: list[float] = []
        for _ in range(SWITCHES):
            time.sleep(chance.expovariate(1 / SECONDS_BETWEEN))
            arriving += durations(lambda: ask(chance.choice(organizations)), 1, warm=0)
        hurried = durations(lambda: ask(chance.choice(organizations)), SWITCHES // 4, warm=0)
        warehouses.close()
    same, what = "same one again", f"one of {ORGANIZATIONS} organizations at random, query included"
    p50, p99 = median(stay) * 1e3, percentile(stay, 99) * 1e3
    return [
        Measure("switching", f"p50, {what}", median(arriving) * 1e3, "ms", p50, same),
        Measure("switching", f"p99, {what}", percentile(arriving, 99) * 1e3, "ms", p99, same, AIM_P99_SECONDS * 1e3),
        Measure("switching", "p99, the same without a pause", percentile(hurried, 99) * 1e3, "ms", p99, same),
    ]


def _make_files(folder: Path) -> None:
    """One organization made by the real build, then its file copied: making 500 would take minutes."""
    warehouses = Warehouses(folder, b"0" * 32, (), Clock())
    warehouses.open(Organization(FILE.format(0), "Company 0"))
    warehouses.close()
    first = folder / "warehouse" / f"{FILE.format(0)}.duckdb"
    for i in range(1, ORGANIZATIONS):
        shutil.copyfile(first, first.with_stem(FILE.format(i)))
