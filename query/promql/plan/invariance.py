"""Whether an expression has the same value at every step, as Prometheus decides it.

Source: ``preprocessExprHelper`` in Prometheus 3.16's engine. It matters where the decision shows: an aggregation of
samples at a fixed time is computed once, at the first step, and so is its parameter, however that varies.
"""

from __future__ import annotations

from typing import Final

from query.promql.plan.info_reference import info_reference
from query.promql.plan.leaves import parts_of
from query.promql.plan.nodes import Concat, Repeated, Samples
from query.promql.syntax.nodes import (
    Aggregate,
    Call,
    Expr,
    MatrixSelector,
    NumberLiteral,
    Placed,
    StringLiteral,
    Subquery,
    VectorSelector,
)
from query.promql.syntax.tree import without_parentheses

VARIES_WITH_TIME: Final = frozenset({
    "days_in_month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "month", "year",
    "predict_linear", "time", "timestamp",
})  # fmt: skip
"""Functions whose result depends on the evaluation time though their arguments don't."""


def is_step_invariant(expr: Expr) -> bool:
    """Tell whether upstream evaluates the expression, a plan's or a query's, once for all steps."""
    match expr:
        case NumberLiteral() | StringLiteral() | Repeated():
            return True
        case VectorSelector():
            return expr.at is not None
        case MatrixSelector():
            return expr.selector.at is not None
        case Subquery():
            return expr.at is not None
        case Concat():
            return is_step_invariant(expr.expr)
        case Samples():
            return is_step_invariant(expr.selector)
        case Placed():
            return all(map(is_step_invariant, parts_of(expr)))
        case Aggregate():
            return is_step_invariant(expr.expr)
        case Call():
            return _of_call(expr)
        case _:
            return all(map(is_step_invariant, parts_of(expr)))


def _of_call(expr: Call) -> bool:
    if expr.function == "info":
        return is_step_invariant(expr.args[0]) and info_reference(expr.args[0]).is_uniform
    if expr.function == "timestamp":
        selected = _inside(expr.args[0])
        return isinstance(selected, VectorSelector) and selected.at is not None
    return expr.function not in VARIES_WITH_TIME and all(map(is_step_invariant, expr.args))


def _inside(expr: Expr) -> Expr:
    expr = without_parentheses(expr)
    return expr.expr if isinstance(expr, Concat) else expr
