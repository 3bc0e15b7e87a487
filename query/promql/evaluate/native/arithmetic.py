"""Adding, subtracting and scaling histograms.

Source: Add, Sub, Mul, Div in model/histogram/float_histogram.go. Of two schemas the result has the coarser one, of two
zero thresholds one that suits both, of two sets of custom bounds those in common. Results of ``add`` and ``subtract``
may hold empty buckets, as upstream's before it compacts them.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, replace

from query.model.exponential_bounds import exponential_bound
from query.model.float_histogram import NO_BUCKETS, Buckets, FloatHistogram, ResetHint
from query.promql.evaluate.native.layout import coarser, common_bounds, require_compatible, without_empty
from query.promql.evaluate.native.numbers import increment, quotient
from query.promql.evaluate.native.zero_bucket import outside, widen


@dataclass(frozen=True, slots=True)
class Combined:
    """The result of combining two histograms.

    ``hints_collide``: one says that its counter was reset, the other that it wasn't. ``bounds_differed``: custom bounds
    had to be reduced to those in common.
    """

    histogram: FloatHistogram
    hints_collide: bool = False
    bounds_differed: bool = False


def scale(histogram: FloatHistogram, factor: float) -> FloatHistogram:
    """Multiply all counts and the sum; by a negative factor a counter becomes a gauge."""
    return replace(
        histogram,
        zero_count=histogram.zero_count * factor,
        count=histogram.count * factor,
        sum=histogram.sum * factor,
        positive=Buckets(histogram.positive.indices, tuple(count * factor for count in histogram.positive.counts)),
        negative=Buckets(histogram.negative.indices, tuple(count * factor for count in histogram.negative.counts)),
        hint=ResetHint.GAUGE if factor < 0 else histogram.hint,
    )


def divide(histogram: FloatHistogram, divisor: float) -> FloatHistogram:
    """Divide all counts and the sum; dividing by 0 leaves no bucket but the zero bucket."""
    positive = negative = NO_BUCKETS
    if divisor != 0:
        positive = Buckets(histogram.positive.indices, tuple(count / divisor for count in histogram.positive.counts))
        negative = Buckets(histogram.negative.indices, tuple(count / divisor for count in histogram.negative.counts))
    return replace(
        histogram,
        zero_count=quotient(histogram.zero_count, divisor),
        count=quotient(histogram.count, divisor),
        sum=quotient(histogram.sum, divisor),
        positive=positive,
        negative=negative,
        hint=ResetHint.GAUGE if divisor < 0 else histogram.hint,
    )


def add(left: FloatHistogram, right: FloatHistogram) -> Combined:
    """Add two histograms; ``IncompatibleSchemasError`` if one has custom buckets and the other hasn't."""
    return _combine(left, right, 1.0)


def subtract(left: FloatHistogram, right: FloatHistogram) -> Combined:
    """Subtract a histogram; as ``add``. The ``-`` operator of PromQL marks the result as a gauge besides."""
    return _combine(left, right, -1.0)


def _combine(left: FloatHistogram, right: FloatHistogram, sign: float) -> Combined:
    require_compatible(left, right)
    hint, collide = combined_hint(left.hint, right.hint)
    count = left.count + sign * right.count
    total = left.sum + sign * right.sum
    if left.is_custom:
        combined = replace(left, count=count, sum=total, hint=hint)
        if left.custom_values == right.custom_values:
            return Combined(replace(combined, positive=merged(left.positive, right.positive, sign)), collide)
        bounds = common_bounds(left.custom_values, right.custom_values)
        positive = _on_common_bounds(left, right, sign, bounds)
        return Combined(replace(combined, positive=positive, custom_values=bounds), collide, bounds_differed=True)
    left, right = with_common_zero_bucket(left, right)
    schema = min(left.schema, right.schema)
    sides = [
        merged(
            coarser_if(own, left.schema - schema),
            beyond(left.zero_threshold, coarser_if(other, right.schema - schema), schema),
            sign,
        )
        for own, other in ((left.positive, right.positive), (left.negative, right.negative))
    ]
    result = FloatHistogram(
        schema=schema,
        count=count,
        sum=total,
        zero_threshold=left.zero_threshold,
        zero_count=left.zero_count + sign * right.zero_count,
        positive=sides[0],
        negative=sides[1],
        hint=hint,
    )
    return Combined(result, collide)


