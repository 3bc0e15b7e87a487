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
from query.promql.syntax.written_durations import WrittenDurations
from query.syntax.durations import to_seconds
from query.syntax.numbers import format_float

Node: TypeAlias = dict[str, Any]


def translate_duration(name: str, expr: DurationExpr, written: WrittenDurations) -> Node:
    """Return a duration in milliseconds, or 0 and the expression it is yet to be computed from."""
    form = written.form(expr)
    if written.is_wrapped(form) or not isinstance(form, DurationLiteral | DurationNumber):
        return {name: 0, f"{name}Expr": _duration_expr(form, written)}
    ms = form.ms if isinstance(form, DurationLiteral) else int(form.seconds * 1_000)
    return {name: ms, f"{name}Expr": None}


def _duration_expr(expr: DurationExpr | None, written: WrittenDurations) -> Node | None:
    if expr is None:
        return None
    form = written.form(expr)
    is_wrapped = written.is_wrapped(form)
    match form:
        case DurationLiteral() | DurationNumber():
            # A literal can't tell of its parentheses, upstream puts a sign before it that can.
            return _operation("+", None, _literal(form), is_wrapped=True) if is_wrapped else _literal(form)
        case DurationUnary():
            left, right = None, _duration_expr(form.operand, written)
            return _operation(form.op, left, right, is_wrapped=is_wrapped)
        case DurationBinary():
            left, right = _duration_expr(form.left, written), _duration_expr(form.right, written)
            return _operation(form.op, left, right, is_wrapped=is_wrapped)
        case DurationCall():
            first, second = (*(_duration_expr(one, written) for one in form.arguments), None, None)[:2]
            return _operation(form.function.value, first, second, is_wrapped=is_wrapped)
        case _:
            assert_never(form)


def _literal(expr: DurationLiteral | DurationNumber) -> Node:
    is_duration = isinstance(expr, DurationLiteral)
    seconds = to_seconds(expr.ms) if isinstance(expr, DurationLiteral) else expr.seconds
    return {"type": "numberLiteral", "val": format_float(seconds), "duration": is_duration}


def _operation(op: str, left: Node | None, right: Node | None, *, is_wrapped: bool) -> Node:
    return {"type": "durationExpr", "op": op, "lhs": left, "rhs": right, "wrapped": is_wrapped}
