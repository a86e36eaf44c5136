"""What a phrase can stand for, and which reading of it comes first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from roastery.agent.planner.dates import HOLIDAYS, MONTHS, SEASONS, WEEKDAYS
from roastery.agent.planner.lists import word_set
from roastery.agent.planner.tokens import stem

Kind = Literal["metric", "dimension", "value", "ambiguous", "missing_metric", "missing_dimension", "missing_value"]
RANK: dict[str, int] = {
    "metric": 0,
    "ambiguous": 1,
    "value": 2,
    "dimension": 3,
    "missing_metric": 4,
    "missing_value": 5,
    "missing_dimension": 6,
}


@dataclass(frozen=True)
class Meaning:
    """What a phrase can stand for. name: metric or dimension; value: a dimension's value; readings: several metrics."""

    kind: Kind
    name: str
    value: str = ""
    label: str = ""
    readings: tuple[str, ...] = ()
    ask: bool = False
    weak: bool = False
    composed: bool = False


@dataclass(frozen=True)
class Mark:
    """Words [start, end) of a question with what they can mean; `typo` is the name that was meant."""

    start: int
    end: int
    meanings: tuple[Meaning, ...]
    typo: str | None = None
    partial: bool = False

    def of(self, kind: Kind) -> Meaning | None:
        return next((m for m in self.meanings if m.kind == kind), None)

    @property
    def first(self) -> Meaning:
        return self.meanings[0]


def by_rank(meanings: Sequence[Meaning]) -> tuple[Meaning, ...]:
    return tuple(sorted(meanings, key=lambda m: RANK[m.kind]))


OWN_NAMES = frozenset(
    {
        "campaign",
        "product",
        "promotion",
        "location",
        "service",
        "ad_group",
        "asset",
        "workflow",
        "page",
        "franchise",
        "owner",
        "audience",
        "region",
        "pipeline",
    }
)
"""Dimensions whose values an organization names as it likes; part of such a name is enough to mean it."""
PLACES = frozenset({"location", "region", "service_area", "country", "franchise"})
"""Dimensions that say where."""
SEEN_FIRST = (
    "platform", "channel", "category", "service", "product", "location", "service_area", "country", "region",
    "franchise", "plan", "segment", "owner", "campaign", "promotion", "workflow", "pipeline", "audience", "asset",
    "ad_group",
)  # fmt: skip
"""Of dimensions that share a name, the one that people mean first when nothing else decides."""


CALENDAR_WORDS = frozenset(
    stem(w)
    for w in (
        *MONTHS,
        *(m[:3] for m in MONTHS),
        "sept",
        *SEASONS,
        *WEEKDAYS,
        *(w for name in HOLIDAYS for w in name.split()),
        *word_set("parameters"),
    )
)


GRAMMAR_WORDS = frozenset(stem(w) for w in word_set("grammar"))
"""Words of the grammar that change a reading, and are therefore mended."""
