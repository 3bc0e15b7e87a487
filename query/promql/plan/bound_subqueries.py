"""Pass: refuse a query whose subqueries ask for more points than any server should be asked for.

``x[10y:1ms]`` is a short text that costs a Prometheus gigabytes; a limit on text can't see it. Points multiply through
nested subqueries. Nothing is changed, only refused, before a cluster sees it.
"""

from __future__ import annotations

from query.model.errors import LimitExceededError
from query.promql.plan.context import PlanContext
from query.promql.syntax.nodes import DurationExpr, Expr, Subquery
from query.promql.syntax.resolve import resolve_duration
from query.promql.syntax.tree import children


def bound_subqueries(expr: Expr, context: PlanContext) -> Expr:
    """Return the tree unchanged, or raise ``LimitExceededError``."""
    _check(expr, context, 1.0)
    return expr


def _check(expr: Expr, context: PlanContext, outer_points: float) -> None:
    points = outer_points
    if isinstance(expr, Subquery):
        range_ms = _ms(expr.range, context)
        step_ms = _ms(expr.step, context) if expr.step is not None else context.subquery_step_ms
        points *= max(1.0, range_ms / max(step_ms, 1))
        if points > context.subquery_points:
            raise LimitExceededError(
                "subquery_points",
                context.subquery_points,
                f"this subquery evaluates its expression at {points:.3g} points; "
                "shorten its range, widen its step, or raise limits.subquery_points",
            )
    for child in children(expr):
        _check(child, context, points)


def _ms(duration: DurationExpr, context: PlanContext) -> int:
    return resolve_duration(duration, step_ms=context.step_ms, range_ms=context.range_ms)
