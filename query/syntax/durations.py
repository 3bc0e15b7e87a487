"""Durations as Prometheus writes them: ``1h30m``, ``250ms``, ``1y``; milliseconds inside.

A year has 365 days, a week seven. Units go from the biggest to the smallest, each at most once. Loki writes its own
durations in Go's notation (``1h30m0.5s``); :mod:`query.logql` reads those and offers Prometheus' units too.
"""

from __future__ import annotations

import re
from typing import Final

from query.model.errors import BadQueryError
from query.syntax.strings import excerpt

UNIT_MS: Final = {
    "y": 365 * 24 * 3_600_000,
    "w": 7 * 24 * 3_600_000,
    "d": 24 * 3_600_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
MAX_MS: Final = (2**63 - 1) // 1_000_000
"""The longest duration: Go counts nanoseconds in 64 bits, about 292 years."""

_RANK: Final = {unit: rank for rank, unit in enumerate(UNIT_MS)}
_PART: Final = re.compile(r"([0-9]+)([^0-9]*)")
_MAX_DIGITS: Final = 20
_SHOWN_ONLY_WHOLE: Final = frozenset({"y", "w"})


def parse_duration(text: str) -> int:
    """Return the milliseconds of a duration such as ``1h30m``; ``0`` needs no unit.

    Raises ``BadQueryError`` in the words of Prometheus' ``model.ParseDuration``.
    """
    if text == "0":
        return 0
    if not text:
        raise BadQueryError("empty duration string")
    total, rank, done = 0, -1, 0
    for match in _PART.finditer(text):
        amount, unit = match.groups()
        if match.start() != done or not unit or len(amount) > _MAX_DIGITS:
            raise BadQueryError(f"not a valid duration string: {excerpt(text)}")
        if unit not in UNIT_MS:
            raise BadQueryError(f"unknown unit {excerpt(unit)} in duration {excerpt(text)}")
        if _RANK[unit] <= rank:
            raise BadQueryError(f"not a valid duration string: {excerpt(text)}")
        rank, done = _RANK[unit], match.end()
        total += int(amount) * UNIT_MS[unit]
        if total > MAX_MS:
            raise BadQueryError("duration out of range")
    if done != len(text):
        raise BadQueryError(f"not a valid duration string: {excerpt(text)}")
    return total


def to_seconds(ms: int) -> float:
    """Return milliseconds as float seconds, to the last bit as Go's ``Duration.Seconds`` does."""
    whole, rest = divmod(abs(ms), 1_000)
    seconds = whole + rest / 1_000
    return -seconds if ms < 0 else seconds


def format_duration(ms: int) -> str:
    """Return milliseconds as Prometheus prints them: ``90d``, ``1h30m``, ``0s``, ``-5m``.

    Years and weeks only when nothing is left over. For an amount :func:`parse_duration` can return, its inverse.
    """
    if ms == 0:
        return "0s"
    rest = abs(ms)
    parts: list[str] = []
    for unit, size in UNIT_MS.items():
        if unit in _SHOWN_ONLY_WHOLE and rest % size:
            continue
        amount, rest = divmod(rest, size) if rest >= size else (0, rest)
        if amount:
            parts.append(f"{amount}{unit}")
    return ("-" if ms < 0 else "") + "".join(parts)