def combined_hint(left: ResetHint, right: ResetHint) -> tuple[ResetHint, bool]:
    """Return what is known of the sum of two, and whether they contradict each other.

    A gauge makes a gauge, the unknown makes unknown, a reset against no reset is a contradiction. Where it isn't told,
    a contradiction can't be told either.
    """
    if left is right:
        return left, False
    for decisive in (ResetHint.GAUGE, ResetHint.UNTOLD, ResetHint.WAIVED):
        if decisive in {left, right}:
            return decisive, False
    return ResetHint.UNKNOWN, ResetHint.UNKNOWN not in {left, right}


def with_common_zero_bucket(left: FloatHistogram, right: FloatHistogram) -> tuple[FloatHistogram, FloatHistogram]:
    """Return both with the same zero threshold; only the left loses the buckets that are then inside it."""
    count, threshold = right.zero_count, right.zero_threshold
    while threshold != left.zero_threshold:
        if left.zero_threshold > threshold:
            wide = widen(right, left.zero_threshold)
            count, threshold = wide.count, wide.threshold
        if threshold > left.zero_threshold:
            wide = widen(left, threshold)
            left = replace(
                left,
                zero_count=wide.count,
                zero_threshold=wide.threshold,
                positive=without_empty(outside(left, left.positive, wide.threshold)),
                negative=without_empty(outside(left, left.negative, wide.threshold)),
            )
    return left, replace(right, zero_count=count, zero_threshold=threshold)


def coarser_if(buckets: Buckets, levels: int) -> Buckets:
    """Return the buckets made coarser, themselves for 0 levels."""
    return coarser(buckets, levels) if levels else buckets


def beyond(threshold: float, buckets: Buckets, schema: int) -> Buckets:
    """Return the buckets of a schema that end beyond the zero bucket; the others are counted in it already."""
    begins = 0
    for index in buckets.indices:
        if exponential_bound(index, schema) > threshold:
            break
        begins += 1
    return Buckets(buckets.indices[begins:], buckets.counts[begins:]) if begins else buckets


def merged(own: Buckets, other: Buckets, sign: float) -> Buckets:
    """Return the sum (or difference) of two sides of the same layout, buckets of either in it."""
    if own.indices == other.indices:
        pairs = zip(own.counts, other.counts, strict=True)
        return Buckets(own.indices, tuple(count + sign * added for count, added in pairs))
    counts = dict(zip(own.indices, own.counts, strict=True))
    for index, count in zip(other.indices, other.counts, strict=True):
        counts[index] = counts[index] + sign * count if index in counts else sign * count
    indices = tuple(sorted(counts))
    return Buckets(indices, tuple(counts[index] for index in indices))


def _on_common_bounds(left: FloatHistogram, right: FloatHistogram, sign: float, bounds: tuple[float, ...]) -> Buckets:
    totals, lost = [0.0] * (len(bounds) + 1), [0.0] * (len(bounds) + 1)
    for histogram, factor in ((left, 1.0), (right, sign)):
        for index, count in zip(histogram.positive.indices, histogram.positive.counts, strict=True):
            target = place_on(bounds, histogram, index)
            totals[target], lost[target] = increment(factor * count, totals[target], lost[target])
    kept = [index for index, total in enumerate(totals) if total != 0 or lost[index] != 0]
    return Buckets(tuple(kept), tuple(totals[index] for index in kept))


def place_on(bounds: tuple[float, ...], histogram: FloatHistogram, index: int) -> int:
    """Return which bucket of fewer custom bounds holds a bucket of a histogram."""
    return bisect.bisect_left(bounds, histogram.bound(index))
