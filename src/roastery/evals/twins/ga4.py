"""A twin of Google Analytics' Data API v1beta: the storefront's consented sessions, added up by the property's days.

Values are positional text; empty rows are dropped; a small day is subject to thresholds; tokens of the hour are told.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar

import duckdb
import pyarrow as pa
from starlette.requests import Request

from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth
from roastery.evals.twins.kept import PerWorld
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf, refreshed
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World
from roastery.evals.world.company import ZONE

PROPERTY = "318204756"
CLIENT = {"client_id": "ga4-client-id", "client_secret": "ga4-client-secret"}
DIMENSIONS = ("date", "sessionSource", "sessionMedium", "sessionCampaignName", "landingPage")
METRICS = ("sessions", "totalUsers", "keyEvents", "transactions", "purchaseRevenue", "totalRevenue", "newUsers")
FILTERED_DAYS = 3

# Google sees who has consented only. A session's source is its first hit's; its sales are taken at a flat value.
SESSIONS = f"""
WITH seen AS (
    SELECT *, row_number() OVER (PARTITION BY session_id ORDER BY occurred_at, event_id) AS hit
    FROM web_events WHERE consent = 'granted'),
sessions AS (
    SELECT session_id, any_value(anonymous_id) AS visitor,
           (min(occurred_at) AT TIME ZONE '{ZONE}')::DATE AS report_date,
           coalesce(max(utm_source) FILTER (hit = 1),
                    max(nullif(regexp_extract(referrer, '//(?:www\\.)?([^/]+)', 1), '')) FILTER (hit = 1), '(direct)')
               AS source,
           coalesce(max(utm_medium) FILTER (hit = 1),
                    max(CASE WHEN referrer <> '' THEN 'referral' END) FILTER (hit = 1), '(none)') AS medium,
           coalesce(max(utm_campaign) FILTER (hit = 1), '(not set)') AS campaign,
           coalesce(max(page) FILTER (hit = 1), '(not set)') AS landing_page,
           count(*) FILTER (kind IN ('purchase', 'form_submission')) AS key_events,
           count(*) FILTER (kind = 'purchase') AS transactions
    FROM seen GROUP BY session_id)
SELECT report_date, 'ga4:{PROPERTY}' AS property_id, source, medium, campaign, landing_page,
       count(*) AS sessions, count(DISTINCT visitor) AS users, sum(key_events)::BIGINT AS key_events,
       sum(transactions)::BIGINT AS transactions, (sum(transactions) * 61.37)::DECIMAL(18,2) AS revenue,
       'USD' AS currency, '{ZONE}' AS time_zone
FROM sessions GROUP BY ALL ORDER BY ALL
"""  # noqa: S608 (the names are ours)


def _sessions(world: World) -> pa.Table:
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("web_events", world.web_events)
        return database.sql(SESSIONS).to_arrow_table()


_KEPT = PerWorld(_sessions)
_ROWS = PerWorld(lambda world: _KEPT(world).to_pylist())


def bots_filtered(world: World) -> World:
    """Google takes some of the last days' sessions for bots after all."""
    since = world.clock.today(str(ZONE)) - timedelta(days=FILTERED_DAYS)
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("web_events", world.web_events)
        sql = f"""SELECT * FROM web_events
            WHERE occurred_at < TIMESTAMPTZ '{since} 00:00:00+00' OR hash(session_id) % 3 <> 0"""  # noqa: S608
        return replace(world, web_events=database.sql(sql).to_arrow_table().cast(world.web_events.schema))


