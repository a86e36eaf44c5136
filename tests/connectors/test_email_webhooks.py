"""Webhooks of the e-mail platforms: whoever did not sign, or signed long ago, is not believed."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from roastery.connectors.errors import WebhookRejected
from roastery.connectors.sources.klaviyo import Klaviyo
from roastery.connectors.sources.mailchimp import Mailchimp

NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)
SECRET = "webhook-secret-1"
EVENT = b'{"id": "wh_1", "type": "event:klaviyo.clicked_email", "data": []}'
FORM = b"type=unsubscribe&fired_at=2026-11-02+15%3A00%3A00&data%5Bemail%5D=ada%40mail.example"


def digest(content: bytes, secret: str = SECRET) -> bytes:
    return hmac.new(secret.encode(), content, hashlib.sha256).digest()


def klaviyo(signature: str, at: datetime = NOW) -> dict[str, str]:
    return {"klaviyo-signature": signature, "klaviyo-timestamp": str(int(at.timestamp()))}


STAMP = str(int(NOW.timestamp())).encode()


@pytest.mark.parametrize("signed", [EVENT + STAMP, STAMP + EVENT], ids=["body first", "time first"])
@pytest.mark.parametrize("write", [lambda d: d.hex(), lambda d: base64.b64encode(d).decode()], ids=["hex", "base64"])
def test_klaviyo_signs_body_and_time(signed: bytes, write: Callable[[bytes], str]) -> None:
    delivery = Klaviyo.webhook.verify(EVENT, klaviyo(write(digest(signed))), ["old", SECRET], NOW)
    assert (delivery.id, delivery.topic) == ("wh_1", "event:klaviyo.clicked_email")
    assert Klaviyo.webhook_resources[delivery.topic] == ("clicks",)


def test_a_klaviyo_signature_without_the_time_could_be_sent_again_and_is_refused() -> None:
    with pytest.raises(WebhookRejected):
        Klaviyo.webhook.verify(EVENT, klaviyo(digest(EVENT).hex()), [SECRET], NOW)


@pytest.mark.parametrize("secrets", [[], [""], ["other"]])
def test_another_secret_opens_nothing(secrets: list[str]) -> None:
    with pytest.raises(WebhookRejected):
        Klaviyo.webhook.verify(EVENT, klaviyo(digest(EVENT + STAMP).hex()), secrets, NOW)
    signed = Mailchimp.webhook.at("https://r.example/hook?secret=")
    with pytest.raises(WebhookRejected):
        signed.verify(FORM, {}, secrets, NOW)


def test_an_old_klaviyo_delivery_is_refused() -> None:
    with pytest.raises(WebhookRejected, match="too far from now"):
        Klaviyo.webhook.verify(EVENT, klaviyo(digest(EVENT + STAMP).hex()), [SECRET], NOW + timedelta(minutes=6))


def test_mailchimp_is_known_by_its_signature_where_it_signs() -> None:
    headers = {"X-Mailchimp-Signature": f"t={STAMP.decode()},v1={digest(STAMP + b'.' + FORM).hex()}"}
    delivery = Mailchimp.webhook.verify(FORM, headers, [SECRET], NOW)
    assert delivery.topic == "unsubscribe"
    assert Mailchimp.webhook_resources[delivery.topic] == ("members",)
    # A wrong signature is not made good by the secret in the address.
    wrong = {"X-Mailchimp-Signature": f"t={STAMP.decode()},v1={'0' * 64}"}
    with pytest.raises(WebhookRejected):
        Mailchimp.webhook.at(f"https://r.example/hook?secret={SECRET}").verify(FORM, wrong, [SECRET], NOW)


def test_mailchimp_is_known_by_the_secret_in_the_address_where_it_does_not_sign() -> None:
    right = Mailchimp.webhook.at(f"https://r.example/hook?secret={SECRET}").verify(FORM, {}, [SECRET], NOW)
    again = Mailchimp.webhook.at(f"https://r.example/hook?secret={SECRET}").verify(FORM, {}, [SECRET], NOW)
    assert (right.topic, right.id) == ("unsubscribe", again.id)
    for address in ("https://r.example/hook", "https://r.example/hook?secret=guess", "https://r.example/hook?secret="):
        with pytest.raises(WebhookRejected, match="does not carry the right 'secret'"):
            Mailchimp.webhook.at(address).verify(FORM, {}, [SECRET], NOW)
