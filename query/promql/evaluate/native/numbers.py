"""Single floats as Go computes with them: no exception where IEEE 754 has a result, and compensated addition."""

from __future__ import annotations

import math
from typing import Final

_HALF: Final = 0.5
_LN2: Final = 0.693147180559945309417232121458176568
_LN2_HIGH: Final = 6.93147180369123816490e-01
_LN2_LOW: Final = 1.90821492927058770002e-10
_ROOT_OF_HALF: Final = math.sqrt(2) / 2
_EXP2_OVERFLOW: Final = 1.0239999999999999e03
_EXP2_UNDERFLOW: Final = -1.0740e03
_P: Final = (
    *(1.66666666666666657415e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05),
    *(-1.65339022054652515390e-06, 4.13813679705723846039e-08),
)
_L: Final = (
    *(6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01),
    *(1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01),
)


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
    return exponent - 1.0 if fraction == _HALF else _log_of_fraction(fraction) * (1 / _LN2) + exponent


def exp2(value: float) -> float:
    """Return 2 to the power of a number to the bit as Go does, +Inf where that is too large. Source: math/exp.go."""
    if math.isnan(value):
        return value
    if value > _EXP2_OVERFLOW:
        return math.inf
    if value < _EXP2_UNDERFLOW:
        return 0.0
    power = int(value + math.copysign(_HALF, value)) if value else 0
    rest = value - power
    high, low = rest * _LN2_HIGH, -rest * _LN2_LOW
    r = high - low
    t = r * r
    c = r - t * (_P[0] + t * (_P[1] + t * (_P[2] + t * (_P[3] + t * _P[4]))))
    return math.ldexp(1 - ((low - (r * c) / (2 - c)) - high), power)


def _log_of_fraction(fraction: float) -> float:
    """Return the natural logarithm of a number from 1/2 to 1 to the bit as Go does. Source: math/log.go."""
    power = 0.0
    if fraction < _ROOT_OF_HALF:
        fraction *= 2
        power = -1.0
    f = fraction - 1
    s = f / (2 + f)
    s2 = s * s
    s4 = s2 * s2
    t1 = s2 * (_L[0] + s4 * (_L[2] + s4 * (_L[4] + s4 * _L[6])))
    t2 = s4 * (_L[1] + s4 * (_L[3] + s4 * _L[5]))
    half = 0.5 * f * f
    return power * _LN2_HIGH - ((half - (s * (half + (t1 + t2)) + power * _LN2_LOW)) - f)


def increment(term: float, total: float, lost: float) -> tuple[float, float]:
    """Add a term to a sum and its compensation, by Kahan with Neumaier's improvement. Source: util/kahansum."""
    after = total + term
    if math.isinf(after):
        return after, 0.0
    if abs(total) >= abs(term):
        return after, lost + ((total - after) + term)
    return after, lost + ((term - after) + total)
