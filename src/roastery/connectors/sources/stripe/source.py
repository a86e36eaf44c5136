"""Reading Stripe: lists for history and for what is new, events for what changed, single records for those."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from roastery.connectors.access import Access, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.errors import SkipResource
from roastery.connectors.oauth import FixedToken, Grant, HeaderStyle, OAuthToken
from roastery.connectors.reports import DAY
from roastery.connectors.sources.stripe import kept
from roastery.connectors.sources.stripe.fills import FILLS
from roastery.connectors.throttle import Rate
from roastery.connectors.webhooks import StampedSignature

TITLE = "Stripe"
OVERLAP_SECONDS = 600
EVENTS_KEPT = timedelta(days=29)
"""A day less than Stripe's 30: who has not synced for longer reads everything again, for changes would be missed."""


@dataclass(frozen=True)
class Listed:
    """How a resource is listed. events: types that say it changed; gone: those that say it is no more."""

    path: str
    events: tuple[str, ...] = ()
    params: Mapping[str, str] | None = None
    expand: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


LISTS: Mapping[str, Listed] = {
    "products": Listed("products", ("product.created", "product.updated"), gone=("product.deleted",)),
    "prices": Listed("prices", ("price.created", "price.updated"), gone=("price.deleted",)),
    "customers": Listed("customers", ("customer.created", "customer.updated"), gone=("customer.deleted",)),
    "charges": Listed("charges", ("charge.*",), expand=("balance_transaction",)),
    "refunds": Listed("refunds", ("refund.created", "refund.updated", "refund.failed")),
    "disputes": Listed("disputes", ("charge.dispute.*",)),
    "invoices": Listed("invoices", ("invoice.*",), expand=("payments",), gone=("invoice.deleted",)),
    "subscriptions": Listed(
        "subscriptions",
        ("customer.subscription.*",),
        params={"status": "all"},
        expand=("discounts.source.coupon",),
    ),
}


EXPECTED: Mapping[str, tuple[str, ...]] = {
    "charges": ("amount", "amount_captured", "amount_refunded", "captured", "created", "currency", "status"),
    "refunds": ("amount", "created", "currency", "status"),
    "invoices": ("total", "status", "currency"),
    "disputes": ("amount", "status", "currency"),
}
"""Without these a record's money or state is not known: an absent figure would count as none."""


