"""Numbers and times as text: exactly as the API writes them, or short, for people."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

_EXACT_INTEGERS: Final = 1e15
_PLAIN: Final = 1e6


def exact(value: float) -> str:
    """Return a number as Prometheus writes it: shortest form that reads back the same, ``NaN``, ``+Inf``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value.is_integer() and abs(value) < _EXACT_INTEGERS:
        return str(int(value)) if value or math.copysign(1, value) > 0 else "-0"
    return repr(value)


def short(value: float) -> str:
    """Return a number for a table: integers whole, large ones with three decimals, others with six digits."""
    if not math.isfinite(value) or (value.is_integer() and abs(value) < _EXACT_INTEGERS):
        return exact(value)
    if _PLAIN <= abs(value) < _EXACT_INTEGERS:
        return f"{value:.3f}"
    return f"{value:.6g}"


def moment(time_s: float) -> str:
    """Return seconds since the epoch as UTC to the millisecond, ``2026-01-02 15:04:05.000Z``."""
    try:
        text = datetime.fromtimestamp(round(time_s * 1_000) / 1_000, tz=UTC).isoformat(" ", "milliseconds")
    except (ValueError, OverflowError, OSError):
        return exact(time_s)
    return text.replace("+00:00", "Z")


def rfc3339(time_s: float) -> str:
    """Return seconds since the epoch in RFC 3339, UTC."""
    return moment(time_s).replace(" ", "T")
