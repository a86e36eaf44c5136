"""Reading Salesforce: by change over REST, long histories by Bulk 2.0, without fields that an organization lacks."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from urllib.parse import quote

from roastery.connectors.access import Access, listed, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.changes import Ask, Reading, changed_records
from roastery.connectors.errors import AbortSync, RetryLater, SkipResource, Throttled
from roastery.connectors.http import Credentials, Reply
from roastery.connectors.oauth import FixedToken, Grant, HeaderStyle, OAuthToken
from roastery.connectors.renaming import Renaming
from roastery.connectors.reports import DAY
from roastery.connectors.sources.salesforce.fills import FILLS
from roastery.connectors.throttle import Rate

TITLE = "Salesforce"
LIMIT_WAIT_SECONDS = 3600.0
POLLS = 720
POLL_SECONDS = 5.0

OBJECTS: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "accounts": ("Account", ("Name", "Industry", "Type", "BillingCountry", "CreatedDate"), ()),
    "contacts": (
        "Contact",
        ("AccountId", "Email", "Phone", "FirstName", "LastName", "MailingCountry", "CreatedDate"),
        ("HasOptedOutOfEmail",),
    ),
    "leads": (
        "Lead",
        (
            *("Email", "Phone", "FirstName", "LastName", "Country", "LeadSource", "Status", "CreatedDate"),
            *("IsConverted", "ConvertedDate", "ConvertedContactId", "ConvertedOpportunityId"),
        ),
        ("HasOptedOutOfEmail",),
    ),
    "campaigns": (
        "Campaign",
        ("Name", "Type", "Status", "StartDate", "EndDate", "BudgetedCost", "ActualCost"),
        ("CurrencyIsoCode",),
    ),
    "opportunities": (
        "Opportunity",
        (
            *("Name", "Amount", "StageName", "IsWon", "IsClosed", "CloseDate", "CreatedDate", "Type", "LeadSource"),
            *("AccountId", "CampaignId", "Owner.Name", "Probability", "ForecastCategoryName"),
        ),
        ("CurrencyIsoCode", "ContactId", "RecordType.Name"),
    ),
    "opportunity_history": ("OpportunityHistory", ("OpportunityId", "StageName", "CreatedDate"), ()),
    "quotes": (
        "Quote",
        ("OpportunityId", "Status", "GrandTotal", "CreatedDate", "LastModifiedDate"),
        ("CurrencyIsoCode",),
    ),
}
"""Per resource: the object, the fields that every organization has, and those that some do not have."""


class Salesforce:
    """One Salesforce organization."""

    provider: ClassVar[str] = "salesforce"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://{instance}.my.salesforce.com"
    required_settings: ClassVar[tuple[str, ...]] = ("instance",)
    required_secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    optional_settings: ClassVar[Mapping[str, str]] = {
        "api_version": "Version of the API; 67.0.",
        "campaign_id_field": "The field of leads and opportunities that holds the ad campaign's id, such as utm_id__c.",
        "score_field": "The field of leads that holds their score.",
        "segment_field": "The field of accounts that holds their segment; Industry.",
        "order_id_field": "The field of opportunities that holds the order's id in another system.",
        "field_names": "Where another field is used than the standard one: Amount=Net_Amount__c.",
        "lead_stages": "An object from lead statuses to new, contacted, qualified, customer or lost.",
        "renewal_types": "Types or record types of opportunities that are renewals, with commas between; none.",
        "bulk_from": "From how many records on a history is read by Bulk 2.0; 50000.",
        "bulk_page": "Records a page of Bulk 2.0; 10000.",
        "daily_share": "The share of the day's calls that may be used up before waiting, in percent; 80.",
        "requests_per_second": "How many requests a second; 10.",
        "token_url": "Where access is refreshed, where it is not the organization's own address.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "refresh_token": "Refreshes the access, with client_id and client_secret; kept anew where it rotates.",
        "client_id": "The external client app's consumer key.",
        "client_secret": "The app's consumer secret.",
    }
    resources: ClassVar[tuple[Resource, ...]] = tuple(
        Resource(
            name,
            key=lambda r: r["Id"],
            personal={"Email": "email", "Phone": "phone", "FirstName": "name", "LastName": "name"}
            if name in ("contacts", "leads")
            else {},
            expects=("Amount", "StageName") if name == "opportunities" else (),
        )
        for name in OBJECTS
    )
    fills: ClassVar[tuple[ContractSql, ...]] = FILLS
    webhook: ClassVar[None] = None
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Salesforce signs no webhooks; it is polled."""

    def __init__(self, access: Access) -> None:
        settings = access.settings
        instance = str(settings.get("instance", "")).removeprefix("https://").split(".")[0]
        base_url = (access.connection.base_url or self.default_base_url.format(instance=instance)).rstrip("/")
        version = str(settings.get("api_version", "67.0")).removeprefix("v")
        self._api = f"services/data/v{version}"
        self._fields = {
            "campaign_id": str(settings.get("campaign_id_field", "")),
            "score": str(settings.get("score_field", "")),
            "segment": str(settings.get("segment_field", "Industry")),
            "order_id": str(settings.get("order_id_field", "")),
        }
        known = {name for _, needed, some in OBJECTS.values() for name in (*needed, *some) if "." not in name}
        self._names = Renaming.parse(TITLE, settings, "field_names", known)
        stages = settings.get("lead_stages", {})
        self._stages: Mapping[str, Any] = stages if isinstance(stages, Mapping) else {}
        self._renewals = set(listed(settings.get("renewal_types")))
        self._bulk_from = whole_number(TITLE, settings, "bulk_from", 50_000)
        self._bulk_page = whole_number(TITLE, settings, "bulk_page", 10_000)
        self._daily_share = whole_number(TITLE, settings, "daily_share", 80)
        self._absent: dict[str, set[str]] = {}
        self._wait = access.politeness.wait
        rate = whole_number(TITLE, settings, "requests_per_second", 10)
        grant = Grant(TITLE, str(settings.get("token_url") or f"{base_url}/services/oauth2/token"), HeaderStyle(), {})
        self.http = access.client(
            TITLE,
            base_url,
            OAuthToken(access.connection, access.tokens, grant, access.clock, access.politeness, access.egress)
            if access.secret("refresh_token")
            else FixedToken(access.connection, access.tokens),
            self._judge,
            (access.bucket(Rate(per_second=rate, burst=rate)),),
        )

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        name = resource.name
        first: str | None = cursor.state.get("first")
        reading = Reading.parse(cursor)

        def fetch(ask: Ask) -> Iterator[list[Record]]:
            for rows in self._changed(name, ask, until):
                yield [self._kept(name, row) for row in rows]

        for records, reading in changed_records(cursor, fetch, lambda r: _time(r["SystemModstamp"])):
            there = [record for record in records if not _is(record.get("IsDeleted"))]
            gone = [record["Id"] for record in records if _is(record.get("IsDeleted"))]
            created = [r["CreatedDate"] for r in records if r.get("CreatedDate")]
            first = min([*created, *([first] if first else [])], default=None)
            yield Page(there, Cursor({**reading.state(), "first": first}), deleted=gone)
        told = _told(first, until) if name == "opportunities" else {}
        missing = self._absent.get(name)
        yield Page(
            (),
            Cursor({**reading.state(), "first": first}),
            progress=1.0,
            notice=f"{TITLE} has no {', '.join(sorted(missing))} for {name}; it stays empty." if missing else None,
            **told,
        )

    def _changed(self, name: str, ask: Ask, until: datetime) -> Iterator[list[dict[str, Any]]]:
        bounds = [f"SystemModstamp < {_text(until)}"]
        if ask.since:
            bounds.append(f"SystemModstamp >= {_text(ask.since)}")
        if ask.up_to:
            bounds.append(f"SystemModstamp <= {_text(ask.up_to)}")
        ending = f"WHERE {' AND '.join(bounds)} ORDER BY SystemModstamp {'DESC' if ask.newest_first else 'ASC'}"
        while True:
            try:
                if ask.newest_first and self._count(name, bounds) >= self._bulk_from:
                    yield from self._bulk(name, ending)
                else:
                    yield from self._soql(self._query(name, ending))
                return
            except NoField as error:
                # A field that this organization does not have is left out, and the rest is asked for again.
                absent = self._absent.setdefault(name, set())
                if error.field in absent or error.field in ("Id", "SystemModstamp"):
                    raise
                absent.add(error.field)

    def _query(self, name: str, ending: str) -> str:
        kind, needed, some = OBJECTS[name]
        pointed = {
            "leads": ("campaign_id", "score"),
            "opportunities": ("campaign_id", "order_id"),
            "accounts": ("segment",),
        }.get(name, ())
        asked = ["Id", "SystemModstamp", "IsDeleted", *map(self._names.theirs, (*needed, *some))]
        asked += [self._fields[what] for what in pointed]
        left_out = self._absent.get(name, set())
        fields = dict.fromkeys(field for field in asked if field and field not in left_out)
        return f"SELECT {', '.join(fields)} FROM {kind} {ending}"  # noqa: S608

    def _count(self, name: str, bounds: Sequence[str]) -> int:
        kind = OBJECTS[name][0]
        query = f"SELECT COUNT() FROM {kind} WHERE {' AND '.join(bounds)}"  # noqa: S608
        return int(self.http.get(f"{self._api}/queryAll", {"q": query})["totalSize"])

    def _soql(self, query: str) -> Iterator[list[dict[str, Any]]]:
        body = self.http.get(f"{self._api}/queryAll", {"q": query})
        while True:
            yield body["records"]
            if body["done"]:
                return
            body = self.http.get(str(body["nextRecordsUrl"]))

    def _bulk(self, name: str, ending: str) -> Iterator[list[dict[str, Any]]]:
        """A long history by one job; its pages are read while they last."""
        job = self.http.post(
            f"{self._api}/jobs/query",
            body={"operation": "queryAll", "query": self._query(name, ending), "contentType": "CSV"},
        )
        path = f"{self._api}/jobs/query/{quote(str(job['id']))}"
        for _ in range(POLLS):
            state = self.http.get(path)
            if state["state"] == "JobComplete":
                break
            if state["state"] in ("Failed", "Aborted"):
                self._refused(str(state.get("errorMessage", "")))
                raise AbortSync(f"{TITLE} could not read {name}: {self.http.clean(str(state.get('errorMessage', '')))}")
            self._wait(POLL_SECONDS)
        else:
            raise RetryLater(f"{TITLE} is still preparing {name}.")
        asked = {"maxRecords": str(self._bulk_page)}
        while True:
            text, headers = self.http.get_text(f"{path}/results", asked)
            yield [_nested(row) for row in csv.DictReader(io.StringIO(text))]
            locator = headers.get("sforce-locator", "null")
            if locator in ("", "null"):
                return
            asked = {"maxRecords": str(self._bulk_page), "locator": locator}

    def _kept(self, name: str, row: Mapping[str, Any]) -> Record:
        """A record without the markers of the interface, and with what the settings point to."""
        record = {field: value for field, value in row.items() if field != "attributes"}
        extra: dict[str, Any] = {what: _at(record, field) for what, field in self._fields.items() if field}
        record = self._names.ours(record)
        if name == "leads":
            extra["stage"] = self._stages.get(str(record.get("Status")))
        if name == "opportunities":
            kinds = {_at(record, "RecordType.Name"), record.get("Type")}
            extra["is_renewal"] = str(bool(kinds & self._renewals)).lower()
        return {**record, "_connection": {k: None if v is None else str(v) for k, v in extra.items()}}

    def _judge(self, reply: Reply) -> None:
        usage = re.search(r"api-usage=(\d+)/(\d+)", reply.headers.get("sforce-limit-info", ""))
        errors = reply.body if isinstance(reply.body, list) else []
        first = errors[0] if errors and isinstance(errors[0], dict) else {}
        code, said = str(first.get("errorCode", "")), str(first.get("message", ""))
        if code == "REQUEST_LIMIT_EXCEEDED":
            raise Throttled(f"{TITLE}'s calls of today are used up.", wait_seconds=LIMIT_WAIT_SECONDS)
        if code == "INVALID_SESSION_ID":
            raise Credentials(f"{TITLE} no longer accepts this connection's access. Connect it again.")
        if code in ("INVALID_TYPE", "API_DISABLED_FOR_ORG"):
            raise SkipResource(f"{TITLE} does not have this in the organization: {self.http.clean(said)}")
        if code == "INVALID_FIELD":
            self._refused(said)
        if reply.status == 406 or code in ("SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW", "QUERY_TIMEOUT"):
            raise RetryLater(f"{TITLE} has a problem of its own.")
        if usage and reply.status < 300 and int(usage[1]) * 100 >= int(usage[2]) * self._daily_share:
            raise Throttled(
                f"{usage[1]} of {usage[2]} calls of {TITLE}'s day are used up; the rest is left to others.",
                wait_seconds=LIMIT_WAIT_SECONDS,
            )

    def _refused(self, said: str) -> None:
        """Raise what names a field that the organization does not have."""
        field = re.search(r"No such column '([\w.]+)'|relationship '(\w+)'", said)
        if field:
            raise NoField(said, field[1] or f"{field[2]}.Name")


class NoField(AbortSync):
    """The organization does not have a field."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(f"{TITLE} does not have the field {field}.")
        self.field = field


def _nested(row: Mapping[str, str]) -> dict[str, Any]:
    """A CSV row as the interface's JSON has it: related fields inside their object, nothing for what is empty."""
    record: dict[str, Any] = {}
    for name, value in row.items():
        outer, dot, inner = name.partition(".")
        if dot:
            record.setdefault(outer, {})[inner] = value or None
        else:
            record[name] = value or None
    return record


def _at(record: Mapping[str, Any], path: str) -> Any:
    outer, dot, inner = path.partition(".")
    value = record.get(outer)
    return (value or {}).get(inner) if dot else value


def _is(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text.replace("Z", "+00:00").replace("+0000", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _told(first: str | None, until: datetime) -> dict[str, Any]:
    if not first:
        return {}
    since: date = _time(first).date()
    through = until.astimezone(UTC).date() - DAY
    return {"history_since": since, "complete_through": through} if since <= through else {}
