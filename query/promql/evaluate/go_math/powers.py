"""``x ** y`` by squarings of the whole part of y, and ``exp`` and ``log`` of its fraction; source: pow.go."""

from __future__ import annotations

from typing import Final

import numpy as np

from query.model.frames import Floats
from query.promql.evaluate.go_math.exponentials import exp
from query.promql.evaluate.go_math.logarithms import log

_TOO_FAR: Final = 1 << 12
"""Binary exponents beyond this under- or overflow whatever follows."""


def power(x: Floats, y: Floats) -> Floats:
    """Return ``x ** y``, shapes broadcast."""
    x, y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    size = np.abs(y)
    is_special = (
        (y == 0) | (x == 0) | (x == 1) | (size == np.inf) | np.isinf(x) | np.isnan(x) | np.isnan(y) | (size >= 2.0**63)
    )  # fmt: skip
    result = _usual(np.where(is_special, 1.0, x), np.where(is_special, 1.0, y))
    result = np.where(y == 1, x, np.where(y == 0.5, np.sqrt(x), np.where(y == -0.5, 1 / np.sqrt(x), result)))  # noqa: PLR2004
    # What is left has one right answer, which the C library gives, too.
    return np.where(is_special, np.power(x, y), result)


def _usual(x: Floats, y: Floats) -> Floats:
    fraction, whole = np.modf(np.abs(y))
    is_impossible = (fraction != 0) & (x < 0)
    rounds_up = fraction > 0.5  # noqa: PLR2004
    whole = np.where(rounds_up, whole + 1, whole)
    fraction = np.where(rounds_up, fraction - 1, fraction)
    result = np.where(fraction != 0, exp(fraction * log(np.where(is_impossible, 1.0, x))), 1.0)
    result, exponent = _times_whole_power(result, x, whole.astype(np.uint64))
    is_inverse = y < 0
    result = np.where(is_inverse, 1 / result, result)
    exponent = np.where(is_inverse, -exponent, exponent)
    scaled = np.ldexp(result, np.clip(exponent, -(1 << 20), 1 << 20).astype(np.int32))
    return np.where(is_impossible, np.nan, scaled)


def _times_whole_power(
    result: Floats, x: Floats, times: np.ndarray[tuple[int, ...], np.dtype[np.uint64]]
) -> tuple[Floats, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """Return ``result * x ** times`` as a number and a binary exponent."""
    base, base_exponent = np.frexp(x)
    base_exponent = base_exponent.astype(np.int64)
    exponent = np.zeros_like(base_exponent)
    while times.any():
        is_too_far = (np.abs(base_exponent) > _TOO_FAR) & (times != 0)
        exponent = np.where(is_too_far, exponent + base_exponent, exponent)
        times = np.where(is_too_far, np.uint64(0), times)
        is_odd = (times & np.uint64(1)) == 1
        result = np.where(is_odd, result * base, result)
        exponent = np.where(is_odd, exponent + base_exponent, exponent)
        base = base * base
        base_exponent = base_exponent << 1
        is_small = base < 0.5  # noqa: PLR2004
        base = np.where(is_small, base + base, base)
        base_exponent = np.where(is_small, base_exponent - 1, base_exponent)
        times = times >> np.uint64(1)
    return result, exponent
