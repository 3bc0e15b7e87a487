"""What the arithmetic and comparison operators do to two numbers, on arrays.

Follows ``scalarBinop`` and ``vectorElemBinop`` of Prometheus' engine for floats; ``%`` is exact, as C's fmod is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from query.model.frames import Bools, Floats
from query.promql.evaluate.go_math import atan2, power

Arithmetic: TypeAlias = Callable[[Floats, Floats], Floats]
Comparison: TypeAlias = Callable[[Floats, Floats], Bools]

ARITHMETIC: Final[Mapping[str, Arithmetic]] = MappingProxyType({
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": power,
    "atan2": atan2,
})  # fmt: skip
"""The operators that make a new quantity: the result has no metric name."""

COMPARISON: Final[Mapping[str, Comparison]] = MappingProxyType({
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
})  # fmt: skip


@np.errstate(all="ignore")
def combine_numbers(op: str, left: Floats, right: Floats, *, returns_bool: bool) -> tuple[Floats, Bools | None]:
    """Return the results and which of them are kept, None for all; a filter's result is the left number."""
    if op in ARITHMETIC:
        return ARITHMETIC[op](left, right), None
    holds = COMPARISON[op](left, right)
    if returns_bool:
        return holds.astype(np.float64), None
    return np.broadcast_to(left, holds.shape), holds


def changes_meaning(op: str, *, returns_bool: bool) -> bool:
    """Tell whether the result is another quantity than the operand, so that it loses its metric name."""
    return returns_bool or op in ARITHMETIC
