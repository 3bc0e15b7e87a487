"""The variance of the observations in a histogram, each taken to lie in the middle of its bucket.

Source: histogramVariance in promql/functions.go. The middle is the geometric mean of an exponential bucket's bounds,
the arithmetic mean of a custom bucket's, and 0 for the zero bucket.
"""

from __future__ import annotations

from query.model.float_histogram import Bucket, FloatHistogram
from query.promql.evaluate.native.numbers import increment, quotient, root


def variance(histogram: FloatHistogram) -> float:
    """Return the population variance."""
    mean = quotient(histogram.sum, histogram.count)
    total = lost = 0.0
    for bucket in histogram.buckets():
        if bucket.count == 0:
            continue
        delta = _middle(bucket, is_custom=histogram.is_custom) - mean
        total, lost = increment(bucket.count * delta * delta, total, lost)
    return quotient(total + lost, histogram.count)


def _middle(bucket: Bucket, *, is_custom: bool) -> float:
    if is_custom:
        return (bucket.upper + bucket.lower) / 2.0
    if bucket.lower <= 0 <= bucket.upper:
        return 0.0
    middle = root(bucket.upper * bucket.lower)
    return -middle if bucket.upper < 0 else middle
