"""Asking a person for access: OAuth 2.0 authorization code with PKCE (RFC 7636) where the provider has it.

Where each provider asks, and what for, by the facts of its documentation; a connection's settings authorize_url,
token_url and scopes take their place.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from roastery.connectors.base import Connection
from roastery.connectors.egress import Egress
from roastery.connectors.errors import BadConnection, Reconnect
from roastery.connectors.http import HttpClient, NoAuth, Politeness, Reply
from roastery.connectors.oauth import LONGEST_MARGIN_SECONDS
from roastery.connectors.redaction import PROCESS
from roastery.warehouse.clock import Clock
from roastery.warehouse.errors import UnknownName


@dataclass(frozen=True)
class Consent:
    """How a provider asks. authorize, token: addresses, `{base}` being the connection's own base URL.

    at_base, token_at_base: their paths where a connection has a base URL of its own (a proxy, a test). pkce: whether it
    takes a code verifier. more: further parameters of the question. as_json: how the code is handed in.
    """

    authorize: str
    token: str
    scopes: str
    at_base: str
    token_at_base: str
    pkce: bool = True
    more: Mapping[str, str] = field(default_factory=dict)
    as_json: bool = False


GOOGLE = {"access_type": "offline", "prompt": "consent"}
CONSENTS: Mapping[str, Consent] = {
    "google_ads": Consent(
        "https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token",
        "https://www.googleapis.com/auth/adwords", "/o/oauth2/v2/auth", "/token", more=GOOGLE,
    ),
    "ga4": Consent(
        "https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token",
        "https://www.googleapis.com/auth/analytics.readonly", "/o/oauth2/v2/auth", "/token", more=GOOGLE,
    ),
    "hubspot": Consent(
        "https://app.hubspot.com/oauth/authorize", "https://api.hubapi.com/oauth/2026-09/token",
        "crm.objects.contacts.read crm.objects.deals.read crm.objects.owners.read tickets",
        "/oauth/authorize", "/oauth/2026-09/token",
    ),
    "klaviyo": Consent(
        "https://www.klaviyo.com/oauth/authorize", "https://a.klaviyo.com/oauth/token",
        "accounts:read campaigns:read events:read flows:read metrics:read profiles:read",
        "/oauth/authorize", "/oauth/token",
    ),
    "constant_contact": Consent(
        "https://authz.constantcontact.com/oauth2/default/v1/authorize",
        "https://authz.constantcontact.com/oauth2/default/v1/token",
        "contact_data campaign_data account_read offline_access", "/authorize", "/token",
    ),
    "salesforce": Consent(
        "https://login.salesforce.com/services/oauth2/authorize", "https://login.salesforce.com/services/oauth2/token",
        "api refresh_token", "/services/oauth2/authorize", "/services/oauth2/token",
    ),
    "linkedin_ads": Consent(
        "https://www.linkedin.com/oauth/v2/authorization", "https://www.linkedin.com/oauth/v2/accessToken",
        "r_ads r_ads_reporting", "/oauth/v2/authorization", "/oauth/v2/accessToken", pkce=False,
    ),
    "zendesk": Consent(
        "{base}/oauth/authorizations/new", "{base}/oauth/tokens", "read",
        "/oauth/authorizations/new", "/oauth/tokens", as_json=True,
    ),
    "square": Consent(
        "https://connect.squareup.com/oauth2/authorize", "https://connect.squareup.com/oauth2/token",
        "PAYMENTS_READ ORDERS_READ CUSTOMERS_READ ITEMS_READ INVENTORY_READ MERCHANT_PROFILE_READ",
        "/oauth2/authorize", "/oauth2/token", as_json=True,
    ),
}  # fmt: skip


def consent_of(provider: str) -> Consent:
    """How a provider asks. Errors: UnknownName with those that can be asked this way."""
    if provider not in CONSENTS:
        raise UnknownName("provider with consent", provider, CONSENTS)
    return CONSENTS[provider]


def new_secret() -> str:
    """A state or a code verifier: 43 characters that nobody guesses."""
    return secrets.token_urlsafe(32)


def challenge(verifier: str) -> str:
    """
    >>> challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def question(connection: Connection, client_id: str, redirect_uri: str, state: str, verifier: str) -> str:
    """The address where a person is asked. Errors: UnknownName, BadConnection."""
    consent = consent_of(connection.provider)
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": str(connection.settings.get("scopes") or consent.scopes),
        "state": state,
        **consent.more,
    }
    if consent.pkce:
        asked |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
    return f"{_address(connection, consent.authorize, consent.at_base, 'authorize_url')}?{urlencode(asked)}"


def _address(connection: Connection, own: str, at_base: str, setting: str) -> str:
    given = connection.settings.get(setting)
    base = (connection.base_url or "").rstrip("/")
    if given:
        return str(given)
    if base:
        return base + at_base
    if "{base}" in own:
        raise BadConnection(f"{connection.provider} needs its base URL to ask for consent.")
    return own


def exchanged(
    connection: Connection,
    client: Mapping[str, str],
    code: str,
    redirect_uri: str,
    verifier: str,
    clock: Clock,
    politeness: Politeness | None = None,
    egress: Egress | None = None,
) -> dict[str, str]:
    """The secrets that a code is exchanged for. Errors: Reconnect when the provider refuses it."""
    consent = consent_of(connection.provider)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, **client}
    if consent.pkce:
        form["code_verifier"] = verifier
    PROCESS.learn([code, verifier, *client.values()])
    address = _address(connection, consent.token, consent.token_at_base, "token_url")
    transport = (egress or Egress()).of(connection, connection.provider)
    http = HttpClient(
        connection.provider,
        address,
        auth=NoAuth(),
        judge=_judge,
        clock=clock,
        politeness=politeness,
        transport=transport,
    )
    try:
        answer: Any = http.post("", body=form) if consent.as_json else http.post("", form=form)
    finally:
        http.close()
    if not isinstance(answer, dict) or not answer.get("access_token"):
        raise Reconnect(f"{connection.provider} gave no access for this consent. Give it once more.")
    found = {name: str(answer[name]) for name in ("access_token", "refresh_token") if answer.get(name)}
    PROCESS.learn(found.values())
    if answer.get("expires_in"):
        life = float(answer["expires_in"])
        usable = timedelta(seconds=life - min(LONGEST_MARGIN_SECONDS, life / 10))
        found["expires_at"] = (clock.now() + usable).isoformat()
    return found


def _judge(reply: Reply) -> None:
    if 400 <= reply.status < 500 and reply.status not in (408, 425, 429):
        raise Reconnect(
            "The provider did not accept this consent: it was used, it is too old, or the app does not fit."
        )
