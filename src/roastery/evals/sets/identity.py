"""Which records are one person, against planted truth: pairwise precision and recall per synthetic company.

Every pair of records counts once: precision is the share of joined pairs that are one person, recall the share of one
person's pairs that were joined. Recall is asked of pairs that the data can show; that of all pairs stands beside it.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import comb
from pathlib import Path

from roastery.evals.sets import Grade
from roastery.evals.world import World
from roastery.evals.world.copies import Copies, copies
from roastery.warehouse.engine import Warehouses

CUSTOMERS = 3_000
PRECISION_AIM = 0.99
RECALL_AIM = 0.95


def run() -> Iterator[Grade]:
    world = World.make(customers=CUSTOMERS)
    people = copies(world)
    told = joined(world, people)
    precision, of_all = pairwise(people.person_of, told)
    _, recall = pairwise(people.reachable, told)
    case = f"Larkspur in three systems, {len(people.person_of)} records"
    said = f"precision {precision:.4f}, recall {recall:.4f} of what can be found ({of_all:.4f} of all pairs)"
    wrong = "" if precision >= PRECISION_AIM and recall >= RECALL_AIM else f"{said}; aims 0.99 and 0.95"
    yield Grade("identity", case, wrong, figures=said)


def joined(world: World, people: Copies) -> dict[str, str]:
    """The person that the warehouse gives each record."""
    with tempfile.TemporaryDirectory() as folder:
        warehouses = Warehouses(Path(folder), b"0" * 32, (), world.clock)
        warehouse = warehouses.open(world.organization)
        for dataset, rows in {"customers": people.customers, "web_events": people.events}.items():
            warehouse.upsert_rows(dataset, rows, build=False)
        warehouse.build()
        found = warehouse.query("SELECT identity, customer_id FROM identities WHERE identity_kind = 'customer'")
        warehouses.close()
    return dict(zip(found.column(0).to_pylist(), found.column(1).to_pylist(), strict=True))


def pairwise(truth: Mapping[str, object], told: Mapping[str, object]) -> tuple[float, float]:
    """(precision, recall) over pairs of records; 1.0 where there is no pair to judge.

    >>> pairwise({"a": 1, "b": 1, "c": 1, "d": 2}, {"a": 1, "b": 1, "c": 2, "d": 2})
    (0.5, 0.3333333333333333)
    """
    right = _pairs((truth[record], told.get(record, record)) for record in truth)
    are, said = _pairs(truth.values()), _pairs(told.get(record, record) for record in truth)
    return right / said if said else 1.0, right / are if are else 1.0


def _pairs(groups: Iterable[object]) -> int:
    sizes: dict[object, int] = defaultdict(int)
    for group in groups:
        sizes[group] += 1
    return sum(comb(size, 2) for size in sizes.values())
