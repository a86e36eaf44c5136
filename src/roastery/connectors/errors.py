"""Errors of the connectors, classed by the next act.

ConnectorError (DataError)
├── RetryLater          the same request may succeed later; `wait_seconds` when the provider said when
│   ├── Throttled           a limit of the provider is reached
│   └── CutOff              the answer ended in the middle
├── Reconnect           somebody gives consent or credentials again
├── SkipResource        this resource cannot be read; the others go on
│   ├── SliceTooLarge       the provider wants a smaller slice; the source halves it
│   └── UnknownShape        the answer is not of the documented form; a developer looks at it
└── AbortSync           nothing more can be read with this connection until its settings change
BadConnection (BadQuery)        a connection's settings or secrets are missing or unsound
WebhookRejected (NotAllowed)    a webhook's signature, time or form is not what the sender would send
"""

from collections.abc import Iterable

from roastery.warehouse.errors import BadQuery, DataError, NotAllowed


class ConnectorError(DataError):
    """Something between us and a provider; the message is a sentence that a marketer can act on."""


class RetryLater(ConnectorError):
    """The provider did not answer as it should; nothing is lost, the next sync goes on from the same place.

    wait_seconds: how long the provider asked us to wait, None when it did not say.
    """

    def __init__(self, message: str, *, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class Throttled(RetryLater):
    """The provider limits how much may be asked; the sync goes on when the limit allows."""


class CutOff(RetryLater):
    """The connection ended in the middle of an answer."""


class Reconnect(ConnectorError):
    """The provider no longer accepts the credentials; somebody has to connect it again."""


class SkipResource(ConnectorError):
    """One kind of record is not readable with this connection; the others are."""


class SliceTooLarge(SkipResource):
    """The provider refuses this much data at once."""


class UnknownShape(SkipResource):
    """The provider answered in a form that this version does not know."""


class AbortSync(ConnectorError):
    """The provider refuses the request itself; asking again would not help."""


class BadConnection(BadQuery):
    """A connection's settings or secrets are missing or unsound."""

    @classmethod
    def missing(cls, title: str, kind: str, names: Iterable[str]) -> "BadConnection":
        names = tuple(names)
        listed = ", ".join(names)
        return cls(f"The {title} connection has no {listed}. Add the {kind} and sync again.", allowed=names)


class WebhookRejected(NotAllowed):
    """A webhook is not from whom it says, is too old, or lacks what its scheme needs."""
