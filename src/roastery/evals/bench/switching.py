"""Switching among many organizations, of which only the last used stay open."""

import random
import tempfile
from pathlib import Path
from statistics import median

from roastery.evals.bench.measure import Measure, durations, percentile
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouses
from roastery.warehouse.organization import Organization

ORGANIZATIONS = 500
SWITCHES = 2_000
AIM_P99_SECONDS = 0.020


def run() -> list[Measure]:
    """Open one of 500 organizations at random and ask it a trivial query; baseline: asking the one already open."""
    with tempfile.TemporaryDirectory() as folder:
        warehouses = Warehouses(Path(folder), b"0" * 32, (), Clock())
        organizations = [Organization(f"org_{i:04}", f"Company {i}") for i in range(ORGANIZATIONS)]
        for organization in organizations:
            warehouses.open(organization)
        chance = random.Random(7)

        def ask(organization: Organization) -> None:
            warehouses.open(organization).query("SELECT count(*) FROM sales")

        stay = durations(lambda: ask(organizations[-1]), 200)
        switch = durations(lambda: ask(chance.choice(organizations)), SWITCHES, warm=100)
        warehouses.close()
    what = f"one of {ORGANIZATIONS} organizations at random, query included"
    return [
        Measure("switching", f"p50, {what}", median(switch) * 1e3, "ms", median(stay) * 1e3, "same one again"),
        Measure(
            "switching",
            f"p99, {what}",
            percentile(switch, 99) * 1e3,
            "ms",
            percentile(stay, 99) * 1e3,
            "same one again",
            aim=AIM_P99_SECONDS * 1e3,
        ),
    ]
