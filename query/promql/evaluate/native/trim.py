"""The trim operators: a histogram without the observations above (``</``) or below (``>/``) a bound.

Source: TrimBuckets and its helpers in model/histogram/float_histogram.go. A bucket that holds the bound is split where
interpolation puts it; the sum is made anew from the middles of what is left, unless nothing was taken.
"""

from __future__ import annotations

import math
from dataclasses import replace

from query.model.float_histogram import Bucket, Buckets, FloatHistogram
from query.promql.evaluate.native.fractions import share_below
from query.promql.evaluate.native.layout import compact, require_decided
from query.promql.evaluate.native.numbers import quotient, root

_Part = tuple[float, float]
"""The count that is left of a bucket, and the middle of what is left."""


def trim(histogram: FloatHistogram, bound: float, *, keeps_lower: bool) -> FloatHistogram:
    """Return what is left below the bound (``keeps_lower``, the ``</`` operator) or above it."""
    require_decided(histogram)
    sides: list[Buckets] = []
    count = total = 0.0
    is_populated: list[bool] = []
    for is_positive, buckets, listed in (
        (True, histogram.positive, histogram.positive_buckets()),
        (False, histogram.negative, histogram.negative_buckets()),
    ):
        kept: list[float] = []
        for bucket in listed:
            left, middle = bucket.count, 0.0
            if bucket.count != 0:
                left, middle = _trimmed(
                    bucket, bound, keeps_lower=keeps_lower, is_positive=is_positive, is_custom=histogram.is_custom
                )
                count, total = count + left, total + middle * left
            kept.append(left)
        sides.append(Buckets(buckets.indices, tuple(kept)))
        is_populated.append(any(number != 0 for number in buckets.counts))
    zero_count = histogram.zero_count
    if zero_count > 0:
        zero_count, middle = _trimmed_zero(
            histogram, bound, keeps_lower=keeps_lower, has_positive=is_populated[0], has_negative=is_populated[1]
        )
        count, total = count + zero_count, total + middle * zero_count
    is_whole = zero_count == histogram.zero_count and all(
        left == before
        for side, whole in zip(sides, (histogram.positive, histogram.negative), strict=True)
        for left, before in zip(side.counts, whole.counts, strict=True)
    )
    if is_whole:
        return histogram
    trimmed = replace(histogram, count=count, sum=total, zero_count=zero_count, positive=sides[0], negative=sides[1])
    return compact(trimmed)


def _trimmed(bucket: Bucket, bound: float, *, keeps_lower: bool, is_positive: bool, is_custom: bool) -> _Part:
    is_kept = bucket.upper <= bound if keeps_lower else bucket.lower >= bound
    is_cut = bucket.lower < bound if keeps_lower else bucket.upper > bound
    if is_kept:
        return bucket.count, _middle(bucket.lower, bucket.upper, is_positive=is_positive, is_linear=is_custom)
    if not is_cut:
        return 0.0, 0.0
    if math.isinf(bucket.lower) or math.isinf(bucket.upper):
        return _endless(bucket, bound, keeps_lower=keeps_lower)
    below = _count_below(bucket, bound, is_linear=is_custom)
    if keeps_lower:
        return below, _middle(bucket.lower, bound, is_positive=is_positive, is_linear=is_custom)
    return bucket.count - below, _middle(bound, bucket.upper, is_positive=is_positive, is_linear=is_custom)


def _count_below(bucket: Bucket, bound: float, *, is_linear: bool) -> float:
    if bound <= bucket.lower:
        return 0.0
    if bound >= bucket.upper:
        return bucket.count
    return bucket.count * share_below(bucket, bound, is_linear=is_linear)


def _endless(bucket: Bucket, bound: float, *, keeps_lower: bool) -> _Part:
    """Return what is left of a bucket with an infinite bound, whose observations may be anywhere in it."""
    lower, upper = bucket.lower, bucket.upper
    if lower != -math.inf:
        if keeps_lower or bound < lower:
            return 0.0, _finite_or_zero(lower)
        return bucket.count, bound
    has_natural_zero = upper > 0 and upper != math.inf
    if keeps_lower:
        if bound >= upper:
            return bucket.count, 0.0
        if bound > 0 and has_natural_zero:
            return bucket.count * bound / upper, bound / 2
        return (bucket.count, bound) if upper <= 0 else (0.0, _finite_or_zero(upper))
    if bound <= lower:
        return bucket.count, 0.0
    if bound >= 0 and upper > bound and upper != math.inf:
        return bucket.count * (1 - bound / upper), (bound + upper) / 2
    return 0.0, _finite_or_zero(upper)


def _finite_or_zero(value: float) -> float:
    return 0.0 if math.isinf(value) else value


def _trimmed_zero(
    histogram: FloatHistogram, bound: float, *, keeps_lower: bool, has_positive: bool, has_negative: bool
) -> _Part:
    zero = histogram.zero_bucket()
    lower = 0.0 if has_positive and not has_negative else zero.lower
    upper = 0.0 if has_negative and not has_positive else zero.upper
    everything = zero.count, (lower + upper) / 2
    if bound <= lower:
        return (0.0, 0.0) if keeps_lower else everything
    if bound >= upper:
        return everything if keeps_lower else (0.0, 0.0)
    if keeps_lower:
        return zero.count * quotient(bound - lower, upper - lower), (lower + bound) / 2
    return zero.count * quotient(upper - bound, upper - lower), (bound + upper) / 2


def _middle(lower: float, upper: float, *, is_positive: bool, is_linear: bool) -> float:
    if math.isinf(lower):
        if math.isinf(upper):
            return 0.0
        return upper / 2 if upper > 0 else upper
    if math.isinf(upper):
        return lower
    if is_linear:
        return (lower + upper) / 2
    middle = root(abs(lower * upper))
    return middle if is_positive else -middle
