"""The zero bucket: finding one wide enough for two histograms.

A zero bucket may only be widened to a bound at which no populated bucket is cut. Source: reconcileZeroBuckets,
zeroCountForLargerThreshold and trimBucketsInZeroBucket in model/histogram/float_histogram.go. ``lost`` arguments are
compensations that belong to the counts (all empty, as if 0, where sums are plain).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from query.model.float_histogram import Bucket, Buckets, FloatHistogram
from query.promql.evaluate.native.numbers import increment

NOTHING_LOST: Mapping[int, float] = {}


@dataclass(frozen=True, slots=True)
class Widened:
    """A zero bucket: its count, its threshold, and the compensation of the count."""

    count: float
    threshold: float
    lost: float


def widen(
    histogram: FloatHistogram,
    threshold: float,
    lost_zero: float = 0.0,
    lost_positive: Mapping[int, float] = NOTHING_LOST,
    lost_negative: Mapping[int, float] = NOTHING_LOST,
) -> Widened:
    """Return what the zero bucket would be with a threshold that is not below the present one.

    The threshold grows on if it would cut a populated bucket. If that happens on the negative side, what was done with
    the positive one is no longer right, so all is done again.
    """
    wide = Widened(histogram.zero_count, threshold, lost_zero)
    if threshold == histogram.zero_threshold:
        return wide
    while True:
        wide = replace(wide, count=histogram.zero_count)
        wide = _take_in(wide, histogram.positive_buckets(), lost_positive)
        both = _take_in(wide, histogram.negative_buckets(), lost_negative)
        if both.threshold == wide.threshold:
            return both
        wide = both


def _take_in(zero: Widened, buckets: Iterator[Bucket], losses: Mapping[int, float]) -> Widened:
    """Return the zero bucket with one side's buckets that begin inside it counted in."""
    count, threshold, lost = zero.count, zero.threshold, zero.lost
    for bucket in buckets:
        near, far = sorted((abs(bucket.lower), abs(bucket.upper)))
        if near >= threshold:
            break
        count, lost = increment(bucket.count, count, lost)
        if bucket.index in losses:
            count, lost = increment(losses[bucket.index], count, lost)
        if far > threshold:
            threshold = far if bucket.count != 0 else threshold
            break
    return Widened(count, threshold, lost)


def outside(histogram: FloatHistogram, buckets: Buckets, threshold: float) -> Buckets:
    """Return the buckets of one side that don't begin inside the zero bucket."""
    begins = 0
    for index in buckets.indices:
        if histogram.bound(index - 1) >= threshold:
            break
        begins += 1
    return Buckets(buckets.indices[begins:], buckets.counts[begins:]) if begins else buckets
