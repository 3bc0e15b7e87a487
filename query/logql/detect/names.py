"""The names Loki gives to fields it takes from lines."""

from __future__ import annotations

import re
from typing import Final

EXTRACTED: Final = "_extracted"
_INVALID: Final = re.compile(r"[^a-zA-Z0-9_]")


def sanitized(key: str) -> str:
    """Return the key as a label name: other characters become ``_``, a leading digit gets one before it."""
    key = key.strip()
    if key[:1].isdigit() and key[:1].isascii():
        key = f"_{key}"
    return _INVALID.sub("_", key)


def union_name(name: str, taken: frozenset[str]) -> str:
    """Return the name a field has beside labels of the stream."""
    return f"{name}{EXTRACTED}" if name in taken else name
