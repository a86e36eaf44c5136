"""A twin of the Google Ads API v26: searchStream over GAQL, its OAuth token endpoint, and its ways to refuse.

Rows whose metrics are all zero are not sent; removed campaigns keep their spend; Performance Max has no ads; micros and
counts are text, conversions are doubles; names are today's.
"""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any, ClassVar

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from roastery.evals.twins import gaql
from roastery.evals.twins.ad_truth import campaign_removed, campaigns, performance, platform_tables
from roastery.evals.twins.answers import html_page
from roastery.evals.twins.control import Asked, Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth, platforms_restate
from roastery.evals.twins.google_rows import RESOURCES, TABLES, FlatRow
from roastery.evals.twins.kept import PerWorld
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world.company import GOOGLE_ACCOUNT

VERSION = "v26"
DEVELOPER_TOKEN = "google-developer-token"
CLIENT = {"client_id": "google-client-id", "client_secret": "google-client-secret"}
CHUNK_ROWS = 2000
FAILURE = f"type.googleapis.com/google.ads.googleads.{VERSION}.errors.GoogleAdsFailure"


class Refused(Exception):
    """An error in Google's form."""

    def __init__(self, status: int, name: str, message: str, details: list[Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        error = {"code": status, "message": message, "status": name, "details": details or []}
        self.body = [{"error": error}]


def _failure(kind: str, code: str, message: str, details: Any = None) -> list[Any]:
    entry = {"errorCode": {kind: code}, "message": message, **({"details": details} if details else {})}
    return [{"@type": FAILURE, "errors": [entry], "requestId": "twin-request"}]


class GoogleTwin:
    """One customer behind one OAuth grant."""

    provider: ClassVar[str] = "google_ads"
    settings: ClassVar[Mapping[str, Any]] = {"customer_id": GOOGLE_ACCOUNT, "history_months": 28, "slice_days": 31}
    """Larger slices and pages than a real account would bear, since this server answers at once."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.tokens = Tokens("google")
        self.routes = [
            Route("/token", self._token, methods=["POST"]),
            Route(f"/{VERSION}/customers/{{customer}}/googleAds:searchStream", self._stream, methods=["POST"]),
            Route(f"/{VERSION}/customers/{{customer}}/googleAds:search", self._search, methods=["POST"]),
        ]

    def secrets(self) -> dict[str, str]:
        grant = {"access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token}
        return {**grant, **CLIENT, "developer_token": DEVELOPER_TOKEN}

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        self.control.meet(Asked("google_ads", "token"))
        if any(form.get(name) != value for name, value in CLIENT.items()):
            return JSONResponse({"error": "invalid_client", "error_description": "Unauthorized"}, 401)
        fresh = self.tokens.refresh(str(form.get("refresh_token", "")))
        if form.get("grant_type") != "refresh_token" or fresh is None:
            said = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            return JSONResponse(said, 400)
        scope = "https://www.googleapis.com/auth/adwords"
        return JSONResponse({"access_token": fresh[0], "expires_in": 3599, "scope": scope, "token_type": "Bearer"})

    async def _stream(self, request: Request) -> Response:
        try:
            query, rows, fault = await self._run(request)
        except Refused as refused:
            return JSONResponse(refused.body, refused.status)
        if fault == "html":
            return html_page()
        return StreamingResponse(self._chunks(query, rows, fault == "cut_off"), media_type="application/json")

    async def _search(self, request: Request) -> Response:
        try:
            query, rows, fault = await self._run(request)
        except Refused as refused:
            return JSONResponse(refused.body[0], refused.status)
        if fault == "html":
            return html_page()
        return JSONResponse({"results": rows, "fieldMask": _mask(query)})

    async def _chunks(self, query: gaql.Query, rows: list[Any], breaks: bool) -> AsyncIterator[bytes]:
        """A JSON array of chunks, one at a time; a broken one ends within a chunk."""
        parts = [rows[n : n + CHUNK_ROWS] for n in range(0, len(rows), CHUNK_ROWS)]
        for number, part in enumerate(parts):
            chunk = {"results": part, "fieldMask": _mask(query), "requestId": "twin-request"}
            text = (b"[" if number == 0 else b",\n") + orjson.dumps(chunk)
            if breaks and number == len(parts) - 1:
                yield text[: len(text) // 2]
                raise ConnectionResetError("the twin was told to break this stream")
            yield text
        yield b"]" if parts else b"[]"

    async def _run(self, request: Request) -> tuple[gaql.Query, list[Any], str | None]:
        body = json.loads(await request.body() or b"{}")
        try:
            query = gaql.parse(str(body.get("query", "")))
        except gaql.BadQuery as bad:
            raise self._bad(bad) from None
        asked = Asked("google_ads", query.resource, body)
        fault, wait = self.control.meet(asked) or (None, 0.0)
        self._check(request, fault, wait)
        if "pageSize" in body or "page_size" in body:
            details = _failure("requestError", "PAGE_SIZE_NOT_SUPPORTED", "Setting the page size is not supported.")
            raise Refused(400, "INVALID_ARGUMENT", "Request contains an invalid argument.", details)
        try:
            rows = self._select(query)
        except gaql.BadQuery as bad:
            raise self._bad(bad) from None
        return query, rows, fault

    def _bad(self, bad: gaql.BadQuery) -> Refused:
        details = _failure("queryError", bad.code, str(bad))
        return Refused(400, "INVALID_ARGUMENT", "Request contains an invalid argument.", details)

    def _check(self, request: Request, fault: str | None, wait: float) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if fault == "expire_token":
            self.tokens.expire()
        if not self.tokens.accepts(token):
            said = "Request had invalid authentication credentials. Expected OAuth 2 access token."
            reason = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_EXPIRED"}]
            raise Refused(401, "UNAUTHENTICATED", said, reason)
        if request.headers.get("developer-token") != DEVELOPER_TOKEN:
            details = _failure("authenticationError", "DEVELOPER_TOKEN_INVALID", "The developer token is not valid.")
            raise Refused(401, "UNAUTHENTICATED", "Request is missing a valid developer token.", details)
        if request.path_params["customer"] != GOOGLE_ACCOUNT:
            details = _failure(
                "authorizationError", "USER_PERMISSION_DENIED", "User doesn't have permission to access customer."
            )
            raise Refused(403, "PERMISSION_DENIED", "The caller does not have permission", details)
        if fault == "throttle":
            hint = {"quotaErrorDetails": {"rateScope": "DEVELOPER", "rateName": "Number of operations",
                                          "retryDelay": f"{wait:g}s"}}  # fmt: skip
            details = _failure(
                "quotaError", "RESOURCE_EXHAUSTED", f"Too many requests. Retry in {wait:g} seconds.", hint
            )
            raise Refused(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).", details)
        if fault == "server_error":
            details = _failure("internalError", "TRANSIENT_ERROR", "A transient internal error occurred.")
            raise Refused(500, "INTERNAL", "Internal error encountered.", details)

    def _select(self, query: gaql.Query) -> list[Any]:
        if query.resource not in RESOURCES:
            raise gaql.BadQuery("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", f"'{query.resource}' is not a valid resource name.")
        for name in sorted(query.named):
            if name not in RESOURCES[query.resource]:
                raise gaql.BadQuery("UNRECOGNIZED_FIELD", f"Unrecognized field in the query: '{name}'.")
        metrics = [name for name in query.fields if name.startswith("metrics.")]
        source = self._rows(query.resource, bool(metrics) or "segments.date" in query.named)
        if source and "segments.date" not in query.named and metrics:
            raise gaql.BadQuery("UNEXPECTED_INPUT", "The twin sums no days: ask for segments.date.")
        kept = gaql.select(query, source)
        if metrics:
            kept = [row for row in kept if any(float(row[name]) for name in metrics if row.get(name) is not None)]
        shown = [*query.fields, *(f"{name}.resource_name" for name in {f.rpartition(".")[0] for f in query.fields})]
        return list(gaql.nested(kept, shown))

    def _rows(self, resource: str, by_day: bool) -> list[FlatRow]:
        return _KEPT[resource, by_day](self.control.world)


_KEPT = {key: PerWorld(build) for key, build in TABLES.items()}


def _mask(query: gaql.Query) -> str:
    return ",".join(".".join(gaql.camel(p) for p in name.split(".")) for name in query.fields)


DECLARATION = Declaration(
    provider="google_ads",
    truth=(
        performance(),
        campaigns("paid_search"),
        Truth(
            "keyword_performance",
            "SELECT * REPLACE (lower(match_type) AS match_type) FROM keyword_days",
            day="report_date",
        ),
    ),
    tables=lambda world: {"keyword_days": world.keyword_days, **platform_tables("google_ads")(world)},
    quick={"history_months": 1, "slice_days": 7},
    quick_since=date(2026, 10, 3),
    restate=platforms_restate,
    delete=campaign_removed("google_ads"),
    day=Drift("date", "ad_performance", "report_date"),
    drift=Drift("costMicros", "ad_performance", "spend"),
)
