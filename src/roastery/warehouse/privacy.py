"""Personal values: sealed before they are stored, matched by keyed hash, unreadable elsewhere (law 15).

Form: `sealed:v1:<hash hex>:<base64 nonce+ciphertext>`.
"""

import base64
import hmac
import re
import unicodedata
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PREFIX = "sealed:v1:"
NOT_DIGITS = re.compile(r"\D+")
INTERNATIONAL = re.compile(r"^\+|^00")
# Calling codes of one and two digits (ITU E.164); every other one has three.
CALLING_CODE = re.compile(r"^(?:[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})(?=\d{6,}$)")


def normalized(kind: str, value: str) -> str:
    """The form in which two spellings of one value are equal; '' when nothing is left to match on.

    Phones compare by their national number (E.164 without calling code and trunk zero, at most its last ten digits),
    so that a number with and without its country code is the same; one digit repeated is a placeholder.

    >>> normalized("email", " Ana.Diaz@Example.COM ")
    'ana.diaz@example.com'
    >>> normalized("phone", "+44 7911 123456") == normalized("phone", "07911 123456")
    True
    >>> normalized("phone", "+45 12 34 56 78") == normalized("phone", "12345678")
    True
    >>> normalized("phone", "n/a"), normalized("phone", "000-000-0000")
    ('', '')
    """
    text = unicodedata.normalize("NFKC", value).strip().lower()
    if kind == "phone":
        is_international = INTERNATIONAL.match(text.lstrip("( "))
        digits = NOT_DIGITS.sub("", text).lstrip("0")
        if is_international:
            digits = CALLING_CODE.sub("", digits).lstrip("0")
        return digits[-10:] if len(digits) >= 7 and len(set(digits)) > 1 else ""
    return text


ROLES = frozenset(
    """
    accounting accounts admin billing booking bookings contact customer customerservice donotreply email enquiries
    frontdesk guest hello help hr info inquiries jobs mail marketing na noemail none noreply no-reply office orders
    postmaster purchasing reception reservations sales service shop store support team test unknown webmaster
    """.split()  # noqa: SIM905
)
"""Local parts that belong to a desk and not to a person; placeholders among them."""
GMAIL = ("gmail.com", "googlemail.com")


def mailbox(address: str) -> tuple[bool, str]:
    """Whether a normalized e-mail address is a desk's, and its Gmail mailbox ('' where it is not written otherwise).

    Gmail ignores dots and whatever follows a plus (support.google.com/mail/answer/7436150).

    >>> mailbox("info@example.com"), mailbox("ana.diaz+shop@googlemail.com"), mailbox("ana@example.com")
    ((True, ''), (False, 'anadiaz@gmail.com'), (False, ''))
    """
    local, _, domain = address.partition("@")
    plain = local.partition("+")[0]
    if domain not in GMAIL:
        return plain in ROLES, ""
    box = f"{plain.replace('.', '')}@gmail.com"
    return False, "" if box == address else box


@dataclass(frozen=True)
class Notice:
    """What a plain address said before it was sealed: that a desk reads it, or the hash of its Gmail mailbox."""

    hash: str
    is_role: bool
    mailbox_hash: str


class Sealer:
    """Seals and opens personal values of one organization.

    The nonce is derived from key and plaintext, so that the same value seals to the same text: a record that comes
    again is recognized as unchanged. What this reveals (equality) the keyed hash reveals already.
    """

    def __init__(self, secret_key: bytes, organization_id: str) -> None:
        self._aad = organization_id.encode()
        self._aes = AESGCM(self._derive(secret_key, b"encrypt"))
        self._hash_key = self._derive(secret_key, b"match")
        self._nonce_key = self._derive(secret_key, b"nonce")
        self._pseudonym_key = self._derive(secret_key, b"pseudonym")

    def notice(self, kind: str, value: str) -> Notice | None:
        """What identity has to know of a value that only its plain text says."""
        if kind != "email":
            return None
        is_role, box = mailbox(normalized(kind, value))
        if not is_role and not box:
            return None
        return Notice(self.hash(kind, value), is_role, self.hash(kind, box) if box else "")

    def _derive(self, secret_key: bytes, purpose: bytes) -> bytes:
        info = b"roastery/personal/v1/" + purpose + b"/" + self._aad
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret_key)

    def hash(self, kind: str, value: str) -> str:
        """The keyed hash that two spellings of one value share; '' when the value holds nothing to match on."""
        text = normalized(kind, value)
        if not text:
            return ""
        return hmac.digest(self._hash_key, f"{kind}:{text}".encode(), "sha256")[:16].hex()

    def seal(self, kind: str, value: str) -> str:
        plain = value.encode()
        nonce = hmac.digest(self._nonce_key, plain, "sha256")[:12]
        sealed = nonce + self._aes.encrypt(nonce, plain, self._aad)
        return f"{PREFIX}{self.hash(kind, value)}:{base64.b64encode(sealed).decode()}"

    def pseudonym(self, text: str) -> str:
        """What stands in the place of a forgotten person's value: equal for equal ones, so that counts stay."""
        return hmac.digest(self._pseudonym_key, text.encode(), "sha256")[:16].hex()

    def open(self, sealed: str) -> str:
        """The value again, '' for one that was erased. Errors: InvalidTag for another organization's text."""
        data = base64.b64decode(sealed.rsplit(":", 1)[1])
        if not data:
            return ""
        return self._aes.decrypt(data[:12], data[12:], self._aad).decode()


def hash_of(sealed: str | None) -> str:
    """The matching hash inside a sealed value, '' when there is none."""
    if not sealed or not sealed.startswith(PREFIX):
        return ""
    return sealed[len(PREFIX) :].split(":", 1)[0]
