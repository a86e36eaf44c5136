"""Where requests to addresses that people give may go: not to this machine, its network or a cloud's metadata.

A name is resolved once, every address that it has is checked, and the connection goes to the address that was checked:
a name that changes its address in between (DNS rebinding) changes nothing. Redirects are not followed anywhere.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpcore2
import httpx2

from roastery.connectors.base import Connection
from roastery.connectors.errors import BadConnection
from roastery.connectors.tls import tls

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
KNOWN = {
    "loopback": ("127.0.0.0/8", "::1/128"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
}


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name. Errors: OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class NotReachable(BadConnection):
    """An address that people gave lies where requests may not go."""


@dataclass(frozen=True)
class Egress:
    """What the operator allows beyond the public internet: networks, and folders on this machine."""

    networks: tuple[Network, ...] = ()
    folders: tuple[Path, ...] = ()
    resolve: Resolve = resolve

    @classmethod
    def parse(cls, networks: str = "", folders: Iterable[str | Path] = (), resolve: Resolve = resolve) -> "Egress":
        """Of settings: networks as CIDR, `loopback` or `private`, with commas between.

        >>> [str(n) for n in Egress.parse("loopback, 10.1.0.0/16").networks]
        ['127.0.0.0/8', '::1/128', '10.1.0.0/16']
        """
        named = [part.strip() for part in networks.split(",") if part.strip()]
        try:
            allowed = [ipaddress.ip_network(n) for part in named for n in KNOWN.get(part.lower(), (part,))]
        except ValueError as error:
            raise BadConnection(f"ROASTERY_ALLOWED_ADDRESSES is not sound: {error}.", allowed=tuple(KNOWN)) from None
        return cls(tuple(allowed), tuple(Path(folder).resolve() for folder in folders), resolve)

    def with_loopback(self) -> "Egress":
        """The same, and this machine's own addresses: where a known provider is stood in for, by tests and the demo."""
        return replace(self, networks=(*self.networks, *(ipaddress.ip_network(n) for n in KNOWN["loopback"])))

    def address(self, host: str, port: int, title: str = "The connection") -> str:
        """The address to connect to. Errors: NotReachable when one of the host's addresses is not allowed."""
        try:
            found = [_plain(text) for text in self.resolve(host.strip("[]"), port)]
        except (OSError, ValueError, UnicodeError):
            raise NotReachable(f"{title} names the host '{host}', which has no address.") from None
        refused = [address for address in found if not self.allows(address)]
        if refused or not found:
            raise NotReachable(
                f"{title} names the host '{host}', which lies in a private network ({refused[0] if refused else '—'}); "
                "requests may not go there. Whoever runs Roastery can allow it by ROASTERY_ALLOWED_ADDRESSES."
            )
        return str(found[0])

    def allows(self, address: Address) -> bool:
        """Whether requests may go there: what is public, and what the operator allows."""
        if any(address.version == network.version and address in network for network in self.networks):
            return True
        return address.is_global and not address.is_multicast

    def of(self, connection: Connection, title: str) -> httpx2.HTTPTransport | None:
        """What a known provider's connection is held against, where people gave its address; else nothing.

        Such an address may lie on this machine, but in no private network.
        """
        is_given = connection.base_url or connection.settings.get("token_url")
        return self.with_loopback().transport(title) if is_given else None

    def folder(self, path: str, title: str) -> Path:
        """A folder on this machine that may be read, links resolved. Errors: NotReachable."""
        found = Path(path).resolve()
        if not any(found == allowed or allowed in found.parents for allowed in self.folders):
            raise NotReachable(
                f"{title} names the folder {path}, which may not be read. Whoever runs Roastery can allow it by "
                "ROASTERY_ALLOWED_FOLDERS.",
                allowed=[str(folder) for folder in self.folders],
            )
        return found

    def transport(self, title: str) -> httpx2.HTTPTransport:
        """A transport whose every connection is checked."""
        return _Guarded(self, title)


def _plain(text: str) -> Address:
    """An address without its zone; one of IPv4 written as IPv6 (also by NAT64 or 6to4) as the IPv4 that it means."""
    address = ipaddress.ip_address(text.split("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address


class _Guarded(httpx2.HTTPTransport):
    """Resolves names itself and connects to what was checked; TLS still proves the name."""

    def __init__(self, egress: Egress, title: str) -> None:
        super().__init__(trust_env=False, verify=tls(True))
        self._pool.close()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls(True),
            max_connections=10,
            network_backend=_Checked(egress, title),
        )


class _Checked(httpcore2.NetworkBackend):
    def __init__(self, egress: Egress, title: str) -> None:
        self._egress, self._title = egress, title
        self._real = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore2.NetworkStream:
        address = self._egress.address(host, port, self._title)
        return self._real.connect_tcp(address, port, timeout, local_address, socket_options)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Any = None
    ) -> httpcore2.NetworkStream:
        raise NotReachable(f"{self._title} may not use a socket of this machine.")

    def sleep(self, seconds: float) -> None:
        self._real.sleep(seconds)
