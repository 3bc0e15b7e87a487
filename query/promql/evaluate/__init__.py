"""Evaluating PromQL at the gateway, on arrays.

``evaluate`` takes a plan (a syntax tree whose leaves are data from clusters); ``can_evaluate`` tells beforehand why
one can't be evaluated. The kernels below them know no syntax and can be used by other query languages::

    aggregate(op, frame, grouping, without=…)      topk(frame, k, grouping, without=…, largest=…)
    combine(op, left, right, Match(…))             SET_OPERATIONS[op](left, right, Match(…))
    combine_with_scalar(op, frame, scalar)         concat(grid, frames)
    merge_sums(grid, legs, …), merge_means(…), merge_variance(…)
"""

from query.promql.evaluate.aggregate import REDUCERS, aggregate, quantile
from query.promql.evaluate.binary import combine
from query.promql.evaluate.count_values import count_values
from query.promql.evaluate.evaluate import evaluate
from query.promql.evaluate.legs import Legs, align_legs
from query.promql.evaluate.matching import Match
from query.promql.evaluate.mean_legs import merge_means, merge_sums
from query.promql.evaluate.means import merge_mean
from query.promql.evaluate.multiset import values_of
from query.promql.evaluate.order import sort_by_label, sort_by_value
from query.promql.evaluate.rows import by_labels, concat, fold
from query.promql.evaluate.scalars import combine_scalars, combine_with_scalar
from query.promql.evaluate.sets import SET_OPERATIONS
from query.promql.evaluate.support import can_evaluate
from query.promql.evaluate.topk import limitk, topk
from query.promql.evaluate.values import Evaluation, InfoRows, RangeVector, ScalarRow, Text, Value
from query.promql.evaluate.variances import merge_variance

__all__ = [
    "REDUCERS",
    "SET_OPERATIONS",
    "Evaluation",
    "InfoRows",
    "Legs",
    "Match",
    "RangeVector",
    "ScalarRow",
    "Text",
    "Value",
    "aggregate",
    "align_legs",
    "by_labels",
    "can_evaluate",
    "combine",
    "combine_scalars",
    "combine_with_scalar",
    "concat",
    "count_values",
    "evaluate",
    "fold",
    "limitk",
    "merge_mean",
    "merge_means",
    "merge_sums",
    "merge_variance",
    "quantile",
    "sort_by_label",
    "sort_by_value",
    "topk",
    "values_of",
]
