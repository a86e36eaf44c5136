"""The HTTP client: retries, waits, refusals and cut answers, against a loopback server."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from roastery.connectors.errors import AbortSync, CutOff, Reconnect, RetryLater, SkipResource, Throttled
from roastery.connectors.http import Auth, HttpClient, NoAuth, Politeness
from roastery.connectors.json_stream import array_elements, streamed
from roastery.connectors.throttle import Bucket, Rate
from roastery.warehouse.clock import Clock
from tests.connectors.loopback import Heard, Provider, Say, Waits

Start = Callable[..., Provider]


Connect = Callable[..., HttpClient]


@pytest.fixture
def client() -> Iterator[Connect]:
    made: list[HttpClient] = []

    def connect(server: Provider, politeness: Politeness, **more: Any) -> HttpClient:
        auth: Auth = more.pop("auth", NoAuth())
        made.append(HttpClient("Acme", server.url, auth=auth, clock=Clock(), politeness=politeness, **more))
        return made[-1]

    yield connect
    for http in made:
        http.close()


def test_a_good_answer_is_parsed_and_asked_for_once(client: Connect, provider: Start, politeness: Politeness) -> None:
    server = provider(Say({"ok": True}))
    assert client(server, politeness).get("things", {"page": "2"}) == {"ok": True}
    assert [h.path for h in server.heard] == ["/things?page=2"]


@pytest.mark.parametrize("status", [500, 502, 503, 408, 425])
def test_a_server_problem_is_retried_with_growing_waits(
    client: Connect, provider: Start, politeness: Politeness, waits: Waits, status: int
) -> None:
    server = provider(Say({}, status), Say({}, status), Say({"ok": 1}))
    assert client(server, politeness).get("x") == {"ok": 1}
    assert waits.seconds == [1.0, 2.0]


def test_a_provider_that_stays_broken_ends_with_a_sentence(
    client: Connect, provider: Start, politeness: Politeness, waits: Waits
) -> None:
    server = provider(Say({}, 500))
    with pytest.raises(RetryLater, match="Acme has a problem of its own") as caught:
        client(server, politeness).get("x")
    assert len(server.heard) == politeness.attempts
    assert caught.value.wait_seconds is None


def test_the_provider_s_wait_is_obeyed_over_our_own(
    client: Connect, provider: Start, politeness: Politeness, waits: Waits
) -> None:
    server = provider(Say({}, 429, {"Retry-After": "7"}), Say({"ok": 1}))
    client(server, politeness).get("x")
    assert waits.seconds == [7.0]


def test_a_wait_until_a_date_counts_from_the_provider_s_own_clock(
    client: Connect, provider: Start, politeness: Politeness, waits: Waits
) -> None:
    later = {"Retry-After": "Wed, 21 Oct 2099 07:28:09 GMT"}
    server = provider(Say({}, 503, later), Say({"ok": 1}))
    with pytest.raises(RetryLater) as caught:
        client(server, politeness).get("x")
    assert caught.value.wait_seconds is not None
    assert caught.value.wait_seconds > 365 * 24 * 3600


def test_a_wait_beyond_our_patience_ends_the_sync_and_says_how_long(
    client: Connect, provider: Start, politeness: Politeness, waits: Waits
) -> None:
    server = provider(Say({}, 429, {"Retry-After": "3600"}))
    with pytest.raises(Throttled) as caught:
        client(server, politeness).get("x")
    assert caught.value.wait_seconds == 3600
    assert waits.seconds == []


def test_waits_of_nothing_do_not_go_on_for_ever(
    client: Connect, provider: Start, politeness: Politeness, waits: Waits
) -> None:
    server = provider(Say({}, 429, {"Retry-After": "0"}))
    with pytest.raises(Throttled):
        client(server, replace(politeness, patience_seconds=1.0)).get("x")
    assert sum(waits.seconds) == pytest.approx(1.0, abs=0.11)


def test_an_answer_that_ends_halfway_is_asked_for_again(
    client: Connect, provider: Start, politeness: Politeness
) -> None:
    server = provider(Say({"rows": list(range(100))}, cut=40), Say({"rows": [1]}))
    assert client(server, politeness).get("x") == {"rows": [1]}


def test_a_page_instead_of_data_is_retried_then_named(client: Connect, provider: Start, politeness: Politeness) -> None:
    server = provider(Say(b"<html>bad gateway</html>", content_type="text/html"))
    with pytest.raises(RetryLater, match="answered with text/html instead of data"):
        client(server, politeness).get("x")
    assert len(server.heard) == politeness.attempts


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, AbortSync), (403, SkipResource), (404, SkipResource), (410, AbortSync), (422, AbortSync)],
)
def test_a_refusal_is_not_repeated(
    client: Connect, provider: Start, politeness: Politeness, status: int, error: type[Exception]
) -> None:
    server = provider(Say({"error": "no"}, status))
    with pytest.raises(error, match="no"):
        client(server, politeness).get("x")
    assert len(server.heard) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed_so_credentials_stay_home(
    client: Connect, provider: Start, politeness: Politeness, status: int
) -> None:
    elsewhere = provider(Say({"stolen": True}))
    server = provider(Say({}, status, {"Location": f"{elsewhere.url}/x"}))
    with pytest.raises(AbortSync, match="not followed"):
        client(server, politeness, auth=Fixed("secret-token")).get("x")
    assert elsewhere.heard == []


def test_a_provider_that_is_away_is_a_sentence(client: Connect, provider: Start, politeness: Politeness) -> None:
    server = provider(Say({}))
    away = client(server, politeness)
    server.close()
    with pytest.raises(RetryLater, match="Acme cannot be reached"):
        away.get("x")


def test_a_proxy_in_the_environment_does_not_stand_before_loopback(
    client: Connect, provider: Start, politeness: Politeness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert client(provider(Say({"ok": True})), politeness).get("x") == {"ok": True}


class Fixed:
    """Credentials that may be renewed once."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)

    def headers(self) -> dict[str, str]:
        return {"Authorization": self.tokens[0]}

    def params(self) -> dict[str, str]:
        return {}

    def renew(self, refused: Any) -> bool:
        if len(self.tokens) > 1:
            self.tokens.pop(0)
            return True
        return False


