"""The tools over the Model Context Protocol, with an API key as credential."""

from typing import Any

from tests.api.conftest import Desk
from tests.api.routes.test_numbers import QUERY, SALES

VERSION = "2025-06-18"


def call(desk: Desk, method: str, parameters: dict[str, Any], key: str | None = None) -> Any:
    headers = {
        "Authorization": f"Bearer {key or desk.keys['viewer']}",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": VERSION,
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    return desk.client.post("/mcp", json=body, headers=headers)


def test_the_protocol_is_agreed_on(desk: Desk) -> None:
    client = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    agreed = call(desk, "initialize", client).json()["result"]
    assert agreed["serverInfo"]["name"] == "roastery"
    assert "tools" in agreed["capabilities"]


def test_tools_are_listed_with_their_schemas(desk: Desk) -> None:
    tools = {tool["name"]: tool for tool in call(desk, "tools/list", {}).json()["result"]["tools"]}
    assert "query_metrics" in tools
    assert "metrics" in tools["query_metrics"]["inputSchema"]["properties"]


def test_a_tool_gives_its_facts(desk: Desk) -> None:
    desk.call("POST", "/v1/imports/transactions", content=SALES, headers={"Content-Type": "text/csv"})
    result = call(desk, "tools/call", {"name": "query_metrics", "arguments": QUERY}).json()["result"]
    assert not result.get("isError")
    assert {fact["value"] for fact in result["structuredContent"]["facts"]} >= {"49.90", "20.10"}


def test_an_error_is_a_sentence_for_the_model(desk: Desk) -> None:
    result = call(desk, "tools/call", {"name": "query_metrics", "arguments": {"metrics": ["roass"]}}).json()["result"]
    assert result["isError"]
    assert "Did you mean 'roas'?" in result["content"][0]["text"]


def test_without_a_key_nothing_is_told(desk: Desk) -> None:
    answer = call(desk, "tools/list", {}, key="rst_nothing")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
