"""Ids of the service's own rows: a prefix that says what it is, then 96 random bits."""

import secrets

_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def new_id(prefix: str) -> str:
    """A fresh id such as `org_4k…`, safe in URLs, file names and SQL identifiers."""
    return f"{prefix}_{''.join(secrets.choice(_LETTERS) for _ in range(19))}"
