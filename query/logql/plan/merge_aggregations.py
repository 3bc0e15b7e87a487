"""Pass: computes aggregations that drop the partition label where the data is, and merges what the clusters answer.

Over a concatenation of disjoint series: sums add up, counts add up, minima and maxima are taken again, a mean is the
sum of sums by the sum of counts, and the k largest of all are among the k largest of each. ``stddev`` and ``stdvar``
are not merged: their series are concatenated and the gateway aggregates them, which is exact and moves more data.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from query.logql.plan.context import PlanContext
from query.logql.plan.placed import Concat, MergedMean
from query.logql.plan.placing import partials_of
from query.logql.syntax.nodes import Binary, LabelReplace, MetricExpr, VectorAggregation

MERGED_BY: Final = {"bottomk": "bottomk", "count": "sum", "max": "max", "min": "min", "sum": "sum", "topk": "topk"}


def merge_aggregations(expr: MetricExpr, context: PlanContext) -> MetricExpr:
    """Return the tree with the mergeable aggregations merged."""
    match expr:
        case VectorAggregation(expr=Concat() as leaf) if not leaf.is_partial:
            return _merged(expr, replace(expr, expr=leaf.expr), context)
        case VectorAggregation() | LabelReplace():
            return replace(expr, expr=merge_aggregations(expr.expr, context))
        case Binary():
            left, right = merge_aggregations(expr.left, context), merge_aggregations(expr.right, context)
            return replace(expr, left=left, right=right)
        case _:
            return expr


def _merged(expr: VectorAggregation, whole: VectorAggregation, context: PlanContext) -> MetricExpr:
    if expr.op == "avg":
        sums = partials_of(replace(whole, op="sum"), context)
        return MergedMean(sums, partials_of(replace(whole, op="count"), context), expr.grouping)
    if expr.op in MERGED_BY:
        return replace(expr, op=MERGED_BY[expr.op], expr=partials_of(whole, context))
    return expr
