"""What a duration expression amounts to, once step and range of the query are known.

Source: promql/durations.go of Prometheus 3.16: arithmetic is done in float seconds and cut to whole milliseconds.
"""

from __future__ import annotations

import math
from typing import Final, assert_never

from query.model.errors import BadQueryError
from query.promql.syntax.nodes import (
    DurationBinary,
    DurationCall,
    DurationExpr,
    DurationFunction,
    DurationLiteral,
    DurationNumber,
    DurationUnary,
)
from query.syntax.durations import to_seconds
from query.syntax.numbers import round_half_away

_MAX_SECONDS: Final = 2**63 / 1e9
_NS_PER_S: Final = 1e9
_NS_PER_MS: Final = 1_000_000
_MS_PER_S: Final = 1_000


def resolve_duration(expr: DurationExpr, *, step_ms: int, range_ms: int, may_be_negative: bool = False) -> int:
    """Return a duration in milliseconds, for a query of that step (0 for an instant query) and that range.

    Offsets may be negative, ranges and steps may not. Raises ``BadQueryError`` in upstream's words if they are, or if
    there is no such duration.
    """
    match expr:
        case DurationLiteral():
            return expr.ms
        case DurationNumber():
            return math.trunc(round_half_away(expr.seconds * _NS_PER_S) / _NS_PER_MS)
        case _:
            seconds = _Evaluator(to_seconds(step_ms), to_seconds(range_ms)).seconds(expr)
    if not math.isfinite(seconds):
        raise BadQueryError("duration is NaN or infinite")
    if seconds <= 0 and not may_be_negative:
        raise BadQueryError("duration must be greater than 0")
    if abs(seconds) > _MAX_SECONDS:
        raise BadQueryError("duration is out of range")
    return math.trunc(seconds * _MS_PER_S)


class _Evaluator:
    def __init__(self, step_s: float, range_s: float) -> None:
        self._step_s = step_s
        self._range_s = range_s

    def seconds(self, expr: DurationExpr) -> float:
        match expr:
            case DurationLiteral():
                return to_seconds(expr.ms)
            case DurationNumber():
                return expr.seconds
            case DurationUnary():
                return -self.seconds(expr.operand)
            case DurationCall():
                return self._call(expr)
            case DurationBinary():
                return _apply(expr.op, self.seconds(expr.left), self.seconds(expr.right))
            case _:
                assert_never(expr)

    def _call(self, expr: DurationCall) -> float:
        match expr.function:
            case DurationFunction.STEP:
                return self._step_s
            case DurationFunction.RANGE:
                return self._range_s
            case DurationFunction.MIN | DurationFunction.MAX:
                values = tuple(map(self.seconds, expr.arguments))
                if any(map(math.isnan, values)):
                    return math.nan
                return min(values) if expr.function is DurationFunction.MIN else max(values)
            case _:
                assert_never(expr.function)


def _apply(op: str, left: float, right: float) -> float:
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            if right == 0:
                raise BadQueryError("division by zero")
            return left / right
        case "%":
            if right == 0:
                raise BadQueryError("modulo by zero")
            return math.fmod(left, right) if math.isfinite(left) else math.nan
        case "^":
            return _power(left, right)
        case _:
            raise BadQueryError(f"unexpected duration expression operator {op!r}")


def _power(left: float, right: float) -> float:
    """Return ``left ^ right``; what Python refuses is infinite or not a number in Go, and no duration either way."""
    try:
        return math.pow(left, right)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan
