"""Functions of one number, applied to every sample.

Follows ``simpleFloatFunc`` and its users, ``clamp`` and Go's ``math.Max``/``math.Min`` in Prometheus' engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from query.model.frames import Floats, Frame
from query.promql.evaluate.go_math import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atanh,
    cos,
    cosh,
    exp,
    log,
    log2,
    log10,
    sin,
    sinh,
    tan,
    tanh,
)
from query.promql.evaluate.rows import with_values

SampleFunction: TypeAlias = Callable[[Floats], Floats]


def _sign(values: Floats) -> Floats:
    return np.where(values < 0, -1.0, np.where(values > 0, 1.0, values))


SAMPLE_FUNCTIONS: Final[Mapping[str, SampleFunction]] = MappingProxyType({
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "exp": exp,
    "sqrt": np.sqrt,
    "ln": log,
    "log2": log2,
    "log10": log10,
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "asin": asin,
    "acos": acos,
    "atan": atan,
    "sinh": sinh,
    "cosh": cosh,
    "tanh": tanh,
    "asinh": asinh,
    "acosh": acosh,
    "atanh": atanh,
    "rad": lambda values: values * (np.pi / 180),
    "deg": lambda values: values * (180 / np.pi),
    "sgn": _sign,
})  # fmt: skip


@np.errstate(all="ignore")
def map_samples(function: SampleFunction, frame: Frame) -> Frame:
    """Apply a function to every sample; the series lose their names."""
    return with_values(frame, function(frame.values))


@np.errstate(all="ignore")
def round_to(frame: Frame, nearest: Floats) -> Frame:
    """Round to the nearest multiple, halves up; ``nearest`` is ``float64[steps]``."""
    inverse = 1.0 / nearest
    return with_values(frame, np.floor(frame.values * inverse + 0.5) / inverse)


@np.errstate(all="ignore")
def clamp(frame: Frame, least: Floats, greatest: Floats) -> Frame:
    """Limit samples to bounds ``float64[steps]``; steps where the bounds cross have no result."""
    values = greater_of(least, lesser_of(greatest, frame.values))
    return with_values(frame, values, frame.present & ~(greatest < least))


@np.errstate(all="ignore")
def greater_of(left: Floats, right: Floats) -> Floats:
    """Return the maximum as Go defines it: NaN if either is NaN, unless the other is +Inf; +0 above -0."""
    both_zero = (left == 0) & (right == 0)
    result = np.where(both_zero, left + right, np.maximum(left, right))
    return np.where(np.isposinf(left) | np.isposinf(right), np.inf, result)


@np.errstate(all="ignore")
def lesser_of(left: Floats, right: Floats) -> Floats:
    """Return the minimum as Go defines it, the mirror image of ``greater_of``."""
    return -greater_of(-np.asarray(left), -np.asarray(right))
