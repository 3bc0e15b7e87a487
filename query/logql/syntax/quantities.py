"""Loki's quantities: Go durations (``1h0m0.5s``) beside Prometheus' own (``1d``), and sizes in bytes (``1.5KiB``).

Durations are integer nanoseconds, sizes whole bytes. Every ``format_…`` is exact: Loki itself rounds sizes to one
decimal when it prints them (``1234B`` becomes ``1.2kB``), which would change what a pushed query selects.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from query.model.errors import BadQueryError
from query.model.time import NS_PER_MS, NS_PER_S
from query.syntax.durations import format_duration, parse_duration
from query.syntax.strings import quote

_GO_UNIT_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": NS_PER_MS,
    "s": NS_PER_S,
    "m": 60 * NS_PER_S,
    "h": 3600 * NS_PER_S,
}
_GO_DURATION: Final = re.compile(r"[+-]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_GO_PART: Final = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_SIZE: Final = re.compile(r"([0-9][0-9.]*)([A-Za-z]*)")
_SIZE_UNITS: Final = {
    "": 1,
    "b": 1,
    **{f"{letter}{tail}": 1000**power for power, letter in enumerate("kmgtp", 1) for tail in ("", "b")},
    **{f"{letter}i{tail}": 1024**power for power, letter in enumerate("kmgtp", 1) for tail in ("", "b")},
}
_SHOWN_SIZE_UNITS: Final = (("PB", 1000**5), ("TB", 1000**4), ("GB", 1000**3), ("MB", 1000**2), ("kB", 1000))
_MAX_INT64: Final = 2**63 - 1
_MAX_UINT64: Final = 2**64 - 1
_MAX_DIGITS: Final = 40


def parse_loki_duration(text: str) -> int:
    """Return the nanoseconds of a duration in Prometheus' notation or, failing that, Go's.

    Raises ``BadQueryError`` if it is neither.
    """
    try:
        return parse_duration(text) * NS_PER_MS
    except BadQueryError:
        return parse_go_duration(text)


def parse_go_duration(text: str) -> int:
    """Return the nanoseconds of a duration as Go's ``time.ParseDuration`` reads it; fractions are cut off."""
    if _GO_DURATION.fullmatch(text) is None or len(text) > _MAX_DIGITS:
        raise BadQueryError(f"time: invalid duration {quote(text)}")
    total = sum(int(Decimal(amount) * _GO_UNIT_NS[unit]) for amount, unit in _GO_PART.findall(text))
    if total > _MAX_INT64:
        raise BadQueryError(f"time: invalid duration {quote(text)}")
    return -total if text.startswith("-") else total


def format_go_duration(ns: int) -> str:
    """Return nanoseconds as Go prints a ``time.Duration``: ``1h0m0s``, ``1.5s``, ``300µs``, ``0s``."""
    sign, rest = ("-", -ns) if ns < 0 else ("", ns)
    if rest == 0:
        return "0s"
    if rest < NS_PER_S:
        unit = "ms" if rest >= NS_PER_MS else "µs" if rest >= _GO_UNIT_NS["us"] else "ns"
        return f"{sign}{_fraction(rest, _GO_UNIT_NS[unit])}{unit}"
    minutes, below = divmod(rest, 60 * NS_PER_S)
    hours, minutes = divmod(minutes, 60)
    shown = f"{hours}h" if hours else ""
    shown += f"{minutes}m" if hours or minutes else ""
    return f"{sign}{shown}{_fraction(below, NS_PER_S)}s"


def format_range(ns: int) -> str:
    """Return nanoseconds as Loki prints the range in brackets and an offset: ``5m``, ``1h30m``."""
    if ns < 0 or ns % NS_PER_MS:
        return format_go_duration(ns)  # Prometheus' notation has neither
    return format_duration(ns // NS_PER_MS)


def parse_size(text: str) -> int:
    """Return the bytes of a size such as ``5KB`` (1000s), ``1.5MiB`` (1024s) or ``20B``; fractions are cut off."""
    match = _SIZE.fullmatch(text)
    factor = None if match is None else _SIZE_UNITS.get(match[2].lower())
    if match is None or factor is None or match[1].count(".") > 1 or len(match[1]) > _MAX_DIGITS:
        raise BadQueryError(f"not a valid size: {quote(text)}")
    size = int(float(match[1]) * factor)
    if size > _MAX_UINT64:
        raise BadQueryError(f"too large: {text}")
    return size


def format_size(size: int) -> str:
    """Return bytes in the largest decimal unit that loses nothing: ``20MB``, ``1024B``."""
    for unit, factor in _SHOWN_SIZE_UNITS:
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"


def _fraction(amount: int, unit: int) -> str:
    whole, rest = divmod(amount, unit)
    if not rest:
        return str(whole)
    digits = len(str(unit)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0")
