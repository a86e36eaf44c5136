"""Proves who sent a webhook: Standard Webhooks, and the schemes of providers that sign the raw body."""

from roastery.connectors.webhooks.reading import TOLERANCE
from roastery.connectors.webhooks.standard import StandardWebhooks, sign_standard
from roastery.connectors.webhooks.timed import (
    RsaSigned,
    SignedRequest,
    StampedBody,
    StampedSignature,
    TimestampedBody,
)
from roastery.connectors.webhooks.untimed import FormWebhook, SignedAddress, SignedBody

__all__ = [
    "TOLERANCE",
    "FormWebhook",
    "RsaSigned",
    "SignedAddress",
    "SignedBody",
    "SignedRequest",
    "StampedBody",
    "StampedSignature",
    "StandardWebhooks",
    "TimestampedBody",
    "sign_standard",
]
