"""A twin of Constant Contact's API v3: pages by a path in `_links`, statistics of many campaigns a call, no headers.

A contact that is deleted stays listed with the time at which it was; refresh tokens rotate.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any, ClassVar

import pyarrow as pa
from starlette.requests import Request

from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth
from roastery.evals.twins.email_truth import letters, more_opened
from roastery.evals.twins.kept import PerWorld
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf, refreshed
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World
from roastery.evals.world.company import ZONE

CLIENT = {"client_id": "constant-contact-client-id"}
MOST_TOGETHER = 50
GONE = "gone"
"""The first name by which a customer of the company is known to have been deleted here."""


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _letters(world: World) -> list[Row]:
    rows = [row for row in world.email_performance.to_pylist() if row["kind"] == "campaign"]
    return [{**row, "sent": _iso(datetime.combine(row["report_date"], time(10), ZONE))} for row in rows]


def _contacts(world: World) -> list[Row]:
    rows = [
        {
            "contact_id": f"cc-{row['customer_id']}",
            "email_address": {"address": row["email"],
                              "permission_to_send": "implicit" if row["marketing_consent"] else "unsubscribed",
                              "created_at": _iso(row["created_at"]), "updated_at": _iso(row["updated_at"])},
            "first_name": row["first_name"],
            "last_name": row["last_name"],
            "created_at": _iso(row["created_at"]),
            "updated_at": _iso(row["updated_at"]),
            **({"deleted_at": _iso(row["updated_at"])} if row["first_name"] == GONE else {}),
            "phone_numbers": [{"phone_number": row["phone"], "kind": "mobile"}] if row["phone"] else [],
            "street_addresses": [{"kind": "home", "street": "1 Main St", "country": row["country"]}],
        }
        for row in world.customers.to_pylist()
        if row["email"]
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["updated_at"], row["contact_id"]))


_LETTERS, _CONTACTS = PerWorld(_letters), PerWorld(_contacts)


def one_deleted(world: World) -> World:
    """A contact is deleted now."""
    rows = world.customers.to_pylist()
    rows[3] |= {"first_name": GONE, "updated_at": world.now}
    return replace(world, customers=pa.Table.from_pylist(rows, world.customers.schema))


class ConstantContactTwin(RestTwin):
    """One account behind one OAuth grant."""

    provider: ClassVar[str] = "constant_contact"
    settings: ClassVar[Mapping[str, Any]] = {"requests_per_second": 5000, "requests_per_day": 1_000_000}

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.open_route("/token", self._token)
        self.route("/v3/account/summary", self._account)
        self.route("/v3/emails", self._emails)
        self.route("/v3/contacts", self._list_contacts)
        self.route("/v3/reports/summary_reports/email_campaign_summaries", self._summaries)
        self.route("/v3/reports/stats/email_campaigns/{ids}", self._stats)

    def grant(self) -> Tokens:
        return Tokens("constant-contact", life=86_400.0, rotates=True)

    def secrets(self) -> dict[str, str]:
        return {"access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token, **CLIENT}

    def stock(self, shelf: Shelf, world: World) -> None:
        """Nothing is kept on the shelf: everything is the company's own."""

    def error(self, status: int, message: str) -> Any:
        key = {401: "unauthorized", 429: "throttled", 400: "contacts.api.validation.error"}.get(status, "error")
        return [{"error_key": key, "error_message": message}]

    def throttled(self, wait: float) -> Refused:
        return Refused(429, self.error(429, "You have exceeded the number of requests per second."))

    def _token(self, request: Request, form: Any) -> Row:
        access, refresh = refreshed(self.tokens, form or {}, CLIENT)
        return {"access_token": access, "refresh_token": refresh, "expires_in": 86_400, "token_type": "Bearer",
                "scope": "contact_data campaign_data account_read offline_access"}  # fmt: skip

    def _account(self, request: Request, body: Any) -> Row:
        return {"encoded_account_id": "p07e1l85tr001", "organization_name": "Larkspur Coffee", "country_code": "US",
                "contact_email": "owner@larkspurcoffee.example", "time_zone_id": str(ZONE)}  # fmt: skip

    def _paged(self, request: Request, name: str, rows: list[Row]) -> Row:
        query = request.query_params
        limit, start = int(query.get("limit", 50)), int(query.get("cursor", 0))
        if not 1 <= limit <= 500:
            raise Refused(400, self.error(400, "limit must be between 1 and 500"))
        page: Row = {name: rows[start : start + limit]}
        if start + limit < len(rows):
            place = request.url.path[request.url.path.index("/v3/") :]
            told = "&".join(f"{k}={v}" for k, v in query.items() if k != "cursor")
            page["_links"] = {"next": {"href": f"{place}?{told}&cursor={start + limit}"}}
        return page

    def _emails(self, request: Request, body: Any) -> Row:
        rows = [
            {"campaign_id": row["campaign_id"], "created_at": row["sent"], "current_status": "Done",
             "name": row["campaign_name"], "type": "NEWSLETTER", "type_code": 10, "updated_at": row["sent"]}
            for row in _LETTERS(self.control.world)
        ]  # fmt: skip
        return self._paged(request, "campaigns", rows)

    def _summaries(self, request: Request, body: Any) -> Row:
        rows = [
            {
                "campaign_id": row["campaign_id"],
                "campaign_type": "NEWSLETTER",
                "last_sent_date": row["sent"],
                "unique_counts": {"sends": row["sends"], "opens": row["unique_opens"], "clicks": row["unique_clicks"],
                                  "forwards": 0, "optouts": row["unsubscribes"], "abuse": 0, "bounces": row["bounces"],
                                  "not_opened": row["deliveries"] - row["unique_opens"]},
            }
            for row in _LETTERS(self.control.world)
        ]  # fmt: skip
        return self._paged(request, "bulk_email_campaign_summaries", rows)

    def _stats(self, request: Request, body: Any) -> Row:
        asked = request.path_params["ids"].split(",")
        if len(asked) > MOST_TOGETHER:
            raise Refused(400, self.error(400, "too many campaign ids"))
        rows = {row["campaign_id"]: row for row in _LETTERS(self.control.world)}
        results = [
            {"campaign_id": key, "stats": {"em_sends": row["sends"], "em_opens": row["unique_opens"],
                                           "em_opens_all": row["opens"], "em_clicks": row["unique_clicks"],
                                           "em_clicks_all": row["clicks"], "em_bounces": row["bounces"],
                                           "em_optouts": row["unsubscribes"], "em_abuse": 0, "em_forwards": 0,
                                           "em_not_opened": row["deliveries"] - row["unique_opens"]},
             "last_refresh_time": "2026-11-02T14:00:00Z"}
            for key in asked if (row := rows.get(key))
        ]  # fmt: skip
        return {"results": results, "errors": []}

    def _list_contacts(self, request: Request, body: Any) -> Row:
        rows = _CONTACTS(self.control.world)
        if since := request.query_params.get("updated_after"):
            rows = [row for row in rows if row["updated_at"] > since]
        if request.query_params.get("status") != "all":
            rows = [row for row in rows if "deleted_at" not in row]
        return self._paged(request, "contacts", rows)


CUSTOMERS = f"""
SELECT 'constant_contact:cc-' || customer_id AS customer_id, email, phone, first_name, last_name, country,
       marketing_consent, date_trunc('second', created_at) AS first_seen_at
FROM customers WHERE email IS NOT NULL AND first_name <> '{GONE}'
"""  # noqa: S608 (the names are ours)

DECLARATION = Declaration(
    provider="constant_contact",
    truth=(
        letters("constant_contact", "sends, deliveries, opens, unique_opens, clicks, unique_clicks, bounces, "
                                    "unsubscribes"),
        Truth("customers", CUSTOMERS),
    ),
    quick={"page_size": 60, "campaigns_per_call": 20},
    restate=more_opened(30),
    delete=one_deleted,
    day=Drift("last_sent_date", "email_performance", "report_date"),
    drift=Drift("sends", "email_performance", "sends"),
)  # fmt: skip
