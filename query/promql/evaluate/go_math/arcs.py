"""``atan`` and what is made of it; source: atan.go, atan2.go, asin.go."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from query.model.frames import Floats
from query.promql.evaluate.go_math.exact import polynomial

_MORE_BITS: Final = 6.123233995736765886130e-17
_TAN_3PI_8: Final = 2.41421356237309504880
_ABOVE: Final = (
    *(-8.750608600031904122785e-01, -1.615753718733365076637e01, -7.500855792314704667340e01),
    *(-1.228866684490136173410e02, -6.485021904942025371773e01),
)
_BELOW: Final = (
    *(1.0, 2.485846490142306297962e01, 1.650270098316988542046e02, 4.328810604912902668951e02),
    *(4.853903996359136964868e02, 1.945506571482613964425e02),
)


def atan(x: Floats) -> Floats:
    """Return the arctangent."""
    result = _of_positive(np.abs(x))
    return np.where(x == 0, x, np.where(x > 0, result, -result))


def asin(x: Floats) -> Floats:
    """Return the arcsine."""
    size = np.abs(x)
    root = np.sqrt(1 - size * size)
    result = np.where(size > 0.7, math.pi / 2 - _of_positive(root / size), _of_positive(size / root))  # noqa: PLR2004
    result = np.where(x == 0, x, np.where(x < 0, -result, result))
    return np.where(size <= 1, result, np.nan)


def acos(x: Floats) -> Floats:
    """Return the arccosine."""
    return math.pi / 2 - asin(x)


def atan2(y: Floats, x: Floats) -> Floats:
    """Return the angle of the point (x, y)."""
    angle = atan(y / x)
    result = np.where(x < 0, np.where(angle <= 0, angle + math.pi, angle - math.pi), angle)
    is_special = (y == 0) | (x == 0) | np.isinf(x) | np.isinf(y) | np.isnan(x) | np.isnan(y)
    return np.where(is_special, np.arctan2(y, x), result)


def _of_positive(x: Floats) -> Floats:
    """Return the arctangent of positive numbers, reduced to those below 0.66."""
    high = math.pi / 2 - _reduced(1 / x) + _MORE_BITS
    middle = math.pi / 4 + _reduced((x - 1) / (x + 1)) + 0.5 * _MORE_BITS
    return np.where(x <= 0.66, _reduced(x), np.where(x > _TAN_3PI_8, high, middle))  # noqa: PLR2004


def _reduced(x: Floats) -> Floats:
    square = x * x
    return x * (square * polynomial(square, *_ABOVE) / polynomial(square, *_BELOW)) + x
