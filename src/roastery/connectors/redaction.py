"""Keeps secrets out of logs, errors and reports."""

import logging
import threading
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
SHORTEST = 6
"""Shorter values are not hidden: they would tear holes into ordinary text."""


class Redactor:
    """Replaces known secret values in text, also in their percent-encoded forms."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._ordered: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def learn(self, values: Iterable[str]) -> None:
        """Hide these values from now on."""
        forms = {form for v in values if len(v) >= SHORTEST for form in (v, quote(v, safe=""), quote_plus(v))}
        if forms <= self._values:
            return
        with self._lock:
            self._values |= forms
            # Longest first, so that a secret inside another one does not leave its rest readable.
            self._ordered = tuple(sorted(self._values, key=len, reverse=True))

    def clean(self, text: str) -> str:
        """The text without secrets.

        >>> r = Redactor(); r.learn(["tok/en-1"]); r.clean("GET /?t=tok%2Fen-1 tok/en-1")
        'GET /?t=[hidden] [hidden]'
        """
        for value in self._ordered:
            if value in text:
                text = text.replace(value, HIDDEN)
        return text


class SecretFilter(logging.Filter):
    """Cleans every record of a logger, arguments and exceptions included."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self.redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.redactor.clean(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self.redactor.clean(logging.Formatter().formatException(record.exc_info))
        return True


PROCESS = Redactor()
"""One for the process: whoever logs, no secret that any connection has used is shown."""

GUARDED_LOGGERS = (
    "roastery.connectors",
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
)
"""By full name: a logger's filter does not see the records of the loggers below it."""


def guard_logs() -> None:
    """Put the filter on the loggers that see requests; doing it twice changes nothing."""
    for name in GUARDED_LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(f, SecretFilter) for f in logger.filters):
            logger.addFilter(SecretFilter(PROCESS))
