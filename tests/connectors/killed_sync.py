"""A sync in a process of its own that kills itself (SIGKILL) at a chosen landing; run by test_kill."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from roastery.connectors.base import Connection
from roastery.connectors.registry import fills, open_source
from roastery.connectors.sync import sync_connection
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.organization import Organization
from roastery.warehouse.raw import LandReport, RawBatch
from tests.connectors.loopback import Secrets

KEY = b"a key of the tests' own, 32 long"


def open_warehouse(home: Path, clock: Clock) -> tuple[Warehouses, Warehouse]:
    warehouses = Warehouses(home, KEY, fills(), clock)
    return warehouses, warehouses.open(Organization("larkspur", "Larkspur Coffee", "USD", "America/Chicago"))


class Doomed:
    """A warehouse whose process dies before, during or after its n-th landing."""

    def __init__(self, warehouse: Warehouse, at: int, when: str) -> None:
        self.warehouse, self.at, self.when = warehouse, at, when
        self.landings, self.took = 0, 0.0

    def cursor(self, connection_id: str, resource: str) -> dict[str, Any] | None:
        return self.warehouse.cursor(connection_id, resource)

    def land(self, batch: RawBatch) -> LandReport:
        self.landings += 1
        is_last = self.landings == self.at
        if is_last and self.when == "before":
            die()
        if is_last and self.when == "during":
            threading.Thread(target=die, args=(self.took / 2,), daemon=True).start()
        started = time.perf_counter()
        report = self.warehouse.land(batch)
        self.took = time.perf_counter() - started
        if is_last:
            die()
        return report


def die(after_seconds: float = 0.0) -> None:
    until = time.perf_counter() + after_seconds
    while time.perf_counter() < until:
        pass
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    given = json.loads(sys.argv[1])
    clock = Clock.from_iso(given["clock"])
    _, warehouse = open_warehouse(Path(given["home"]), clock)
    made = Connection(**given["connection"])
    source = open_source(made, Secrets(**given["secrets"]), clock)
    sync_connection(source, made, Doomed(warehouse, given["at"], given["when"]), clock, batch_rows=1)


if __name__ == "__main__":
    main()
