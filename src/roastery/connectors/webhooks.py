"""Proves who sent a webhook: Standard Webhooks, and the schemes of providers that sign the raw body."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from roastery.connectors.base import Delivery
from roastery.connectors.errors import WebhookRejected

TOLERANCE = timedelta(seconds=300)
"""How old a signed time may be, or how far ahead; ids are remembered for longer than this."""


@dataclass(frozen=True)
class StandardWebhooks:
    """The open Standard Webhooks scheme: `v1` is HMAC-SHA256 with a `whsec_` secret, `v1a` ed25519 with a `whpk_` key.

    Source: standardwebhooks.com specification; refereed by the standardwebhooks package in the tests.
    """

    tolerance: timedelta = TOLERANCE

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        lower = {name.lower(): value for name, value in headers.items()}
        delivery_id = _required(lower, "webhook-id")
        sent_at = _recent(_required(lower, "webhook-timestamp"), now, self.tolerance)
        signed = f"{delivery_id}.{lower['webhook-timestamp']}.".encode() + body
        given = [part.partition(",") for part in _required(lower, "webhook-signature").split()]
        accepted = False
        for secret in secrets:
            for version, _, signature in given:
                # Every pair is tried, without leaving at the first match: the time taken says nothing.
                accepted |= _standard_match(secret, version, _decoded(signature), signed)
        if not accepted:
            raise WebhookRejected("The webhook's signature does not match. Check the secret on both sides.")
        return Delivery(delivery_id, _topic(body), sent_at)


def sign_standard(body: bytes, delivery_id: str, sent_at: datetime, secret: str) -> dict[str, str]:
    """The headers of an outgoing Standard Webhook."""
    stamp = str(int(sent_at.timestamp()))
    digest = _hmac(_secret_bytes(secret), f"{delivery_id}.{stamp}.".encode() + body)
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": delivery_id, "webhook-timestamp": stamp, "webhook-signature": signature}


@dataclass(frozen=True)
class SignedBody:
    """HMAC-SHA256 of the raw body in one header, as Shopify and Meta send it; the secret is used as it stands.

    There is no signed time, so a replay is known only by the id of the delivery: the header `id_header`, else a hash of
    the body.
    """

    header: str
    encoding: Literal["base64", "hex"]
    prefix: str = ""
    id_header: str = ""
    topic_header: str = ""

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        lower = {name.lower(): value for name, value in headers.items()}
        given = _required(lower, self.header.lower())
        if not given.startswith(self.prefix):
            raise WebhookRejected(f"The webhook's {self.header} header is not of its form.")
        claimed = _decoded(given.removeprefix(self.prefix), self.encoding)
        accepted = False
        for secret in secrets:
            accepted |= bool(secret) and hmac.compare_digest(_hmac(secret.encode(), body), claimed)
        if not accepted:
            raise WebhookRejected("The webhook's signature does not match. Check the secret on both sides.")
        delivery_id = lower.get(self.id_header.lower()) or hashlib.sha256(body).hexdigest()
        return Delivery(delivery_id, lower.get(self.topic_header.lower()) or _topic(body), None)


@dataclass(frozen=True)
class StampedSignature:
    """`t=SECONDS,v1=HEX` in one header, HMAC-SHA256 of "SECONDS.BODY", as Stripe sends it; the id is the event's own.

    Source: Stripe's guide to webhook signatures; refereed by the stripe package in the tests.
    """

    header: str
    tolerance: timedelta = TOLERANCE

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        lower = {name.lower(): value for name, value in headers.items()}
        parts = [part.strip().partition("=") for part in _required(lower, self.header.lower()).split(",")]
        stamp = next((value for name, _, value in parts if name == "t"), "")
        sent_at = _recent(stamp, now, self.tolerance)
        signed = f"{stamp}.".encode() + body
        accepted = False
        for secret in secrets:
            for name, _, value in parts:
                claimed = _decoded(value, "hex") if name == "v1" else b""
                accepted |= bool(secret and claimed) and hmac.compare_digest(_hmac(secret.encode(), signed), claimed)
        if not accepted:
            raise WebhookRejected("The webhook's signature does not match. Check the secret on both sides.")
        return Delivery(_own_id(body), _topic(body), sent_at)


@dataclass(frozen=True)
class SignedRequest:
    """HMAC-SHA256 of method, address, body and a time in milliseconds, base64, as HubSpot's v3 signature.

    Several events may come at once: the topic names each kind once, with commas between.
    """

    header: str
    stamp_header: str
    url: str = ""
    tolerance: timedelta = TOLERANCE

    def at(self, url: str) -> "SignedRequest":
        """This scheme for the address that was called."""
        return replace(self, url=url)

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        lower = {name.lower(): value for name, value in headers.items()}
        claimed = _decoded(_required(lower, self.header.lower()))
        stamp = _required(lower, self.stamp_header.lower())
        sent_at = _recent(stamp[:-3], now, self.tolerance)
        signed = f"POST{unescaped(self.url)}".encode() + body + stamp.encode()
        if not _any_match(secrets, signed, claimed):
            raise WebhookRejected("The webhook's signature does not match. Check the secret and the address it calls.")
        return Delivery(hashlib.sha256(body).hexdigest(), ",".join(_kinds(body)), sent_at)


ESCAPES = {"%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")",
           "%2A": "*", "%2C": ",", "%3B": ";"}  # fmt: skip


def unescaped(url: str) -> str:
    """An address as HubSpot hashes it: these characters stand for themselves.

    >>> unescaped("https://a.example/x%3Ay?b=%20")
    'https://a.example/x:y?b=%20'
    """
    for escape, character in ESCAPES.items():
        url = url.replace(escape, character).replace(escape.lower(), character)
    return url


@dataclass(frozen=True)
class SignedAddress:
    """HMAC-SHA256 of the address and the raw body, base64, as Square sends it; without a time, taken once by its id."""

    header: str
    id_field: str
    url: str = ""

    def at(self, url: str) -> "SignedAddress":
        """This scheme for the address that was called."""
        return replace(self, url=url)

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        lower = {name.lower(): value for name, value in headers.items()}
        claimed = _decoded(_required(lower, self.header.lower()))
        if not _any_match(secrets, self.url.encode() + body, claimed):
            raise WebhookRejected("The webhook's signature does not match. Check the secret and the address it calls.")
        return Delivery(_own_id(body, self.id_field), _topic(body), None)


@dataclass(frozen=True)
class StampedBody:
    """HMAC-SHA256 of a time and the raw body, base64, each in a header of its own, as Zendesk sends it."""

    header: str
    stamp_header: str
    id_header: str = ""
    tolerance: timedelta = TOLERANCE

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        lower = {name.lower(): value for name, value in headers.items()}
        claimed = _decoded(_required(lower, self.header.lower()))
        stamp = _required(lower, self.stamp_header.lower())
        sent_at = _recent_instant(stamp, now, self.tolerance)
        if not _any_match(secrets, stamp.encode() + body, claimed):
            raise WebhookRejected("The webhook's signature does not match. Check the secret on both sides.")
        return Delivery(lower.get(self.id_header.lower()) or _own_id(body), _topic(body), sent_at)


@dataclass(frozen=True)
class TimestampedBody:
    """HMAC-SHA256 of body and timestamp, each in a header of its own, as Klaviyo sends it.

    Which comes first is told in two ways by the field, so both are tried; a signature that leaves the time out is not
    accepted, since it could be sent again for ever. Hex or base64.
    """

    header: str
    stamp_header: str
    id_header: str = ""
    tolerance: timedelta = TOLERANCE

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        lower = {name.lower(): value for name, value in headers.items()}
        given = _required(lower, self.header.lower())
        stamp = _required(lower, self.stamp_header.lower())
        sent_at = _recent(stamp, now, self.tolerance)
        accepted = False
        for claimed in (_decoded(given, "hex"), _decoded(given)):
            for signed in (body + stamp.encode(), stamp.encode() + body):
                accepted |= _any_match(secrets, signed, claimed)
        if not accepted:
            raise WebhookRejected("The webhook's signature does not match. Check the secret on both sides.")
        return Delivery(lower.get(self.id_header.lower()) or _own_id(body), _topic(body), sent_at)


@dataclass(frozen=True)
class FormWebhook:
    """A form, as Mailchimp sends it: signed like Stripe's where it is, else with the secret in its address.

    Whether Mailchimp signs is told in two ways by the field. The value of `secret` in the webhook's address is what
    proves the sender where the signature is absent; a delivery is known again by a hash of its body.
    """

    header: str
    topic_field: str
    parameter: str = "secret"
    url: str = ""

    def at(self, url: str) -> "FormWebhook":
        """This scheme for the address that was called."""
        return replace(self, url=url)

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        lower = {name.lower(): value for name, value in headers.items()}
        sent_at = None
        if lower.get(self.header.lower()):
            sent_at = StampedSignature(self.header).verify(body, headers, secrets, now).sent_at
        else:
            given = dict(parse_qsl(urlsplit(self.url).query)).get(self.parameter, "")
            accepted = False
            for secret in secrets:
                accepted |= bool(secret) and hmac.compare_digest(secret.encode(), given.encode())
            if not accepted:
                told = f"The webhook is not signed, and its address does not carry the right '{self.parameter}'."
                raise WebhookRejected(told)
        try:
            topic = dict(parse_qsl(body.decode())).get(self.topic_field, "")
        except UnicodeDecodeError:
            raise WebhookRejected("The webhook is not a form.") from None
        return Delivery(hashlib.sha256(body).hexdigest(), topic, sent_at)


@dataclass(frozen=True)
class RsaSigned:
    """RSA-SHA256 of a time and the raw body, base64, as ShipStation v2 sends it; the secrets are its public keys (PEM).

    The guide joins time and body with a dot, older text without one; both bind the body to its time, so both are taken.
    """

    header: str
    stamp_header: str
    tolerance: timedelta = TOLERANCE

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        lower = {name.lower(): value for name, value in headers.items()}
        claimed = _decoded(_required(lower, self.header.lower()))
        stamp = _required(lower, self.stamp_header.lower())
        sent_at = (
            _recent(stamp, now, self.tolerance) if stamp.isdigit() else _recent_instant(stamp, now, self.tolerance)
        )
        signed = [f"{stamp}.".encode() + body, stamp.encode() + body]
        if not any(_rsa_match(secret, content, claimed) for secret in secrets for content in signed):
            raise WebhookRejected("The webhook's signature does not match. Check the public key.")
        return Delivery(hashlib.sha256(stamp.encode() + body).hexdigest(), _resource_type(body), sent_at)


def _rsa_match(pem: str, signed: bytes, claimed: bytes) -> bool:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        return False
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(claimed, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _resource_type(body: bytes) -> str:
    """The `resource_type` of a JSON body, '' where there is none."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return ""
    kind = parsed.get("resource_type", "") if isinstance(parsed, dict) else ""
    return kind if isinstance(kind, str) else ""


