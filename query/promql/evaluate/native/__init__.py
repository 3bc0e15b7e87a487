"""Computing with native histograms, one at a time.

Everything here takes and gives ``FloatHistogram`` values and computes, number by number, what Prometheus 3.16 computes,
in the same order of operations::

    add(left, right), subtract(left, right)      a ``Combined``: the result and what is to be said of it
    scale(histogram, factor), divide(histogram, divisor), compact(histogram), reduce_schema(histogram, schema)
    RunningSum(first), RunningMean(first)        the compensated sum of many, and their mean
    is_reset(current, previous)                  whether a counter was reset between two samples
    quantile, fraction, variance, trim, text

Whether a histogram is known well enough to be computed with is told by ``FloatHistogram.undecided``: what combines two
of them raises ``UndecidedHistogramError`` if one isn't.
"""

from query.promql.evaluate.native.arithmetic import Combined, add, divide, scale, subtract
from query.promql.evaluate.native.fractions import fraction
from query.promql.evaluate.native.layout import IncompatibleSchemasError, compact, reduce_schema
from query.promql.evaluate.native.quantiles import quantile
from query.promql.evaluate.native.resets import is_reset
from query.promql.evaluate.native.running_sum import RunningMean, RunningSum
from query.promql.evaluate.native.text import text
from query.promql.evaluate.native.trim import trim
from query.promql.evaluate.native.variance import variance

__all__ = [
    "Combined",
    "IncompatibleSchemasError",
    "RunningMean",
    "RunningSum",
    "add",
    "compact",
    "divide",
    "fraction",
    "is_reset",
    "quantile",
    "reduce_schema",
    "scale",
    "subtract",
    "text",
    "trim",
    "variance",
]
