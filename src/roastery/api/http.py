"""The HTTP service: routers, errors as problem documents, limits on bodies, request metrics."""

import importlib.util
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

import roastery as product
from roastery.api.limits import BodyLimits
from roastery.api.metering import Metering
from roastery.api.problems import MEDIA_TYPE, as_document, problem_document
from roastery.api.routes import ROUTERS
from roastery.api.unpacking import Unpacking
from roastery.warehouse.errors import RoasteryError

if TYPE_CHECKING:
    from roastery.api.app import Roastery

log = structlog.get_logger()

TITLES = {
    401: ("bad-credential", "Who asks is not known"),
    403: ("not-allowed", "Not allowed"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "Method not allowed"),
    413: ("body-too-large", "The body is too large"),
    415: ("unsupported-type", "Unsupported content type"),
}


def create_http_app(roastery: "Roastery") -> FastAPI:
    """A FastAPI application whose every route works on `roastery`."""
    app = FastAPI(
        title="Roastery",
        version=product.__version__,
        description="Conversational marketing analytics whose every number has a receipt.",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.roastery = roastery
    for router in ROUTERS:
        app.include_router(router)
    _include_slack(app)
    app.add_exception_handler(RoasteryError, _known_error)
    app.add_exception_handler(RequestValidationError, _unreadable_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unknown_error)
    app.add_middleware(BodyLimits, imports_bytes=roastery.settings.max_import_mb * 1_000_000)
    app.add_middleware(Unpacking)
    app.add_middleware(Metering)
    from roastery.api.mcp import mount_mcp

    mount_mcp(app, roastery)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start what runs beside requests: whatever put an async context manager into `app.state.beside`."""
    async with AsyncExitStack() as stack:
        for beside in getattr(app.state, "beside", []):
            await stack.enter_async_context(beside())
        yield


def _include_slack(app: FastAPI) -> None:
    if importlib.util.find_spec("roastery.api.slack.routes"):
        from roastery.api.slack.routes import router

        app.include_router(router)


def problem_response(document: dict[str, Any]) -> JSONResponse:
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "2"}}.get(document["status"])
    return JSONResponse(document, document["status"], headers, media_type=MEDIA_TYPE)


async def _known_error(request: Request, error: Exception) -> JSONResponse:
    document = problem_document(error)
    if document["status"] >= 500:
        log.error("request failed", path=request.url.path, error=str(error))
        log.debug("request failed here", exc_info=error)
    return problem_response(document)


async def _unknown_error(request: Request, error: Exception) -> JSONResponse:
    log.error("request failed", path=request.url.path, exc_info=error)
    return problem_response(problem_document(error))


async def _unreadable_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0]), "message": fault["msg"]}
        for fault in error.errors()
    ]
    detail = " ".join(f"{fault['field']}: {fault['message'].rstrip('.')}." for fault in faults[:5])
    if error.errors()[0]["type"] == "json_invalid":
        detail = "The body is not JSON."
    document = as_document(422, "unreadable-request", "The request is not of its form", detail)
    return problem_response({**document, "errors": faults})


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, RoasteryError):
        return problem_response(problem_document(error.__cause__))
    slug, title = TITLES.get(error.status_code, ("http-error", "The request cannot be served"))
    detail = f"{request.method} {request.url.path}: {error.detail}."
    response = problem_response(as_document(error.status_code, slug, title, detail))
    response.headers.update(error.headers or {})
    return response
