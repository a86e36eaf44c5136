"""What twins of REST interfaces share: a shelf of records that can change, and the ways to answer badly."""

import json
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from roastery.evals.twins.answers import Json, cut_off, html_page
from roastery.evals.twins.control import Asked, Control, Fault
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World

Row = dict[str, Any]
DROPS = 20


class Shelf:
    """A provider's records by kind and id; `by` gives a kind in order of a value and the id, kept until it changes."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Row]] = defaultdict(dict)
        self._sorted: dict[tuple[str, str], list[Row]] = {}
        self._lock = threading.RLock()

    def put(self, kind: str, rows: Iterable[Row], identity: str = "id") -> None:
        with self._lock:
            self._rows[kind].update((str(row[identity]), row) for row in rows)
            self._forget(kind)

    def drop(self, kind: str, number: Any) -> Row:
        with self._lock:
            self._forget(kind)
            return self._rows[kind].pop(str(number))

    def get(self, kind: str, number: Any) -> Row | None:
        return self._rows[kind].get(str(number))

    def all(self, kind: str) -> list[Row]:
        return list(self._rows[kind].values())

    def by(self, kind: str, *names: str) -> list[Row]:
        """Rows in ascending order of the named values."""
        key = (kind, " ".join(names))
        with self._lock:
            if key not in self._sorted:
                self._sorted[key] = sorted(self._rows[kind].values(), key=lambda row: [row[name] for name in names])
            return self._sorted[key]

    def _forget(self, kind: str) -> None:
        for key in [key for key in self._sorted if key[0] == kind]:
            del self._sorted[key]


class Refused(Exception):
    """An answer other than the data: a status, a body in the provider's form, headers."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status, self.body, self.headers = status, body, dict(headers or {})


Read = Callable[[Request, Any], Any]


