"""Slack's request signature, version 0: HMAC-SHA256 over `v0:timestamp:body`, checked on the raw bytes.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from roastery.api.errors import BadCredential

REPLAY_WINDOW_SECONDS = 300


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature that Slack puts beside a body sent at a timestamp (seconds since 1970)."""
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return f"v0={digest}"


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Pass a request that Slack signed within the last five minutes. Errors: BadCredential.

    now: real time, also where the organization's clock is fixed, since Slack's timestamps are real.
    """
    given = {name.lower(): value for name, value in headers.items()}
    timestamp, signature = given.get("x-slack-request-timestamp", ""), given.get("x-slack-signature", "")
    if not timestamp.isascii() or not timestamp.isdigit() or not signature:
        raise BadCredential("The request carries no Slack signature.")
    if abs(now.timestamp() - int(timestamp)) > REPLAY_WINDOW_SECONDS:
        raise BadCredential("The Slack request is older than five minutes; it may have been replayed.")
    if not hmac.compare_digest(sign(secret, timestamp, body).encode(), signature.encode()):
        raise BadCredential("The Slack signature does not fit the request.")
