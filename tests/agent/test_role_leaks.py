"""What a role may not see leaks by no tool, no question, no derived figure and no other person's receipt."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from roastery.agent.answer import Answer
from roastery.agent.graph import Analyst
from roastery.tools.base import Actor, Fact, ToolContext, ToolResult
from roastery.tools.receipts import names_in
from roastery.tools.registry import run
from roastery.warehouse.errors import NotAllowed, RoasteryError
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery

LAST_MONTH = {"name": "last_month"}
CALLS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("query_metrics", {"metrics": ["gross_margin"], "period": LAST_MONTH}),
    ("query_metrics", {"metrics": ["gross_margin_rate", "revenue"], "period": LAST_MONTH}),
    ("query_metrics", {"metrics": ["contribution_margin"], "dimensions": ["campaign"], "period": LAST_MONTH}),
    ("query_metrics", {"metrics": ["revenue"], "dimensions": ["product"], "period": LAST_MONTH,
                       "order_by": [{"field": "gross_margin", "direction": "desc"}]}),
    ("query_metrics", {"metrics": ["revenue"], "dimensions": ["product"], "period": LAST_MONTH,
                       "filters": [{"metric": "gross_margin", "op": "gt", "values": ["50"]}]}),
    ("compare_periods", {"metrics": ["gross_margin"], "period": LAST_MONTH}),
    ("explain_change", {"metric": "gross_margin", "period": LAST_MONTH}),
    ("explain_change", {"metric": "contribution_margin", "period": LAST_MONTH}),
    ("detect_anomalies", {"metrics": ["gross_margin"]}),
    ("forecast_metric", {"metric": "gross_margin"}),
    ("forecast_ltv", {}),
    ("create_alert", {"metric": "gross_margin", "op": "lt", "value": "100"}),
    ("describe_metrics", {"metrics": ["gross_margin"]}),
)  # fmt: skip
QUESTIONS = (
    "gross margin last month",
    "what was our gross margin rate by product last month?",
    "revenue and gross margin by week, as a chart",
    "products with gross margin over 50 last month",
    "top 5 products by gross margin last month",
    "why did gross margin change last month?",
    "forecast gross margin for next month",
    "anything unusual in gross margin?",
    "contribution margin by campaign last month",
    "is gross margin above or below 40 % of revenue? just yes or no",
    "what is LTV to CAC with our real margin?",
)
MARGINS = ("gross_margin", "gross_margin_rate", "contribution_margin", "cost_of_goods", "predicted_margin")


def eyes(context: ToolContext, role: str) -> ToolContext:
    layer = SemanticLayer(context.metrics.warehouse, context.clock, role=role)
    return replace(context, actor=Actor(id=role, role=role), metrics=layer)


@pytest.fixture(scope="module")
def viewer(larkspur: ToolContext) -> ToolContext:
    return eyes(larkspur, "viewer")


@pytest.fixture(scope="module")
def secrets(larkspur: ToolContext) -> tuple[str, ...]:
    """The owner's figures of last month, as they would be written."""
    query = MetricQuery.model_validate({"metrics": ["gross_margin", "gross_margin_rate"], "period": LAST_MONTH})
    totals = larkspur.metrics.ask(query).totals
    margin, rate = Decimal(totals["gross_margin"]), Decimal(totals["gross_margin_rate"])
    assert margin > 0
    return f"{margin:,.2f}", f"{margin:.2f}", f"{rate * 100:.1f} %"


def of_margin(facts: tuple[Fact, ...]) -> Iterator[Fact]:
    return (fact for fact in facts if fact.metric.split("__")[0] in MARGINS)


def asked(tool: str, arguments: Mapping[str, Any], context: ToolContext) -> tuple[ToolResult | None, str]:
    """What a tool gives, or the sentence with which it refuses."""
    try:
        return run(tool, arguments, context, keep=False), ""
    except RoasteryError as error:
        return None, error.message


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
def test_no_tool_tells_a_viewer(tool: str, arguments: Mapping[str, Any], viewer: ToolContext) -> None:
    result, message = asked(tool, arguments, viewer)
    assert not any(character.isdigit() for character in message), message
    assert result is None or list(of_margin(result.facts)) == []


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_tells_a_viewer(question: str, viewer: ToolContext, secrets: tuple[str, ...]) -> None:
    answer: Answer = Analyst().ask(question, viewer)
    assert list(of_margin(answer.facts)) == []
    shown = answer.model_dump_json()
    assert not [secret for secret in secrets if secret in shown]


@pytest.mark.parametrize(("tool", "arguments"), [c for c in CALLS if not c[0].startswith(("create", "describe"))])
def test_a_receipt_names_every_metric_that_is_not_for_all(
    tool: str, arguments: Mapping[str, Any], larkspur: ToolContext, viewer: ToolContext
) -> None:
    """Reading a receipt is refused by the metrics that it names, so an owner's receipt has to name them."""
    result, _ = asked(tool, arguments, eyes(larkspur, "owner"))
    if result is None:
        return
    assert result.receipt is not None
    if any(of_margin(result.facts)) or "gross_margin" in str(arguments):
        with pytest.raises(NotAllowed):
            viewer.metrics.refuse_unseen(names_in(result.receipt))
