"""Numbers as Go reads and prints them, which both languages and both wire formats use.

Python's shortest representation and Go's are the same digits (both are the shortest that read back as the same
float); only the layout differs, and that is what is done here.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

from query.model.errors import BadQueryError
from query.syntax.strings import excerpt

_INTEGER: Final = re.compile(r"0[xX]_?(?P<hex>[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)|0_?(?P<octal>[0-7]+(?:_[0-7]+)*)")
_DECIMAL: Final = re.compile(
    r"(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?"
)
_SPECIAL: Final = {"inf": math.inf, "nan": math.nan}
_MAX_INT64: Final = 2**63 - 1
_SMALLEST_PLAIN: Final = 1e-6
_SMALLEST_SCIENTIFIC: Final = 1e21


def parse_number(text: str) -> float:
    """Return an unsigned number: ``1_000``, ``.5``, ``1e3``, ``0x1f``, ``017`` (octal, as in Go), ``Inf``, ``NaN``.

    Raises ``BadQueryError`` in Prometheus' words if ``text`` is not a number or too large for a float.
    """
    special = _SPECIAL.get(text.lower())
    if special is not None:
        return special
    integer = _INTEGER.fullmatch(text)
    if integer is not None:
        digits = integer["hex"] or integer["octal"]
        value = int(digits.replace("_", ""), 16 if integer["hex"] else 8)
        if value <= _MAX_INT64:
            return float(value)
        if integer["hex"]:
            raise BadQueryError(f"error parsing number: {excerpt(text)} is out of range")
    if _DECIMAL.fullmatch(text) is None:
        raise BadQueryError(f"error parsing number: strconv.ParseFloat: parsing {excerpt(text)}: invalid syntax")
    number = float(text.replace("_", ""))
    if math.isinf(number):
        raise BadQueryError(f"error parsing number: strconv.ParseFloat: parsing {excerpt(text)}: value out of range")
    return number


def round_half_away(value: float) -> int:
    """Return the nearest integer of a finite float, halves away from zero, as Go's ``math.Round`` does."""
    whole = math.trunc(value)
    if abs(value - whole) >= 0.5:  # noqa: PLR2004 — a half
        return whole + (1 if value > 0 else -1)
    return whole


def format_float(value: float) -> str:
    """Return a float in plain digits, as Go's ``FormatFloat(v, 'f', -1, 64)``: ``1000``, ``0.1``, ``+Inf``, ``-0``."""
    if not math.isfinite(value):
        return _non_finite(value)
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")


def format_scientific(value: float) -> str:
    """Return a float with an exponent, as Go's ``FormatFloat(v, 'e', -1, 64)``: ``1e+21``, ``1.5e-07``."""
    if not math.isfinite(value):
        return _non_finite(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    shown = "".join(map(str, digits)).rstrip("0") or "0"
    power = 0 if value == 0 else len(digits) - 1 + int(exponent)
    fraction = f".{shown[1:]}" if len(shown) > 1 else ""
    return f"{'-' if sign else ''}{shown[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02d}"


def format_sample(value: float) -> str:
    """Return a sample value as the Prometheus API writes it: plain digits, an exponent below 1e-6 and from 1e21 on."""
    size = abs(value)
    if math.isfinite(value) and size and (size < _SMALLEST_PLAIN or size >= _SMALLEST_SCIENTIFIC):
        return format_scientific(value)
    return format_float(value)


def _non_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"
