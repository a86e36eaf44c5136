"""Reading HubSpot: searches by last change, in slices below the cap, completed with history and associations."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from roastery.connectors.access import Access, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.changes import Ask, Reading, changed_records
from roastery.connectors.errors import Throttled
from roastery.connectors.http import Reply
from roastery.connectors.oauth import FixedToken, Grant, HeaderStyle, OAuthToken
from roastery.connectors.renaming import Renaming
from roastery.connectors.reports import DAY
from roastery.connectors.sources.hubspot.fills import FILLS
from roastery.connectors.sources.hubspot.kinds import KINDS, PIPELINES, Kind
from roastery.connectors.sources.hubspot.searching import BATCH, Search, time_of
from roastery.connectors.throttle import Rate
from roastery.connectors.webhooks import SignedRequest

TITLE = "HubSpot"
SEARCH_CAP = 10_000
HISTORY_BATCH = 50


class HubSpot:
    """One HubSpot account."""

    provider: ClassVar[str] = "hubspot"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://api.hubapi.com"
    required_settings: ClassVar[tuple[str, ...]] = ()
    required_secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    optional_settings: ClassVar[Mapping[str, str]] = {
        "campaign_id_property": "The property of contacts and deals that holds the ad campaign's id.",
        "service_area_property": "The property of contacts and deals that holds the service area.",
        "segment_property": "The property of contacts that holds their segment.",
        "satisfaction_property": "The property of tickets that holds the customer's score.",
        "order_id_property": "The property of deals and invoices that holds the order's id in another system.",
        "property_names": "Where an account has another property than HubSpot's own: amount=deal_value, phone=tel.",
        "renewals": "true where deals of existing business are renewals; false.",
        "requests_per_10_seconds": "How many requests in ten seconds; 100 (paid accounts allow 190).",
        "searches_per_second": "How many searches a second; 4 (HubSpot allows 5).",
        "search_cap": "How many results a search gives at most; 10000.",
        "api_version": "The dated version in the paths; 2026-09.",
        "objects_path": "crm/objects/{version}; crm/v3/objects for the older interface.",
        "pipelines_path": "crm/pipelines/{version}; crm/v3/pipelines for the older interface.",
        "associations_path": "crm/associations/{version}; crm/v4/associations for the older interface.",
        "owners_path": "Where owners are listed; crm/v3/owners.",
        "token_url": "Where access is refreshed, where it is not HubSpot's own address.",
        "webhook_url": "The address that HubSpot calls, exactly as it is set there, where a proxy changes it.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "refresh_token": "Refreshes an access that was given by OAuth, with client_id and client_secret.",
        "client_id": "The app's client id.",
        "client_secret": "The app's client secret; it also verifies webhooks.",
    }
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("owners", key=lambda r: r["id"], personal={"email": "email"}),
        Resource("pipelines", key=lambda r: r["id"]),
        Resource("ticket_pipelines", key=lambda r: r["id"]),
        *(
            Resource(
                name,
                key=lambda r: r["id"],
                personal={
                    "properties.email": "email",
                    "properties.phone": "phone",
                    "properties.mobilephone": "phone",
                    "properties.firstname": "name",
                    "properties.lastname": "name",
                }
                if name == "contacts"
                else {},
                expects=("properties.amount", "properties.dealstage") if name == "deals" else (),
            )
            for name in KINDS
        ),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = FILLS
    webhook: ClassVar[SignedRequest] = SignedRequest("X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp")
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {
        f"{of}.{what}": (kind,)
        for of, kind in (("contact", "contacts"), ("deal", "deals"), ("ticket", "tickets"), ("product", "products"),
                         ("line_item", "line_items"))
        for what in ("creation", "propertyChange", "deletion", "merge", "restore", "associationChange")
    }  # fmt: skip

    def __init__(self, access: Access) -> None:
        settings = access.settings
        version = str(settings.get("api_version", "2026-09"))
        self._paths = {
            "objects": str(settings.get("objects_path", "crm/objects/{version}")).format(version=version),
            "pipelines": str(settings.get("pipelines_path", "crm/pipelines/{version}")).format(version=version),
            "associations": str(settings.get("associations_path", "crm/associations/{version}")).format(
                version=version
            ),
            "owners": str(settings.get("owners_path", "crm/v3/owners")),
        }
        self._extra = {
            "campaign_id": str(settings.get("campaign_id_property", "")),
            "service_area": str(settings.get("service_area_property", "")),
            "segment": str(settings.get("segment_property", "")),
            "satisfaction": str(settings.get("satisfaction_property", "")),
            "order_id": str(settings.get("order_id_property", "")),
        }
        known = {name for kind in KINDS.values() for name in (*kind.properties, kind.changed)}
        self._names = Renaming.parse(TITLE, settings, "property_names", known)
        self._renewals = str(settings.get("renewals", "false")).lower()
        per_second = whole_number(TITLE, settings, "requests_per_10_seconds", 100) / 10
        self._bucket = access.bucket(Rate(per_second=per_second, burst=per_second * 10))
        base_url = (access.connection.base_url or self.default_base_url).rstrip("/")
        token_url = str(settings.get("token_url") or f"{base_url}/oauth/{version}/token")
        self.http = access.client(
            TITLE,
            base_url,
            OAuthToken(
                access.connection,
                access.tokens,
                Grant(TITLE, token_url, HeaderStyle(), {}),
                access.clock,
                access.politeness,
                access.egress,
            )
            if access.secret("refresh_token")
            else FixedToken(access.connection, access.tokens),
            self._judge,
            (self._bucket,),
        )
        self._clock = access.clock
        self._searching = Search(
            self.http,
            self._paths["objects"],
            self._names,
            pointed=[name for name in self._extra.values() if name],
            cap=whole_number(TITLE, settings, "search_cap", SEARCH_CAP, least=BATCH),
            cost=max(1.0, per_second / whole_number(TITLE, settings, "searches_per_second", 4)),
        )

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        if resource.name == "owners":
            yield from self._listed(self._paths["owners"], cursor)
        elif resource.name in PIPELINES:
            yield from self._listed(f"{self._paths['pipelines']}/{PIPELINES[resource.name]}", cursor)
        else:
            yield from self._changed(resource.name, cursor, until)

    def _listed(self, path: str, cursor: Cursor) -> Iterator[Page]:
        for records in self._all(path, {}):
            yield Page(records, cursor)

    # Objects by change.

    def _changed(self, name: str, cursor: Cursor, until: datetime) -> Iterator[Page]:
        kind = KINDS[name]
        first: str | None = cursor.state.get("first")
        reading = Reading.parse(cursor)

        def fetch(ask: Ask) -> Iterator[list[Record]]:
            for found in self._searching.found(name, kind, ask):
                yield self._completed(name, kind, found)

        for records, reading in changed_records(cursor, fetch, lambda r: time_of(r["properties"][kind.changed])):
            first = min([*(r["createdAt"] for r in records), *([first] if first else [])], default=None)
            state = {**reading.state(), "first": first, "archived_to": cursor.state.get("archived_to")}
            yield Page(records, Cursor(state), deleted=_merged_away(records))
        gone, latest = self._archived(name, cursor.state.get("archived_to"))
        state = {**reading.state(), "first": first, "archived_to": latest}
        yield Page((), Cursor(state), deleted=gone, progress=1.0, **_told(name, first, until))

    def _completed(self, name: str, kind: Kind, found: Sequence[dict[str, Any]]) -> list[Record]:
        """Records with the history and associations that a search does not give, and what the settings point to."""
        history = self._history(name, kind.history, [r["id"] for r in found]) if kind.history else {}
        linked = {to: self._linked(name, to, [r["id"] for r in found]) for to in kind.associations}
        done: list[Record] = []
        for record in found:
            values = record["properties"]
            pointed = {what: values.get(where) for what, where in self._extra.items() if where}
            done.append(
                {
                    **record,
                    "propertiesWithHistory": {kind.history: history.get(record["id"], [])} if kind.history else {},
                    "_associations": {to: linked[to].get(record["id"], []) for to in kind.associations},
                    "_connection": {**pointed, "renewals": self._renewals},
                }
            )
        return done

    def _history(self, name: str, history: str, numbers: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for start in range(0, len(numbers), HISTORY_BATCH):
            inputs = [{"id": number} for number in numbers[start : start + HISTORY_BATCH]]
            asked = {"inputs": inputs, "properties": [], "propertiesWithHistory": [self._names.theirs(history)]}
            for record in self.http.post(f"{self._paths['objects']}/{name}/batch/read", body=asked)["results"]:
                kept = (record.get("propertiesWithHistory") or {}).get(self._names.theirs(history)) or []
                found[record["id"]] = [{"value": h["value"], "timestamp": h["timestamp"]} for h in kept]
        return found

    def _linked(self, name: str, to: str, numbers: Sequence[str]) -> dict[str, list[str]]:
        """Ids of associated objects, the one that HubSpot marks as primary first."""
        if not numbers:
            return {}
        path = f"{self._paths['associations']}/{name}/{to}/batch/read"
        found: dict[str, list[str]] = {}
        for entry in self.http.post(path, body={"inputs": [{"id": number} for number in numbers]})["results"]:
            ranked = sorted(entry["to"], key=lambda t: not any(a.get("typeId") in (1, 3, 5) for a in _types(t)))
            found[str(entry["from"]["id"])] = [str(t["toObjectId"]) for t in ranked]
        return found

    def _archived(self, name: str, since: str | None) -> tuple[list[str], str | None]:
        """Ids archived since, and the latest time of archiving."""
        gone, latest = [], since
        for records in self._all(f"{self._paths['objects']}/{name}", {"archived": "true"}):
            for record in records:
                at = record.get("archivedAt") or ""
                if since is None or at >= since:
                    gone.append(record["id"])
                latest = max(latest or "", at) or None
        return gone, latest

    # Requests.

    def _all(self, path: str, asked: Mapping[str, str]) -> Iterator[list[Record]]:
        after: dict[str, str] = {}
        while True:
            body = self.http.get(path, {**asked, "limit": str(BATCH), **after})
            yield body["results"]
            following = ((body.get("paging") or {}).get("next") or {}).get("after")
            if not following:
                return
            after = {"after": following}

    def _judge(self, reply: Reply) -> None:
        left, most, span = (
            reply.headers.get(f"x-hubspot-ratelimit-{name}") for name in ("remaining", "max", "interval-milliseconds")
        )
        if left and most and span:
            rate = Rate(per_second=1000 * float(most) / float(span), burst=float(most))
            self._bucket.refine(available=float(left), rate=rate)
        if reply.status == 429 and isinstance(reply.body, dict) and reply.body.get("policyName") == "DAILY":
            now = self._clock.now().astimezone(UTC)
            midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
            raise Throttled(f"{TITLE}'s limit for today is used up.", wait_seconds=(midnight - now).total_seconds())
        if reply.status == 429:
            raise Throttled(f"{TITLE} is limiting how much may be asked.", wait_seconds=reply.retry_after or 10.0)


def _types(linked: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return linked.get("associationTypes") or ()


def _merged_away(records: Sequence[Record]) -> list[str]:
    """Contacts that were merged into one of these."""
    merged = [record["properties"].get("hs_merged_object_ids") or "" for record in records]
    own = {record["id"] for record in records}
    return [number for text in merged for number in text.split(";") if number and number not in own]


def _told(name: str, first: str | None, until: datetime) -> dict[str, Any]:
    """Deals say of the whole connection since when it is complete: since its first record, for all were read."""
    if name != "deals" or not first:
        return {}
    since: date = time_of(first).date()
    through = until.astimezone(UTC).date() - DAY
    return {"history_since": since, "complete_through": through} if since <= through else {}
