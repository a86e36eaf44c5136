"""Searching HubSpot by last change: a search stops at a cap, so it goes on in slices that each stay below it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from roastery.connectors.changes import Ask
from roastery.connectors.http import HttpClient
from roastery.connectors.renaming import Renaming
from roastery.connectors.sources.hubspot.kinds import Kind

BATCH = 100


@dataclass
class _Slice:
    """One search below the cap: filters, and the last record that it gave."""

    filters: list[dict[str, str]]
    sort: str
    descending: bool
    seen: int = 0
    last: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Search:
    """How one account is searched.

    path: of its objects; cap: how many results a search gives at most; cost: of one, in requests; pointed: properties
    that the settings point to, which keep the account's names.
    """

    http: HttpClient
    path: str
    names: Renaming
    pointed: Sequence[str]
    cap: int
    cost: float

    def found(self, name: str, kind: Kind, ask: Ask) -> Iterator[list[dict[str, Any]]]:
        """Pages of a search by change; where the cap is reached it goes on from the last change that it gave."""
        bound = ask.since or ask.up_to
        at = millis(bound) if bound else None
        while True:
            operator = "LTE" if ask.newest_first else "GTE"
            filters = [_filter(kind.changed, operator, at)] if at else []
            search = _Slice(filters, kind.changed, ask.newest_first)
            yield from self._pages_of(name, kind, search)
            if search.seen < self.cap:
                return
            last = millis(time_of(search.last["properties"][kind.changed]))
            if last == at:
                # More records changed in one instant than a search can give: these by their ids, then beyond it.
                yield from self._of_instant(name, kind, last)
                last = str(int(last) + (-1 if ask.newest_first else 1))
            at = last

    def _of_instant(self, name: str, kind: Kind, at: str) -> Iterator[list[dict[str, Any]]]:
        number = "0"
        while True:
            filters = [_filter(kind.changed, "EQ", at), _filter("hs_object_id", "GT", number)]
            search = _Slice(filters, "hs_object_id", descending=False)
            yield from self._pages_of(name, kind, search)
            if search.seen < self.cap:
                return
            number = search.last["id"]

    def _pages_of(self, name: str, kind: Kind, search: _Slice) -> Iterator[list[dict[str, Any]]]:
        after: str | None = "0"
        known = [*kind.properties, kind.changed]
        asked = [*map(self.names.theirs, known), *self.pointed]
        filters = [{**told, "propertyName": self.names.theirs(told["propertyName"])} for told in search.filters]
        sort = {
            "propertyName": self.names.theirs(search.sort),
            "direction": "DESCENDING" if search.descending else "ASCENDING",
        }
        while search.seen < self.cap:
            body = self.http.post(
                f"{self.path}/{name}/search",
                body={
                    "filterGroups": [{"filters": filters}] if filters else [],
                    "sorts": [sort],
                    "properties": asked,
                    "limit": min(BATCH, self.cap - search.seen),
                    "after": after,
                },
                cost=self.cost,
            )
            found = [{**record, "properties": self._ours(record["properties"])} for record in body["results"]]
            if found:
                search.seen, search.last = search.seen + len(found), found[-1]
                yield found
            after = ((body.get("paging") or {}).get("next") or {}).get("after")
            if not after or not found:
                return

    def _ours(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Properties by HubSpot's own names, and what the settings point to by the account's."""
        pointed = {where: properties[where] for where in self.pointed if where in properties}
        return {**self.names.ours(properties), **pointed}


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def millis(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))
