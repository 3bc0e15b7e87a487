"""Pass: merges range aggregations whose lines lost the partition label (``| drop cluster``, ``| keep app``).

Then one series of the union is made of lines of several clusters. Counts, bytes, sums and rates of disjoint sets of
lines add up; minima and maxima are taken again. The mean, the quantile, the deviation, the first and the last value
can't be had from the clusters' own results and stay for ``refuse_rest``.

An aggregation by the same operation right above (``sum(count_over_time(… | drop cluster))``) is computed where the data
is, too: a sum of sums is a sum.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from query.logql.plan.context import PlanContext
from query.logql.plan.placing import partials_of
from query.logql.syntax.nodes import (
    Binary,
    Grouping,
    LabelReplace,
    MetricExpr,
    RangeAggregation,
    VectorAggregation,
)

MERGED_BY: Final = {
    "bytes_over_time": "sum",
    "bytes_rate": "sum",
    "count_over_time": "sum",
    "max_over_time": "max",
    "min_over_time": "min",
    "rate": "sum",
    "sum_over_time": "sum",
}
SAME_LABELS: Final = Grouping((), without=True)


def merge_ranges(expr: MetricExpr, context: PlanContext) -> MetricExpr:
    """Return the tree with every mergeable range aggregation merged."""
    match expr:
        case VectorAggregation(expr=RangeAggregation(op=inner)) if MERGED_BY.get(inner) == expr.op:
            return replace(expr, expr=partials_of(expr, context))
        case RangeAggregation() if expr.op in MERGED_BY:
            return VectorAggregation(MERGED_BY[expr.op], partials_of(expr, context), SAME_LABELS)
        case VectorAggregation() | LabelReplace():
            return replace(expr, expr=merge_ranges(expr.expr, context))
        case Binary():
            return replace(expr, left=merge_ranges(expr.left, context), right=merge_ranges(expr.right, context))
        case _:
            return expr
