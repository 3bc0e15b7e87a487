"""Pass: refuse a query whose subqueries ask for more points than any server should be asked for.

``x[10y:1ms]`` is a short text that costs a Prometheus gigabytes; a limit on text can't see it. Points multiply through
nested subqueries. Nothing is changed, only refused, before a cluster sees it.
"""

from __future__ import annotations

import math

from query.model.errors import LimitExceededError
from query.promql.plan.context import PlanContext
from query.promql.syntax.nodes import (
    DurationBinary,
    DurationCall,
    DurationExpr,
    DurationFunction,
    DurationLiteral,
    DurationUnary,
    Expr,
    Subquery,
)
from query.promql.syntax.tree import children


def bound_subqueries(expr: Expr, context: PlanContext) -> Expr:
    """Return the tree unchanged, or raise ``LimitExceededError``."""
    _check(expr, context, 1.0)
    return expr


def _check(expr: Expr, context: PlanContext, outer_points: float) -> None:
    points = outer_points
    if isinstance(expr, Subquery):
        range_ms = duration_ms(expr.range, context)
        step_ms = duration_ms(expr.step, context) if expr.step is not None else float(context.subquery_step_ms)
        points *= max(1.0, range_ms / max(step_ms, 1.0))
        if not points <= context.subquery_points:
            raise LimitExceededError(
                "subquery_points",
                context.subquery_points,
                f"this subquery evaluates its expression at {points:.3g} points; "
                "shorten its range, widen its step, or raise limits.subquery_points",
            )
    for child in children(expr):
        _check(child, context, points)


def duration_ms(duration: DurationExpr, context: PlanContext) -> float:
    """Return the milliseconds a duration expression comes to; arithmetic counts in seconds, as upstream."""
    return _seconds(duration, context) * 1000


def _seconds(duration: DurationExpr, context: PlanContext) -> float:
    if isinstance(duration, DurationCall):
        return _called(duration, context)
    match duration:
        case DurationLiteral():
            return duration.ms / 1000
        case DurationUnary():
            value = _seconds(duration.operand, context)
            return -value if duration.op == "-" else value
        case DurationBinary():
            return _arithmetic(duration.op, _seconds(duration.left, context), _seconds(duration.right, context))


def _called(call: DurationCall, context: PlanContext) -> float:
    match call.function:
        case DurationFunction.STEP:
            return context.step_ms / 1000
        case DurationFunction.RANGE:
            return context.range_ms / 1000
        case DurationFunction.MIN:
            return min(_seconds(argument, context) for argument in call.arguments)
        case DurationFunction.MAX:
            return max(_seconds(argument, context) for argument in call.arguments)


def _arithmetic(op: str, left: float, right: float) -> float:
    try:
        match op:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right
            case "%":
                return math.fmod(left, right)
            case _:
                return float(left**right)
    except (ArithmeticError, ValueError, TypeError):
        return math.nan
