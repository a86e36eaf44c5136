"""Codes, names and ways of signing in that are not certain are settings: told, they hold; mistyped, they fail."""

import pytest

from roastery.connectors.errors import BadConnection
from roastery.connectors.http import Politeness
from roastery.connectors.registry import open_source
from roastery.connectors.renaming import Renaming
from roastery.connectors.sync import sync_connection
from roastery.warehouse.errors import UnknownName
from tests.connectors.loopback import Landing, Say, Secrets, connection
from tests.connectors.test_marketing_traps import NOW, Start, lower, synced, tiktok


def test_what_a_code_of_tiktok_means_is_told_by_settings(provider: Start, politeness: Politeness) -> None:
    asked = {"only": ["advertisers"], "advertiser_id": "7"}
    assert synced(provider(tiktok(40900)), "tiktok_ads", politeness, **asked).outcome == "failed"
    told = synced(provider(tiktok(40900)), "tiktok_ads", politeness, limit_codes="40100, 40900", **asked)
    assert told.outcome == "waiting"
    with pytest.raises(BadConnection, match="whole numbers"):
        synced(provider(tiktok(0)), "tiktok_ads", politeness, limit_codes="many", **asked)


def test_which_errors_of_meta_are_limits_is_told_by_a_setting(provider: Start, politeness: Politeness) -> None:
    refused = Say({"error": {"code": 90001, "message": "later"}}, status=400)
    assert synced(provider(refused), "meta_ads", politeness, account_id="1").outcome == "failed"
    assert synced(provider(refused), "meta_ads", politeness, account_id="1", limit_codes="90001").outcome == "waiting"


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({}, "Bearer token-1"),
        ({"email": "a@b.example"}, "Basic YUBiLmV4YW1wbGU6dG9rZW4tMQ=="),
        ({"email": "a@b.example", "auth_scheme": "Bearer"}, "Bearer token-1"),
    ],
)
def test_how_gorgias_is_signed_in_to_is_told_by_a_setting(
    provider: Start, politeness: Politeness, settings: dict[str, str], sent: str
) -> None:
    server = provider(Say({"data": [], "meta": {}}))
    made, secrets = connection("gorgias", server.url, domain="acme", **settings), Secrets(access_token="token-1")
    source = open_source(made, secrets, NOW, politeness=politeness)
    assert sync_connection(source, made, Landing(), NOW).outcome == "complete"
    assert lower(server.heard[0])["authorization"] == sent


def test_a_name_that_this_version_does_not_know_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'amount'"):
        Renaming.parse("HubSpot", {"property_names": "amuont=value"}, "property_names", ("amount", "dealstage"))
    with pytest.raises(BadConnection, match="ours=theirs"):
        Renaming.parse("HubSpot", {"property_names": "amount"}, "property_names", ("amount",))


def test_a_renamed_personal_value_stands_only_where_it_is_sealed() -> None:
    record = {"work_email": "ada@acme.example", "email": "", "stage": "won"}
    assert Renaming({"email": "work_email"}).ours(record) == {"email": "ada@acme.example", "stage": "won"}
