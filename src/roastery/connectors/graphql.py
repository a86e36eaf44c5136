"""GraphQL over the one HTTP client: errors inside a 200, throttling by query cost, connections read to their end."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from roastery.connectors.errors import AbortSync, RetryLater, SkipResource, SliceTooLarge, Throttled
from roastery.connectors.http import HttpClient, Reply
from roastery.connectors.throttle import Bucket, Rate

UNKNOWN_COST = 50.0
"""What a document is taken to cost until the provider has said it once."""

Node = dict[str, Any]


class GraphQL:
    """One GraphQL endpoint whose answers carry their cost (extensions.cost, as Shopify's do).

    notices: fields that this connection may not read and that came back empty.
    """

    def __init__(self, http: HttpClient, path: str, bucket: Bucket) -> None:
        self._http = http
        self._path = path
        self._bucket = bucket
        self._costs: dict[str, float] = {}
        self.notices: list[str] = []

    def ask(self, document: str, **variables: Any) -> Node:
        """The data of a query. Errors: SliceTooLarge when it is too costly; those of the client."""
        body = self._http.post(
            self._path,
            body={"query": document, "variables": variables},
            cost=self._costs.get(document, UNKNOWN_COST),
        )
        cost = body.get("extensions", {}).get("cost", {})
        self._costs[document] = float(cost.get("requestedQueryCost") or UNKNOWN_COST)
        self._note_denied(body.get("errors", []))
        data = body.get("data")
        if data is None and body.get("errors"):
            raise SkipResource(f"{self._http.title} does not let this connection read that.")
        if not isinstance(data, dict):
            raise RetryLater(f"{self._http.title} answered without data.")
        return data

    def drain(self, connection: Node, more: Callable[[str], Node | None]) -> None:
        """Read the rest of a nested connection into it; `more` gives the part after a cursor."""
        while connection["pageInfo"]["hasNextPage"]:
            part = more(connection["pageInfo"]["endCursor"])
            if part is None:
                return
            connection["nodes"] += part["nodes"]
            connection["pageInfo"] = part["pageInfo"]

    def walk(self, document: str, root: str, size: int, **variables: Any) -> Iterator[list[Node]]:
        """Pages of a root connection; halves the page while the provider finds it too costly."""
        after: str | None = None
        while True:
            try:
                connection = self.ask(document, first=size, after=after, **variables)[root]
            except SliceTooLarge:
                if size == 1:
                    raise
                size = size // 2
                continue
            yield connection["nodes"]
            if not connection["pageInfo"]["hasNextPage"]:
                return
            after = connection["pageInfo"]["endCursor"]

    def judge(self, reply: Reply) -> None:
        """What errors in the body mean, and what the cost says of the bucket."""
        if not isinstance(reply.body, dict):
            return
        cost = reply.body.get("extensions", {}).get("cost", {})
        status = cost.get("throttleStatus", {})
        if status:
            rate = Rate(per_second=float(status["restoreRate"]), burst=float(status["maximumAvailable"]))
            self._bucket.refine(available=float(status["currentlyAvailable"]), rate=rate)
        errors = reply.body.get("errors", [])
        if not isinstance(errors, list):
            return
        codes = {error_code(error) for error in errors}
        if "THROTTLED" in codes:
            short = float(cost.get("requestedQueryCost") or UNKNOWN_COST) - float(status.get("currentlyAvailable", 0))
            wait = max(0.0, short) / float(status.get("restoreRate") or UNKNOWN_COST)
            raise Throttled(f"{self._http.title} is limiting how much may be asked.", wait_seconds=wait)
        if "MAX_COST_EXCEEDED" in codes:
            raise SliceTooLarge(f"{self._http.title} finds this much at once too costly.")
        if "INTERNAL_SERVER_ERROR" in codes:
            raise RetryLater(f"{self._http.title} has a problem of its own.")
        if codes - {"ACCESS_DENIED"} and reply.status == 200:
            said = "; ".join(str(error.get("message", "")) for error in errors if isinstance(error, dict))
            raise AbortSync(f"{self._http.title} refused the query: {self._http.clean(said)}")

    def _note_denied(self, errors: Sequence[Mapping[str, Any]]) -> None:
        for error in errors:
            field = next((str(p) for p in reversed(error.get("path", [])) if isinstance(p, str)), "")
            notice = f"{self._http.title} does not let this connection read {field or 'some fields'}; it stays empty."
            if notice not in self.notices:
                self.notices.append(notice)


def error_code(error: Any) -> str:
    """The code of a GraphQL error, '' where it has none."""
    extensions = error.get("extensions", {}) if isinstance(error, dict) else {}
    return str(extensions.get("code", "")) if isinstance(extensions, dict) else ""
