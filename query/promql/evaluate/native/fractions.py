"""The fraction of the observations in a histogram that lie between two bounds.

Source: HistogramFraction in promql/quantile.go; interpolation inside buckets as for quantiles.
"""

from __future__ import annotations

import math
from dataclasses import replace

from query.model.float_histogram import Bucket, FloatHistogram
from query.promql.evaluate.annotations import FRACTION_WITHOUT_NAN
from query.promql.evaluate.native.numbers import log2, quotient


def fraction(lower: float, upper: float, histogram: FloatHistogram) -> tuple[float, str | None]:
    """Return the fraction, and what is to be said of it if there are observations of NaN, which count as outside."""
    if histogram.count == 0 or math.isnan(lower) or math.isnan(upper):
        return math.nan, None
    if lower >= upper:
        return 0.0, None
    buckets = histogram.buckets()
    lower_rank, upper_rank = _rank(lower, histogram, buckets), _rank(upper, histogram, buckets)
    observations, note = histogram.count, None
    if math.isnan(histogram.sum):
        observations = 0.0
        for bucket in buckets:
            observations += bucket.count
        note = FRACTION_WITHOUT_NAN if observations < histogram.count else None
    low, high = (observations if rank is None or rank > observations else rank for rank in (lower_rank, upper_rank))
    return quotient(high - low, histogram.count), note


def _rank(value: float, histogram: FloatHistogram, buckets: list[Bucket]) -> float | None:
    """Return how many observations lie below a value, None if all buckets do."""
    rank = 0.0
    for found in buckets:
        bucket = found
        is_linear = histogram.is_custom
        if histogram.is_custom:
            if bucket.lower == -math.inf and bucket.upper > 0:
                bucket = replace(bucket, lower=0.0)
        elif bucket.lower <= 0 <= bucket.upper:
            is_linear = True
            if histogram.positive and not histogram.negative:
                bucket = replace(bucket, lower=0.0)
            elif histogram.negative and not histogram.positive:
                bucket = replace(bucket, upper=0.0)
        if bucket.lower >= value:
            return rank
        if bucket.upper > value:
            if is_linear and bucket.lower == -math.inf:
                return bucket.count
            return rank + bucket.count * share_below(bucket, value, is_linear=is_linear)
        rank += bucket.count
    return None


def share_below(bucket: Bucket, value: float, *, is_linear: bool) -> float:
    """Return the share of a bucket's observations below a value inside it. Source: FractionBelow."""
    if is_linear:
        return quotient(value - bucket.lower, bucket.upper - bucket.lower)
    low, high, here = log2(abs(bucket.lower)), log2(abs(bucket.upper)), log2(abs(value))
    if value > 0:
        return quotient(here - low, high - low)
    return 1 - quotient(here - high, low - high)
