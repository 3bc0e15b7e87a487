"""``sin``, ``cos`` and ``tan``: reduced to an eighth of a turn, then a polynomial; source: sin.go, tan.go."""

from __future__ import annotations

import math
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from query.model.frames import Bools, Floats
from query.promql.evaluate.go_math.exact import polynomial

Words: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.uint64]]

_SIN: Final = (
    *(1.58962301576546568060e-10, -2.50507477628578072866e-8, 2.75573136213857245213e-6),
    *(-1.98412698295895385996e-4, 8.33333333332211858878e-3, -1.66666666666666307295e-1),
)
_COS: Final = (
    *(-1.13585365213876817300e-11, 2.08757008419747316778e-9, -2.75573141792967388112e-7),
    *(2.48015872888517045348e-5, -1.38888888888730564116e-3, 4.16666666666665929218e-2),
)
_TAN_ABOVE: Final = (-1.30936939181383777646e4, 1.15351664838587416140e6, -1.79565251976484877988e7)
_TAN_BELOW: Final = (
    *(1.0, 1.36812963470692954678e4, -1.32089234440210967447e6, 2.50083801823357915839e7),
    -5.38695755929454629881e7,
)
_PI_4: Final = (7.85398125648498535156e-1, 3.77489470793079817668e-8, 2.69515142907905952645e-15)
"""A quarter of pi in three parts, so that multiples up to 2**29 subtract without loss."""
_FAR: Final = 2.0**29
_DIGITS: Final = 20


class _Reduced(NamedTuple):
    """``octant`` (even, below 8) and what is left of an angle."""

    octant: Words
    rest: Floats


def sin(x: Floats) -> Floats:
    """Return the sine."""
    octant, rest = _reduce(np.abs(x))
    is_reflected = octant > 3  # noqa: PLR2004
    quarter = np.where(is_reflected, octant - 4, octant)
    result = np.where(quarter == 2, _cosine(rest), _sine(rest))  # noqa: PLR2004
    result = np.where(is_reflected ^ (x < 0), -result, result)
    return np.where(np.isinf(x), np.nan, np.where(x == 0, x, result))


def cos(x: Floats) -> Floats:
    """Return the cosine."""
    octant, rest = _reduce(np.abs(x))
    is_reflected = octant > 3  # noqa: PLR2004
    quarter = np.where(is_reflected, octant - 4, octant)
    result = np.where(quarter == 2, _sine(rest), _cosine(rest))  # noqa: PLR2004
    result = np.where(is_reflected ^ (quarter > 1), -result, result)
    return np.where(np.isinf(x), np.nan, result)


def tan(x: Floats) -> Floats:
    """Return the tangent."""
    octant, rest = _reduce(np.abs(x))
    square = rest * rest
    ratio = square * polynomial(square, *_TAN_ABOVE) / polynomial(square, *_TAN_BELOW)
    result = np.where(square > 1e-14, rest + rest * ratio, rest)  # noqa: PLR2004
    result = np.where((octant & 2) == 2, -1 / result, result)  # noqa: PLR2004
    result = np.where(x < 0, -result, result)
    return np.where(np.isinf(x), np.nan, np.where(x == 0, x, result))


def _sine(rest: Floats) -> Floats:
    square = rest * rest
    return rest + rest * square * polynomial(square, *_SIN)


def _cosine(rest: Floats) -> Floats:
    square = rest * rest
    return 1.0 - 0.5 * square + square * square * polynomial(square, *_COS)


def _reduce(size: Floats) -> _Reduced:
    is_far = np.isfinite(size) & (size >= _FAR)
    near = np.where(is_far | np.isinf(size), 0.0, size)
    octant = np.nan_to_num(near * (4 / math.pi)).astype(np.uint64)
    octant += octant & 1
    times = octant.astype(np.float64)
    rest = ((near - times * _PI_4[0]) - times * _PI_4[1]) - times * _PI_4[2]
    octant &= 7
    if is_far.any():
        octant[is_far], rest[is_far] = _reduce_far(size[is_far])
    return _Reduced(octant, rest)


