"""The shape of a source: declared resources, pages of records as they came, a cursor that says where to go on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Protocol, runtime_checkable

from roastery.warehouse.contracts import bound_sql

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Cursor:
    """Where a resource's sync goes on; plain JSON, written only in the transaction that lands its rows (law 8)."""

    state: Mapping[str, Any] = field(default_factory=dict)

    def advance(self, **changes: Any) -> "Cursor":
        return Cursor({**self.state, **changes})


@dataclass(frozen=True)
class Partition:
    """A slice that a read replaces whole: restated days of one account (law 9)."""

    scope: str
    days: tuple[date, ...]


@dataclass(frozen=True)
class Page:
    """Some records of one resource, as the provider sent them, and the cursor to store with them.

    `replaces` names the days that are complete with this page: every earlier version of them stops counting.
    Rows of a day must all lie in pages of one read, and only the last of these pages carries the day in `replaces`.
    progress: share of this resource's work that is done, 0 to 1. complete_through and history_since are what the source
    knows of itself with this page: the last whole day, and the day since when nothing is missing. notice: a sentence
    for people, such as why history begins where it does. unread_at: scope and day of this read at which a record lands
    whose own cannot be read; the build then sets the row aside by name. None where such a record fails the resource.
    asked: the scope and days of this read; records of others land, count for nothing, and are told. None for any.
    """

    records: Sequence[Record]
    cursor: Cursor
    replaces: Partition | None = None
    read_id: str = ""
    progress: float | None = None
    complete_through: date | None = None
    history_since: date | None = None
    deleted: Sequence[str] = ()
    notice: str | None = None
    unread_at: tuple[str, date] | None = None
    asked: Partition | None = None


@dataclass(frozen=True)
class Resource:
    """One kind of record that a source holds.

    key: record → stable text key. partition: record → (scope, day) for reports that are replaced by day, else None.
    personal: dotted paths of personal values, sealed before they are stored (law 15); `[]` walks a list.
    expects: dotted paths that every record has; a record without one is of an unknown shape and fails the resource,
    since an absent figure would count as zero. looks_at: dotted paths of all that key and partition look at; with them
    records of days need not be made into objects where their source left them as they came (unparsed.py).
    """

    name: str
    key: Callable[[Record], str]
    partition: Callable[[Record], tuple[str, date]] | None = None
    personal: Mapping[str, str] = field(default_factory=dict)
    reread_days: int = 0
    depends_on: tuple[str, ...] = ()
    expects: tuple[str, ...] = ()
    looks_at: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContractSql:
    """How raw records of a source fill one curated contract, as one SELECT.

    `sql` reads from `{records}`, whose columns are connection_id, key, payload (JSON), landed_at, seq, and gives
    columns named as in the contract (a subset; the rest are null). joins: other resources of the same connection that
    it reads too, each as `{name}` with the same columns. by_record: that each row comes from one record alone, where
    its SQL joins or groups within a record; a webhook's record is then folded without reading the others.
    """

    contract: str
    resource: str
    sql: str
    joins: tuple[str, ...] = ()
    by_record: bool | None = None

    def bound(self, records: Callable[[str], str]) -> str:
        """The SELECT over what `records` gives for a resource, a table expression."""
        return bound_sql(self.sql, self.resource, self.joins, records)


@dataclass(frozen=True)
class Connection:
    """One organization's access to one provider. Secrets come from the TokenStore, never from here."""

    id: str
    organization_id: str
    provider: str
    settings: Mapping[str, Any]
    base_url: str | None = None


class TokenStore(Protocol):
    """Kept above (api): reads and rotates a connection's secrets, serialised per connection across processes."""

    def secrets(self, connection_id: str) -> Mapping[str, str]: ...

    def rotate(self, connection_id: str, secrets: Mapping[str, str]) -> None:
        """Store new secrets before they are used (a crash must not lose the grant); the others stay."""
        ...

    def lock(self, connection_id: str) -> AbstractContextManager[None]:
        """Hold a connection's secrets alone, across threads and processes, while they are refreshed."""
        ...


class Listening(Protocol):
    """What sync needs of a source's HTTP client: to hear of waits, and to close it."""

    on_wait: Callable[[float, str], None] | None

    def close(self) -> None: ...


class Source(Protocol):
    """A provider: one file in connectors/sources that says what it extracts and how that fills the contracts.

    Made with one argument, the `connectors.access.Access` of a connection. optional_*: what else may be given, each
    with a sentence that says what it does and what holds without it. webhook: how its deliveries are verified,
    and webhook_resources: which resources a delivery's topic makes worth reading at once.
    """

    provider: ClassVar[str]
    title: ClassVar[str]
    default_base_url: ClassVar[str]
    resources: ClassVar[tuple[Resource, ...]]
    fills: ClassVar[tuple[ContractSql, ...]]
    required_settings: ClassVar[tuple[str, ...]]
    required_secrets: ClassVar[tuple[str, ...]]
    optional_settings: ClassVar[Mapping[str, str]]
    optional_secrets: ClassVar[Mapping[str, str]]
    webhook: ClassVar["WebhookVerifier | None"]
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]]
    http: Listening

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """Yield what is new since `cursor` up to `until`; each page's cursor goes on after that page.

        History is read newest first, so that answers come early; what is new since the last sync is read whole.
        """
        ...


@dataclass(frozen=True)
class Delivery:
    """A verified webhook. id: the same for every delivery of one message, so that it is taken once.

    topic: what it is about; several with commas between, where a delivery has several events.
    """

    id: str
    topic: str
    sent_at: datetime | None


class WebhookVerifier(Protocol):
    """Proves who sent a webhook, on its raw bytes and in constant time."""

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        """The delivery, signed with one of the secrets (several while a secret is rotated).

        Errors: WebhookRejected.
        """
        ...


class Shown(Protocol):
    """What a dataset's first records would become. unmapped: fields that no column takes."""

    dataset: str
    rows: Sequence[Mapping[str, Any]]
    faults: Sequence[str]
    unmapped: Sequence[str]


@runtime_checkable
class Previewed(Protocol):
    """A source whose fields the connection maps: its mapping can be looked at before anything is stored."""

    title: ClassVar[str]
    http: Listening

    def preview(self, rows: int) -> Sequence[Shown]: ...


@runtime_checkable
class Pushed(Protocol):
    """A source whose webhooks carry the data itself."""

    def pushed(self, body: bytes) -> Sequence[tuple[Resource, Page]]:
        """What a verified delivery holds. Errors: UnknownName, BadConnection."""
        ...


@runtime_checkable
class TellsDeletions(Protocol):
    """A source whose webhooks tell for good what was deleted, so that nothing is left to read."""

    def deleted(self, topic: str, body: bytes) -> Sequence[tuple[Resource, Page]]:
        """What a verified delivery says is gone; nothing where it is about something else."""
        ...


@runtime_checkable
class SignsAddress(Protocol):
    """A scheme that also signs the address that was called."""

    def at(self, url: str) -> WebhookVerifier:
        """This scheme for that address."""
        ...
