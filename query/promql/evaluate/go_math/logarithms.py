"""``log`` and its relatives, and the inverse hyperbolic functions that are made of them."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from query.model.frames import Floats
from query.promql.evaluate.go_math.exact import polynomial

_LN2: Final = 0.693147180559945309417232121458176568
_LN2_HIGH: Final = 6.93147180369123816490e-01
_LN2_LOW: Final = 1.90821492927058770002e-10
_L: Final = (
    *(6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01),
    *(1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01),
)
_MANTISSA: Final = 0x000F_FFFF_FFFF_FFFF
_ONE: Final = 0x3FF0_0000_0000_0000
_HALF: Final = 0x3FE0_0000_0000_0000
_SQRT2_MANTISSA: Final = 0x0006_A09E_667F_3BCD
_ROOT_2_LESS_1: Final = 4.142135623730950488017e-01
_ROOT_HALF_LESS_1: Final = -2.928932188134524755992e-01
_LARGE: Final = 2.0**28
_NEAR_ZERO: Final = 2.0**-28


def log(x: Floats) -> Floats:
    """Return the natural logarithm; source: log_amd64.s, which takes subnormal numbers for normal ones."""
    bits = np.ascontiguousarray(x, np.float64).view(np.int64)
    fraction = ((bits & _MANTISSA) | _HALF).view(np.float64)
    power = (((bits >> 52) & 0x7FF) - 0x3FE).astype(np.float64)
    is_small = fraction <= math.sqrt(2) / 2
    power = np.where(is_small, power - 1, power)
    f = np.where(is_small, fraction * 2, fraction) - 1
    s = f / (2 + f)
    square = s * s
    fourth = square * square
    odd = square * polynomial(fourth, _L[6], _L[4], _L[2], _L[0])
    even = fourth * polynomial(fourth, _L[5], _L[3], _L[1])
    half = 0.5 * f * f
    result = power * _LN2_HIGH - ((half - (s * (half + (odd + even)) + power * _LN2_LOW)) - f)
    result = np.where(np.isposinf(x) | np.isnan(x), x, np.where(x < 0, np.nan, result))
    return np.where(x == 0, -np.inf, result)


def log2(x: Floats) -> Floats:
    """Return the binary logarithm, exact for powers of two; source: log10.go."""
    fraction, exponent = np.frexp(x)
    result = log(fraction) * (1 / _LN2) + exponent
    return np.where(fraction == 0.5, exponent - 1.0, result)  # noqa: PLR2004


def log10(x: Floats) -> Floats:
    """Return the decimal logarithm; source: log10.go."""
    return log(x) * 0.434294481903251827651128918916605082


def log1p(x: Floats) -> Floats:
    """Return log(1 + x) for x > -1, precise near zero; source: log1p.go."""
    size = np.abs(x)
    is_direct = (size < _ROOT_2_LESS_1) & (x > _ROOT_HALF_LESS_1)
    shifted = np.where(size < 2.0**53, 1.0 + x, x)
    bits = np.ascontiguousarray(shifted).view(np.int64)
    power = (bits >> 52) - 1023
    correction = np.where(power > 0, 1.0 - (shifted - x), x - (shifted - 1.0)) / shifted
    correction = np.where(size < 2.0**53, correction, 0.0)
    mantissa = bits & _MANTISSA
    is_low = mantissa < _SQRT2_MANTISSA
    normal = np.where(is_low, mantissa | _ONE, mantissa | _HALF).view(np.float64)
    power = np.where(is_low, power, power + 1)
    left = np.where(is_low, mantissa, (0x0010_0000_0000_0000 - mantissa) >> 2)
    f = np.where(is_direct, x, normal - 1.0)
    k = np.where(is_direct, 0.0, power.astype(np.float64))
    c = np.where(is_direct, 0.0, correction)
    result = _of_parts(f, k, c, is_tiny=(left == 0) & ~is_direct)
    result = np.where(is_direct & (size < 2.0**-29), np.where(size < 2.0**-54, x, x - x * x * 0.5), result)
    result = np.where(np.isposinf(x), x, np.where(x == -1, -np.inf, result))
    return np.where((x < -1) | np.isnan(x), np.nan, result)


def _of_parts(f: Floats, k: Floats, c: Floats, *, is_tiny: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Floats:
    """Return log((1 + f) * 2**k) + c; ``is_tiny`` where f is below 2**-20."""
    half = 0.5 * f * f
    s = f / (2.0 + f)
    z = s * s
    series = z * polynomial(z, *reversed(_L))
    near = f - (half - s * (half + series))
    far = k * _LN2_HIGH - ((half - (s * (half + series) + (k * _LN2_LOW + c))) - f)
    usual = np.where(k == 0, near, far)
    less = half * (1.0 - 0.66666666666666666 * f)
    tiny = np.where(k == 0, f - less, k * _LN2_HIGH - ((less - (k * _LN2_LOW + c)) - f))
    tiny = np.where(f == 0, np.where(k == 0, 0.0, k * _LN2_HIGH + (c + k * _LN2_LOW)), tiny)
    return np.where(is_tiny, tiny, usual)


def asinh(x: Floats) -> Floats:
    """Return the inverse hyperbolic sine; source: asinh.go."""
    size = np.abs(x)
    square = size * size
    result = log1p(size + square / (1 + np.sqrt(1 + square)))
    result = np.where(size > 2.0, log(2 * size + 1 / (np.sqrt(square + 1) + size)), result)  # noqa: PLR2004
    result = np.where(size < _NEAR_ZERO, size, np.where(size > _LARGE, log(size) + _LN2, result))
    return np.where(np.isfinite(x), np.where(x < 0, -result, np.where(x == 0, x, result)), x)


def acosh(x: Floats) -> Floats:
    """Return the inverse hyperbolic cosine; source: acosh.go."""
    t = x - 1
    result = log1p(t + np.sqrt(2 * t + t * t))
    result = np.where(x > 2.0, log(2 * x - 1 / (x + np.sqrt(x * x - 1))), result)  # noqa: PLR2004
    result = np.where(x >= _LARGE, log(x) + _LN2, result)
    return np.where(x == 1, 0.0, np.where(x < 1, np.nan, result))


def atanh(x: Floats) -> Floats:
    """Return the inverse hyperbolic tangent; source: atanh.go."""
    size = np.abs(x)
    twice = size + size
    near = 0.5 * log1p(twice + twice * size / (1 - size))
    result = np.where(size < 0.5, near, 0.5 * log1p(twice / (1 - size)))  # noqa: PLR2004
    result = np.where(size < _NEAR_ZERO, size, np.where(size == 1, np.inf, result))
    result = np.where(x < 0, -result, np.where(x == 0, x, result))
    return np.where(size <= 1, result, np.nan)
