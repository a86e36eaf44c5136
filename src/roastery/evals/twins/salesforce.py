"""A twin of Salesforce's REST API: SOQL in pages, deleted records by queryAll, Bulk 2.0, fields that may be absent."""

import csv
import io
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth, later
from roastery.evals.twins.kept import PerWorld
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf, refreshed
from roastery.evals.twins.salesforce_books import ConsultancyBooks, iso
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World

VERSION = "v67.0"
CLIENT = {"client_id": "salesforce-consumer-key", "client_secret": "salesforce-consumer-secret"}
PAGE = 25
KINDS = ("Account", "Contact", "Lead", "Campaign", "Opportunity", "OpportunityHistory", "Quote")
SOQL = re.compile(
    r"SELECT (?P<fields>.+?) FROM (?P<kind>\w+)(?: WHERE (?P<where>.+?))?"
    r"(?: ORDER BY (?P<by>\w+) (?P<way>ASC|DESC))?$"
)
BOUND = re.compile(r"SystemModstamp (?P<how><=|>=|<|>) (?P<at>\S+)")


def _books(world: World) -> ConsultancyBooks:
    """The consultancy's records at the world's time; an empty company has none."""
    return ConsultancyBooks(world.now, leads=90 if world.orders.num_rows else 0)


_BOOKS = PerWorld(_books)


class SalesforceTwin(RestTwin):
    """One organization with several currencies. absent: fields that it does not have. used: calls of its day."""

    provider: ClassVar[str] = "salesforce"
    settings: ClassVar[Mapping[str, Any]] = {
        "instance": "alder-finch",
        "campaign_id_field": "utm_id__c",
        "renewal_types": "Renewals",
        "requests_per_second": 5000,
    }

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.books = _BOOKS(control.world)
        self.absent: set[str] = set()
        self.missing_objects: set[str] = set()
        self.used = 120
        self._jobs: dict[str, tuple[str, int]] = {}
        api = f"/services/data/{VERSION}"
        self.open_route("/services/oauth2/token", lambda request, form: self._token(form))
        self.route(f"{api}/queryAll", lambda request, body: self._query(request.query_params["q"], 0))
        self.route(f"{api}/query/{{place}}", self._more)
        self.route(f"{api}/jobs/query", self._start, ("POST",))
        self.route(f"{api}/jobs/query/{{job}}", lambda request, body: self._state(request.path_params["job"]))
        self.route(f"{api}/jobs/query/{{job}}/results", lambda request, body: self._results(request))

    def grant(self) -> Tokens:
        return Tokens("salesforce", life=7200, rotates=True)

    def secrets(self) -> dict[str, str]:
        return {**CLIENT, "access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token}

    def error(self, status: int, message: str) -> Any:
        code = {401: "INVALID_SESSION_ID", 429: "REQUEST_LIMIT_EXCEEDED"}.get(status, "UNKNOWN_EXCEPTION")
        return [{"message": message, "errorCode": code}]

    def throttled(self, wait: float) -> Refused:
        return Refused(403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}])

    def headers(self) -> Mapping[str, str]:
        return {"Sforce-Limit-Info": f"api-usage={self.used}/100000"}

    def mend(self) -> None:
        super().mend()
        self.absent, self.missing_objects, self.used = set(), set(), 120

    def stock(self, shelf: Shelf, world: World) -> None:
        self.books = _BOOKS(world)
        for kind, rows in self.books.rows.items():
            shelf.put(kind, rows, "Id")

    def change(self, kind: str, number: str, at: datetime, **values: Any) -> None:
        row = self.shelf.get(kind, number)
        assert row is not None
        self.shelf.put(kind, [{**row, **values, "SystemModstamp": iso(at)}], "Id")

    # Requests.

    def _token(self, form: Any) -> Row:
        access, refresh = refreshed(self.tokens, form, CLIENT)
        return {"access_token": access, "refresh_token": refresh, "token_type": "Bearer",
                "instance_url": "https://alder-finch.my.salesforce.com", "issued_at": "1"}  # fmt: skip

    def _rows(self, query: str) -> tuple[str, list[str], list[Row]]:
        found = SOQL.match(query)
        if found is None or found["kind"] not in KINDS or found["kind"] in self.missing_objects:
            raise Refused(400, [{"message": f"sObject type is not supported: {query}", "errorCode": "INVALID_TYPE"}])
        fields = found["fields"].split(", ")
        for name in fields:
            if name in self.absent:
                raise Refused(400, [{"message": f"No such column '{name}' on entity '{found['kind']}'.",
                                     "errorCode": "INVALID_FIELD"}])  # fmt: skip
        rows = self.shelf.by(found["kind"], "SystemModstamp", "Id")
        for bound in BOUND.finditer(found["where"] or ""):
            at = datetime.fromisoformat(bound["at"].replace("Z", "+00:00"))
            rows = [row for row in rows if _holds(datetime.fromisoformat(row["SystemModstamp"]), bound["how"], at)]
        return found["kind"], fields, rows[::-1] if found["way"] == "DESC" else rows

    def _query(self, query: str, start: int) -> Row:
        kind, fields, rows = self._rows(query)
        if fields == ["COUNT()"]:
            return {"totalSize": len(rows), "done": True, "records": []}
        page = [_shown(kind, fields, row) for row in rows[start : start + PAGE]]
        answer: Row = {"totalSize": len(rows), "done": start + PAGE >= len(rows), "records": page}
        if not answer["done"]:
            place = f"{len(self._jobs)}-{start + PAGE}"
            self._jobs[place] = (query, start + PAGE)
            answer["nextRecordsUrl"] = f"/services/data/{VERSION}/query/{place}"
        return answer

    def _more(self, request: Request, body: Any) -> Row:
        query, start = self._jobs[request.path_params["place"]]
        return self._query(query, start)

    def _start(self, request: Request, body: Any) -> Row:
        self._rows(body["query"])
        job = f"750{len(self._jobs)}"
        self._jobs[job] = (body["query"], 0)
        return {"id": job, "operation": body["operation"], "state": "UploadComplete"}

    def _state(self, job: str) -> Row:
        query, polls = self._jobs[job]
        self._jobs[job] = (query, polls + 1)
        return {"id": job, "state": "JobComplete" if polls else "InProgress"}

    def _results(self, request: Request) -> Response:
        _, fields, rows = self._rows(self._jobs[request.path_params["job"]][0])
        start, size = int(request.query_params.get("locator", 0)), int(request.query_params.get("maxRecords", 1000))
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(fields)
        for row in rows[start : start + size]:
            writer.writerow([_cell(_value(row, name)) for name in fields])
        following = str(start + size) if start + size < len(rows) else "null"
        return Response(out.getvalue(), media_type="text/csv", headers={"Sforce-Locator": following, **self.headers()})


