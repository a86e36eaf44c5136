"""/mcp: the tools for other people's agents, over the Model Context Protocol; an API key is the credential."""

import json
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

import roastery as product
from roastery.api.errors import BadCredential
from roastery.api.problems import MEDIA_TYPE, problem_document
from roastery.api.security.caller import Caller, caller_of_key
from roastery.api.security.roles import allow
from roastery.warehouse.errors import RoasteryError

if TYPE_CHECKING:
    from mcp import types

    from roastery.api.app import Roastery

INSTRUCTIONS = "Numbers come from these tools only, each with a receipt that proves it. Never compute your own."


def mount_mcp(app: FastAPI, roastery: "Roastery") -> None:
    """Serve POST /mcp; the protocol's library is imported with the first request."""
    app.router.add_route("/mcp", McpEndpoint(roastery), methods=["POST", "GET", "DELETE"], include_in_schema=False)


class McpEndpoint:
    """ASGI endpoint without sessions: a server is made for each request, for its caller alone."""

    def __init__(self, roastery: "Roastery") -> None:
        self._roastery = roastery

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            caller = await run_in_threadpool(self._caller, Headers(scope=scope).get("authorization", ""))
        except RoasteryError as error:
            document = problem_document(error)
            refusal = JSONResponse(document, document["status"], media_type=MEDIA_TYPE)
            await refusal(scope, receive, send)
            return
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        manager = StreamableHTTPSessionManager(_server_for(self._roastery, caller), stateless=True, json_response=True)
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    def _caller(self, authorization: str) -> Caller:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise BadCredential("Send an API key as 'Authorization: Bearer KEY'.")
        caller = caller_of_key(self._roastery, key.strip())
        allow(caller.actor, "read")
        return caller


def _server_for(roastery: "Roastery", caller: Caller) -> Any:
    from mcp import types
    from mcp.server.lowlevel import Server

    async def list_tools(_context: Any, _parameters: Any) -> types.ListToolsResult:
        from roastery.tools.registry import schemas

        tools = [
            types.Tool(name=s["name"], description=s["description"], input_schema=s["parameters"]) for s in schemas()
        ]
        return types.ListToolsResult(tools=tools)

    async def call_tool(_context: Any, parameters: types.CallToolRequestParams) -> types.CallToolResult:
        return await run_in_threadpool(_call, roastery, caller, parameters.name, parameters.arguments or {})

    return Server(
        "roastery",
        version=product.__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _call(roastery: "Roastery", caller: Caller, name: str, arguments: dict[str, Any]) -> "types.CallToolResult":
    """One tool's result; an error is a sentence that the model can act on."""
    from mcp import types

    try:
        result = roastery.run_tool(caller.organization, caller.actor, name, arguments).model_dump(mode="json")
    except RoasteryError as error:
        return types.CallToolResult(content=[types.TextContent(type="text", text=error.message)], is_error=True)
    shown = types.TextContent(type="text", text=json.dumps(result, ensure_ascii=False))
    return types.CallToolResult(content=[shown], structured_content=result)
