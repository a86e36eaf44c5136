"""/v1/query, /v1/tools and read-only SQL: numbers with receipts."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request

from roastery.api.numbers import run_query, run_sql
from roastery.api.routes.documented import documented
from roastery.api.security.caller import Reader, SqlReader

router = APIRouter(prefix="/v1", tags=["numbers"])

QUERY = {
    "metrics": ["roas", "spend"],
    "dimensions": ["platform"],
    "period": {"name": "last_month"},
    "order_by": [{"field": "roas", "direction": "desc"}],
}
FRAME = {
    "columns": [
        {"name": "platform", "kind": "dimension"},
        {"name": "roas", "kind": "metric", "unit": "ratio", "currency": None},
        {"name": "spend", "kind": "metric", "unit": "money", "currency": "USD"},
    ],
    "rows": [{"platform": "meta_ads", "roas": "3.4211", "spend": "10234.50"}],
    "totals": {"roas": "2.9800", "spend": "30211.20"},
    "truncated": False,
    "receipt": {"id": "rcp_0a1b2c3d4e5f60718293a4b5"},
}
TOOL = {"name": "query_metrics", "description": "Look numbers up …", "parameters": {"type": "object"}}


@router.post("/query", **documented(FRAME, request=QUERY))
def query(asked: Annotated[dict[str, Any], Body()], caller: Reader, request: Request) -> dict[str, Any]:
    """A MetricQuery's MetricFrame, with its receipt."""
    return run_query(request.app.state.roastery, caller.organization, caller.actor, asked)


@router.post(
    "/sql",
    **documented(
        {"columns": ["platform", "n"], "rows": [{"platform": "meta_ads", "n": 12}], "truncated": False},
        request={"sql": "SELECT platform, count(*) AS n FROM campaigns GROUP BY ALL"},
    ),
)
def sql(body: Annotated[dict[str, Any], Body()], caller: SqlReader, request: Request) -> dict[str, Any]:
    """One SELECT over the curated tables of the caller's organization."""
    return run_sql(request.app.state.roastery, caller.organization, caller.actor, str(body.get("sql", "")))


@router.get("/tools", **documented({"items": [TOOL], "next": None}))
def list_tools(caller: Reader) -> dict[str, Any]:
    """Every tool with the JSON Schema of its arguments."""
    from roastery.tools.registry import schemas

    return {"items": schemas(), "next": None}


@router.post(
    "/tools/{name}",
    **documented({"tool": "query_metrics", "facts": [], "tables": [], "receipt": {"id": "rcp_…"}}, request=QUERY),
)
def run_tool(
    name: str, arguments: Annotated[dict[str, Any], Body()], caller: Reader, request: Request
) -> dict[str, Any]:
    """Run one tool: its facts, tables, charts and receipt."""
    result = request.app.state.roastery.run_tool(caller.organization, caller.actor, name, arguments)
    document: dict[str, Any] = result.model_dump(mode="json")
    return document
