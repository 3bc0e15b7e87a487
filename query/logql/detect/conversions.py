"""What ``unwrap`` makes of a label's text: a float, seconds of a duration, bytes of a size; as Go reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from query.logql.detect.kinds import size_of

_FLOAT: Final = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf(?:inity)?|nan)\Z", re.ASCII | re.IGNORECASE
)
_HEX: Final = re.compile(r"[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)p[+-]?[0-9]+\Z", re.ASCII | re.IGNORECASE)
_DURATION: Final = re.compile(r"[+-]?(?:0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)\Z", re.ASCII)
_PART: Final = re.compile(r"([0-9.]+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_UNIT_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_MAX_NS: Final = 2**63
_MAX_CHARACTERS: Final = 400


def _number(text: str) -> float | None:
    if _FLOAT.match(text) and len(text) <= _MAX_CHARACTERS:
        value = float(text)
        # Go refuses what a float can't hold
        return None if value in {float("inf"), float("-inf")} and text.lstrip("+-")[:1].lower() != "i" else value
    if _HEX.match(text):
        try:
            return float.fromhex(text)
        except OverflowError:
            return None
    return None


def _seconds(text: str) -> float | None:
    if not _DURATION.match(text) or len(text) > _MAX_CHARACTERS:
        return None
    ns = sum(_part_ns(number, unit) for number, unit in _PART.findall(text))
    if ns >= _MAX_NS:
        return None
    return (-ns if text.startswith("-") else ns) / 1e9


def _part_ns(number: str, unit: str) -> int:
    whole, _, fraction = number.partition(".")
    scale = _UNIT_NS[unit]
    return int(whole or 0) * scale + (int(fraction) * scale // 10 ** len(fraction) if fraction else 0)


def _bytes(text: str) -> float | None:
    size = size_of(text)
    return None if size is None else float(size)


CONVERSIONS: Final[Mapping[str, Callable[[str], float | None]]] = {
    "": _number,
    "bytes": _bytes,
    "duration": _seconds,
    "duration_seconds": _seconds,
}
"""By the conversion's name in LogQL; None if the text does not convert."""
