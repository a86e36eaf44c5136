"""What every scheme reads of a delivery before it believes it: headers, times, signatures, ids and topics."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from roastery.connectors.errors import WebhookRejected

TOLERANCE = timedelta(seconds=300)
"""How old a signed time may be, or how far ahead; ids are remembered for longer than this."""


def header(headers: Mapping[str, str], name: str) -> str:
    """A header's value however its name is written, "" where there is none."""
    return next((value for given, value in headers.items() if given.lower() == name.lower()), "")


def required(headers: Mapping[str, str], name: str) -> str:
    """A header that must be there. Errors: WebhookRejected."""
    value = header(headers, name)
    if not value:
        raise WebhookRejected(f"The webhook has no {name.lower()} header.")
    return value


def require_match(matches: bool, check: str = "the secret on both sides") -> None:
    """Errors: WebhookRejected where no signature matched; it says what to check."""
    if not matches:
        raise WebhookRejected(f"The webhook's signature does not match. Check {check}.")


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
    except (ValueError, RecursionError):
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


def document(body: bytes) -> Any:
    """What a JSON body holds, None for what is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def told(body: bytes, name: str) -> str:
    """The text that a JSON body has under a name, "" where there is none."""
    parsed = document(body)
    value = parsed.get(name) if isinstance(parsed, dict) else None
    return value if isinstance(value, str) else ""


def own_id(body: bytes, name: str = "id") -> str:
    """The id that a JSON body gives itself, else a hash of the body."""
    return told(body, name) or hashlib.sha256(body).hexdigest()


def topic(body: bytes) -> str:
    """The `type` of a JSON body, "" where there is none."""
    return told(body, "type")


def kinds(body: bytes) -> list[str]:
    """What a list of events is about, each kind once."""
    parsed = document(body)
    events = parsed if isinstance(parsed, list) else [parsed]
    named = [str(e["subscriptionType"]) for e in events if isinstance(e, dict) and "subscriptionType" in e]
    return list(dict.fromkeys(named))
