"""Bounds on a query text, so that no input can exhaust stack, memory or time.

The numbers leave room for what people and dashboards really send and keep the worst refusal in the tens of
milliseconds:

- ``max_bytes``: dashboards expand variables into one regular expression of tens of kilobytes; 128 KiB is the longest
  argument a Linux program takes, so ``promtool`` and ``logcli`` can't send more.
- ``max_depth``: how tall the tree may be, a chain ``a + b + c …`` counting one per operator. Structural equality,
  hashing and traversal take up to four interpreter frames a level; CPython allows 1,000 altogether, and a server
  already stands on some when it parses.
- ``max_tokens``: scanner and parser together take 5 to 10 µs a token.
- ``max_regex_cost``: see :mod:`query.syntax.regexes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """What a query may use. Every field is at least 1; a hit names the field and its value."""

    max_bytes: int = 128 * 1024
    max_depth: int = 150
    max_tokens: int = 10_000
    max_regex_cost: int = 60


DEFAULT: Final = Limits()
