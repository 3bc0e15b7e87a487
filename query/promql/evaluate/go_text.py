"""Numbers and labels as Go reads and writes them where PromQL shows through: bucket bounds and messages."""

from __future__ import annotations

import math
import re
from typing import Final

from query.model.labels import LEGACY_LABEL_NAME, Labels
from query.syntax.numbers import format_float, format_scientific
from query.syntax.strings import quote

_DIGITS: Final = r"[0-9](?:_?[0-9])*"
_HEX_DIGITS: Final = r"[0-9a-fA-F](?:_?[0-9a-fA-F])*"
_DECIMAL: Final = re.compile(rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?")
_HEXADECIMAL: Final = re.compile(
    rf"[+-]?0[xX]_?(?:{_HEX_DIGITS}(?:\.(?:{_HEX_DIGITS})?)?|\.{_HEX_DIGITS})[pP][+-]?{_DIGITS}"
)
_SPECIAL: Final = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE | re.ASCII)
_LEAST_PLAIN_EXPONENT: Final = -4
_LEAST_GREAT_EXPONENT: Final = 6


def parse_float(text: str) -> float | None:
    """Return the float a text stands for as ``strconv.ParseFloat`` reads it, None where that reports an error."""
    if _SPECIAL.fullmatch(text):
        return float(text)
    digits = text.replace("_", "")
    if _DECIMAL.fullmatch(text):
        value = float(digits)
        return None if math.isinf(value) else value
    if not _HEXADECIMAL.fullmatch(text):
        return None
    try:
        return float.fromhex(digits)
    except OverflowError:
        return None


def general(value: float) -> str:
    """Return the value as ``%g`` and ``%v`` write it: with an exponent below 1e-4 and from 1e6 on."""
    if not math.isfinite(value):
        return format_float(value)
    text = format_scientific(value)
    exponent = int(text.partition("e")[2])
    return format_float(value) if _LEAST_PLAIN_EXPONENT <= exponent < _LEAST_GREAT_EXPONENT else text


def open_metrics(value: float) -> str:
    """Return the value as OpenMetrics writes it, never like an integer: ``0.5``, ``1.0``, ``1e-06``."""
    text = general(value) if value else "0"
    return text if not math.isfinite(value) or "." in text or "e" in text else f"{text}.0"


def series_text(labels: Labels) -> str:
    """Return labels as upstream's messages show a series: ``{__name__="up", job="shop"}``."""
    shown = (f"{name if LEGACY_LABEL_NAME.match(name) else quote(name)}={quote(value)}" for name, value in labels)
    return f"{{{', '.join(shown)}}}"
