"""A twin of Meta's Marketing API v26.0: insights by day and level, the entities, and its ways to refuse.

Figures are strings; what is zero is mostly left out; one sale stands under several action types. A row bears the
name that its campaign had on its day, which is how names of the past can be known.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, ClassVar

import pyarrow.compute as pc
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from roastery.evals.twins.ad_truth import campaigns, first_ad_deleted, performance, platform_tables
from roastery.evals.twins.answers import Json, cut_off, html_page
from roastery.evals.twins.control import Asked, Control
from roastery.evals.twins.declaration import Declaration, Drift, platforms_restate
from roastery.evals.twins.kept import PerWorld
from roastery.evals.twins.meta_rows import ADDED, COLUMN, ENTITIES, Row, insight
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World
from roastery.evals.world.company import CURRENCY, META_ACCOUNT, META_ZONE

VERSION = "v26.0"
BUSINESS = "77120034"
APP_SECRET = "meta-app-secret"
DEFAULT_LIMIT = 25
HISTORY_MONTHS = 37
FIELDS = frozenset(
    {"account_currency", "account_id", "account_name", "action_values", "actions", "ad_id", "ad_name", "adset_id",
     "adset_name", "attribution_setting", "campaign_id", "campaign_name", "clicks", "cpc", "cpm", "ctr", "date_start",
     "date_stop", "frequency", "impressions", "inline_link_clicks", "inline_post_engagement", "objective", "reach",
     "spend", "video_play_actions"}
)  # fmt: skip
LEVELS = {"account": (), "campaign": ("campaign_id",), "adset": ("campaign_id", "adset_id"),
          "ad": ("campaign_id", "adset_id", "ad_id")}  # fmt: skip
WINDOWS = ("1d_click", "7d_click", "28d_click", "1d_view", "1d_ev")


class Refused(Exception):
    """An error in Meta's form."""

    def __init__(self, code: int, message: str, status: int = 400, subcode: int | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        kind = "OAuthException"
        self.body = {"error": {"message": message, "type": kind, "code": code, "fbtrace_id": "AtwinTrace", **more}}
        if subcode is not None:
            self.body["error"]["error_subcode"] = subcode


class MetaTwin:
    """One ad account behind one token."""

    provider: ClassVar[str] = "meta_ads"
    settings: ClassVar[Mapping[str, Any]] = {"account_id": META_ACCOUNT, "slice_days": 28}
    """Larger slices and pages than a real account would bear, since this server answers at once."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.tokens = Tokens("meta", life=None)
        self.app_secret = APP_SECRET
        self._grouped_as: tuple[World | None, tuple[Any, ...], list[Row]] = (None, (), [])
        """What was asked last, and its rows: its next pages are asked for next."""
        self.routes = [
            Route(f"/{VERSION}/act_{{account}}", self._answer),
            Route(f"/{VERSION}/act_{{account}}/{{edge}}", self._answer),
            Route("/{version}/{rest:path}", self._answer),
        ]

    def secrets(self) -> dict[str, str]:
        return {"access_token": self.tokens.access_token, "app_secret": self.app_secret}

    # One request.

    async def _answer(self, request: Request) -> Response:
        edge = request.path_params.get("edge", "account")
        level = f" level={request.query_params['level']}" if "level" in request.query_params else ""
        asked = Asked("meta_ads", f"{edge}{level}", dict(request.query_params))
        met = self.control.meet(asked)
        fault, wait = met or (None, 0.0)
        try:
            self._check(request, fault, wait)
            if fault == "html":
                return html_page()
            body = self._read(request, edge)
        except Refused as refused:
            headers = self._usage(wait if fault == "throttle" else 0.0, 100 if fault == "throttle" else 1)
            return JSONResponse(refused.body, refused.status, headers=headers)
        if fault == "cut_off":
            return cut_off(json.dumps(body).encode())
        return Json(body, headers=self._usage(0, 1))

    def _check(self, request: Request, fault: str | None, wait: float) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or request.query_params.get(
            "access_token", ""
        )
        if fault == "expire_token":
            self.tokens.expire()
        if not self.tokens.accepts(token):
            raise Refused(190, "Error validating access token: Session has expired.", 400, 463)
        proof = request.query_params.get("appsecret_proof")
        if proof and proof != hmac.new(self.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest():
            raise Refused(100, "Invalid appsecret_proof provided in the API argument")
        if f"/{VERSION}/" not in request.url.path:
            raise Refused(2635, "(#2635) You are calling a deprecated version of the Ads API.")
        if fault == "throttle":
            raise Refused(17, "(#17) User request limit reached", 400, 2446079, is_transient=True)
        if fault == "server_error":
            raise Refused(
                2, "An unexpected error has occurred. Please retry your request later.", 500, is_transient=True
            )
        if fault == "too_much_data":
            raise Refused(1, "Please reduce the amount of data you're asking for, then retry your request", 500)

    def _usage(self, wait: float, used: int) -> dict[str, str]:
        """The business-use-case header; the wait is in minutes, whole ones as Meta gives them."""
        entry = {
            "type": "ads_insights",
            "call_count": used,
            "total_cputime": used,
            "total_time": used,
            "estimated_time_to_regain_access": int(wait // 60),
            "ads_api_access_tier": "standard_access",
        }
        return {"X-Business-Use-Case-Usage": json.dumps({BUSINESS: [entry]})}

    def _read(self, request: Request, edge: str) -> Row:
        if request.path_params.get("account") != META_ACCOUNT:
            raise Refused(100, "Unsupported get request. Object does not exist or cannot be loaded.", 400, 33)
        query = request.query_params
        if edge == "account":
            return _only(self._account(), query.get("fields", "id"))
        if edge == "insights":
            return self._insights(request)
        if edge not in ENTITIES:
            raise Refused(2500, f"Unknown path components: /{edge}", 400)
        return self._edge(request, edge)

    def _account(self) -> Row:
        return {
            "id": f"act_{META_ACCOUNT}",
            "account_id": META_ACCOUNT,
            "name": "Larkspur Coffee",
            "currency": CURRENCY,
            "timezone_name": META_ZONE,
            "account_status": 1,
            "created_time": "2024-08-01T09:00:00-0500",
        }

    # Entities.

    def _edge(self, request: Request, edge: str) -> Row:
        query = request.query_params
        wanted = query.get("effective_status")
        # Without a filter, archived and deleted ones are left out.
        statuses = set(json.loads(wanted)) if wanted else {"ACTIVE", "PAUSED", "IN_PROCESS", "WITH_ISSUES"}
        found = [row for row in _ENTITIES(self.control.world)[edge] if row["effective_status"] in statuses]
        return _page(request, [_only(row, query.get("fields", "id")) for row in found])

    # Insights.

    def _insights(self, request: Request) -> Row:
        query = request.query_params
        level = query.get("level", "account")
        if level not in LEVELS:
            raise Refused(100, f"(#100) level must be one of {', '.join(LEVELS)}")
        fields = query.get("fields", "impressions,spend").split(",")
        for name in fields:
            if name not in FIELDS:
                raise Refused(100, f"(#100) {name} is not valid for fields param.")
        since, until = self._range(query)
        windows = json.loads(query.get("action_attribution_windows", "[]"))
        for window in windows:
            if window not in WINDOWS:
                raise Refused(100, f"(#100) {window} is not a valid attribution window.")
        rows = self._grouped(level, since, until, query.get("time_increment", "all_days"))
        return _page(request, rows, lambda row: insight(row, level, fields, windows))

    def _range(self, query: Mapping[str, str]) -> tuple[date, date]:
        asked = query.get("time_range")
        if not asked:
            raise Refused(100, "(#100) The twin needs a time_range.")
        parts = json.loads(asked)
        since, until = date.fromisoformat(parts["since"]), date.fromisoformat(parts["until"])
        today = self.control.world.clock.today(META_ZONE)
        limit = today.year * 12 + today.month - HISTORY_MONTHS
        if since.year * 12 + since.month < limit or (since.year * 12 + since.month == limit and since.day < today.day):
            raise Refused(
                3018, "(#3018) The start date of the time range cannot be beyond 37 months from the current date"
            )
        if since > until:
            raise Refused(100, "(#100) since must not be after until")
        return since, until

    def _grouped(self, level: str, since: date, until: date, increment: str) -> list[Row]:
        """Rows of a level by day, or over the whole range; ads that are gone count for their campaign only."""
        world, asked = self.control.world, (level, since, until, increment)
        if self._grouped_as[0] is not world or self._grouped_as[1] != asked:
            self._grouped_as = (world, asked, self._groups(_DAYS(world), *asked))
        return self._grouped_as[2]

    def _groups(
        self, by_date: Mapping[date, list[Row]], level: str, since: date, until: date, increment: str
    ) -> list[Row]:
        days = [day for day in sorted(by_date) if since <= day <= until]
        groups: dict[tuple[Any, ...], Row] = {}
        by_day = increment == "1"
        for day in days:
            for row in by_date[day]:
                if level in ("ad", "adset") and not row["ad_id"]:
                    continue
                key = (day if by_day else None, *(row[COLUMN[name]] for name in LEVELS[level]))
                known = groups.get(key)
                if known is None:
                    first, last = (day, day) if by_day else (since, until)
                    groups[key] = {**row, "date_start": first, "date_stop": last}
                else:
                    for name in ADDED:
                        known[name] += row[name]
        return list(groups.values())


def _only(row: Row, fields: str) -> Row:
    wanted = [*fields.split(","), "id"]
    return {name: value for name, value in row.items() if name in wanted and value is not None}


def _page(request: Request, rows: list[Row], show: Callable[[Row], Row] = lambda row: row) -> Row:
    """A page by opaque cursor, its rows as `show` makes them; `next` only where there is more."""
    limit = int(request.query_params.get("limit", DEFAULT_LIMIT))
    after = request.query_params.get("after")
    start = int(urlsafe_b64decode(after)) if after else 0
    page = rows[start : start + limit]
    if not page:
        return {"data": []}
    end = start + len(page)
    cursors = {"before": _cursor(start), "after": _cursor(end)}
    paging: Row = {"cursors": cursors}
    if end < len(rows):
        paging["next"] = str(request.url.include_query_params(after=cursors["after"]))
    return {"data": [show(row) for row in page], "paging": paging}


def _cursor(position: int) -> str:
    return urlsafe_b64encode(str(position).encode()).decode()


def _by_date(world: World) -> dict[date, list[Row]]:
    rows: dict[date, list[Row]] = defaultdict(list)
    for row in world.ad_days.filter(pc.equal(world.ad_days["platform"], "meta_ads")).to_pylist():
        rows[row["report_date"]].append(row)
    return dict(rows)


_DAYS = PerWorld(_by_date)
_ENTITIES = PerWorld(lambda world: {name: build(world) for name, build in ENTITIES.items()})


DECLARATION = Declaration(
    provider="meta_ads",
    truth=(performance(), campaigns("paid_social")),
    tables=platform_tables("meta_ads"),
    quick={"history_months": 1, "slice_days": 7, "page_limit": 100},
    quick_since=date(2026, 10, 3),
    restate=platforms_restate,
    delete=first_ad_deleted("meta_ads"),
    day=Drift("date_start", "ad_performance", "report_date"),
    drift=Drift("spend", "ad_performance", "spend"),
)
