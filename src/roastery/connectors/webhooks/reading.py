"""What every scheme reads of a delivery before it believes it: headers, times, signatures, ids and topics."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from roastery.connectors.errors import WebhookRejected

TOLERANCE = timedelta(seconds=300)
"""How old a signed time may be, or how far ahead; ids are remembered for longer than this."""


def required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise WebhookRejected(f"The webhook has no {name} header.")
    return value


def recent(stamp: str, now: datetime, tolerance: timedelta) -> datetime:
    try:
        sent_at = datetime.fromtimestamp(int(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        raise WebhookRejected("The webhook's time is not a number of seconds.") from None
    if abs(now - sent_at) > tolerance:
        raise WebhookRejected("The webhook's time is too far from now: a replay, or a wrong clock on one side.")
    return sent_at


def recent_instant(text: str, now: datetime, tolerance: timedelta) -> datetime:
    """An ISO 8601 instant that is not far from now."""
    try:
        sent_at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise WebhookRejected("The webhook's time is not an instant.") from None
    return recent(str(int(sent_at.timestamp())), now, tolerance)


def decoded(text: str, encoding: Literal["base64", "hex"] = "base64") -> bytes:
    """The bytes, or none at all for what cannot be decoded: it then matches nothing."""
    try:
        if encoding == "hex":
            return bytes.fromhex(text)
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        return b""


def hmac_of(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def any_match(secrets: Sequence[str], signed: bytes, claimed: bytes) -> bool:
    """Whether one of the secrets signed this; every one is tried."""
    accepted = False
    for secret in secrets:
        accepted |= bool(secret and claimed) and hmac.compare_digest(hmac_of(secret.encode(), signed), claimed)
    return accepted


def own_id(body: bytes, name: str = "id") -> str:
    """The id that a JSON body gives itself, else a hash of the body."""
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    own = parsed.get(name) if isinstance(parsed, dict) else None
    return own if isinstance(own, str) and own else hashlib.sha256(body).hexdigest()


def topic(body: bytes) -> str:
    """The `type` of a JSON body, '' where there is none."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return ""
    kind = parsed.get("type", "") if isinstance(parsed, dict) else ""
    return kind if isinstance(kind, str) else ""


def resource_type(body: bytes) -> str:
    """The `resource_type` of a JSON body, '' where there is none."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return ""
    kind = parsed.get("resource_type", "") if isinstance(parsed, dict) else ""
    return kind if isinstance(kind, str) else ""


def kinds(body: bytes) -> list[str]:
    """What a list of events is about, each kind once."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return []
    events = parsed if isinstance(parsed, list) else [parsed]
    told = [str(e["subscriptionType"]) for e in events if isinstance(e, dict) and "subscriptionType" in e]
    return list(dict.fromkeys(told))
