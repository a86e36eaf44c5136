"""Access tokens of a twin: they live an hour, can be expired or revoked, and where the provider rotates, rotate."""

import base64
import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

LIFE_SECONDS = 3600.0


@dataclass
class Tokens:
    """One grant. life: seconds until an access token dies, None for never. stopwatch measures durations only."""

    name: str
    life: float | None = LIFE_SECONDS
    rotates: bool = False
    stopwatch: Callable[[], float] = time.monotonic
    is_revoked: bool = False
    refreshes: int = 0
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    _number: int = 0
    _access: dict[str, float] = field(default_factory=dict)
    _refresh: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._refresh = [f"{self.name}-refresh-0"]
        self.access_token = self._issue()

    @property
    def refresh_token(self) -> str:
        """The newest refresh token."""
        return self._refresh[-1]

    def _issue(self) -> str:
        self._number += 1
        token = f"{self.name}-access-{self._number}"
        self._access[token] = self.stopwatch()
        self.access_token = token
        return token

    def accepts(self, token: str) -> bool:
        with self._lock:
            born = self._access.get(token)
            is_alive = born is not None and (self.life is None or self.stopwatch() - born < self.life)
            if is_alive and len(self._refresh) > 1 and token == self.access_token:
                # The old refresh token works until its replacement's access token has been used.
                del self._refresh[:-1]
            return is_alive and not self.is_revoked

    def expire(self) -> None:
        """Let every access token die now; the grant stays."""
        with self._lock:
            self._access.clear()

    def revoke(self) -> None:
        """Take the grant back: only a person can give it again."""
        self.is_revoked = True

    def reconnect(self) -> str:
        """A new access token given by a person, as after consent."""
        with self._lock:
            self.is_revoked = False
            return self._issue()

    def consent(self, challenge: str, redirect_uri: str) -> str:
        """A code that a person's consent gives, to be exchanged once."""
        with self._lock:
            code = f"{self.name}-code-{len(self.codes) + 1}"
            self.codes[code] = (challenge, redirect_uri)
            return code

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> tuple[str, str] | None:
        """(access token, refresh token) of a code, or None where it was used or does not fit."""
        with self._lock:
            challenge, asked_for = self.codes.get(code, ("", ""))
            digest = hashlib.sha256(verifier.encode()).digest()
            made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if not challenge or made != challenge or redirect_uri != asked_for:
                return None
            self.codes[code] = ("", "")
            self.is_revoked = False
            self._refresh = [f"{self.name}-consented-{len(self.codes)}"]
            return self._issue(), self._refresh[-1]

    def refresh(self, refresh_token: str) -> tuple[str, str] | None:
        """(access token, refresh token to use next), or None when this refresh token is dead."""
        with self._lock:
            if self.is_revoked or refresh_token not in self._refresh:
                return None
            self.refreshes += 1
            access = self._issue()
            if self.rotates:
                self._refresh = [refresh_token, f"{self.name}-refresh-{self.refreshes}"]
            return access, self._refresh[-1]
