"""Company: one synthetic organization as curated-contract tables, and the truth behind them."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.feather

from roastery.evals.world.company import NOW
from roastery.evals.world.world import _Sink
from roastery.warehouse.clock import Clock
from roastery.warehouse.contracts import CONTRACTS
from roastery.warehouse.errors import BadRows
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.warehouse.engine import Warehouse


@dataclass(frozen=True, eq=False)
class Company:
    """What the company's systems hold (`tables`, by dataset) and what no system may see (`truth`).

    size: persons who ever became customers or leads. Ids stand as connectors write them in curated tables.
    """

    organization: Organization
    seed: int
    size: int
    tables: Mapping[str, pa.Table] = field(repr=False)
    truth: Mapping[str, pa.Table] = field(repr=False)
    now: datetime = NOW

    @property
    def slug(self) -> str:
        return self.organization.id

    @cached_property
    def clock(self) -> Clock:
        """Fixed at the end of history: a Monday, the month before complete."""
        return Clock(self.now)

    def digest(self) -> str:
        """SHA-256 over every table's bytes, in order."""
        whole = hashlib.sha256()
        for name, table in [*self.tables.items(), *self.truth.items()]:
            whole.update(name.encode())
            with pa.ipc.new_stream(_Sink(whole), table.schema) as writer:
                writer.write_table(table.combine_chunks())
        return whole.hexdigest()

    def load_into(self, warehouse: "Warehouse") -> None:
        """Import every dataset, then build once. Errors: BadRows when the warehouse takes a row amiss."""
        for dataset, rows in self.tables.items():
            report = warehouse.import_rows(dataset, rows, build=False)
            if report.rejected:
                first = report.errors[0]
                raise BadRows(
                    f"{report.rejected} rows of {dataset} were rejected, the first at row {first.row}, "
                    f"column {first.column}: {first.message}"
                )
        warehouse.build()

    def save(self, folder: Path) -> None:
        """Write every table as a Feather file, so that a later run need not make it again."""
        for kind, tables in (("tables", self.tables), ("truth", self.truth)):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            for name, table in tables.items():
                pyarrow.feather.write_feather(table, folder / kind / f"{name}.arrow", compression="lz4")
        made = {"seed": self.seed, "size": self.size, **{k: list(t) for k, t in self.parts.items()}}
        (folder / "made.json").write_text(json.dumps(made), encoding="utf-8")

    @property
    def parts(self) -> dict[str, Mapping[str, pa.Table]]:
        return {"tables": self.tables, "truth": self.truth}


@dataclass(frozen=True)
class Maker:
    """How one company is made. size: persons at full size; small: persons for tests."""

    organization: Organization
    industry: str
    size: int
    small: int
    _make: Callable[[int, int], tuple[Mapping[str, pa.Table], Mapping[str, pa.Table]]] = field(repr=False)

    @property
    def slug(self) -> str:
        return self.organization.id

    def make(self, seed: int = 7, size: int | None = None) -> Company:
        """The company of a seed and size: the same tables, byte for byte, each time it is made."""
        count = size or self.size
        tables, truth = self._make(seed, count)
        ordered = {name: tables[name] for name in CONTRACTS if name in tables}
        return Company(self.organization, seed, count, ordered, truth)

    def load(self, folder: Path) -> Company:
        """A company that was saved. Errors: OSError when there is none."""
        made = json.loads((folder / "made.json").read_text(encoding="utf-8"))
        tables, truth = (
            {name: pyarrow.feather.read_table(folder / kind / f"{name}.arrow") for name in made[kind]}
            for kind in ("tables", "truth")
        )
        return Company(self.organization, made["seed"], made["size"], tables, truth)
