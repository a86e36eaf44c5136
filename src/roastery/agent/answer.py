"""The answer that leaves the agent (CONTRACTS section 6)."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from roastery.tools.base import Fact, Receipt, Table

Status = Literal["answered", "clarify", "refused", "failed"]


class Measure(BaseModel):
    """How the effect of a recommendation is looked at afterwards: a metric of a slice over as many days as follow.

    expected, low, high: of the metric over the horizon, where the analysis behind the recommendation says so.
    """

    model_config = ConfigDict(frozen=True)
    metric: str
    filters: tuple[dict[str, Any], ...] = ()
    horizon_days: int = Field(ge=1, le=366)
    expected: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None


class Recommendation(BaseModel):
    """What to do about it, with the facts behind it; never from an insignificant difference.

    key: what it is about, the same whenever the same is recommended. measure: None where nothing can be measured.
    """

    model_config = ConfigDict(frozen=True)
    action: str
    expected_effect: str
    basis: tuple[str, ...]
    confidence: Literal["low", "medium", "high"]
    kind: str = ""
    key: str = ""
    measure: Measure | None = None


class Answer(BaseModel):
    """Markdown text whose every number is one of `facts`, with the receipts that prove them."""

    model_config = ConfigDict(frozen=True)
    answer_id: str
    conversation_id: str
    question: str
    status: Status
    text: str
    facts: tuple[Fact, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[dict[str, Any], ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    suggestions: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    notes: dict[str, Any] = Field(default_factory=dict)
    trace: dict[str, Any] = Field(default_factory=dict, exclude=True)
    """How it came about, as `agent.trace` tells it; kept beside the answer, not sent with it."""