def _reduce_far(size: Floats) -> _Reduced:
    """Reduce large angles by as many bits of 4/pi as it takes (Payne and Hanek); source: trig_reduce.go."""
    bits = np.ascontiguousarray(size).view(np.uint64)
    exponent = (bits >> np.uint64(52)).astype(np.int64) - 1023 - 52
    mantissa = (bits & np.uint64(0x000F_FFFF_FFFF_FFFF)) | np.uint64(0x0010_0000_0000_0000)
    digit, shift = (exponent + 61) // 64, ((exponent + 61) % 64).astype(np.uint64)
    first, second, third = (_shifted(digit + place, shift) for place in range(3))
    low_high, low = _high_product(second, mantissa), second * mantissa
    low_sum = low + _high_product(third, mantissa)
    high = first * mantissa + low_high + (low_sum < low).astype(np.uint64)
    octant: Words = high >> np.uint64(61)
    high = (high << np.uint64(3)) | (low_sum >> np.uint64(61))
    left = _leading_zeros(high) + np.uint64(1)
    fraction = ((high << left) | (low_sum >> (np.uint64(64) - left))) >> np.uint64(12)
    rest: Floats = (fraction | ((np.uint64(1023) - left) << np.uint64(52))).view(np.float64)
    is_odd = (octant & np.uint64(1)) == 1
    octant = np.where(is_odd, (octant + np.uint64(1)) & np.uint64(7), octant)
    return _Reduced(octant, np.where(is_odd, rest - 1, rest) * (math.pi / 4))


def _shifted(digit: np.ndarray[tuple[int, ...], np.dtype[np.int64]], shift: Words) -> Words:
    """Return 64 bits of 4/pi from bit ``shift`` of a digit on."""
    # Shifted in two goes, as one by 64 bits is undefined.
    following: Words = (_FOUR_OVER_PI[digit + 1] >> np.uint64(1)) >> (np.uint64(63) - shift)
    return (_FOUR_OVER_PI[digit] << shift) | following


def _high_product(left: Words, right: Words) -> Words:
    """Return the upper 64 bits of a product."""
    mask = np.uint64(0xFFFF_FFFF)
    half = np.uint64(32)
    left_high, left_low, right_high, right_low = left >> half, left & mask, right >> half, right & mask
    middle: Words = left_high * right_low + ((left_low * right_low) >> half)
    other: Words = left_low * right_high + (middle & mask)
    high: Words = left_high * right_high + (middle >> half) + (other >> half)
    return high


def _leading_zeros(words: Words) -> Words:
    zeros = np.zeros_like(words)
    for width in (32, 16, 8, 4, 2, 1):
        is_short: Bools = (words >> np.uint64(64 - width)) == 0
        zeros = np.where(is_short, zeros + np.uint64(width), zeros)
        words = np.where(is_short, words << np.uint64(width), words)
    return zeros


def _four_over_pi() -> Words:
    """Return the binary digits of 4/pi, 64 to a word, the first word holding the 1 before the point."""
    places = 64 * _DIGITS
    unit = 1 << (places + 64)
    pi = 4 * (4 * _arctangent_of_inverse(5, unit) - _arctangent_of_inverse(239, unit))
    scaled = (4 * unit << (places - 64)) // pi
    words = [(scaled >> (places - 64 - 64 * place)) & (2**64 - 1) for place in range(_DIGITS)]
    return np.array(words, np.uint64)


def _arctangent_of_inverse(number: int, unit: int) -> int:
    """Return ``unit * arctan(1 / number)``."""
    power = total = unit // number
    for divisor in range(3, 4 * unit.bit_length(), 2):
        power = -power // (number * number)
        if not power:
            break
        total += power // divisor
    return total


_FOUR_OVER_PI: Final = _four_over_pi()