class Stripe:
    """One Stripe account."""

    provider: ClassVar[str] = "stripe"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://api.stripe.com"
    required_settings: ClassVar[tuple[str, ...]] = ()
    required_secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    optional_settings: ClassVar[Mapping[str, str]] = {
        "account": "The connected account to read (acct_…), where the key is a platform's.",
        "order_id_key": "The metadata key that holds the shop's order id, so that a sale counts once; order_id.",
        "category_key": "The metadata key of products that holds their category; category.",
        "requests_per_second": "How many requests a second; 20 (Stripe allows 25 by default).",
        "page_limit": "Records a page, at most 100; 100.",
        "api_version": "Version of the API; 2026-10-28.endive.",
        "token_url": "Where access is refreshed, where it is not Stripe's own address.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "webhook_secret": "The endpoint's signing secret (whsec_…), which verifies webhooks.",
        "refresh_token": "Refreshes an access that was given by OAuth, with client_secret.",
        "client_id": "The app's client id.",
        "client_secret": "The platform's secret key, for refreshing.",
    }
    resources: ClassVar[tuple[Resource, ...]] = tuple(
        Resource(
            name,
            key=lambda r: r["id"],
            personal={
                "name": "name",
                "_connection.first_name": "name",
                "_connection.last_name": "name",
                "email": "email",
                "phone": "phone",
            }
            if name == "customers"
            else {},
            expects=EXPECTED.get(name, ()),
        )
        for name in LISTS
    )
    fills: ClassVar[tuple[ContractSql, ...]] = FILLS
    webhook: ClassVar[StampedSignature] = StampedSignature("Stripe-Signature")
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **dict.fromkeys(("charge.succeeded", "charge.updated", "charge.refunded", "charge.failed"), ("charges",)),
        **dict.fromkeys(("refund.created", "refund.updated", "refund.failed"), ("refunds", "charges")),
        **dict.fromkeys(("charge.dispute.created", "charge.dispute.closed"), ("disputes", "charges")),
        **dict.fromkeys(("invoice.paid", "invoice.payment_failed", "invoice.finalized"), ("invoices", "charges")),
        **dict.fromkeys(
            tuple(f"customer.subscription.{what}" for what in ("created", "updated", "deleted")), ("subscriptions",)
        ),
        **dict.fromkeys(("customer.created", "customer.updated", "customer.deleted"), ("customers",)),
        **dict.fromkeys(("product.created", "product.updated", "product.deleted"), ("products",)),
    }

    def __init__(self, access: Access) -> None:
        settings = access.settings
        self._limit = min(100, whole_number(TITLE, settings, "page_limit", 100))
        self._order_key = str(settings.get("order_id_key", "order_id"))
        self._category_key = str(settings.get("category_key", "category"))
        rate = whole_number(TITLE, settings, "requests_per_second", 20)
        base_url = (access.connection.base_url or self.default_base_url).rstrip("/")
        grant = Grant(TITLE, str(settings.get("token_url") or f"{base_url}/v1/oauth/token"), HeaderStyle(), {})
        account = str(settings.get("account", ""))
        self.http = access.client(
            TITLE,
            base_url,
            OAuthToken(access.connection, access.tokens, grant, access.clock, access.politeness, access.egress)
            if access.secret("refresh_token")
            else FixedToken(access.connection, access.tokens),
            lambda reply: None,
            (access.bucket(Rate(per_second=rate, burst=rate)),),
            headers={
                "Stripe-Version": str(settings.get("api_version", "2026-10-28.endive")),
                **({"Stripe-Account": account} if account else {}),
            },
        )

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """New records, changed ones, then history further back; see `_state` for the cursor."""
        listed, now = LISTS[resource.name], int(until.timestamp())
        state = dict(cursor.state)
        changes_from = state.get("changes_from")
        if changes_from is not None and until - datetime.fromtimestamp(changes_from, UTC) > EVENTS_KEPT:
            state, changes_from = {}, None
            yield Page((), Cursor({}), notice=f"{TITLE} keeps changes for 30 days only; {resource.name} are read anew.")
        if changes_from is not None:
            yield from self._since(resource, listed, state, now)
        if not state.get("is_whole"):
            yield from self._history(resource, listed, state, now, until)
        else:
            yield Page((), Cursor(state), progress=1.0, **self._told(resource, state, until, is_whole=True))

    # What has come since the last sync.

    def _since(self, resource: Resource, listed: Listed, state: dict[str, Any], now: int) -> Iterator[Page]:
        """Records created since, then those that events name; the cursor moves once all of them have landed."""
        since = state["changes_from"] - OVERLAP_SECONDS
        seen: set[str] = set()
        for records in self._list(listed, {"created[gte]": str(since)}):
            seen.update(record["id"] for record in records)
            yield Page(self._kept(resource, records, now), Cursor(state))
        changed, gone = self._changes(listed, since)
        for part in _parts([number for number in changed if number not in seen and number not in gone], 50):
            found = [self._one(listed, number) for number in part]
            there = [record for record in found if record is not None and not record.get("deleted")]
            missing = [
                number for number, record in zip(part, found, strict=True) if not record or record.get("deleted")
            ]
            yield Page(self._kept(resource, there, now), Cursor(state), deleted=missing)
        state["changes_from"] = now
        yield Page((), Cursor(state), deleted=sorted(gone))

    def _changes(self, listed: Listed, since: int) -> tuple[list[str], set[str]]:
        """Ids of records that changed, and of those that are gone."""
        changed: dict[str, None] = {}
        gone: set[str] = set()
        types = [*listed.events, *listed.gone]
        asked = {f"types[{n}]": kind for n, kind in enumerate(types)} if len(types) > 1 else {"type": types[0]}
        for events in self._list(Listed("events"), {**asked, "created[gte]": str(since)}):
            for event in events:
                record = event["data"]["object"]
                if event["type"] in listed.gone:
                    gone.add(record["id"])
                elif record["object"] in (listed.path.removesuffix("s"), listed.path):
                    changed.setdefault(record["id"])
                elif listed.path == "charges" and record.get("charge"):
                    changed.setdefault(record["charge"])
        return list(changed), gone

    def _one(self, listed: Listed, number: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self.http.get(f"v1/{listed.path}/{number}", _expanded(listed, ""))
        except SkipResource:
            return None
        return found

    # History, newest first.

    def _history(
        self, resource: Resource, listed: Listed, state: dict[str, Any], now: int, until: datetime
    ) -> Iterator[Page]:
        state.setdefault("changes_from", now)
        oldest = state.get("oldest")
        asked = {"created[lte]": str(oldest)} if oldest is not None else {}
        newest = state.get("newest")
        for records in self._list(listed, asked):
            if records:
                oldest = min(record["created"] for record in records)
                newest = newest or max(record["created"] for record in records)
                state |= {"oldest": oldest, "newest": newest}
            told = self._told(resource, state, until, is_whole=False)
            yield Page(self._kept(resource, records, now), Cursor(dict(state)), **told)
        state["is_whole"] = True
        yield Page((), Cursor(state), progress=1.0, **self._told(resource, state, until, is_whole=True))

    def _told(self, resource: Resource, state: Mapping[str, Any], until: datetime, *, is_whole: bool) -> dict[str, Any]:
        """What the payments say of how complete the source is: days are UTC."""
        oldest = state.get("oldest")
        if resource.name != "charges" or oldest is None:
            return {}
        since: date = datetime.fromtimestamp(oldest, UTC).date() + DAY
        if is_whole:
            since = datetime.fromtimestamp(min(oldest, self._begun() or oldest), UTC).date()
        through = until.astimezone(UTC).date() - DAY
        return {"history_since": since, "complete_through": through} if since <= through else {}

    def _begun(self) -> float | None:
        """When the account began, where the key may read that; nothing can be missing before."""
        try:
            created = self.http.get("v1/account").get("created")
        except SkipResource:
            return None
        return float(created) if created else None

    # Requests.

    def _list(self, listed: Listed, asked: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
        after: dict[str, str] = {}
        params = {**(listed.params or {}), **_expanded(listed, "data."), **asked, "limit": str(self._limit)}
        while True:
            body = self.http.get(f"v1/{listed.path}", {**params, **after})
            records = body["data"]
            if listed.path == "invoices":
                for record in records:
                    self._complete_lines(record)
            yield records
            if not body["has_more"] or not records:
                return
            after = {"starting_after": records[-1]["id"]}

    def _complete_lines(self, invoice: dict[str, Any]) -> None:
        """Read the lines of an invoice that holds more than it shows at once."""
        lines = invoice.get("lines") or {}
        while lines.get("has_more"):
            last = lines["data"][-1]["id"]
            asked = {"limit": "100", "starting_after": last}
            more = self.http.get(f"v1/invoices/{invoice['id']}/lines", asked)
            lines["data"] += more["data"]
            lines["has_more"] = more["has_more"] and bool(more["data"])

    def _kept(self, resource: Resource, records: Sequence[Record], now: int) -> list[Record]:
        if resource.name == "charges":
            return [kept.charge(record, self._order_key) for record in records]
        if resource.name == "invoices":
            return [kept.invoice(record, self._order_key) for record in records]
        if resource.name == "customers":
            return [kept.customer(record) for record in records]
        if resource.name == "products":
            return [kept.product(record, self._category_key) for record in records]
        if resource.name == "subscriptions":
            return [kept.subscription(record, now) for record in records]
        return list(records)


def _expanded(listed: Listed, prefix: str) -> dict[str, str]:
    return {f"expand[{n}]": prefix + path for n, path in enumerate(listed.expand)}


def _parts(numbers: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]