class RestTwin:
    """A provider over REST. Subclasses give routes by `self.route`, the shelf's first state, and their form of errors.

    A test changes `shelf`; `mend` brings the first state and good tokens back.
    """

    provider: ClassVar[str]
    settings: ClassVar[Mapping[str, Any]] = {}
    own_faults: ClassVar[frozenset[Fault]] = frozenset(
        {"throttle", "expire_token", "server_error", "html", "cut_off", "wrong_type", "slow"}
    )

    def __init__(self, control: Control) -> None:
        self.control = control
        self.tokens = self.grant()
        self.routes: list[Route] = []
        self._shelf: Shelf | None = None
        self._served: World | None = None
        self._lock = threading.RLock()

    # What subclasses give.

    def grant(self) -> Tokens:
        return Tokens(self.provider, life=None)

    def secrets(self) -> Mapping[str, str]:
        return {"access_token": self.tokens.access_token}

    def stock(self, shelf: Shelf, world: World) -> None:
        """Fill a new shelf."""
        raise NotImplementedError

    def token_of(self, request: Request) -> str:
        return request.headers.get("authorization", "").removeprefix("Bearer ")

    def error(self, status: int, message: str) -> Any:
        """The body of a refusal."""
        return {"message": message}

    def throttled(self, wait: float) -> Refused:
        return Refused(429, self.error(429, "Too many requests"), {"Retry-After": f"{wait:g}"})

    def headers(self) -> Mapping[str, str]:
        """What every good answer carries."""
        return {}

    # What they have.

    @property
    def shelf(self) -> Shelf:
        with self._lock:
            if self._shelf is None or self._served is not self.control.world:
                self._served = self.control.world
                fresh = Shelf()
                self.stock(fresh, self._served)
                self._shelf = fresh
            return self._shelf

    def mend(self) -> None:
        """The first state again."""
        self._shelf = None

    @property
    def now(self) -> float:
        """The served company's time, in seconds."""
        return self.control.world.clock.now().timestamp()

    def route(self, path: str, read: Callable[[Request, Any], Any], methods: tuple[str, ...] = ("GET",)) -> None:
        """Answer a path by a function of request and parsed body; it raises Refused, or returns JSON or a Response."""

        async def answer(request: Request) -> Response:
            body = await self._body(request)
            return self._answer(request, body, read)

        self.routes.append(Route(path, answer, methods=list(methods)))

    def consent_route(self, path: str, client_id: str) -> None:
        """Where a person gives consent: this one always does, and is sent back with a code."""

        async def answer(request: Request) -> Response:
            asked = request.query_params
            if asked.get("client_id") != client_id or asked.get("code_challenge_method") != "S256":
                return JSONResponse({"error": "invalid_request"}, 400)
            code = self.tokens.consent(asked["code_challenge"], asked["redirect_uri"])
            back = urlencode({"code": code, "state": asked["state"]})
            return RedirectResponse(f"{asked['redirect_uri']}?{back}", 302)

        self.routes.append(Route(path, answer, methods=["GET"]))

    def open_route(self, path: str, read: Read, methods: tuple[str, ...] = ("POST",)) -> None:
        """A path that needs no token, such as the one that gives tokens."""

        async def answer(request: Request) -> Response:
            body = await self._body(request)
            self.control.meet(Asked(self.provider, path))
            try:
                return Json(read(request, body))
            except Refused as refused:
                return JSONResponse(refused.body, refused.status, headers=refused.headers)

        self.routes.append(Route(path, answer, methods=list(methods)))

    async def _body(self, request: Request) -> Any:
        if request.method == "GET":
            return None
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict(await request.form())
        return json.loads(await request.body() or b"{}")

    def _answer(self, request: Request, body: Any, read: Read) -> Response:
        place = request.url.path.removeprefix(request.scope.get("root_path", ""))
        asked = Asked(self.provider, place, body if isinstance(body, dict) else dict(request.query_params))
        fault, wait = self.control.meet(asked) or (None, 0.0)
        if fault == "expire_token":
            self.tokens.expire()
        try:
            if not self.tokens.accepts(self.token_of(request)):
                raise Refused(401, self.error(401, "The access token is not valid."))
            if fault == "throttle":
                raise self.throttled(wait)
            if fault == "server_error":
                raise Refused(500, self.error(500, "Something went wrong on our end."))
            found = read(request, body)
        except Refused as refused:
            return JSONResponse(refused.body, refused.status, headers=refused.headers)
        if fault == "html":
            return html_page()
        good = found if isinstance(found, Response) else Json(found, headers=dict(self.headers()))
        return self._spoilt(good, fault)

    def _spoilt(self, good: Response, fault: str | None) -> Response:
        if fault == "cut_off":
            return cut_off(bytes(good.body))
        if fault == "wrong_type":
            return Response("The service is being upgraded.", media_type="text/plain")
        if fault == "slow":
            return slow_body(bytes(good.body))
        return good


def slow_body(body: bytes, media_type: str = "application/json") -> Response:
    """A body in drops, none of them a whole value."""

    async def drops() -> AsyncIterator[bytes]:
        size = max(1, len(body) // DROPS)
        for start in range(0, len(body), size):
            yield body[start : start + size]

    return StreamingResponse(drops(), media_type=media_type)


def refreshed(tokens: Tokens, form: Mapping[str, Any], client: Mapping[str, str]) -> tuple[str, str]:
    """(access token, refresh token) of a refresh. Errors: Refused as OAuth 2.0 says it."""
    if any(form.get(name) != value for name, value in client.items()):
        raise Refused(401, {"error": "invalid_client"})
    if form.get("grant_type") == "authorization_code":
        told = [str(form.get(name, "")) for name in ("code", "code_verifier", "redirect_uri")]
        if (given := tokens.exchange(*told)) is None:
            raise Refused(400, {"error": "invalid_grant", "error_description": "The code is not valid."})
        return given
    fresh = tokens.refresh(str(form.get("refresh_token", "")))
    if form.get("grant_type") != "refresh_token" or fresh is None:
        raise Refused(400, {"error": "invalid_grant", "error_description": "The refresh token is not valid."})
    return fresh
