"""Numbers and booleans of request parameters, in the forms Go's ``strconv`` reads and with the errors it gives.

Clients rely on the forms (``1e9``, ``+3``, ``T``), people on the messages: they are what search engines know.
"""

from __future__ import annotations

import math
import re
from typing import Final

from query.syntax.strings import quote

MAX_INT64: Final = 2**63 - 1
MIN_INT64: Final = -(2**63)
MAX_INT32: Final = 2**31 - 1
NS_PER_UNIT: Final = ((3_600_000_000_000, "h"), (60_000_000_000, "m"))
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_INTEGER: Final = re.compile(r"[+-]?[0-9]+\Z", re.ASCII)
_DIGITS: Final = r"[0-9]+(?:_[0-9]+)*"
_DECIMAL: Final = re.compile(rf"[+-]?(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?\Z", re.ASCII)
_HEX_DIGITS: Final = r"[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*"
_HEX: Final = re.compile(
    rf"[+-]?0[xX]_?(?:{_HEX_DIGITS}\.?(?:{_HEX_DIGITS})?|\.{_HEX_DIGITS})[pP][+-]?{_DIGITS}\Z", re.ASCII
)
_SPECIAL: Final = re.compile(r"(?:[+-]?inf(?:inity)?|nan)\Z", re.ASCII | re.IGNORECASE)
_MOST_DIGITS: Final = 1_000


def go_float(text: str) -> float | None:
    """Return what ``ParseFloat`` reads, None where it gives an error, as for a number out of range.

    Infinities and NaN are numbers, too.
    """
    if len(text) > _MOST_DIGITS:
        return None
    if _SPECIAL.match(text):
        return float(text)
    plain = text.replace("_", "")
    try:
        if _DECIMAL.match(text):
            value = float(plain)
        elif _HEX.match(text):
            value = float.fromhex(plain)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def go_int(text: str, *, function: str = "Atoi", most: int = MAX_INT64) -> int:
    """Return what ``Atoi`` (or ``ParseInt``) reads; ``ValueError`` in its words."""
    if not _INTEGER.match(text):
        raise ValueError(f"strconv.{function}: parsing {quote(text)}: invalid syntax")
    value = int(text) if len(text) <= _MOST_DIGITS else most + 1
    if not -most - 1 <= value <= most:
        raise ValueError(f"strconv.{function}: parsing {quote(text)}: value out of range")
    return value


def go_bool(text: str) -> bool:
    """Return what ``ParseBool`` reads; ``ValueError`` in its words."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"strconv.ParseBool: parsing {quote(text)}: invalid syntax")


def go_duration_text(ns: int) -> str:
    """Return nanoseconds as ``Duration.String`` prints them: ``1h0m0.5s``, ``-100µs``, ``0s``."""
    sign, rest = ("-", -ns) if ns < 0 else ("", ns)
    for size, unit in ((1, "ns"), (1_000, "µs"), (1_000_000, "ms")):
        if 0 < rest < size * 1_000:
            return f"{sign}{_decimal(rest, size)}{unit}"
    parts: list[str] = []
    for size, unit in NS_PER_UNIT:
        amount, rest = divmod(rest, size)
        if amount or parts:
            parts.append(f"{amount}{unit}")
    return f"{sign}{''.join(parts)}{_decimal(rest, 1_000_000_000)}s"


def _decimal(amount: int, size: int) -> str:
    whole, rest = divmod(amount, size)
    fraction = str(rest).rjust(len(str(size)) - 1, "0").rstrip("0") if rest else ""
    return f"{whole}.{fraction}" if fraction else str(whole)
