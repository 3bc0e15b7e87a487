"""Duration expressions as text. Parentheses are added where the shape of the tree needs them."""

from __future__ import annotations

import math
from typing import assert_never

from query.promql.syntax.nodes import (
    DurationBinary,
    DurationCall,
    DurationExpr,
    DurationLiteral,
    DurationNumber,
    DurationUnary,
)
from query.promql.syntax.precedence import ATOM, POWER, SIGN, of_operator
from query.syntax.durations import format_duration
from query.syntax.numbers import format_float


def print_duration(expr: DurationExpr) -> str:
    """Return the text of a duration as it stands in brackets."""
    match expr:
        case DurationLiteral():
            return format_duration(expr.ms)
        case DurationNumber():
            return format_float(expr.seconds)
        case DurationUnary():
            return f"-{_operand(expr.operand, SIGN + 1)}"
        case DurationCall():
            return f"{expr.function.value}({', '.join(map(print_duration, expr.arguments))})"
        case DurationBinary():
            own = of_operator(expr.op)
            left = _operand(expr.left, own + 1 if own == POWER else own)
            right = _right_operand(expr.right, own)
            return f"{left} {expr.op} {right}"
        case _:
            assert_never(expr)


def print_offset(expr: DurationExpr) -> str:
    """Return the text of a duration as it stands after ``offset``, so that nothing behind it is taken in.

    The grammar ends an offset after a literal, a call, or a sign with one of these or a parenthesis; behind anything
    else ``offset (1m + 2m) + x`` would go on with the sum.
    """
    match expr:
        case DurationLiteral() | DurationNumber() | DurationCall():
            return print_duration(expr)
        case DurationUnary() if isinstance(expr.operand, DurationCall):
            return f"-{print_duration(expr.operand)}"
        case DurationUnary():
            return f"-({print_duration(expr.operand)})"
        case DurationBinary():
            return f"+({print_duration(expr)})"
        case _:
            assert_never(expr)


def _right_operand(expr: DurationExpr, own: int) -> str:
    if _binding(expr) == SIGN and not isinstance(expr, DurationBinary):
        return print_duration(expr)
    return _operand(expr, own if own == POWER else own + 1)


def _operand(expr: DurationExpr, least: int) -> str:
    text = print_duration(expr)
    return text if _binding(expr) >= least else f"({text})"


def _binding(expr: DurationExpr) -> int:
    match expr:
        case DurationBinary():
            return of_operator(expr.op)
        case DurationUnary():
            return SIGN
        case DurationLiteral():
            return SIGN if expr.ms < 0 else ATOM
        case DurationNumber():
            return SIGN if math.copysign(1.0, expr.seconds) < 0 else ATOM
        case _:
            return ATOM
