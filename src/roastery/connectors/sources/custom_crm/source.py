"""Reading a custom CRM in one of its modes, and taking what it pushes."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from roastery.connectors.access import Access, whole_number
from roastery.connectors.base import Connection, ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.errors import AbortSync, BadConnection
from roastery.connectors.http import Auth, Reply
from roastery.connectors.oauth import ClientCredentials, FixedToken, HeaderStyle
from roastery.connectors.sources.custom_crm import database, files
from roastery.connectors.sources.custom_crm.datasets import Dataset, Mapped, mapped, parse_all
from roastery.connectors.sources.custom_crm.mapping import TITLE
from roastery.connectors.sources.custom_crm.rest import Paging, RestReader
from roastery.connectors.throttle import Rate
from roastery.connectors.webhooks import StandardWebhooks
from roastery.warehouse.contracts import CONTRACTS, Contract
from roastery.warehouse.errors import UnknownName

AUTHS = ("none", "bearer", "header", "basic", "client_credentials")
KINDS = {"list": '["VARCHAR"]', "json": '"JSON"'}
LANDED_ROWS = 1000


def fill(target: Contract) -> str:
    """SQL: the columns of a contract out of rows that were mapped before they landed."""
    shape = ", ".join(f'"{c.name}": {KINDS.get(c.type, chr(34) + "VARCHAR" + chr(34))}' for c in target.columns)
    quoted = ("{" + shape + "}").replace("'", "''")
    columns = ", ".join(f"r.{c.name}" for c in target.columns)
    return f"SELECT {columns} FROM (SELECT json_transform(payload->'row', '{quoted}') AS r FROM {{records}})"  # noqa: S608


@dataclass
class Silent:
    """What sync needs of a source that speaks no HTTP."""

    on_wait: Callable[[float, str], None] | None = None

    def close(self) -> None:
        """Nothing is held open."""


class CustomCrm:
    """One CRM, or any system that has customers, deals or sales, by declaration."""

    provider: ClassVar[str] = "custom_crm"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = ""
    required_settings: ClassVar[tuple[str, ...]] = ("mode", "datasets")
    required_secrets: ClassVar[tuple[str, ...]] = ()
    optional_settings: ClassVar[Mapping[str, str]] = {
        "url": "REST: the address that paths are added to (or --base-url).",
        "auth": "REST: none, bearer, header, basic or client_credentials; bearer where there is an access_token.",
        "auth_header": "REST: the header of the key, with auth header; X-Api-Key.",
        "token_url": "REST: where client_credentials gets its access.",
        "paging": "REST: an object with kind (none, page, offset, cursor, next_url, link) and its parameters.",
        "requests_per_second": "REST: how many requests a second; 5.",
        "folder": "Folder: where the files are.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "access_token": "REST: the token or key.",
        "username": "REST: the user, with auth basic.",
        "password": "REST: the password, with auth basic.",
        "client_id": "REST: the client's id, with auth client_credentials.",
        "client_secret": "REST: the client's secret, with auth client_credentials.",
        "database_url": "SQL: a SQLAlchemy URL of a user that may only read.",
        "webhook_secret": "Webhook: the secret (whsec_…) that signs what is pushed, as Standard Webhooks.",
    }
    resources: ClassVar[tuple[Resource, ...]] = tuple(
        Resource(
            name,
            key=lambda r: r["key"],
            personal={f"row.{column}": kind for column, kind in target.personal.items()},
        )
        for name, target in CONTRACTS.items()
    )
    fills: ClassVar[tuple[ContractSql, ...]] = tuple(
        ContractSql(name, name, fill(target)) for name, target in CONTRACTS.items()
    )
    webhook: ClassVar[StandardWebhooks] = StandardWebhooks()
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """What is pushed lands by itself (`pushed`)."""

    def __init__(self, access: Access) -> None:
        settings = access.settings
        self.mode, self.datasets = parse_all({"mode": settings.get("mode"), "datasets": settings.get("datasets")})
        # Only what the connection declares is read: the others would say of themselves that they are up to date.
        declared = tuple(resource for resource in CustomCrm.resources if resource.name in self.datasets)
        self.resources = declared  # type: ignore[misc]
        self._access = access
        self.http: Any = Silent()
        self._rest: RestReader | None = None
        if self.mode == "rest":
            self._open_rest(access)
        self._folder = str(settings.get("folder", ""))
        if self.mode == "folder" and not self._folder:
            raise BadConnection.missing(TITLE, "settings", ["folder"])
        if self.mode == "sql" and not access.secret("database_url"):
            raise BadConnection.missing(TITLE, "secrets", ["database_url"])

    @classmethod
    def check(cls, connection: Connection) -> None:
        """Whether settings are sound, before anything is asked. Errors: BadConnection, UnknownName."""
        mode, datasets = parse_all(connection.settings)
        for dataset in datasets.values():
            if mode == "sql":
                database.check_select(dataset.name, str(dataset.options["query"]))
            if mode == "rest":
                Paging(dataset.options.get("paging", connection.settings.get("paging", {})))
        if mode == "rest" and not (connection.base_url or connection.settings.get("url")):
            raise BadConnection.missing(TITLE, "settings", ["url"])
        auth = connection.settings.get("auth", "none")
        if auth not in AUTHS:
            raise UnknownName("auth", str(auth), AUTHS)

    def _open_rest(self, access: Access) -> None:
        settings = access.settings
        base_url = str(access.connection.base_url or settings.get("url", "")).rstrip("/")
        if not base_url.startswith(("https://", "http://")):
            raise BadConnection(f"{TITLE}: the url must begin with https:// (or http://).")
        rate = whole_number(TITLE, settings, "requests_per_second", 5)
        self.http = access.client(
            TITLE,
            base_url,
            self._auth(access, settings),
            self._judge,
            (access.bucket(Rate(per_second=rate, burst=rate)),),
            egress=access.egress,
        )
        self._rest = RestReader(self.http, settings.get("paging", {}))

    def _auth(self, access: Access, settings: Mapping[str, Any]) -> Auth:
        kind = str(settings.get("auth") or ("bearer" if access.secret("access_token") else "none"))
        if kind not in AUTHS:
            raise UnknownName("auth", kind, AUTHS)
        if kind == "header":
            style = HeaderStyle(str(settings.get("auth_header", "X-Api-Key")), "")
            return FixedToken(access.connection, access.tokens, style=style)
        if kind == "basic":
            pair = f"{access.secret('username')}:{access.secret('password')}".encode()
            return FixedToken(
                access.connection,
                access.tokens,
                style=HeaderStyle(prefix="Basic "),
                made=lambda secrets: base64.b64encode(pair).decode(),
            )
        if kind == "client_credentials":
            url = str(settings.get("token_url", ""))
            if not url:
                raise BadConnection.missing(TITLE, "settings", ["token_url"])
            transport = access.egress.transport(TITLE)
            return ClientCredentials(access.connection, access.tokens, TITLE, url, access.clock, transport)
        if kind == "none":
            return FixedToken(access.connection, access.tokens, style=HeaderStyle("X-Roastery", ""), secret="none")
        return FixedToken(access.connection, access.tokens)

    def _judge(self, reply: Reply) -> None:
        if self._rest:
            self._rest.last_headers = reply.headers

    # Reading.

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """What is new of a dataset; the cursor moves only once all of a read has landed."""
        dataset = self.datasets.get(resource.name)
        if dataset is None or self.mode == "webhook":
            return
        state = dict(cursor.state) if cursor.state.get("stamp") == dataset.stamp else {"stamp": dataset.stamp}
        told = _Told(dataset)
        if self.mode == "folder":
            yield from self._files(dataset, state, told)
        else:
            yield from self._asked(dataset, state, told)
        if told.notice:
            yield Page((), Cursor(state), notice=told.notice)

    def _asked(self, dataset: Dataset, state: dict[str, Any], told: "_Told") -> Iterator[Page]:
        newest = since = state.get("newest", dataset.cursor_first)
        for records in self._batches(dataset, since):
            newest = dataset.newest(records, newest) if dataset.cursor_field else None
            yield from told.pages(mapped(dataset, records), Cursor(dict(state)))
        if newest is not None:
            state["newest"] = newest
        yield Page((), Cursor(dict(state)), progress=1.0)

    def _batches(self, dataset: Dataset, since: Any) -> Iterator[Sequence[Mapping[str, Any]]]:
        if self._rest:
            return self._rest.records(dataset, since)
        query = str(dataset.options["query"])
        database.check_select(dataset.name, query)
        return database.rows(self._access.secret("database_url"), query, since, self._access.egress)

    def _files(self, dataset: Dataset, state: dict[str, Any], told: "_Told") -> Iterator[Page]:
        try:
            folder = self._access.egress.folder(self._folder, TITLE)
        except BadConnection as error:
            raise AbortSync(error.message) from None
        known = dict(state.get("files", {}))
        changed = files.changed_files(folder, dataset, known)
        for number, (path, mark) in enumerate(changed, start=1):
            for records in files.records_of(path, dataset):
                yield from told.pages(mapped(dataset, records), Cursor({**state, "files": dict(known)}))
            known[path.name] = mark
            state["files"] = dict(known)
            yield Page((), Cursor(dict(state)), progress=number / len(changed))

    # Pushed and previewed.

    def pushed(self, body: bytes) -> list[tuple[Resource, Page]]:
        """What a verified delivery holds: `{"type": "DATASET_TYPE.upserted" or ".deleted", "data": {…}}`, or a list."""
        found = json.loads(body)
        by_type = {str(d.options.get("type", "")): d for d in self.datasets.values()} if self.mode == "webhook" else {}
        pages: list[tuple[Resource, Page]] = []
        for event in found if isinstance(found, list) else [found]:
            kind, _, what = str(event.get("type", "")).rpartition(".")
            dataset = by_type.get(kind)
            if dataset is None:
                raise UnknownName("type", kind, by_type)
            done = mapped(dataset, [event.get("data") or {}])
            if done.faults and not done.rows:
                raise BadConnection(f"{TITLE}: {done.first_fault}")
            keys = [row["key"] for row in done.rows]
            page = (
                Page((), Cursor(), deleted=keys) if what == "deleted" else Page(done.rows, Cursor(), deleted=done.gone)
            )
            pages.append((_resource(dataset.name), page))
        return pages

    def preview(self, rows: int = 5) -> list["Preview"]:
        """The first rows of each dataset, as they are and as they would be."""
        found = []
        for dataset in self.datasets.values():
            records = self._first(dataset, rows)
            done = [dataset.mapping.row(record) for record in records]
            faults = [f"{fault.column}: {fault.message}" for _, wrong in done for fault in wrong]
            unmapped = dataset.mapping.unmapped(records[0]) if records else []
            found.append(
                Preview(dataset.name, records, [row for row, _ in done], list(dict.fromkeys(faults)), unmapped)
            )
        return found

    def _first(self, dataset: Dataset, rows: int) -> list[Mapping[str, Any]]:
        if self.mode == "webhook":
            return []
        if self.mode == "folder":
            folder = self._access.egress.folder(self._folder, TITLE)
            for path, _ in files.changed_files(folder, dataset, {}):
                for found in files.records_of(path, dataset):
                    return list(found[:rows])
            return []
        for asked in self._batches(dataset, dataset.cursor_first):
            return list(asked[:rows])
        return []


@dataclass(frozen=True)
class Preview:
    """What a dataset's first records would become. unmapped: fields that no column takes."""

    dataset: str
    records: Sequence[Record]
    rows: Sequence[Mapping[str, Any]]
    faults: Sequence[str]
    unmapped: Sequence[str]


class _Told:
    """Pages of mapped rows, and a sentence about what could not be mapped."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._faults, self._first = 0, ""

    def pages(self, done: Mapped, cursor: Cursor) -> Iterator[Page]:
        self._faults += done.faults
        self._first = self._first or done.first_fault
        for start in range(0, max(len(done.rows), 1), LANDED_ROWS):
            yield Page(done.rows[start : start + LANDED_ROWS], cursor, deleted=done.gone if start == 0 else ())

    @property
    def notice(self) -> str | None:
        if not self._faults:
            return None
        what = "value" if self._faults == 1 else "values"
        return f"{self._faults:,} {what} of {self._dataset.name} could not be mapped, such as {self._first}"


def _resource(name: str) -> Resource:
    return next(resource for resource in CustomCrm.resources if resource.name == name)
