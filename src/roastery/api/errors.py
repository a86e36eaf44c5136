"""Errors of the service, classed by who acts next.

RoasteryError
├── AskerError
│   ├── BadCredential       no key, an unknown one, or a signature that does not hold
│   ├── NotFound            no such resource in this organization
│   ├── Conflict            the same name or idempotency key was used for something else
│   ├── BadBody             the body is not of the announced form
│   ├── BodyTooLarge        the body is longer than its limit
│   └── UnsupportedType     the content type is none of those accepted
└── StoreError
    ├── BadSettings         a setting of the environment cannot be used
    ├── NotSetUp            the operator has not given the settings that this needs
    ├── HomeTaken           another process owns this home and cannot be reached
    └── SecretLost          a stored secret was sealed with a key that is gone
"""

from collections.abc import Iterable

from roastery.warehouse.errors import AskerError, StoreError, nearest


class BadCredential(AskerError):
    """Who asks is not known; the message never says whether the key ever existed."""


class NotFound(AskerError):
    """No such resource in the asker's organization."""

    def __init__(self, kind: str, name: str, allowed: Iterable[str] = ()) -> None:
        allowed = tuple(sorted(allowed))
        near = nearest(name, allowed)
        hint = f" Did you mean '{near}'?" if near else ""
        super().__init__(f"There is no {kind} '{name}' in this organization.{hint}", allowed=allowed, did_you_mean=near)
        self.kind = kind
        self.name = name


class Conflict(AskerError):
    """The same name or key was used for something else."""


class BadBody(AskerError):
    """The body cannot be read as what its content type announces, or a field of it breaks its form."""


class BodyTooLarge(AskerError):
    """The body is longer than its limit."""

    def __init__(self, limit_bytes: int, what: str = "The body") -> None:
        super().__init__(f"{what} is larger than {limit_bytes // 1_000_000} MB. Send it in several smaller parts.")
        self.limit_bytes = limit_bytes


class UnsupportedType(AskerError):
    """The content type is none of those accepted."""

    def __init__(self, content_type: str, allowed: Iterable[str]) -> None:
        allowed = tuple(allowed)
        named = f"'{content_type}'" if content_type else "no content type"
        super().__init__(f"Cannot read {named}. Send one of: {', '.join(allowed)}.", allowed=allowed)


class BadSettings(StoreError):
    """A setting of the environment cannot be used."""


class NotSetUp(StoreError):
    """The operator has not given the settings that this needs."""


class HomeTaken(StoreError):
    """Another process owns this home and cannot be reached."""


class SecretLost(StoreError):
    """A stored secret was sealed with a key that is no longer among ROASTERY_SECRET_KEY."""
