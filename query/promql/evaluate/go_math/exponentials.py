"""``exp``, and the hyperbolic functions that are made of it."""

from __future__ import annotations

from typing import Final

import numpy as np

from query.model.frames import Floats
from query.promql.evaluate.go_math.exact import fused, polynomial

_LOG2_E: Final = 1.4426950408889634073599246810018920
_LN2_HIGH: Final = 0.69314718055966295651160180568695068359375
_LN2_LOW: Final = 0.28235290563031577122588448175013436025525412068e-12
_OVERFLOW: Final = 7.09782712893384e02
_TAYLOR: Final = (
    *(1.9841269841269841270e-4, 1.3888888888888888889e-3, 8.3333333333333333333e-3, 4.1666666666666666667e-2),
    *(1.6666666666666666667e-1, 0.5, 1.0),
)
_LARGE: Final = 21.0


def exp(x: Floats) -> Floats:
    """Return e**x: a Taylor series of x/16 less a multiple of ln 2, squared four times; source: exp_amd64.s."""
    usable = np.isfinite(x) & (x <= _OVERFLOW) & (x >= -_OVERFLOW * 1.1)
    safe = np.where(usable, x, 0.0)
    exponent = np.rint(safe * _LOG2_E)
    rest = fused(-exponent, np.full_like(safe, _LN2_HIGH), safe)
    rest = fused(-exponent, np.full_like(safe, _LN2_LOW), rest) * 0.0625
    series = np.full_like(rest, 2.4801587301587301587e-5)
    for coefficient in _TAYLOR:
        series = fused(series, rest, coefficient)
    rest = rest * series
    for _ in range(3):
        rest = rest * (rest + 2.0)
    scaled = np.ldexp(fused(rest, rest + 2.0, 1.0), exponent.astype(np.int32))
    result = np.where(x > _OVERFLOW, np.inf, np.where(x < 0, 0.0, x))
    return np.where(usable, scaled, np.where(np.isnan(x), x, result))


def sinh(x: Floats) -> Floats:
    """Return the hyperbolic sine; source: sinh.go."""
    size = np.abs(x)
    grown = exp(size)
    square = size * size
    above = polynomial(square, -0.2630563213397497062819489e2, -0.2894211355989563807284660366e4,
                       -0.8991272022039509355398013511e5, -0.6307673640497716991184787251e6)  # fmt: skip
    below = polynomial(square, 1.0, -0.173678953558233699533450911e3, 0.1521517378790019070696485176e5,
                       -0.6307673640497716991212077277e6)  # fmt: skip
    result = np.where(size > 0.5, (grown - 1 / grown) * 0.5, above * size / below)  # noqa: PLR2004
    result = np.where(size > _LARGE, grown * 0.5, result)
    return np.where(x < 0, -result, np.where(x == 0, result * np.where(np.signbit(x), -1.0, 1.0), result))


def cosh(x: Floats) -> Floats:
    """Return the hyperbolic cosine; source: sinh.go."""
    size = np.abs(x)
    grown = exp(size)
    return np.where(size > _LARGE, grown * 0.5, (grown + 1 / grown) * 0.5)


def tanh(x: Floats) -> Floats:
    """Return the hyperbolic tangent; source: tanh.go."""
    size = np.abs(x)
    far = 1 - 2 / (exp(2 * size) + 1)
    square = x * x
    above = polynomial(square, -9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3)
    below = polynomial(square, 1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3)
    near = np.where(x == 0, x, x + x * square * above / below)
    result = np.where(size >= 0.625, np.where(x < 0, -far, far), near)  # noqa: PLR2004
    return np.where(size > 0.5 * 8.8029691931113054295988e01, np.sign(x), result)
