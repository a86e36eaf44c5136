"""Logs go to stderr, one line each, with secrets blacked out."""

import logging
import re
import sys
from typing import Any

import structlog

SECRET = re.compile(r"(rst_|whsec_|xox[abp]-|sk-|shpat_|Bearer\s+)[A-Za-z0-9_\-+/=.]{8,}")
SECRET_NAMES = re.compile(r"(token|secret|password|authorization|api_?key)$", re.IGNORECASE)


def configure_logs(level: str) -> None:
    """Set the level for the whole process; unknown levels count as WARNING."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.WARNING)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            black_out,
            structlog.processors.JSONRenderer(default=str),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=number, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s", force=True)


def black_out(_logger: Any, _method: str, event: Any) -> Any:
    """Replace secrets by their name or their kind, wherever in a log line they stand.

    >>> black_out(None, "info", {"event": "sent rst_abcdefgh12345", "api_key": "x"})
    {'event': 'sent rst_…', 'api_key': '…'}
    """
    return {name: "…" if SECRET_NAMES.search(name) else _without_secrets(value) for name, value in event.items()}


def _without_secrets(value: Any) -> Any:
    return SECRET.sub(lambda found: f"{found[1]}…", value) if isinstance(value, str) else value
