"""A REST interface by declaration: paging by page, offset, cursor, next address or Link header."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from roastery.connectors.errors import AbortSync, BadConnection, UnknownShape
from roastery.connectors.http import HttpClient
from roastery.connectors.sources.custom_crm.datasets import Dataset
from roastery.connectors.sources.custom_crm.mapping import TITLE, path_of, value_at
from roastery.warehouse.errors import UnknownName

KINDS = ("none", "page", "offset", "cursor", "next_url", "link")
OPTIONS = ("kind", "size", "size_param", "param", "first", "path")
MOST_PAGES = 100_000


class Paging:
    """How a list goes on. param: the parameter of page, offset or cursor; path: where the body names the next."""

    def __init__(self, given: Any) -> None:
        if not isinstance(given, Mapping):
            raise BadConnection(f"{TITLE}: `paging` must be an object with a `kind`.", allowed=KINDS)
        for option in given:
            if option not in OPTIONS:
                raise UnknownName("option of paging", option, OPTIONS)
        self.kind = str(given.get("kind", "none"))
        if self.kind not in KINDS:
            raise UnknownName("kind of paging", self.kind, KINDS)
        self.size = int(given.get("size", 100))
        self.size_param = str(given.get("size_param", ""))
        self.param = str(
            given.get("param", {"page": "page", "offset": "offset", "cursor": "cursor"}.get(self.kind, ""))
        )
        self.first = int(given.get("first", 1 if self.kind == "page" else 0))
        self.path = path_of(str(given.get("path", "next")))

    def begin(self) -> dict[str, str]:
        sized = {self.size_param: str(self.size)} if self.size_param else {}
        return {**sized, self.param: str(self.first)} if self.kind in ("page", "offset") else sized


class RestReader:
    """Reads a dataset's records page by page."""

    def __init__(self, http: HttpClient, paging: Any) -> None:
        self._http = http
        self._paging = paging
        self.last_headers: Mapping[str, str] = {}

    def records(self, dataset: Dataset, since: Any) -> Iterator[list[Mapping[str, Any]]]:
        paging = Paging(dataset.options.get("paging", self._paging))
        path = str(dataset.options["path"])
        params = {str(k): str(v) for k, v in (dataset.options.get("params") or {}).items()} | paging.begin()
        if dataset.cursor_param and since not in (None, ""):
            params[dataset.cursor_param] = str(since)
        records_at = path_of(str(dataset.options.get("records", "")))
        place, seen = paging.first, set[str]()
        for _ in range(MOST_PAGES):
            body = self._http.get(path, params)
            found = value_at(body, records_at) if records_at else body
            if not isinstance(found, list):
                where = dataset.options.get("records") or "the answer itself"
                raise UnknownShape(f"{TITLE} has no list of records at {where}, for {dataset.name}.")
            yield [record for record in found if isinstance(record, Mapping)]
            following = self._next(paging, body, found, place)
            if following is None or str(following) in seen:
                return
            seen.add(str(following))
            if isinstance(following, int):
                place = following
                params = {**params, paging.param: str(place)}
            elif paging.kind == "cursor":
                params = {**params, paging.param: following}
            else:
                path, params = self._on_this_host(following)
        raise UnknownShape(f"{TITLE} gives pages without an end, for {dataset.name}.")

    def _next(self, paging: Paging, body: Any, found: list[Any], place: int) -> int | str | None:
        """The next page's number, offset, cursor or address; None at the end."""
        if paging.kind in ("page", "offset"):
            more = len(found) > 0 and (not paging.size_param or len(found) >= paging.size)
            return place + (1 if paging.kind == "page" else len(found)) if more else None
        if paging.kind in ("cursor", "next_url"):
            value = value_at(body, paging.path)
            return str(value) if value and found else None
        if paging.kind == "link":
            link = re.search(r'<([^>]+)>\s*;[^,]*rel="?next"?', self.last_headers.get("link", ""))
            return link[1] if link else None
        return None

    def _on_this_host(self, url: str) -> tuple[str, dict[str, str]]:
        """Path and parameters of the next address; one elsewhere is not followed."""
        asked, own = urlsplit(url), urlsplit(self._http.base_url)
        if asked.netloc and (asked.scheme, asked.netloc) != (own.scheme, own.netloc):
            raise AbortSync(f"{TITLE} pointed to another address for the next page, which is not followed.")
        path = asked.path
        if own.path and path.startswith(own.path.rstrip("/") + "/"):
            path = path[len(own.path.rstrip("/")) :]
        return path, dict(parse_qsl(asked.query, keep_blank_values=True))