def _holds(value: datetime, how: str, bound: datetime) -> bool:
    return {"<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}[how]


def _value(row: Row, name: str) -> Any:
    outer, dot, inner = name.partition(".")
    return (row.get(outer) or {}).get(inner) if dot else row.get(name)


def _cell(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _shown(kind: str, fields: list[str], row: Row) -> Row:
    shown: Row = {"attributes": {"type": kind, "url": f"/services/data/{VERSION}/sobjects/{kind}/{row['Id']}"}}
    for name in fields:
        outer, dot, _ = name.partition(".")
        shown[outer if dot else name] = row.get(outer if dot else name)
    return shown


def expected(world: World) -> Mapping[str, pa.Table]:
    """Leads, people, opportunities, their moves and offers, as the consultancy's books have them."""
    books = _BOOKS(world)

    def told(kind: str, names: str) -> pa.Table:
        rows = [
            {name: None if (value := _value(row, name)) is None else _cell(value) for name in names.split()}
            for row in books.rows[kind] if not row["IsDeleted"]
        ]  # fmt: skip
        return pa.Table.from_pylist(rows, pa.schema(dict.fromkeys(names.split(), pa.string())))

    stages = [{"lead": name, "stage": stage} for name, stage in books.truth.leads.items()]
    paths = [{"deal": name, "before": path[n - 1] if n else None, "after": stage, "step": str(n)}
             for name, path in books.truth.stages.items() for n, stage in enumerate(path)]  # fmt: skip
    person = "Id Email FirstName LastName CreatedDate HasOptedOutOfEmail"
    return {
        "leads": told("Lead", f"{person} IsConverted ConvertedContactId ConvertedOpportunityId utm_id__c"),
        "contacts": told("Contact", f"{person} AccountId"),
        "deals": told("Opportunity", "Id Name Amount StageName IsWon IsClosed CurrencyIsoCode CloseDate CreatedDate "
                                     "AccountId ContactId Owner.Name RecordType.Name utm_id__c"),
        "offers": told("Quote", "Id OpportunityId Status GrandTotal CreatedDate LastModifiedDate CurrencyIsoCode"),
        "moves": told("OpportunityHistory", "Id OpportunityId CreatedDate"),
        "stages": pa.Table.from_pylist(stages, pa.schema(dict.fromkeys(("lead", "stage"), pa.string()))),
        "paths": pa.Table.from_pylist(
            paths, pa.schema(dict.fromkeys(("deal", "before", "after", "step"), pa.string()))),
    }  # fmt: skip


LEADS = """
SELECT 'salesforce:' || Id AS lead_id, 'salesforce:' || coalesce(ConvertedContactId, Id) AS customer_id,
       CreatedDate::TIMESTAMPTZ AS created_at, 'paid_search' AS channel, utm_id__c AS campaign_id, stage
FROM leads JOIN stages ON lead = 'salesforce:' || Id
"""
PEOPLE = """
SELECT 'salesforce:' || Id AS customer_id, Email AS email, FirstName AS first_name, LastName AS last_name,
       CreatedDate::TIMESTAMPTZ AS first_seen_at, HasOptedOutOfEmail <> 'true' AS marketing_consent,
       'salesforce:' || AccountId AS company_id
FROM contacts
UNION ALL
SELECT 'salesforce:' || Id, Email, FirstName, LastName, CreatedDate::TIMESTAMPTZ, HasOptedOutOfEmail <> 'true', NULL
FROM leads WHERE IsConverted <> 'true'
"""
OPPORTUNITIES = """
SELECT 'salesforce:' || d.Id AS opportunity_id, 'salesforce:' || ContactId AS customer_id,
       'salesforce:' || AccountId AS company_id, 'salesforce:' || l.Id AS lead_id, d.utm_id__c AS campaign_id,
       Name AS opportunity_name, "RecordType.Name" AS pipeline, StageName AS stage, Amount::DECIMAL(18,2) AS amount,
       CurrencyIsoCode AS currency, d.CreatedDate::TIMESTAMPTZ AS created_at,
       (CloseDate || 'T12:00:00Z')::TIMESTAMPTZ AS closed_at, IsClosed = 'true' AS is_closed, IsWon = 'true' AS is_won,
       "Owner.Name" AS owner
FROM deals d JOIN leads l ON l.ConvertedOpportunityId = d.Id
"""
SALES = """
SELECT 'salesforce:' || Id AS transaction_id, 'salesforce:' || ContactId AS customer_id,
       (CloseDate || 'T12:00:00Z')::TIMESTAMPTZ AS occurred_at, Amount::DECIMAL(18,2) AS amount,
       CurrencyIsoCode AS currency, 'deal' AS kind, "RecordType.Name" = 'Renewals' AS is_renewal
FROM deals WHERE IsWon = 'true'
"""
MOVES = """
SELECT 'opportunity' AS object_type, deal AS object_id, CreatedDate::TIMESTAMPTZ AS changed_at,
       "before" AS from_stage, "after" AS to_stage
FROM paths JOIN moves ON deal = 'salesforce:' || OpportunityId AND step = right(Id, 1)
"""
OFFERS = """
SELECT 'salesforce:' || Id AS proposal_id, 'salesforce:' || OpportunityId AS opportunity_id,
       CreatedDate::TIMESTAMPTZ AS sent_at,
       CASE WHEN Status <> 'Presented' THEN LastModifiedDate::TIMESTAMPTZ END AS decided_at,
       CASE Status WHEN 'Accepted' THEN 'accepted' WHEN 'Denied' THEN 'declined' ELSE 'sent' END AS status,
       GrandTotal::DECIMAL(18,2) AS amount, CurrencyIsoCode AS currency
FROM offers
"""

DECLARATION = Declaration(
    provider="salesforce",
    truth=(
        Truth("leads", LEADS),
        Truth("customers", PEOPLE),
        Truth("opportunities", OPPORTUNITIES),
        Truth("transactions", SALES),
        Truth("stage_changes", MOVES),
        Truth("proposals", OFFERS),
    ),
    tables=expected,
    restate=later(1),
    delete=later(2),
    drift=Drift("Amount", "opportunities", "amount"),
    earlier=timedelta(days=90),
)
