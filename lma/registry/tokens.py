"""Tokens: what they look like, and how one is recognised without being stored.

``lma_admin_`` + 40 random characters of [0-9A-Za-z] (238 bits) + 6 characters of checksum. The prefix lets secret
scanners find a leaked token, the checksum (CRC-32 of all before it, base 62) tells a mistyped one from a revoked one
without asking anybody. A random token needs no slow hash: SHA-256 is what is kept.

Example::

    >>> token = new_token("admin")
    >>> is_well_formed(token), is_well_formed(token[:-1] + "!")
    (True, False)
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from typing import Final, Literal

TokenKind = Literal["admin"]

_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH: Final = 40
_CHECKSUM_LENGTH: Final = 6
_TOKEN: Final = re.compile(r"(?P<body>lma_[a-z]{1,16}_[0-9A-Za-z]{40})(?P<checksum>[0-9A-Za-z]{6})", re.ASCII)
HINT_LENGTH: Final = 14


def new_token(kind: TokenKind) -> str:
    """Return a fresh token; the caller shows it once and keeps ``digest_of`` it."""
    body = f"lma_{kind}_" + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return body + _checksum(body)


def is_well_formed(token: str) -> bool:
    """Tell whether the text is a token at all: prefix, length, alphabet, checksum."""
    found = _TOKEN.fullmatch(token)
    return found is not None and found["checksum"] == _checksum(found["body"])


def digest_of(token: str) -> str:
    """Return what is stored of a token: its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def hint_of(token: str) -> str:
    """Return the beginning by which a person tells tokens apart; 24 of its 238 random bits."""
    return token[:HINT_LENGTH]


def is_known(token: str, digests: Iterable[str]) -> bool:
    """Tell whether the token is one of those kept; takes the same time for every wrong token."""
    presented = digest_of(token)
    matches = [hmac.compare_digest(presented, digest) for digest in digests]
    return any(matches)


def _checksum(body: str) -> str:
    rest = zlib.crc32(body.encode())
    digits: list[str] = []
    for _ in range(_CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
