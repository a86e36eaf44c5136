"""Standard Webhooks, the open scheme: how deliveries of it are verified, and how ours are signed."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from roastery.connectors.base import Delivery
from roastery.connectors.webhooks.reading import TOLERANCE, decoded, hmac_of, recent, require_match, required, topic


@dataclass(frozen=True)
class StandardWebhooks:
    """The open Standard Webhooks scheme: `v1` is HMAC-SHA256 with a `whsec_` secret, `v1a` ed25519 with a `whpk_` key.

    Source: standardwebhooks.com specification; refereed by the standardwebhooks package in the tests.
    """

    tolerance: timedelta = TOLERANCE

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Delivery:
        delivery_id = required(headers, "webhook-id")
        stamp = required(headers, "webhook-timestamp")
        sent_at = recent(stamp, now, self.tolerance)
        signed = f"{delivery_id}.{stamp}.".encode() + body
        given = [part.partition(",") for part in required(headers, "webhook-signature").split()]
        accepted = False
        for secret in secrets:
            for version, _, signature in given:
                # Every pair is tried, without leaving at the first match: the time taken says nothing.
                accepted |= _standard_match(secret, version, decoded(signature), signed)
        require_match(accepted)
        return Delivery(delivery_id, topic(body), sent_at)


def sign_standard(body: bytes, delivery_id: str, sent_at: datetime, secret: str) -> dict[str, str]:
    """The headers of an outgoing Standard Webhook."""
    stamp = str(int(sent_at.timestamp()))
    digest = hmac_of(_secret_bytes(secret), f"{delivery_id}.{stamp}.".encode() + body)
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": delivery_id, "webhook-timestamp": stamp, "webhook-signature": signature}


def _standard_match(secret: str, version: str, claimed: bytes, signed: bytes) -> bool:
    if version == "v1" and not secret.startswith("whpk_"):
        key = _secret_bytes(secret)
        return bool(key) and hmac.compare_digest(hmac_of(key, signed), claimed)
    if version == "v1a" and secret.startswith("whpk_"):
        try:
            Ed25519PublicKey.from_public_bytes(decoded(secret.removeprefix("whpk_"))).verify(claimed, signed)
        except (InvalidSignature, ValueError):
            return False
        return True
    return False


def _secret_bytes(secret: str) -> bytes:
    return decoded(secret.removeprefix("whsec_"))
