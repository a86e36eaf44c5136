"""A twin of Salesforce's REST API: SOQL in pages, deleted records by queryAll, Bulk 2.0, fields that may be absent."""

import csv
import io
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from roastery.evals.twins.control import Control
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
        self.books = ConsultancyBooks(control.world.clock.now())
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
        self.books = ConsultancyBooks(world.clock.now())
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
