"""Schemes without a signed time: a delivery that is sent again is known only by its id, or by a hash of its body."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from roastery.connectors.base import Delivery
from roastery.connectors.errors import WebhookRejected
from roastery.connectors.webhooks.reading import any_match, decoded, header, own_id, require_match, required, topic
from roastery.connectors.webhooks.timed import StampedSignature


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
        given = required(headers, self.header)
        if not given.startswith(self.prefix):
            raise WebhookRejected(f"The webhook's {self.header} header is not of its form.")
        claimed = decoded(given.removeprefix(self.prefix), self.encoding)
        require_match(any_match(secrets, body, claimed))
        delivery_id = header(headers, self.id_header) or hashlib.sha256(body).hexdigest()
        return Delivery(delivery_id, header(headers, self.topic_header) or topic(body), None)


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
        claimed = decoded(required(headers, self.header))
        require_match(any_match(secrets, self.url.encode() + body, claimed), "the secret and the address it calls")
        return Delivery(own_id(body, self.id_field), topic(body), None)


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
        sent_at = None
        if header(headers, self.header):
            sent_at = StampedSignature(self.header).verify(body, headers, secrets, now).sent_at
        else:
            given = dict(parse_qsl(urlsplit(self.url).query)).get(self.parameter, "")
            accepted = False
            for secret in secrets:
                accepted |= bool(secret) and hmac.compare_digest(secret.encode(), given.encode())
            if not accepted:
                raise WebhookRejected(
                    f"The webhook is not signed, and its address does not carry the right '{self.parameter}'."
                )
        try:
            about = dict(parse_qsl(body.decode())).get(self.topic_field, "")
        except UnicodeDecodeError:
            raise WebhookRejected("The webhook is not a form.") from None
        return Delivery(hashlib.sha256(body).hexdigest(), about, sent_at)
