"""Sealing of secrets in the service's own database, and digests of keys; one keyring per process."""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from roastery.api.errors import SecretLost

NONCE_BYTES = 12


class Keyring:
    """Secret keys by id; the first one seals, all of them open, so that a key can be rotated.

    Sealed form: `v1:<key id>:<hex of nonce + AES-256-GCM ciphertext>`, bound to a context (table and row) as
    associated data, so that a sealed value cannot be moved to another row.
    """

    def __init__(self, secret_keys: Sequence[str]) -> None:
        self._keys = {_key_id(key): key.encode() for key in secret_keys}
        self.sealing_id = _key_id(secret_keys[0])

    def seal(self, secrets: Mapping[str, str], context: str) -> str:
        """Encrypt a mapping of secrets under the sealing key."""
        nonce = os.urandom(NONCE_BYTES)
        plain = json.dumps(dict(secrets)).encode()
        box = AESGCM(self._derive(self.sealing_id, b"secrets")).encrypt(nonce, plain, context.encode())
        return f"v1:{self.sealing_id}:{(nonce + box).hex()}"

    def open(self, sealed: str, context: str) -> dict[str, str]:
        """Decrypt what `seal` made in the same context. Errors: SecretLost when its key is gone or does not fit."""
        _, key_id, box = sealed.split(":", 2)
        if key_id not in self._keys:
            raise SecretLost(
                f"A stored secret was sealed with key {key_id}, which is not among ROASTERY_SECRET_KEY. "
                "Add that key after the current one, or connect the source again."
            )
        raw = bytes.fromhex(box)
        aes = AESGCM(self._derive(key_id, b"secrets"))
        try:
            plain: dict[str, str] = json.loads(aes.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], context.encode()))
        except InvalidTag:
            raise SecretLost("A stored secret was altered or moved. Connect the source again.") from None
        return plain

    def digests(self, text: str) -> tuple[str, ...]:
        """Keyed digests of a high-entropy key, one per secret key, the current one first."""
        return tuple(
            hmac.new(self._derive(key_id, b"key digests"), text.encode(), hashlib.sha256).hexdigest()
            for key_id in self._keys
        )

    def warehouse_key(self) -> bytes:
        """32 bytes from which the warehouse derives each organization's keys for personal data.

        It comes from the last (oldest) secret key, so that rotating adds a key in front without making sealed
        personal columns unreadable.
        """
        return self._derive(list(self._keys)[-1], b"warehouse")

    def _derive(self, key_id: str, purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"roastery " + purpose).derive(self._keys[key_id])


def _key_id(key: str) -> str:
    return hashlib.sha256(b"roastery key id " + key.encode()).hexdigest()[:8]
