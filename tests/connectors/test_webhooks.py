"""Who sent a webhook: Standard Webhooks with its own package as referee, and signed bodies."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from roastery.connectors.errors import WebhookRejected
from roastery.connectors.registry import SOURCES
from roastery.connectors.sources.shopify import Shopify
from roastery.connectors.webhooks import SignedBody, StandardWebhooks, sign_standard

NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()
OTHER = "whsec_" + base64.b64encode(b"another one of thirty-two bytes.").decode()
BODY = b'{"type": "transactions.upserted", "data": {"n": 1.10}}'


def test_the_reference_package_accepts_what_we_sign_and_we_what_it_signs() -> None:
    now = datetime.now(UTC)
    ours = sign_standard(BODY, "msg_1", now, SECRET)
    assert Webhook(SECRET).verify(BODY, ours)["type"] == "transactions.upserted"
    theirs = {**ours, "webhook-signature": Webhook(SECRET).sign("msg_1", now, BODY.decode())}
    assert StandardWebhooks().verify(BODY, theirs, [SECRET], now).id == "msg_1"


def test_a_good_webhook_gives_its_id_topic_and_time() -> None:
    delivery = StandardWebhooks().verify(BODY, sign_standard(BODY, "msg_1", NOW, SECRET), [SECRET], NOW)
    assert (delivery.id, delivery.topic, delivery.sent_at) == ("msg_1", "transactions.upserted", NOW)


@given(position=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_any_changed_bit_of_the_body_is_rejected(position: int, bit: int) -> None:
    headers = sign_standard(BODY, "msg_1", NOW, SECRET)
    changed = bytearray(BODY)
    changed[position] ^= 1 << bit
    with pytest.raises(WebhookRejected):
        StandardWebhooks().verify(bytes(changed), headers, [SECRET], NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp"])
def test_the_id_and_the_time_are_signed_too(name: str) -> None:
    headers = sign_standard(BODY, "100", NOW, SECRET)
    headers[name] = str(int(headers[name]) + 1)
    with pytest.raises(WebhookRejected, match="signature"):
        StandardWebhooks().verify(BODY, headers, [SECRET], NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    headers = sign_standard(BODY, "msg_1", NOW, SECRET)
    del headers[name]
    with pytest.raises(WebhookRejected, match=name):
        StandardWebhooks().verify(BODY, headers, [SECRET], NOW)


@pytest.mark.parametrize("away", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_an_old_or_early_webhook_is_a_replay(away: timedelta) -> None:
    headers = sign_standard(BODY, "msg_1", NOW, SECRET)
    with pytest.raises(WebhookRejected, match="too far from now"):
        StandardWebhooks().verify(BODY, headers, [SECRET], NOW + away)
    within = NOW + away * 0.9
    assert StandardWebhooks().verify(BODY, headers, [SECRET], within).id == "msg_1"


def test_both_secrets_hold_while_one_replaces_the_other() -> None:
    new, old = sign_standard(BODY, "msg_1", NOW, SECRET), sign_standard(BODY, "msg_1", NOW, OTHER)
    for headers in (new, old, {**new, "webhook-signature": f"{old['webhook-signature']} {new['webhook-signature']}"}):
        assert StandardWebhooks().verify(BODY, headers, [SECRET, OTHER], NOW).id == "msg_1"
    with pytest.raises(WebhookRejected):
        StandardWebhooks().verify(BODY, old, [SECRET], NOW)


def test_an_ed25519_signature_is_checked_with_the_public_key() -> None:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    secret = "whpk_" + base64.b64encode(public).decode()
    headers = sign_standard(BODY, "msg_1", NOW, SECRET)
    signature = private.sign(f"msg_1.{headers['webhook-timestamp']}.".encode() + BODY)
    headers["webhook-signature"] = f"v1a,{base64.b64encode(signature).decode()}"
    assert StandardWebhooks().verify(BODY, headers, [secret], NOW).id == "msg_1"
    with pytest.raises(WebhookRejected):
        StandardWebhooks().verify(BODY + b" ", headers, [secret], NOW)


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_"], ["not base64!"], ["whpk_"], ["whpk_AAAA"]])
def test_an_empty_or_broken_secret_accepts_nothing(secrets: list[str]) -> None:
    for key in (b"", b"not base64!"):
        digest = hmac.new(key, f"msg_1.{int(NOW.timestamp())}.".encode() + BODY, hashlib.sha256).digest()
        headers = sign_standard(BODY, "msg_1", NOW, SECRET)
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()} v1,"
        with pytest.raises(WebhookRejected):
            StandardWebhooks().verify(BODY, headers, secrets, NOW)


def shopify_headers(body: bytes, secret: str) -> dict[str, str]:
    digest = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return {"x-shopify-hmac-sha256": digest, "X-Shopify-Webhook-Id": "b54557e4", "X-Shopify-Topic": "orders/updated"}


def test_shopify_s_signature_is_over_the_raw_bytes() -> None:
    body = b'{"id": 820982911946154508, "total_price":"389.00"}'
    delivery = Shopify.webhook.verify(body, shopify_headers(body, "hush-secret"), ["hush-secret"], NOW)
    assert (delivery.id, delivery.topic) == ("b54557e4", "orders/updated")
    assert Shopify.webhook_resources[delivery.topic] == ("orders",)
    respaced = body.replace(b'": ', b'":')
    for wrong, secrets in ((respaced, ["hush-secret"]), (body, ["other-secret"]), (body, [""]), (body, [])):
        with pytest.raises(WebhookRejected):
            Shopify.webhook.verify(wrong, shopify_headers(body, "hush-secret"), secrets, NOW)


def test_meta_s_signature_is_hex_with_a_prefix_and_known_again_by_its_content() -> None:
    meta = SignedBody("X-Hub-Signature-256", "hex", prefix="sha256=")
    digest = hmac.new(b"app-secret", BODY, hashlib.sha256).hexdigest()
    first = meta.verify(BODY, {"X-Hub-Signature-256": f"sha256={digest}"}, ["app-secret"], NOW)
    again = meta.verify(BODY, {"X-Hub-Signature-256": f"sha256={digest}"}, ["old", "app-secret"], NOW)
    assert first.id == again.id == hashlib.sha256(BODY).hexdigest()
    for header in (digest, "sha256=", "sha256=zz", f"sha1={digest}"):
        with pytest.raises(WebhookRejected):
            meta.verify(BODY, {"X-Hub-Signature-256": header}, ["app-secret"], NOW)


def test_every_source_says_whether_it_sends_webhooks() -> None:
    names = {source.provider for source in SOURCES.values() if source.webhook}
    assert {"klaviyo", "mailchimp", "meta_ads", "shopify"} <= names
    for source in SOURCES.values():
        resources = {resource.name for resource in source.resources}
        assert {name for names in source.webhook_resources.values() for name in names} <= resources