def _any_match(secrets: Sequence[str], signed: bytes, claimed: bytes) -> bool:
    """Whether one of the secrets signed this; every one is tried."""
    accepted = False
    for secret in secrets:
        accepted |= bool(secret and claimed) and hmac.compare_digest(_hmac(secret.encode(), signed), claimed)
    return accepted


def _recent_instant(text: str, now: datetime, tolerance: timedelta) -> datetime:
    """An ISO 8601 instant that is not far from now."""
    try:
        sent_at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise WebhookRejected("The webhook's time is not an instant.") from None
    return _recent(str(int(sent_at.timestamp())), now, tolerance)


def _kinds(body: bytes) -> list[str]:
    """What a list of events is about, each kind once."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return []
    events = parsed if isinstance(parsed, list) else [parsed]
    told = [str(e["subscriptionType"]) for e in events if isinstance(e, dict) and "subscriptionType" in e]
    return list(dict.fromkeys(told))


def _own_id(body: bytes, name: str = "id") -> str:
    """The id that a JSON body gives itself, else a hash of the body."""
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    own = parsed.get(name) if isinstance(parsed, dict) else None
    return own if isinstance(own, str) and own else hashlib.sha256(body).hexdigest()


def _standard_match(secret: str, version: str, claimed: bytes, signed: bytes) -> bool:
    if version == "v1" and not secret.startswith("whpk_"):
        key = _secret_bytes(secret)
        return bool(key) and hmac.compare_digest(_hmac(key, signed), claimed)
    if version == "v1a" and secret.startswith("whpk_"):
        try:
            Ed25519PublicKey.from_public_bytes(_decoded(secret.removeprefix("whpk_"))).verify(claimed, signed)
        except (InvalidSignature, ValueError):
            return False
        return True
    return False


def _secret_bytes(secret: str) -> bytes:
    return _decoded(secret.removeprefix("whsec_"))


def _hmac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def _decoded(text: str, encoding: Literal["base64", "hex"] = "base64") -> bytes:
    """The bytes, or none at all for what cannot be decoded: it then matches nothing."""
    try:
        if encoding == "hex":
            return bytes.fromhex(text)
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        return b""


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise WebhookRejected(f"The webhook has no {name} header.")
    return value


def _recent(stamp: str, now: datetime, tolerance: timedelta) -> datetime:
    try:
        sent_at = datetime.fromtimestamp(int(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        raise WebhookRejected("The webhook's time is not a number of seconds.") from None
    if abs(now - sent_at) > tolerance:
        raise WebhookRejected("The webhook's time is too far from now: a replay, or a wrong clock on one side.")
    return sent_at


def _topic(body: bytes) -> str:
    """The `type` of a JSON body, '' where there is none."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return ""
    kind = parsed.get("type", "") if isinstance(parsed, dict) else ""
    return kind if isinstance(kind, str) else ""
