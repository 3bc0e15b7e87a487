"""Arithmetic between two number literals, which Loki settles while parsing.

Semantics are Loki's, not PromQL's: dividing by zero gives NaN, and comparisons give 0 or 1.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Final


def fold(op: str, left: float, right: float) -> float:
    """Return the value of ``left op right``."""
    return _OPERATIONS[op](left, right)


def _divide(left: float, right: float) -> float:
    return math.nan if right == 0 else left / right


def _modulo(left: float, right: float) -> float:
    return math.nan if right == 0 or math.isinf(left) or math.isnan(left + right) else math.fmod(left, right)


def _power(left: float, right: float) -> float:
    try:
        result = left**right
    except OverflowError:
        is_odd = right == int(right) and int(right) % 2 == 1
        return -math.inf if left < 0 and is_odd else math.inf
    except ZeroDivisionError:
        is_odd = not math.isinf(right) and right == int(right) and int(right) % 2 == 1
        return math.copysign(math.inf, left) if is_odd else math.inf
    return math.nan if isinstance(result, complex) else float(result)


_OPERATIONS: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": _modulo,
    "^": _power,
    "==": lambda left, right: float(left == right),
    "!=": lambda left, right: float(left != right),
    ">": lambda left, right: float(left > right),
    ">=": lambda left, right: float(left >= right),
    "<": lambda left, right: float(left < right),
    "<=": lambda left, right: float(left <= right),
}
