"""What holds of every registered tool, whatever it does; a new tool gets these by being there, with one example."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from roastery.tools.acts import ActingTool
from roastery.tools.base import Receipt, ToolContext, ToolResult
from roastery.tools.errors import BadArguments, UnknownTool
from roastery.tools.facts import recompute
from roastery.tools.queries import MAX_ROWS
from roastery.tools.receipts import rerun
from roastery.tools.registry import TOOLS, read_arguments, run, schemas
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import NoData, RoasteryError
from tests.tools.beans import MemoryLedger, context_on

OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "query_metrics": [
        {"metrics": ["revenue"]},
        {"metrics": ["roas", "spend", "cac"], "dimensions": ["platform", "campaign"], "period": OCTOBER},
        {"metrics": ["revenue", "mer"], "grain": "week", "period": OCTOBER, "compare_to": "previous_period"},
        {"metrics": ["orders"], "dimensions": ["date"], "period": {"name": "last_90_days"}},
        {
            "metrics": ["attributed_revenue"],
            "dimensions": ["campaign"],
            "period": OCTOBER,
            "order_by": [{"field": "attributed_revenue", "direction": "desc"}],
            "limit": 2,
        },
    ],
    "compare_periods": [
        {"metrics": ["revenue", "aov"], "period": OCTOBER},
        {"metrics": ["spend", "roas", "cpm"], "dimensions": ["campaign"], "period": OCTOBER, "slices": 2},
        {"metrics": ["active_customers"], "dimensions": ["sales_channel"], "period": {"name": "this_month"}},
    ],
    "explain_change": [
        {"metric": "spend", "period": OCTOBER},
        {"metric": "roas", "period": OCTOBER},
        {"metric": "cpc", "period": OCTOBER, "dimensions": ["platform"], "causes": 1},
        {"metric": "revenue", "period": {"name": "this_month"}},
        {"metric": "active_customers", "period": OCTOBER},
    ],
    "run_attribution": [
        {"period": OCTOBER},
        {"conversion": "new_customers", "by": "campaign", "attribution_model": "markov", "period": OCTOBER, "limit": 1},
        {"conversion": "orders", "by": "platform", "attribution_model": "shapley", "attribution_window_days": 7},
        {"attribution_model": "time_decay", "half_life_days": 2, "attribution_date": "touch", "period": OCTOBER},
    ],
    "customer_journeys": [
        {"period": OCTOBER},
        {"conversion": "revenue", "by": "campaign", "steps": 3, "paths": 2, "attribution_window_days": 7},
        {"customer": "p3-1"},
    ],
    "recommend_budget": [{}, {"by": "platform", "objective": "new_customers", "most_change": 0.2}],
    "analyze_assets": [
        {"period": OCTOBER},
        {"by": "asset_type", "rate": "conversion_rate"},
        {"by": "tag", "limit": 1},
        {"by": "age", "filters": [{"dimension": "asset_type", "values": ["video"]}]},
    ],
    "compare_attribution": [
        {"by": "campaign", "period": OCTOBER, "break_even": 2},
        {"conversion": "orders", "by": "platform", "attribution_models": ["linear", "markov"], "period": OCTOBER},
    ],
    "detect_anomalies": [
        {"metrics": ["revenue", "cpc"], "dimensions": ["platform"], "period": {"name": "last_90_days"}},
        {"metrics": ["orders"], "grain": "week", "alerts_a_month": 20},
    ],
    "forecast_metric": [
        {"metric": "revenue"},
        {"metric": "spend", "dimensions": ["platform"], "horizon": 7},
        {"metric": "roas", "horizon": 5},
        {"metric": "revenue", "period": {"name": "this_month"}, "target": "8000"},
    ],
    "forecast_ltv": [{"dimensions": ["channel"], "horizon_days": 180}],
    "analyze_cohorts": [{}, {"kind": "repeat", "grain": "month"}, {"kind": "cross_sell", "within": "customer"}],
    "reconcile_sources": [
        {"platform": "meta_ads", "period": OCTOBER},
        {"platform": "google_ads", "metric": "revenue", "filters": [{"dimension": "campaign", "values": ["c2"]}]},
        {"metric": "revenue", "period": OCTOBER, "sources": ["shop"], "stated": "9999.50"},
    ],
    "describe_metrics": [{}, {"names": ["roas", "mer"]}],
    "search_dimension_values": [{"search": "sprng roast"}, {"dimension": "campaign"}],
    "data_health": [{}],
}
WITHOUT_NUMBERS = {"describe_metrics", "search_dimension_values"}
OF_LONG_HISTORY = {"detect_anomalies", "forecast_ltv", "analyze_cohorts"}
"""Tools that need more than ten weeks; they are asked of a company of two years."""
CALLS = [(name, arguments) for name, examples in EXAMPLES.items() for arguments in examples]


_RUN: dict[str, tuple[ToolContext, ToolResult]] = {}


@pytest.fixture(params=CALLS, ids=lambda call: f"{call[0]}-{json.dumps(call[1])[:60]}")
def call(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    name, arguments = request.param
    return name, arguments


@pytest.fixture
def asker(call: tuple[str, dict[str, Any]], request: pytest.FixtureRequest, filled: Warehouse) -> ToolContext:
    """Who makes the call: of the company with as much history as the tool needs."""
    if call[0] in OF_LONG_HISTORY:
        long: ToolContext = request.getfixturevalue("larkspur")
        return replace(long, ledger=MemoryLedger())
    return context_on(filled)


@pytest.fixture
def called(call: tuple[str, dict[str, Any]], asker: ToolContext) -> tuple[str, dict[str, Any], ToolResult, ToolContext]:
    """The call, made once and looked at by several tests, with who made it."""
    key = json.dumps(call)
    if key not in _RUN:
        _RUN[key] = (asker, run(*call, asker))
    context, result = _RUN[key]
    return (*call, result, context)


def test_every_tool_of_this_room_has_an_example() -> None:
    here = {
        name
        for name, tool in TOOLS.items()
        if type(tool).__module__.startswith("roastery.tools.library") and not isinstance(tool, ActingTool)
    }
    assert here - EXAMPLES.keys() == set()


@pytest.mark.parametrize("schema", schemas(), ids=lambda schema: schema["name"])
def test_arguments_are_a_closed_schema_that_names_no_one(schema: dict[str, Any]) -> None:
    parameters = schema["parameters"]
    assert parameters["type"] == "object"
    assert parameters["additionalProperties"] is False
    assert len(schema["description"]) > 40
    text = json.dumps(parameters)
    for word in ("organization", "user_id", '"sql"', "tenant", "actor"):
        assert word not in text


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_an_unknown_argument_is_named(name: str) -> None:
    with pytest.raises(BadArguments, match="organization_id"):
        read_arguments(TOOLS[name], {"organization_id": "org_other"})


@pytest.mark.parametrize("text", ['{"metrics": ', "[1]", '"x"', "not json", '{"metrics": ["revenue"'])
def test_broken_json_is_refused_and_never_repaired(text: str) -> None:
    with pytest.raises(BadArguments):
        read_arguments(TOOLS["query_metrics"], text)


def test_a_tool_that_is_none_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownTool, match="Did you mean 'query_metrics'"):
        TOOLS["query_metric"]


def test_every_number_is_a_fact_that_its_formula_gives_again(called: tuple[str, Any, ToolResult, ToolContext]) -> None:
    _, _, result, _ = called
    facts = {fact.id: fact for fact in result.facts}
    assert len(facts) == len(result.facts)
    for fact in result.facts:
        assert fact.formula is None or fact.kind not in ("measured", "count")
        # A forecast that reads a whole history has no inputs among the facts; its receipt makes it again.
        assert fact.formula is not None or fact.kind in ("measured", "count", "forecast")
        assert set(fact.inputs) <= facts.keys()
        again = recompute(fact, facts)
        if fact.kind == "effect" and fact.value is not None and again is not None:
            # Parts are rounded so that they sum to the change: each by less than one unit of it and of its inputs.
            assert abs(again - fact.value) <= Decimal("0.02")
        else:
            assert again == fact.value, fact


def test_labels_and_table_cells_are_those_of_the_facts(called: tuple[str, Any, ToolResult, ToolContext]) -> None:
    _, _, result, _ = called
    facts = {fact.id: fact for fact in result.facts}
    labels = [label.id for label in result.labels]
    assert len(set(labels)) == len(labels)
    for table in result.tables:
        assert not table.fact_ids or len(table.fact_ids) == len(table.rows)
        for row, ids in zip(table.rows, table.fact_ids, strict=False):
            for column, id in ids.items():
                value = facts[id].value
                assert row.get(column) == (None if value is None else format(value, "f")) or (
                    value is not None and Decimal(str(row[column])) == value
                )


def test_every_number_has_a_receipt_that_was_kept(called: tuple[str, Any, ToolResult, ToolContext]) -> None:
    name, _, result, context = called
    if name in WITHOUT_NUMBERS:
        assert result.receipt is None
        assert result.facts == ()
        return
    receipt = result.receipt
    assert receipt is not None
    assert {fact.receipt_id for fact in result.facts} <= {receipt.id}
    assert isinstance(context.ledger, MemoryLedger)
    assert context.ledger.receipts[receipt.id] == receipt
    assert Receipt.model_validate_json(receipt.model_dump_json()) == receipt
    assert receipt.clock == context.clock.now()
    assert receipt.build


def test_a_receipt_reruns_to_the_same(called: tuple[str, Any, ToolResult, ToolContext]) -> None:
    _, _, result, context = called
    if result.receipt is None:
        return
    stored = Receipt.model_validate_json(result.receipt.model_dump_json())
    found = rerun(stored, context)
    assert (found.status, found.causes) == ("same", ())
    assert found.now is not None
    assert found.then["result_hash"] == found.now["result_hash"]


def test_a_result_is_bounded_and_plain_json(called: tuple[str, Any, ToolResult, ToolContext]) -> None:
    _, _, result, _ = called
    assert all(len(table.rows) <= MAX_ROWS for table in result.tables)
    text = result.model_dump_json()
    assert json.loads(text)["tool"] == called[0]
    assert "org_beans" not in text


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - WITHOUT_NUMBERS))
def test_without_data_every_tool_says_what_to_do(name: str, empty: Warehouse) -> None:
    with pytest.raises(NoData, match=r"(?i)connect|import"):
        run(name, EXAMPLES[name][0], context_on(empty))


def test_the_same_call_gives_the_same_facts(called: tuple[str, dict[str, Any], ToolResult, ToolContext]) -> None:
    name, arguments, one, context = called
    two = run(name, arguments, context, keep=False)
    assert [f.model_copy(update={"receipt_id": ""}) for f in one.facts] == [
        f.model_copy(update={"receipt_id": ""}) for f in two.facts
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"metrics": ["roass"]}, "Did you mean 'roas'"),
        ({"metrics": ["revenue"], "dimensions": ["platform"]}, "cannot be split by 'platform'"),
        ({"metrics": ["revenue"], "period": {"start": "2026-11-01", "end": "2026-10-01"}}, "before it starts"),
        ({"metrics": ["revenue"], "period": {"start": "2026-11-01", "end": "2026-11-01"}}, "empty"),
        ({"metrics": ["revenue"], "period": {"name": "last_moth"}}, "Did you mean 'last_month'"),
        ({"metrics": []}, "metrics"),
        ({"metrics": ["revenue"], "filters": [{"dimension": "countri", "values": ["US"]}]}, "Did you mean 'country'"),
    ],
)
@pytest.mark.parametrize("tool", ["query_metrics", "compare_periods"])
def test_a_question_that_cannot_be_answered_is_a_sentence(
    tool: str, arguments: dict[str, Any], sentence: str, context: ToolContext
) -> None:
    with pytest.raises(RoasteryError, match=sentence):
        run(tool, arguments, context)
