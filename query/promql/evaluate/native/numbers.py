"""Single floats as Go computes with them: no exception where IEEE 754 has a result, and compensated addition."""

from __future__ import annotations

import math
from typing import Final

_HALF: Final = 0.5
_LN2: Final = math.log(2)


def quotient(dividend: float, divisor: float) -> float:
    """Divide; by zero gives an infinity, or NaN for 0/0."""
    if divisor:
        return dividend / divisor
    if dividend == 0 or math.isnan(dividend):
        return math.nan
    return math.copysign(math.inf, dividend) * math.copysign(1.0, divisor)


def root(value: float) -> float:
    """Return the square root, NaN for a negative number."""
    return math.sqrt(value) if value >= 0 else math.nan


def log2(value: float) -> float:
    """Return the binary logarithm as Go computes it: exact for powers of two; -Inf of 0, NaN of a negative number."""
    if not value > 0:
        return -math.inf if value == 0 else math.nan
    if math.isinf(value):
        return value
    fraction, exponent = math.frexp(value)
    return exponent - 1.0 if fraction == _HALF else math.log(fraction) * (1 / _LN2) + exponent


def exp2(value: float) -> float:
    """Return 2 to the power of a number, +Inf where that is too large."""
    try:
        return math.exp2(value)
    except OverflowError:
        return math.inf


def increment(term: float, total: float, lost: float) -> tuple[float, float]:
    """Add a term to a sum and its compensation, by Kahan with Neumaier's improvement. Source: util/kahansum."""
    after = total + term
    if math.isinf(after):
        return after, 0.0
    if abs(total) >= abs(term):
        return after, lost + ((total - after) + term)
    return after, lost + ((term - after) + total)
