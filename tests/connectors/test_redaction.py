"""No secret leaves: logs, errors, reports and progress are searched for every one that was in use."""

import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import pytest

from roastery.connectors.egress import Egress
from roastery.connectors.http import Politeness
from roastery.connectors.redaction import PROCESS, Redactor
from roastery.connectors.registry import SOURCES, open_source
from roastery.connectors.sync import sync_connection
from roastery.warehouse.clock import Clock
from tests.connectors.loopback import Heard, Landing, Provider, Say, Secrets, connection

SECRETS = {
    "access_token": "EAAB/access+token=of-the-shop",
    "refresh_token": "1//refresh-token-of-the-shop",
    "client_id": "client-id-of-the-app",
    "client_secret": "GOCSPX-client-secret-of-the-app",
    "developer_token": "developer-token-of-the-app",
    "app_secret": "app-secret-of-the-app",
}
SETTINGS = {
    "account_id": "1",
    "customer_id": "1",
    **dict.fromkeys(("shop", "domain", "subdomain", "instance"), "acme"),
    "mode": "rest",
    "datasets": {"customers": {"path": "clients", "map": {"customer_id": "id"}}},
}


def echoing(heard: Heard) -> str:
    """A provider that repeats all it was told, as careless error pages do."""
    told = " ".join([heard.path, *heard.headers.values(), heard.body.decode()])
    return f"{told} {quote(SECRETS['access_token'], safe='')}"


def fresh(heard: Heard) -> Say | None:
    if "token" in heard.path and heard.method == "POST" and "graphql" not in heard.path:
        return Say(
            {"access_token": "brand-new-access-token", "refresh_token": "brand-new-refresh-token", "expires_in": 9}
        )
    return None


ANSWERS: Mapping[str, Callable[[Heard], Say]] = {
    "refusal": lambda heard: fresh(heard) or Say({"error": {"message": echoing(heard), "code": 100}}, 400),
    "forbidden": lambda heard: fresh(heard) or Say({"error": {"message": echoing(heard)}}, 403),
    "unauthorized": lambda heard: fresh(heard) or Say({"error": {"message": echoing(heard), "code": 190}}, 401),
    "server error": lambda heard: fresh(heard) or Say({"error": {"message": echoing(heard)}}, 500),
    "page": lambda heard: Say(echoing(heard).encode(), content_type="text/html; " + SECRETS["client_secret"]),
    "error in 200": lambda heard: fresh(heard) or Say({"errors": [{"message": echoing(heard)}]}),
    "unknown shape": lambda heard: fresh(heard) or Say({"data": {echoing(heard): 1}}),
    "redirect": lambda heard: fresh(heard) or Say({}, 302, {"Location": f"http://127.0.0.1:1/{quote(echoing(heard))}"}),
    "dead grant": lambda heard: Say({"error": "invalid_grant", "error_description": echoing(heard)}, 400),
    "cut": lambda heard: fresh(heard) or Say({"error": echoing(heard)}, cut=20),
}


SAMPLED = ("refusal", "page", "dead grant")
"""What every source meets in `make test`; the others are met in `make prove`."""
MET = [pytest.param(a, id=a, marks=() if a in SAMPLED else pytest.mark.prove) for a in ANSWERS]


@pytest.mark.parametrize("answer", MET)
@pytest.mark.parametrize("name", SOURCES)
def test_no_secret_is_in_logs_errors_reports_or_progress(
    provider: Callable[..., Provider],
    politeness: Politeness,
    caplog: pytest.LogCaptureFixture,
    name: str,
    answer: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    server = provider(ANSWERS[answer])
    secrets = Secrets(**SECRETS)
    needed = dict.fromkeys(SOURCES[name].required_settings, "1")
    made = connection(name, server.url, **{**needed, **SETTINGS})
    told: list[Any] = []
    landing = Landing()
    source = open_source(
        made, secrets, Clock.from_iso("2026-11-02T15:00:00Z"), politeness=politeness, egress=Egress.parse("loopback")
    )
    report = sync_connection(source, made, landing, Clock(), told.append)
    assert report.outcome != "complete"
    shown = "\n".join(
        [
            repr(report),
            *map(repr, told),
            *(batch.read_id + repr(batch.cursor) for batch in landing.batches),
            *(logging.Formatter().format(record) for record in caplog.records),
            repr(source.http),
            repr(secrets.lock),
        ]
    )
    assert caplog.records
    hidden = {**SECRETS, "new": "brand-new-access-token", "newer": "brand-new-refresh-token"}
    leaked = [key for key, value in hidden.items() if value in shown or quote(value, safe="") in shown]
    assert leaked == []


def test_the_search_would_find_a_secret() -> None:
    """The test above proves nothing if its own haystack could not hold one."""
    said = echoing(Heard("GET", "/x", {"Authorization": f"Bearer {SECRETS['access_token']}"}, b""))
    assert SECRETS["access_token"] in said
    assert quote(SECRETS["access_token"], safe="") in said


def test_a_secret_inside_a_longer_one_leaves_nothing_behind() -> None:
    redactor = Redactor()
    redactor.learn(["secret", "secret-and-more"])
    assert redactor.clean("x secret-and-more y secret z") == "x [hidden] y [hidden] z"


def test_short_values_do_not_tear_holes_into_text() -> None:
    redactor = Redactor()
    redactor.learn(["", "a", "12345"])
    assert redactor.clean("a12345") == "a12345"


def test_exceptions_in_logs_are_cleaned_too(caplog: pytest.LogCaptureFixture) -> None:
    PROCESS.learn(["a-secret-in-a-traceback"])
    logger = logging.getLogger("roastery.connectors")
    try:
        raise ValueError("a-secret-in-a-traceback")
    except ValueError:
        logger.exception("failed with %s", "a-secret-in-a-traceback")
    assert "a-secret-in-a-traceback" not in caplog.text
    assert "[hidden]" in caplog.text
