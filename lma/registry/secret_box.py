"""Sealing what must be kept but never shown: AES-256-GCM, bound to the cluster it belongs to.

The cluster's id is the associated data, so a sealed credential that is copied to another cluster's row does not open.
Every seal names the key that made it; opening works with every key of the ring, sealing uses the first. Rotation is:
put a new key first, seal everything anew, take the old key away.

Keys come from the environment (``LMA_SEALING_KEYS``) or from a file, in one form: ``id:base64`` of 32 bytes, separated
by white space or commas, the one to seal with first. A key's id is public. Example::

    k2:3q2+7w…=
    k1:Zm9v…=
"""

from __future__ import annotations

import base64
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lma.registry.errors import SecretError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret at rest: which key, and nonce with ciphertext."""

    key_id: str
    data: bytes = field(repr=False)


class SecretBox:
    """Seals and opens with the keys of a ring, the first of which seals."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise SecretError("there is no key to seal secrets with", "give LMA_SEALING_KEYS, or a key file")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.key_id = next(iter(keys))

    def seal(self, owner: UUID, secret: bytes) -> Sealed:
        """Return ``secret`` sealed for ``owner`` with the ring's first key."""
        nonce = os.urandom(NONCE_BYTES)
        return Sealed(self.key_id, nonce + self._ciphers[self.key_id].encrypt(nonce, secret, owner.bytes))

    def open(self, owner: UUID, sealed: Sealed) -> bytes:
        """Return the secret; ``SecretError`` if its key is gone, or if it is not this owner's or was altered."""
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise SecretError(
                f"a secret is sealed with the key {sealed.key_id!r}, which is not among those given",
                "give that key again (LMA_SEALING_KEYS, or the key file), or register the cluster again",
            )
        try:
            return cipher.decrypt(sealed.data[:NONCE_BYTES], sealed.data[NONCE_BYTES:], owner.bytes)
        except InvalidTag as error:
            raise SecretError(
                f"a secret can't be opened with the key {sealed.key_id!r}: it was altered, or the key is another one",
                "give the key it was sealed with, or register the cluster again",
            ) from error


def new_key() -> tuple[str, bytes]:
    """Return a fresh key and its id."""
    return f"k{secrets.token_hex(4)}", secrets.token_bytes(KEY_BYTES)


def parse_keys(text: str, source: str) -> dict[str, bytes]:
    """Return the keys of a ring, in order; ``SecretError`` names the source and never shows what was given."""
    keys: dict[str, bytes] = {}
    for number, item in enumerate(re.split(r"[\s,]+", text.strip()), start=1):
        key_id, colon, encoded = item.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:  # binascii.Error is one, and so is what a letter beyond ASCII gives
            key = b""
        if not colon or not _KEY_ID.match(key_id) or len(key) != KEY_BYTES or key_id in keys:
            raise SecretError(
                f"{source}: entry {number} is no key",
                f"write each as id:base64 of {KEY_BYTES} random bytes, every id once; for instance "
                '"k1:$(head -c 32 /dev/urandom | base64)"',
            )
        keys[key_id] = key
    return keys


def write_keys(path: Path, keys: Mapping[str, bytes]) -> None:
    """Replace a key file; nobody but its owner can read it at any moment, and it is never half written."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.writelines(f"{key_id}:{base64.b64encode(key).decode()}\n" for key_id, key in keys.items())
        stream.flush()
        os.fsync(stream.fileno())
    partial.rename(path)
