"""Signing in: fixed tokens, and OAuth 2.0 tokens that are refreshed and may rotate."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2

from roastery.connectors.base import Connection, TokenStore
from roastery.connectors.egress import Egress
from roastery.connectors.errors import AbortSync, Reconnect, RetryLater
from roastery.connectors.http import HttpClient, NoAuth, Politeness, Reply
from roastery.connectors.redaction import PROCESS
from roastery.warehouse.clock import Clock

logger = logging.getLogger("roastery.connectors")

LONGEST_MARGIN_SECONDS = 60.0
"""A token is replaced this long before its end (a tenth of its life at most), so that it does not die on the way."""

DEAD_GRANTS = ("invalid_grant", "invalid_token", "unauthorized_client", "invalid_client", "access_denied")


@dataclass(frozen=True)
class HeaderStyle:
    """How a token is written into a header."""

    name: str = "Authorization"
    prefix: str = "Bearer "

    def write(self, token: str, more: Mapping[str, str]) -> dict[str, str]:
        return {self.name: self.prefix + token, **more}


class FixedToken:
    """A token that we cannot refresh ourselves; somebody else may have replaced it in the store meanwhile.

    made: what is sent, out of the secrets, where it is not one of them as it stands.
    """

    def __init__(
        self,
        connection: Connection,
        tokens: TokenStore,
        *,
        style: HeaderStyle | None = None,
        secret: str = "access_token",
        made: Callable[[Mapping[str, str]], str] | None = None,
    ) -> None:
        self._made = made
        self._connection = connection
        self._tokens = tokens
        self._style = style or HeaderStyle()
        self._secret = secret
        self._token = self._read()

    @property
    def token(self) -> str:
        return self._token

    def headers(self) -> Mapping[str, str]:
        return self._style.write(self._token, {})

    def params(self) -> Mapping[str, str]:
        return {}

    def renew(self, refused: Mapping[str, str]) -> bool:
        self._token = self._read()
        return self.headers() != refused

    def _read(self) -> str:
        secrets = self._tokens.secrets(self._connection.id)
        PROCESS.learn(secrets.values())
        made = self._made(secrets) if self._made else secrets.get(self._secret, "")
        PROCESS.learn([made])
        return made


class ClientCredentials:
    """An access that the client gets for itself by its id and secret; kept in memory, asked for again when it ends."""

    def __init__(
        self,
        connection: Connection,
        tokens: TokenStore,
        title: str,
        token_url: str,
        clock: Clock,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._connection, self._tokens, self._clock = connection, tokens, clock
        self._title, self._url, self._transport = title, token_url, transport
        self._token = ""

    def headers(self) -> Mapping[str, str]:
        if not self._token:
            self._token = self._ask()
        return HeaderStyle().write(self._token, {})

    def params(self) -> Mapping[str, str]:
        return {}

    def renew(self, refused: Mapping[str, str]) -> bool:
        self._token = self._ask()
        return self.headers() != refused

    def _ask(self) -> str:
        secrets = self._tokens.secrets(self._connection.id)
        PROCESS.learn(secrets.values())
        form = {"grant_type": "client_credentials"}
        form |= {name: secrets[name] for name in ("client_id", "client_secret") if secrets.get(name)}
        client = HttpClient(self._title, self._url, auth=NoAuth(), clock=self._clock, transport=self._transport)
        try:
            token = str(client.post("", form=form).get("access_token", ""))
        finally:
            client.close()
        if not token:
            raise Reconnect(f"{self._title} gave no access for this client's id and secret.")
        PROCESS.learn([token])
        return token


@dataclass(frozen=True)
class Grant:
    """Where and how a provider refreshes. more: secrets that go into headers beside the token, by header name.

    as_json: whether a refresh is asked for in JSON rather than as a form.
    """

    title: str
    token_url: str
    style: HeaderStyle
    more: Mapping[str, str]
    as_json: bool = False


class OAuthToken:
    """An access token that is refreshed when it ends, one refresh at a time per connection across processes.

    New tokens are stored before they are used: where refresh tokens rotate, a crash in between would lose the grant.
    """

    def __init__(
        self,
        connection: Connection,
        tokens: TokenStore,
        grant: Grant,
        clock: Clock,
        politeness: Politeness | None = None,
        egress: Egress | None = None,
    ) -> None:
        self._connection = connection
        self._tokens = tokens
        self._grant = grant
        self._egress = egress or Egress()
        self._clock = clock
        self._politeness = politeness
        self._take(tokens.secrets(connection.id))

    def headers(self) -> Mapping[str, str]:
        ends = self._secrets.get("expires_at")
        ended = ends is not None and datetime.fromisoformat(ends) <= self._clock.now()
        if ended or not self._secrets.get("access_token"):
            self._refresh(self._secrets.get("access_token", ""))
        more = {header: self._secrets[name] for name, header in self._grant.more.items() if self._secrets.get(name)}
        return self._grant.style.write(self._secrets.get("access_token", ""), more)

    def params(self) -> Mapping[str, str]:
        return {}

    def renew(self, refused: Mapping[str, str]) -> bool:
        self._refresh(refused[self._grant.style.name].removeprefix(self._grant.style.prefix))
        return True

    def _refresh(self, stale: str) -> None:
        with self._tokens.lock(self._connection.id):
            secrets = self._tokens.secrets(self._connection.id)
            if secrets.get("access_token", "") in ("", stale):
                if not secrets.get("refresh_token"):
                    raise Reconnect(
                        f"{self._grant.title} no longer accepts this connection's access. Connect it again."
                    )
                fresh = self._ask(secrets)
                PROCESS.learn(v for name, v in fresh.items() if name != "expires_at")
                self._tokens.rotate(self._connection.id, fresh)
                secrets = {**secrets, **fresh}
                logger.info("%s: access of connection %s refreshed", self._grant.title, self._connection.id)
            self._take(secrets)

    def _take(self, secrets: Mapping[str, str]) -> None:
        PROCESS.learn(value for name, value in secrets.items() if name != "expires_at")
        self._secrets = dict(secrets)

    def _ask(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """The secrets that a refresh changes."""
        form = {"grant_type": "refresh_token", "refresh_token": secrets["refresh_token"]}
        form |= {name: secrets[name] for name in ("client_id", "client_secret") if secrets.get(name)}
        client = HttpClient(
            self._grant.title,
            self._grant.token_url,
            auth=NoAuth(),
            judge=self._judge,
            clock=self._clock,
            politeness=self._politeness,
            transport=self._egress.of(self._connection, self._grant.title),
        )
        try:
            answer = client.post("", body=form) if self._grant.as_json else client.post("", form=form)
        finally:
            client.close()
        if not isinstance(answer, dict) or not answer.get("access_token"):
            raise RetryLater(f"{self._grant.title} answered a refresh without a new access.")
        fresh = {"access_token": str(answer["access_token"])}
        if answer.get("refresh_token"):
            fresh["refresh_token"] = str(answer["refresh_token"])
        life = self._life(answer)
        if life is not None:
            usable = timedelta(seconds=life - min(LONGEST_MARGIN_SECONDS, life / 10))
            fresh["expires_at"] = (self._clock.now() + usable).isoformat()
        return fresh

    def _life(self, answer: Mapping[str, Any]) -> float | None:
        """Seconds that a new access lives: some providers name its length, some its end."""
        if answer.get("expires_in"):
            return float(answer["expires_in"])
        if answer.get("expires_at"):
            ends = datetime.fromisoformat(str(answer["expires_at"]).replace("Z", "+00:00"))
            return max(0.0, (ends - self._clock.now()).total_seconds())
        return None

    def _judge(self, reply: Reply) -> None:
        if not 400 <= reply.status < 500 or reply.status in (408, 425, 429):
            return
        error = reply.body.get("error", "") if isinstance(reply.body, dict) else ""
        if error in DEAD_GRANTS or reply.status in (400, 401):
            raise Reconnect(f"{self._grant.title} has ended this connection's grant. Connect it again.")
        raise AbortSync(f"{self._grant.title} refused to refresh this connection's access ({reply.status}).")