def by_token(good: str) -> Callable[[Heard], Say]:
    return lambda heard: Say({"ok": 1}) if heard.headers.get("Authorization") == good else Say({}, 401)


def test_refused_credentials_are_renewed_once_and_the_request_repeated(
    client: Connect, provider: Start, politeness: Politeness
) -> None:
    server = provider(by_token("new"))
    assert client(server, politeness, auth=Fixed("old", "new")).get("x") == {"ok": 1}
    assert len(server.heard) == 2


def test_credentials_refused_twice_ask_somebody_to_reconnect(
    client: Connect, provider: Start, politeness: Politeness
) -> None:
    server = provider(by_token("never"))
    with pytest.raises(Reconnect, match="Connect it again"):
        client(server, politeness, auth=Fixed("old", "new", "newer")).get("x")
    assert len(server.heard) == 2


def test_an_empty_bucket_is_waited_for(client: Connect, provider: Start, politeness: Politeness, waits: Waits) -> None:
    bucket = Bucket(Rate(per_second=2, burst=1), stopwatch=lambda: 0.0)
    server = provider(Say({}))
    http = client(server, politeness, buckets=(bucket,))
    for _ in range(3):
        http.get("x")
    assert waits.seconds == [0.5, 1.0]


def test_a_bucket_that_is_closed_for_long_ends_the_sync(
    client: Connect, provider: Start, politeness: Politeness, waits: Waits
) -> None:
    bucket = Bucket(Rate(per_second=2, burst=1), stopwatch=lambda: 0.0)
    bucket.close_for(1800)
    server = provider(Say({}))
    with pytest.raises(Throttled) as caught:
        client(server, politeness, buckets=(bucket,)).get("x")
    assert caught.value.wait_seconds == 1800
    assert server.heard == []


def test_long_waits_are_told(client: Connect, provider: Start, politeness: Politeness) -> None:
    server = provider(Say({}, 429, {"Retry-After": "5"}), Say({}))
    http = client(server, politeness)
    told: list[tuple[float, str]] = []
    http.on_wait = lambda seconds, why: told.append((seconds, why))
    http.get("x")
    assert told == [(5.0, "Acme is limiting how much may be asked.")]


def test_a_stream_gives_its_elements_one_by_one(client: Connect, provider: Start, politeness: Politeness) -> None:
    rows = [{"n": n, "text": "é" * 50} for n in range(500)]
    server = provider(Say(rows))
    assert list(client(server, politeness).stream("x", body={})) == rows


def test_a_stream_that_breaks_off_says_so(client: Connect, provider: Start, politeness: Politeness) -> None:
    rows = [{"n": n} for n in range(1000)]
    server = provider(Say(rows, cut=len(json.dumps(rows)) // 2))
    got: list[Any] = []

    def read() -> None:
        got.extend(client(server, politeness).stream("x", body={}))

    with pytest.raises(CutOff):
        read()
    assert len(server.heard) == 1


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_an_array_is_read_the_same_however_it_arrives(size: int) -> None:
    rows = [{"a": [1, {"b": "]}"}]}, {"c": "x" * 40}, {}]
    text = json.dumps(rows, indent=1)
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert list(array_elements(iter(pieces))) == rows


@pytest.mark.parametrize("at_once", [0, 60, 10_000])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_long_answer_and_a_short_one_are_read_the_same(size: int, at_once: int) -> None:
    rows = [{"a": [1, {"b": "]}é"}]}, {"c": "ü" * 40}, {}]
    text = json.dumps(rows, ensure_ascii=False).encode()
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert list(streamed(iter(pieces), at_once)) == rows
    with pytest.raises(ValueError, match=r"array|delimiter"):
        list(streamed(iter([text[:-1]]), at_once))


@pytest.mark.parametrize("text", ["", "[", '[{"a": 1}', '[{"a": 1},', '[{"a"', '{"error": 1}', "null"])
def test_an_array_without_an_end_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="array"):
        list(array_elements(iter([text])))


def test_an_empty_array_has_no_elements() -> None:
    assert list(array_elements(iter(["[", " ]"]))) == []
