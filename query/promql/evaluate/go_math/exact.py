"""Arithmetic that numpy lacks: fused multiply-add, polynomials in a fixed order."""

from __future__ import annotations

from typing import Final

import numpy as np

from query.model.frames import Floats

_SPLITTER: Final = 134_217_729.0
"""2**27 + 1: multiplying by it cuts a double into two halves of 26 bits (Veltkamp)."""


def two_sum(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Return the rounded sum and what rounding lost (Knuth)."""
    total = left + right
    back = total - left
    return total, (left - (total - back)) + (right - back)


def two_product(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Return the rounded product and what rounding lost (Dekker); factors below 2**970."""
    product = left * right
    left_high, left_low = _halves(left)
    right_high, right_low = _halves(right)
    error = ((left_high * right_high - product) + left_high * right_low + left_low * right_high) + left_low * right_low
    return product, error


def fused(left: Floats, right: Floats, addend: Floats | float) -> Floats:
    """Return ``left * right + addend``, rounded once.

    Boldo and Melquiond, "Emulation of FMA and correctly rounded sums": rounding the small parts to odd keeps the last
    rounding right.
    """
    product, lost = two_product(left, right)
    small, smaller = two_sum(np.asarray(addend, np.float64), lost)
    large, middle = two_sum(product, small)
    result: Floats = large + _sum_to_odd(middle, smaller)
    return result


def polynomial(x: Floats, *coefficients: float) -> Floats:
    """Return ``((c0 * x + c1) * x + c2) …``, each step rounded."""
    result: Floats = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        result = result * x + coefficient
    return result


def _halves(values: Floats) -> tuple[Floats, Floats]:
    scaled = values * _SPLITTER
    high = scaled - (scaled - values)
    return high, values - high


def _sum_to_odd(left: Floats, right: Floats) -> Floats:
    """Return the sum, rounded to the neighbour whose last bit is 1 if it isn't exact."""
    total, lost = two_sum(left, right)
    bits = np.ascontiguousarray(total).view(np.int64)
    is_even = (bits & 1) == 0
    step = np.where((lost > 0) == (total > 0), 1, -1)
    return np.where((lost != 0) & is_even, bits + step, bits).view(np.float64)
