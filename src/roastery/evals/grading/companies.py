"""The synthetic companies, each loaded once into a warehouse of its own and kept between runs."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from roastery.agent.planner.vocabulary import VocabularySource
from roastery.evals.grading.asked import Ground
from roastery.evals.grading.figures import Figures
from roastery.evals.world.companies import COMPANIES, Company
from roastery.evals.world.companies.oracle import Oracle
from roastery.tools.acts import Proposal
from roastery.tools.base import Actor, Receipt, ToolContext
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouses
from roastery.warehouse.semantic.layer import SemanticLayer

SEED = 7
FULL = -1
MADE = "made"
KEY = b"evaluation evaluation evaluation"
PARTS_OF_DATA = ("evals/world", "warehouse")


class KeptReceipts:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.receipts: dict[str, Receipt] = {}

    def keep(self, receipt: Receipt) -> None:
        self.receipts[receipt.id] = receipt

    def receipt(self, receipt_id: str) -> Receipt | None:
        return self.receipts.get(receipt_id)


TOLD = ({"channel": "slack", "destination": "#marketing"},)


class Proposals:
    """Where acting tools propose: everything is taken down, nothing is ever done."""

    is_approved = False

    def __init__(self) -> None:
        self.proposed: list[tuple[str, Mapping[str, Any]]] = []

    def check(self, tool: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        if "target" in document:
            target = {**document["target"], "destinations": document["target"].get("destinations") or TOLD}
            return {**document, "target": target}
        return {**document, "destinations": document.get("destinations") or TOLD}

    def propose(self, tool: str, arguments: Mapping[str, Any], proposal: Proposal) -> str:
        self.proposed.append((tool, arguments))
        return f"apr_{len(self.proposed)}"

    def do(self, tool: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        raise AssertionError("An evaluation never acts.")


class Companies:
    """Open companies by slug. folder: where their files stay; a company that is there already is not made again.

    size: persons; each company's small size when None, its full size when FULL. seed: which world. What made a file is
    in its name, so that a change of the worlds or of the warehouse makes a new one.
    """

    def __init__(self, folder: Path, size: int | None = None, seed: int = SEED) -> None:
        self._folder = folder
        self._size = size
        self._seed = seed
        self._open: dict[str, ToolContext] = {}
        self._figures: dict[str, Figures] = {}
        self._grounds: dict[str, Ground] = {}
        self._close = ExitStack()

    def context(self, slug: str) -> ToolContext:
        if slug not in self._open:
            self._open[slug] = self._opened(slug)
        return self._open[slug]

    def ground(self, slug: str) -> Ground:
        if slug not in self._grounds:
            self._grounds[slug] = self._ground(slug)
        return self._grounds[slug]

    def _ground(self, slug: str) -> Ground:
        context = self.context(slug)
        today = context.clock.today(context.organization.time_zone)
        return Ground(context.organization, today, VocabularySource().of(context).values)

    def figures(self, slug: str) -> Figures:
        """The company's oracle, which compares answers."""
        if slug not in self._figures:
            self._figures[slug] = Figures(Oracle(self.company(slug)))
        return self._figures[slug]

    def company(self, slug: str) -> Company:
        """Its tables and truth, kept beside its file."""
        home, size = self._home(slug)
        if not (home / MADE / "made.json").exists():
            COMPANIES[slug].make(self._seed, size).save(home / MADE)
        return COMPANIES[slug].load(home / MADE)

    def close(self) -> None:
        self._open.clear()
        self._figures.clear()
        self._grounds.clear()
        self._close.close()

    def _home(self, slug: str) -> tuple[Path, int]:
        maker = COMPANIES[slug]
        size = maker.size if self._size == FULL else self._size or maker.small
        seed = "" if self._seed == SEED else f"-seed{self._seed}"
        return self._folder / f"{slug}-{size}{seed}-{made_by()}", size

    def _opened(self, slug: str) -> ToolContext:
        maker = COMPANIES[slug]
        home, _ = self._home(slug)
        company = None if (home / "loaded").exists() else self.company(slug)
        clock = Clock.from_iso(maker.organization.clock)
        warehouses = Warehouses(home, KEY, (), clock)
        self._close.callback(warehouses.close)
        warehouse = warehouses.open(maker.organization)
        if company is not None:
            company.load_into(warehouse)
            (home / "loaded").touch()
        layer = SemanticLayer(warehouse, clock)
        return ToolContext(
            maker.organization, Actor("evaluation", "owner"), clock, layer, KeptReceipts(), actions=Proposals()
        )


@cache
def made_by() -> str:
    """A mark of everything that decides what a company's file holds."""
    whole = hashlib.sha256()
    for part in PARTS_OF_DATA:
        for path in _sources(Path(str(files("roastery"))) / part):
            whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


def _sources(folder: Path) -> Iterator[Path]:
    return iter(sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".sql", ".yml")))
