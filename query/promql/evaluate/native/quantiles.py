"""The φ-quantile of the observations in a histogram.

Source: HistogramQuantile in promql/quantile.go. Inside a bucket the observations are taken to be spread evenly on a
logarithmic scale, in custom buckets and in the zero bucket on a linear one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from query.model.float_histogram import Bucket, FloatHistogram
from query.promql.evaluate.annotations import QUANTILE_IS_NAN, QUANTILE_IS_SKEWED
from query.promql.evaluate.native.numbers import exp2, log2, quotient

_HALF: Final = 0.5


def quantile(phi: float, histogram: FloatHistogram) -> tuple[float, str | None]:
    """Return the quantile, and what is to be said of it if observations of NaN make it doubtful."""
    if phi < 0 or phi > 1:
        return (-math.inf if phi < 0 else math.inf), None
    if histogram.count == 0 or math.isnan(phi):
        return math.nan, None
    has_nan = math.isnan(histogram.sum)
    is_forward = has_nan or phi < _HALF
    rank = (phi if is_forward else 1 - phi) * histogram.count
    rest = iter(histogram.buckets() if is_forward else histogram.buckets()[::-1])
    bucket, count = _reaching(rest, rank)
    if histogram.is_custom and (bound := _at_the_end(bucket)) is not None:
        return bound, None
    bucket = _from_natural_zero(bucket, histogram)
    count = min(count, histogram.count)
    if count < rank:
        return (math.nan, QUANTILE_IS_NAN) if has_nan else (bucket.upper, None)
    rank = rank - (count - bucket.count) if is_forward else count - rank
    for other in rest:
        count += other.count
    note = QUANTILE_IS_SKEWED if has_nan and count < histogram.count else None
    return _inside(bucket, quotient(rank, bucket.count), is_custom=histogram.is_custom), note


def _reaching(buckets: Iterator[Bucket], rank: float) -> tuple[Bucket, float]:
    """Return the bucket in which the rank is reached, and how many observations there are up to its end."""
    bucket, count = Bucket(0.0, 0.0, 0.0, includes_lower=False, includes_upper=False), 0.0
    for bucket in buckets:
        if bucket.count == 0:
            continue
        count += bucket.count
        if count >= rank:
            break
    return bucket, count


def _at_the_end(bucket: Bucket) -> float | None:
    """Return the finite bound of a custom bucket without a lower or an upper one, None where interpolation helps."""
    if bucket.lower == -math.inf:
        return bucket.upper if bucket.upper <= 0 else None
    return bucket.lower if bucket.upper == math.inf else None


def _from_natural_zero(bucket: Bucket, histogram: FloatHistogram) -> Bucket:
    """Return the first custom bucket from 0 on; the zero bucket cut at 0 if all others are on one side of it."""
    if histogram.is_custom:
        return replace(bucket, lower=0.0) if bucket.lower == -math.inf else bucket
    if not bucket.lower < 0 < bucket.upper:
        return bucket
    if histogram.positive and not histogram.negative:
        return replace(bucket, lower=0.0)
    if histogram.negative and not histogram.positive:
        return replace(bucket, upper=0.0)
    return bucket


def _inside(bucket: Bucket, share: float, *, is_custom: bool) -> float:
    if is_custom or bucket.lower <= 0 <= bucket.upper:
        return bucket.lower + (bucket.upper - bucket.lower) * share
    low, high = log2(abs(bucket.lower)), log2(abs(bucket.upper))
    if bucket.lower > 0:
        return exp2(low + (high - low) * share)
    return -exp2(high + (low - high) * (1 - share))
