"""Durations of a syntax tree as plain data; see :mod:`query.promql.syntax.translate`."""

from __future__ import annotations

from typing import Any, TypeAlias, assert_never

from query.promql.syntax.nodes import (
    DurationBinary,
    DurationCall,
    DurationExpr,
    DurationLiteral,
    DurationNumber,
    DurationUnary,
)
from query.promql.syntax.precedence import POWER, of_operator
from query.syntax.durations import to_seconds
from query.syntax.numbers import format_float

Node: TypeAlias = dict[str, Any]


def translate_duration(name: str, expr: DurationExpr) -> Node:
    """Return a duration in milliseconds, or 0 and the expression it is yet to be computed from."""
    match expr:
        case DurationLiteral():
            return {name: expr.ms, f"{name}Expr": None}
        case DurationNumber():
            return {name: int(expr.seconds * 1_000), f"{name}Expr": None}
        case _:
            return {name: 0, f"{name}Expr": _duration_expr(expr)}


def _duration_expr(expr: DurationExpr | None, *, wrapped: bool = False) -> Node | None:
    match expr:
        case None:
            return None
        case DurationLiteral():
            return {"type": "numberLiteral", "val": format_float(to_seconds(expr.ms)), "duration": True}
        case DurationNumber():
            return {"type": "numberLiteral", "val": format_float(expr.seconds), "duration": False}
        case DurationUnary():
            return _operation(expr.op, None, expr.operand, right_wraps=isinstance(expr.operand, DurationBinary))
        case DurationBinary():
            own = of_operator(expr.op)
            left, right = _precedence(expr.left), _precedence(expr.right)
            is_power = own == POWER
            return _operation(
                expr.op,
                expr.left,
                expr.right,
                left_wraps=left < own or (is_power and left == own),
                right_wraps=right < own or (not is_power and right == own),
                wrapped=wrapped,
            )
        case DurationCall():
            first, second = (*expr.arguments, None, None)[:2]
            return _operation(expr.function.value, first, second)
        case _:
            assert_never(expr)


def _operation(
    op: str,
    left: DurationExpr | None,
    right: DurationExpr | None,
    *,
    left_wraps: bool = False,
    right_wraps: bool = False,
    wrapped: bool = False,
) -> Node:
    return {
        "type": "durationExpr",
        "op": op,
        "lhs": _duration_expr(left, wrapped=left_wraps),
        "rhs": _duration_expr(right, wrapped=right_wraps),
        "wrapped": wrapped,
    }


def _precedence(expr: DurationExpr) -> int:
    return of_operator(expr.op) if isinstance(expr, DurationBinary) else POWER + 1
