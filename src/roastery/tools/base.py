"""The door between numbers and words: Tool, ToolContext, ToolResult, Fact, Label, Receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from roastery.warehouse.clock import Clock
from roastery.warehouse.organization import Organization


@dataclass(frozen=True)
class ConnectionState:
    """How one connection is. sentence: for people; is_wrong: somebody or something holds it up."""

    source: str
    state: str
    sentence: str
    is_wrong: bool


class Connected(Protocol):
    """Kept above (api): how the organization's connections are."""

    def states(self) -> Sequence[ConnectionState]: ...


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FactPeriod(_Frozen):
    """Half-open [start, end)."""

    start: date
    end: date


class Fact(_Frozen):
    """One number that prose may refer to as [[id]].

    value: exact; ratios as 0.012 with unit `ratio`, money in major units. kind says how it came to be; computed kinds
    carry the formula over other facts' ids, so that every number can be recomputed from measured ones.
    """

    id: str
    metric: str
    value: Decimal | None
    unit: str
    currency: str | None = None
    dimensions: dict[str, str] = Field(default_factory=dict)
    period: FactPeriod
    receipt_id: str
    kind: Literal[
        "measured",
        "change",
        "change_ratio",
        "share",
        "rank",
        "multiple",
        "difference",
        "sum",
        "count",
        "forecast",
        "effect",
    ] = "measured"
    formula: str | None = None
    inputs: tuple[str, ...] = ()


class Label(_Frozen):
    """A name out of the data that prose may refer to as [[id]]: quoted data, never instruction (law 3)."""

    id: str
    dimension: str
    value: str
    text: str


class Table(_Frozen):
    """A table as shown; cells are exact text ("10234.50", a ratio as "0.0123") or null, formatted by who shows them.

    columns: as a frame's (name, kind, unit, currency). `fact_ids` runs parallel to the rows: the fact of each metric
    cell by its column's name.
    """

    title: str
    columns: tuple[dict[str, Any], ...]
    rows: tuple[dict[str, Any], ...]
    fact_ids: tuple[dict[str, str], ...] = ()

    @property
    def columns_for_people(self) -> tuple[dict[str, Any], ...]:
        """The columns without ids that stand beside the names that people know them by."""
        named = {column["name"] for column in self.columns if column.get("kind") == "label"}
        return tuple(column for column in self.columns if f"{column['name']}_name" not in named)


class Receipt(_Frozen):
    """What was asked, of what data, under which definitions (CONTRACTS section 6); it can be run again."""

    id: str
    tool: str
    arguments: dict[str, Any]
    query: dict[str, Any] | None = None
    sql: str | None = None
    metric_definitions: dict[str, str] = Field(default_factory=dict)
    filters: list[dict[str, Any]] = Field(default_factory=list)
    period: FactPeriod | None = None
    currency: str | None = None
    fx: dict[str, Any] = Field(default_factory=dict)
    time_zone: str
    week_start: str
    attribution: dict[str, Any] = Field(default_factory=dict)
    refund_basis: str | None = None
    data_as_of: dict[str, str] = Field(default_factory=dict)
    complete_through: str | None = None
    trust: Literal["complete", "maturing", "unreconciled", "disputed"] = "complete"
    rows: int = 0
    result_hash: str
    result: list[dict[str, Any]] = Field(default_factory=list)
    totals: dict[str, Any] = Field(default_factory=dict)
    scope_key: str = "all"
    caveats: tuple[str, ...] = ()
    build: str = ""
    seed: int | None = None
    clock: datetime
    created_at: datetime


class ToolResult(_Frozen):
    """What a tool found. `frame` is the MetricFrame as JSON where there is one; ids are local to this result."""

    tool: str
    facts: tuple[Fact, ...] = ()
    labels: tuple[Label, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[dict[str, Any], ...] = ()
    caveats: tuple[str, ...] = ()
    receipt: Receipt | None = None
    frame: dict[str, Any] | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class Ledger(Protocol):
    """Kept above (api): receipts by id, of one organization, keyed by scope."""

    def keep(self, receipt: Receipt) -> None: ...

    def receipt(self, receipt_id: str) -> Receipt | None: ...


SEES_EVERY_METRIC = frozenset({"owner", "admin", "analyst"})
"""Roles that no shipped metric is kept from."""


@dataclass(frozen=True)
class Actor:
    """Who asks, and what they may see; made from a verified credential only."""

    id: str
    role: str = "analyst"
    row_scope: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def scope_key(self) -> str:
        """Caches and stored answers are keyed by this (law 13)."""
        return "|".join(f"{d}={','.join(sorted(v))}" for d, v in sorted(self.row_scope.items())) or "all"

    @property
    def eyes(self) -> str:
        """What conversations are keyed by: the rows seen, and a role that does not see every metric."""
        return self.scope_key if self.role in SEES_EVERY_METRIC else f"{self.role}:{self.scope_key}"


@dataclass(frozen=True)
class ToolContext:
    """Who asks, of which organization, at what time, with which doors open (law 3).

    for_agent: a model reads what comes of it, so nothing personal may.
    """

    organization: Organization
    actor: Actor
    clock: Clock
    metrics: Any
    ledger: Ledger
    for_agent: bool = False
    actions: Any = None
    """`tools.acts.Actions`; None where nothing can be set up."""
    connections: Connected | None = None
    experiments: Any = None
    """`tools.experiments.Recorded`; None where none can be recorded."""


Arguments = TypeVar("Arguments", bound=BaseModel)


class Tool(Generic[Arguments]):
    """One typed question. A new tool is one file in tools/library with a subclass; the registry finds it."""

    name: ClassVar[str]
    description: ClassVar[str]
    arguments: type[Arguments]

    def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        raise NotImplementedError
