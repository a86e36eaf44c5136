"""GraphQL answers: cost, throttling and errors that come with a 200."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from roastery.connectors.errors import AbortSync, RetryLater, SkipResource, SliceTooLarge
from roastery.connectors.graphql import GraphQL
from roastery.connectors.http import HttpClient, NoAuth, Politeness
from roastery.connectors.throttle import Bucket, Rate
from roastery.warehouse.clock import Clock
from tests.connectors.loopback import Heard, Provider, Say, Waits

Start = Callable[..., Provider]


Endpoint = Callable[[Provider], GraphQL]


@pytest.fixture
def endpoint(politeness: Politeness) -> Iterator[Endpoint]:
    made: list[HttpClient] = []

    def connect(server: Provider) -> GraphQL:
        bucket = Bucket(Rate(per_second=100, burst=1000), stopwatch=lambda: 0.0)
        judges: list[GraphQL] = []
        http = HttpClient(
            "Acme",
            server.url,
            auth=NoAuth(),
            judge=lambda reply: judges[0].judge(reply),
            buckets=(bucket,),
            clock=Clock(),
            politeness=politeness,
        )
        made.append(http)
        judges.append(GraphQL(http, "graphql.json", bucket))
        return judges[0]

    yield connect
    for http in made:
        http.close()


def cost(requested: float, available: float) -> dict[str, Any]:
    status = {"maximumAvailable": 1000.0, "currentlyAvailable": available, "restoreRate": 50.0}
    return {"cost": {"requestedQueryCost": requested, "throttleStatus": status}}


def error(code: str, **more: Any) -> dict[str, Any]:
    return {"message": f"it is {code}", "extensions": {"code": code}, **more}


def test_the_next_query_waits_for_the_points_that_it_will_cost(
    provider: Start, endpoint: Endpoint, waits: Waits
) -> None:
    server = provider(Say({"data": {"a": 1}, "extensions": cost(400, available=100)}))
    api = endpoint(server)
    api.ask("query A { a }")
    assert waits.seconds == []
    api.ask("query A { a }")
    assert waits.seconds == [6.0]  # 300 points are missing, 50 come back a second


def test_throttled_with_200_waits_and_asks_again(provider: Start, endpoint: Endpoint, waits: Waits) -> None:
    throttled = Say({"errors": [error("THROTTLED")], "extensions": cost(600, available=100)})
    server = provider(throttled, Say({"data": {"a": 1}, "extensions": cost(600, available=900)}))
    assert endpoint(server).ask("query A { a }") == {"a": 1}
    assert waits.seconds[0] == 10.0


def test_a_page_that_is_too_costly_is_halved_until_it_fits(provider: Start, endpoint: Endpoint) -> None:
    def answer(heard: Heard) -> Say:
        asked = json.loads(heard.body)["variables"]
        if asked["first"] > 12:
            return Say({"errors": [error("MAX_COST_EXCEEDED")]})
        start = int(asked["after"] or 0)
        nodes = [{"n": n} for n in range(start, min(start + asked["first"], 30))]
        page = {"hasNextPage": start + asked["first"] < 30, "endCursor": str(start + asked["first"])}
        return Say({"data": {"things": {"nodes": nodes, "pageInfo": page}}})

    pages = list(endpoint(provider(answer)).walk("query T { things }", "things", 50))
    assert [node["n"] for page in pages for node in page] == list(range(30))
    assert [len(page) for page in pages] == [12, 12, 6]


def test_one_record_that_is_too_costly_is_skipped_with_a_sentence(provider: Start, endpoint: Endpoint) -> None:
    api = endpoint(provider(Say({"errors": [error("MAX_COST_EXCEEDED")]})))
    with pytest.raises(SliceTooLarge, match="too costly"):
        list(api.walk("query T { things }", "things", 4))


@pytest.mark.parametrize(
    ("body", "raised"),
    [
        ({"errors": [error("INTERNAL_SERVER_ERROR")]}, RetryLater),
        ({"errors": [error("undefinedField")]}, AbortSync),
        ({"errors": [{"message": "syntax error"}]}, AbortSync),
        ({"errors": [error("ACCESS_DENIED")], "data": None}, SkipResource),
        ({}, RetryLater),
    ],
)
def test_an_error_in_a_200_is_classed(
    provider: Start, endpoint: Endpoint, body: dict[str, Any], raised: type[Exception]
) -> None:
    with pytest.raises(raised):
        endpoint(provider(Say(body))).ask("query A { a }")


def test_fields_that_may_not_be_read_are_noted_once(provider: Start, endpoint: Endpoint) -> None:
    denied = [error("ACCESS_DENIED", path=["orders", "nodes", n, "customer"]) for n in range(3)]
    api = endpoint(provider(Say({"data": {"orders": {}}, "errors": denied})))
    api.ask("query A { orders }")
    assert api.notices == ["Acme does not let this connection read customer; it stays empty."]


def test_a_nested_list_is_read_to_its_end() -> None:
    parts = {"b": ([3, 4], True, "c"), "c": ([5], False, None)}

    def more(after: str) -> dict[str, Any]:
        nodes, has_next, end = parts[after]
        return {"nodes": nodes, "pageInfo": {"hasNextPage": has_next, "endCursor": end}}

    connection: dict[str, Any] = {"nodes": [1, 2], "pageInfo": {"hasNextPage": True, "endCursor": "b"}}
    GraphQL.drain(None, connection, more)  # type: ignore[arg-type]
    assert connection["nodes"] == [1, 2, 3, 4, 5]
