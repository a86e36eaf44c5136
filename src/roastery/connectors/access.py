"""A source's way to its provider: the connection, its secrets, the limits it shares, the clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from roastery.connectors.base import Connection, TokenStore
from roastery.connectors.egress import Egress
from roastery.connectors.errors import BadConnection
from roastery.connectors.http import Auth, HttpClient, Judge, Politeness
from roastery.connectors.throttle import Bucket, Rate, Throttles
from roastery.warehouse.clock import Clock


@dataclass(frozen=True)
class Access:
    """What every source is made with. One Throttles for the process, so that connections of one app share its limit."""

    connection: Connection
    tokens: TokenStore
    clock: Clock
    throttles: Throttles = field(default_factory=Throttles)
    politeness: Politeness = field(default_factory=Politeness)
    egress: Egress = field(default_factory=Egress)

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.connection.settings

    def secret(self, name: str) -> str:
        """One secret, '' where it is not set."""
        return self.tokens.secrets(self.connection.id).get(name, "")

    def bucket(self, rate: Rate, app: str = "") -> Bucket:
        """The bucket of this connection, or of an app of its provider."""
        of = ("app", app) if app else ("connection", self.connection.id)
        return self.throttles.bucket((self.connection.provider, *of), rate)

    def client(
        self,
        title: str,
        base_url: str,
        auth: Auth,
        judge: Judge,
        buckets: Sequence[Bucket],
        headers: Mapping[str, str] | None = None,
        egress: Egress | None = None,
    ) -> HttpClient:
        """An HTTP client at a base URL. egress: what an address that people gave is held against, else `Egress.of`."""
        return HttpClient(
            title,
            base_url,
            auth=auth,
            judge=judge,
            buckets=buckets,
            clock=self.clock,
            politeness=self.politeness,
            headers=headers,
            transport=egress.transport(title) if egress else self.egress.of(self.connection, title),
        )


def listed(value: Any) -> tuple[str, ...]:
    """A setting that may be one value, several with commas, or a list.

    >>> listed("act_1, act_2"), listed(["7"]), listed(None)
    (('act_1', 'act_2'), ('7',), ())
    """
    if value is None:
        return ()
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else [value]
    return tuple(str(part).strip() for part in parts if str(part).strip())


def whole_number(title: str, settings: Mapping[str, Any], name: str, default: int, least: int = 1) -> int:
    """A setting that is a whole number.

    Errors: BadConnection when it is not, or below `least`.
    """
    value = settings.get(name, default)
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = least - 1
    if number < least:
        raise BadConnection(f"The {title} connection's {name} is {value!r}; it must be a whole number from {least} on.")
    return number