class Ga4Twin(RestTwin):
    """One property behind one OAuth grant."""

    provider: ClassVar[str] = "ga4"
    settings: ClassVar[Mapping[str, Any]] = {"property_id": PROPERTY, "slice_days": 31, "history_months": 28}

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.tokens_left = 40_000
        self.open_route("/token", self._token)
        self.route("/v1beta/properties/{number}:runReport", self._report, methods=("POST",))

    def grant(self) -> Tokens:
        return Tokens("ga4")

    def secrets(self) -> dict[str, str]:
        return {"access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token, **CLIENT}

    def stock(self, shelf: Shelf, world: World) -> None:
        """Nothing is kept on the shelf: reports are made of the company's events."""

    def error(self, status: int, message: str) -> Any:
        named = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED", 400: "INVALID_ARGUMENT"}
        return {"error": {"code": status, "message": message, "status": named.get(status, "INTERNAL")}}

    def throttled(self, wait: float) -> Refused:
        said = "Exhausted property tokens for a project per hour. These quota tokens will return in under an hour."
        return Refused(429, self.error(429, said))

    def _token(self, request: Request, form: Any) -> Row:
        access, _ = refreshed(self.tokens, form or {}, CLIENT)
        return {"access_token": access, "expires_in": 3599, "token_type": "Bearer"}

    def _report(self, request: Request, body: Any) -> Row:
        if request.path_params["number"] != PROPERTY:
            raise Refused(403, self.error(403, "User does not have sufficient permissions for this property."))
        dimensions = [entry["name"] for entry in body["dimensions"]]
        metrics = [entry["name"] for entry in body["metrics"]]
        if unknown := [n for n in dimensions if n not in DIMENSIONS] + [n for n in metrics if n not in METRICS]:
            raise Refused(400, self.error(400, f"Field {unknown[0]} is not a valid dimension or metric."))
        during = body["dateRanges"][0]
        first, last = date.fromisoformat(during["startDate"]), date.fromisoformat(during["endDate"])
        rows = [row for row in _ROWS(self.control.world) if first <= row["report_date"] <= last]
        offset, limit = int(body.get("offset", 0)), int(body.get("limit", 10_000))
        page = rows[offset : offset + limit]
        quota = {"consumed": 12, "remaining": self.tokens_left}
        return {
            "dimensionHeaders": [{"name": name} for name in dimensions],
            "metricHeaders": [{"name": name, "type": METRIC_TYPES.get(name, "TYPE_INTEGER")} for name in metrics],
            **({"rows": [_shown(row, dimensions, metrics) for row in page]} if page else {}),
            "rowCount": len(rows),
            "metadata": {"currencyCode": "USD", "timeZone": str(ZONE),
                         **({"subjectToThresholding": True} if 0 < len(rows) < 40 else {})},
            "propertyQuota": {"tokensPerHour": quota, "tokensPerDay": quota},
            "kind": "analyticsData#runReport",
        }  # fmt: skip


METRIC_TYPES = {"purchaseRevenue": "TYPE_CURRENCY", "totalRevenue": "TYPE_CURRENCY"}
COLUMNS = {"sessionSource": "source", "sessionMedium": "medium", "sessionCampaignName": "campaign",
           "landingPage": "landing_page", "totalUsers": "users", "newUsers": "users", "keyEvents": "key_events",
           "purchaseRevenue": "revenue", "totalRevenue": "revenue"}  # fmt: skip


def _shown(row: Row, dimensions: list[str], metrics: list[str]) -> Row:
    def cell(name: str) -> Row:
        value = f"{row['report_date']:%Y%m%d}" if name == "date" else row[COLUMNS.get(name, name)]
        return {"value": str(value)}

    return {"dimensionValues": [cell(name) for name in dimensions], "metricValues": [cell(name) for name in metrics]}


DECLARATION = Declaration(
    provider="ga4",
    truth=(Truth("web_performance", "SELECT * FROM ga4_sessions", day="report_date"),),
    tables=lambda world: {"ga4_sessions": _KEPT(world)},
    quick={"history_months": 2, "slice_days": 7, "page_rows": 20},
    quick_since=date(2026, 9, 2),
    restate=bots_filtered,
    because="Google Analytics deletes nothing from its reports.",
    day=Drift("dimensionValues", "web_performance", "report_date"),
    drift=Drift("metricValues", "web_performance", "sessions", retyped_fails=True),
)
