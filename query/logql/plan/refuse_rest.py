"""Pass: refuses what no pass could place, naming the node and the reason. What is left after it can be evaluated."""

from __future__ import annotations

from typing import Final, assert_never

from query.logql.plan.context import PlanContext
from query.logql.plan.placing import blocker_of, pieces_of
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
from query.model.errors import UnsupportedError

WHY_NOT: Final = {
    "approx_topk": "the sketches it is made of are not part of Loki's answers",
    "avg_over_time": "a mean over the lines of several clusters can't be had from the clusters' own means",
    "first_over_time": "the answers do not tell whose line came first",
    "last_over_time": "the answers do not tell whose line came last",
    "quantile_over_time": "quantiles of several clusters can't be merged",
    "rate_counter": "counter resets between the lines of several clusters can't be seen in their own rates",
    "stddev_over_time": "deviations of several clusters can't be merged without their means and counts",
    "stdvar_over_time": "variances of several clusters can't be merged without their means and counts",
}


def refuse_rest(expr: MetricExpr, context: PlanContext) -> MetricExpr:
    """Return the tree as it is, or raise ``UnsupportedError``."""
    match expr:
        case RangeAggregation():
            raise _refused(expr.op, expr, context)
        case VectorAggregation():
            if expr.op == "approx_topk":
                raise _refused(expr.op, expr, context)
            refuse_rest(expr.expr, context)
        case LabelReplace():
            refuse_rest(expr.expr, context)
        case Binary():
            refuse_rest(expr.left, context)
            refuse_rest(expr.right, context)
        case Literal() | Vector() | Placed():
            pass
        case _:
            assert_never(expr)
    return expr


def _refused(op: str, expr: MetricExpr, context: PlanContext) -> UnsupportedError:
    blocker = blocker_of(pieces_of(expr, context)) or "it is computed from what the gateway has merged"
    label = context.partition_label
    return UnsupportedError(
        op,
        f"{WHY_NOT.get(op, 'it is not known how to merge it')} ({blocker})",
        remedy=f'keep the label, for instance by ({label}), or select one cluster with {label}="…"',
    )
