"""Header cells: compared without case, accents and what stands in brackets as a currency."""

import re
import unicodedata
from collections.abc import Sequence

from roastery.warehouse.money import CODES

# Upper case only: "(all)" is no Albanian lek.
CODE = re.compile(r"\s*[\(\[]\s*([A-Z]{3})\s*[\)\]]\s*$")
APOSTROPHES = str.maketrans({"’": "'", "`": "'", "´": "'", "‑": "-", "–": "-", "\u00a0": " ", "\u202f": " "})


def currency_of(header: str) -> str | None:
    """The currency that a header names in brackets at its end.

    >>> currency_of("Amount spent (USD)"), currency_of("Clicks (all)")
    ('USD', None)
    """
    found = CODE.search(header)
    code = found.group(1) if found else ""
    return code if code in CODES else None


def plain_header(header: str) -> str:
    """A header as it is compared.

    >>> plain_header(" Ausgegebener Betrag (EUR) "), plain_header("Día"), plain_header("Clicks (all)")
    ('ausgegebener betrag', 'dia', 'clicks (all)')
    """
    text = header.strip().strip("\ufeff").translate(APOSTROPHES)
    if currency_of(text):
        text = CODE.sub("", text)
    letters = unicodedata.normalize("NFKD", text.lower())
    text = "".join(c for c in letters if not unicodedata.combining(c))
    return re.sub(r"[\s_]+", " ", text).strip()


def header_set(headers: Sequence[str]) -> str:
    """What two files of the same columns share, whatever their order and currency."""
    return "\n".join(sorted(plain_header(h) for h in headers))
