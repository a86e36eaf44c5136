"""Requests of sources and answers of twins, held against the providers' own documents, which nobody here wrote."""

import pytest

from roastery.connectors.http import Politeness
from roastery.evals.twins.registry import declarations
from roastery.evals.twins.server import Twins
from tests.connectors.company import connect, sync
from tests.connectors.loopback import Landing
from tests.connectors.official import SPECS, Exchange, Official, recorded

pytestmark = [
    pytest.mark.referee,
    pytest.mark.skipif(not SPECS.exists(), reason=f"no reference material at ../{SPECS.parent.name}/{SPECS.name}"),
]


def exchanges(twins: Twins, politeness: Politeness, monkeypatch: pytest.MonkeyPatch, provider: str) -> list[Exchange]:
    """Everything that a first sync and the next one say and hear."""
    found = recorded(monkeypatch)
    landing, connected = Landing(), connect(twins, provider, **declarations()[provider].quick)
    for _ in range(2):
        report = sync(twins, connected, landing, politeness)
        assert report.outcome == "complete", report.message
    assert found
    return found


def faults(official: Official, said: list[Exchange]) -> list[str]:
    return sorted({fault for exchange in said for fault in official.faults(exchange)})


@pytest.mark.parametrize(
    ("provider", "parts", "base"),
    [
        ("mailchimp", ("mailchimp", "mailchimp-3.0.55.json"), "/3.0"),
        ("klaviyo", ("klaviyo", "stable.json"), ""),
        ("constant_contact", ("constant_contact", "v3-openapi.yml"), "/v3"),
        ("ga4", ("ga4", "data-api-openapi.yaml"), ""),
    ],
)
def test_what_is_asked_and_answered_is_as_the_provider_documents_it(
    twins: Twins,
    politeness: Politeness,
    monkeypatch: pytest.MonkeyPatch,
    provider: str,
    parts: tuple[str, str],
    base: str,
) -> None:
    # Constant Contact's cursor stands in an address that it gives itself; its document does not name it.
    official = Official(*parts, base=base, skipped=("cursor",))
    assert faults(official, exchanges(twins, politeness, monkeypatch, provider)) == []


TIKTOK = {"report/integrated/get/": "report_integrated_get.yml", "advertiser/info/": "advertiser_info.yml"}


def test_tiktok_s_reports_are_asked_for_as_its_documents_say(
    twins: Twins, politeness: Politeness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files declare the token as a parameter of the query, which is wrong: it is a header."""
    said = exchanges(twins, politeness, monkeypatch, "tiktok_ads")
    for path, name in TIKTOK.items():
        official = Official("tiktok", name, base="/open_api/v1.3", skipped=("Access-Token",))
        some = [exchange for exchange in said if exchange.path.endswith(path)]
        assert some
        assert faults(official, some) == []


def test_the_referee_sees_what_is_wrong() -> None:
    official = Official("mailchimp", "mailchimp-3.0.55.json", base="/3.0")
    wrong = [
        Exchange("GET", "/3.0/reports", {"since": "2026"}, None, {"reports": [], "total_items": 0}),
        Exchange("GET", "/3.0/reports", {}, None, {"reports": [{"emails_sent": "many"}], "total_items": 0}),
        Exchange("GET", "/3.0/no-such-thing", {}, None, {}),
    ]
    assert all(list(official.faults(exchange)) for exchange in wrong)
