"""Schemes that sign a time with the body: what is sent again later is too old to be believed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from roastery.connectors.base import Delivery
from roastery.connectors.webhooks.reading import (
    TOLERANCE,
    any_match,
    decoded,
    header,
    kinds,
    own_id,
    recent,
    recent_instant,
    require_match,
    required,
    told,
    topic,
)


@dataclass(frozen=True)
class StampedSignature:
    """`t=SECONDS,v1=HEX` in one header, HMAC-SHA256 of "SECONDS.BODY", as Stripe sends it; the id is the event's own.

    Source: Stripe's guide to webhook signatures; refereed by the stripe package in the tests.
    """

    header: str
    tolerance: timedelta = TOLERANCE

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        parts = [part.strip().partition("=") for part in required(headers, self.header).split(",")]
        stamp = next((value for name, _, value in parts if name == "t"), "")
        sent_at = recent(stamp, now, self.tolerance)
        signed = f"{stamp}.".encode() + body
        accepted = False
        for name, _, value in parts:
            accepted |= any_match(secrets, signed, decoded(value, "hex") if name == "v1" else b"")
        require_match(accepted)
        return Delivery(own_id(body), topic(body), sent_at)


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
        claimed = decoded(required(headers, self.header))
        stamp = required(headers, self.stamp_header)
        sent_at = recent(stamp[:-3], now, self.tolerance)
        signed = f"POST{unescaped(self.url)}".encode() + body + stamp.encode()
        require_match(any_match(secrets, signed, claimed), "the secret and the address it calls")
        return Delivery(hashlib.sha256(body).hexdigest(), ",".join(kinds(body)), sent_at)


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
class StampedBody:
    """HMAC-SHA256 of a time and the raw body, base64, each in a header of its own, as Zendesk sends it."""

    header: str
    stamp_header: str
    id_header: str = ""
    tolerance: timedelta = TOLERANCE

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        claimed = decoded(required(headers, self.header))
        stamp = required(headers, self.stamp_header)
        sent_at = recent_instant(stamp, now, self.tolerance)
        require_match(any_match(secrets, stamp.encode() + body, claimed))
        return Delivery(header(headers, self.id_header) or own_id(body), topic(body), sent_at)


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
        given = required(headers, self.header)
        stamp = required(headers, self.stamp_header)
        sent_at = recent(stamp, now, self.tolerance)
        accepted = False
        for claimed in (decoded(given, "hex"), decoded(given)):
            for signed in (body + stamp.encode(), stamp.encode() + body):
                accepted |= any_match(secrets, signed, claimed)
        require_match(accepted)
        return Delivery(header(headers, self.id_header) or own_id(body), topic(body), sent_at)


@dataclass(frozen=True)
class RsaSigned:
    """RSA-SHA256 of a time and the raw body, base64, as ShipStation v2 sends it; the secrets are its public keys (PEM).

    The guide joins time and body with a dot, older text without one; both bind the body to its time, so both are taken.
    """

    header: str
    stamp_header: str
    tolerance: timedelta = TOLERANCE

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        claimed = decoded(required(headers, self.header))
        stamp = required(headers, self.stamp_header)
        sent_at = recent(stamp, now, self.tolerance) if stamp.isdigit() else recent_instant(stamp, now, self.tolerance)
        signed = [f"{stamp}.".encode() + body, stamp.encode() + body]
        require_match(
            any(_rsa_match(secret, content, claimed) for secret in secrets for content in signed), "the public key"
        )
        return Delivery(hashlib.sha256(stamp.encode() + body).hexdigest(), told(body, "resource_type"), sent_at)


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
