"""Addresses that people give: public ones, and what the operator allows, whatever name they hide behind."""

from pathlib import Path
from typing import Any

import pytest

from roastery.connectors.access import Access
from roastery.connectors.egress import Egress, NotReachable
from roastery.connectors.errors import AbortSync
from roastery.connectors.http import NoAuth, Politeness
from roastery.connectors.oauth import Grant, HeaderStyle, OAuthToken
from roastery.warehouse.clock import Clock
from tests.connectors.loopback import Heard, Say, Secrets, Waits, connection

PRIVATE = ("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "::1",
           "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
           "224.0.0.1", "ff02::1", "255.255.255.255", "::")  # fmt: skip


def test_public_addresses_are_reached_and_private_ones_are_not() -> None:
    for address in PRIVATE:
        with pytest.raises(NotReachable, match="private network"):
            Egress(resolve=lambda host, port, a=address: [a]).address("crm.example", 443)
    assert Egress(resolve=lambda host, port: ["93.184.215.14"]).address("crm.example", 443) == "93.184.215.14"


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(NotReachable):
        Egress(resolve=lambda host, port: ["93.184.215.14", "10.0.0.1"]).address("crm.example", 443)


def test_the_operator_can_allow_networks() -> None:
    allowed = Egress.parse("10.1.0.0/16, loopback", (), resolve_with(["10.1.2.3"]))
    assert allowed.address("crm.internal", 443) == "10.1.2.3"
    with pytest.raises(NotReachable):
        Egress.parse("10.1.0.0/16", (), resolve_with(["10.2.0.1"])).address("crm.internal", 443)


def resolve_with(addresses: list[str]) -> Any:
    return lambda host, port: addresses


def get(egress: Egress, url: str) -> Any:
    access = Access(connection("custom_crm"), Secrets(), Clock(), politeness=Politeness(wait=Waits()), egress=egress)
    client = access.client("Custom CRM", url, NoAuth(), lambda reply: None, (), egress=egress)
    try:
        return client.get("x")
    finally:
        client.close()


def test_a_name_that_leads_home_is_refused_before_anything_is_sent(provider: Any) -> None:
    server = provider(Say({"ok": True}))
    port = server.url.rsplit(":", 1)[1]
    for host in ("127.0.0.1", "localhost", "[::1]", "2130706433", "127.1"):
        with pytest.raises(AbortSync):
            get(Egress(), f"http://{host}:{port}")
    assert server.heard == []
    assert get(Egress.parse("loopback"), server.url) == {"ok": True}


def test_a_name_is_resolved_once_and_the_checked_address_is_the_one_connected_to(provider: Any) -> None:
    """A name that answers publicly at first and privately later (rebinding) is asked only once a connection."""
    server = provider(Say({"ok": True}))
    port = server.url.rsplit(":", 1)[1]
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    egress = Egress.parse("loopback", (), rebinding)
    assert get(egress, f"http://crm.example:{port}") == {"ok": True}
    assert asked == ["crm.example"]
    assert server.heard[0].headers["Host"] == f"crm.example:{port}"


def test_a_redirect_into_the_network_is_not_followed(provider: Any) -> None:
    inner = provider(Say({"secret": 1}))
    outer = provider(Say({}, 302, {"Location": inner.url}))
    with pytest.raises(AbortSync, match="not followed"):
        get(Egress.parse("loopback"), outer.url)
    assert inner.heard == []


def test_a_next_page_elsewhere_is_not_followed(provider: Any) -> None:
    from roastery.connectors.registry import open_source
    from roastery.connectors.sync import sync_connection
    from tests.connectors.loopback import Landing

    inner = provider(Say([]))
    outer = provider(lambda heard: Say({"items": [{"id": 1}], "next": f"{inner.url}/admin"}))
    heard: list[Heard] = inner.heard
    made = connection(
        "custom_crm", outer.url, mode="rest", paging={"kind": "next_url", "path": "next"},
        datasets={"customers": {"path": "x", "records": "items", "map": {"customer_id": "id"}}})  # fmt: skip
    source = open_source(made, Secrets(), Clock(), egress=Egress.parse("loopback"))
    report = sync_connection(source, made, Landing(), Clock())
    assert report.outcome == "failed"
    assert heard == []


def test_the_given_address_of_a_known_provider_may_be_this_machine_but_no_private_network(provider: Any) -> None:
    server = provider(Say({"ok": True}))

    def get_at(url: str, addresses: list[str]) -> Any:
        made = connection("hubspot", url)
        egress = Egress(resolve=resolve_with(addresses))
        access = Access(made, Secrets(), Clock(), politeness=Politeness(wait=Waits()), egress=egress)
        client = access.client("HubSpot", url, NoAuth(), lambda reply: None, ())
        try:
            return client.get("x")
        finally:
            client.close()

    assert get_at(server.url, ["127.0.0.1"]) == {"ok": True}
    for inner in ("169.254.169.254", "10.0.0.1", "fd00::1"):
        with pytest.raises(AbortSync, match="private network"):
            get_at("http://metadata.example/latest", [inner])


def test_a_refresh_at_a_given_address_is_held_against_the_same(provider: Any) -> None:
    made = connection("hubspot", token_url="http://metadata.example/token")
    grant = Grant("HubSpot", "http://metadata.example/token", HeaderStyle(), {})
    secrets = Secrets(access_token="", refresh_token="r")
    egress = Egress(resolve=resolve_with(["169.254.169.254"]))
    with pytest.raises(AbortSync, match="private network"):
        OAuthToken(made, secrets, grant, Clock(), Politeness(wait=Waits()), egress).headers()


def test_folders_are_what_they_resolve_to(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "link").symlink_to(tmp_path)
    egress = Egress.parse("", [inside])
    assert egress.folder(str(inside), "Custom CRM") == inside
    for path in (tmp_path, inside / "..", inside / "link"):
        with pytest.raises(NotReachable):
            egress.folder(str(path), "Custom CRM")
