"""Pass: puts ``Concat`` where an expression, asked cluster by cluster and put together, is the union's answer.

Sound because every cluster's piece was cut without a blocker (``piece``): series of different clusters never meet in
it, and what the backends do not show has been settled. Taken from the top, so the largest such expressions are pushed.
"""

from __future__ import annotations

from dataclasses import replace

from query.logql.plan.context import PlanContext
from query.logql.plan.placing import blocker_of, concat_of, pieces_of
from query.logql.syntax.nodes import (
    Binary,
    LabelReplace,
    Literal,
    MetricExpr,
    Placed,
    RangeAggregation,
    Vector,
    VectorAggregation,
)


def push_subtrees(expr: MetricExpr, context: PlanContext) -> MetricExpr:
    """Return the tree with its largest pushable subtrees placed."""
    if isinstance(expr, Literal | Vector | Placed) or not _reads_data(expr):
        return expr
    pieces = pieces_of(expr, context)
    if blocker_of(pieces) is None and not _is_absence(expr):
        return concat_of(expr, pieces)
    match expr:
        case VectorAggregation() | LabelReplace():
            return replace(expr, expr=push_subtrees(expr.expr, context))
        case Binary():
            return replace(expr, left=push_subtrees(expr.left, context), right=push_subtrees(expr.right, context))
        case _:
            return expr


def _is_absence(expr: MetricExpr) -> bool:
    """Tell whether the expression answers something where there is no data: then no cluster may be left out."""
    match expr:
        case RangeAggregation():
            return expr.op == "absent_over_time"
        case VectorAggregation() | LabelReplace():
            return _is_absence(expr.expr)
        case Binary():
            return _is_absence(expr.left) or _is_absence(expr.right)
        case _:
            return False


def _reads_data(expr: MetricExpr) -> bool:
    match expr:
        case RangeAggregation():
            return True
        case VectorAggregation() | LabelReplace():
            return _reads_data(expr.expr)
        case Binary():
            return _reads_data(expr.left) or _reads_data(expr.right)
        case _:
            return False
