"""The layout of buckets: taking empty ones out, making them coarser, agreeing on bounds.

Source: compactBuckets, reduceResolution and intersectCustomBucketBounds in model/histogram.
"""

from __future__ import annotations

from dataclasses import replace

from query.model.errors import UndecidedHistogramError
from query.model.float_histogram import Buckets, FloatHistogram


class IncompatibleSchemasError(Exception):
    """One histogram has exponential buckets and the other custom ones: they can't be combined."""


def require_compatible(left: FloatHistogram, right: FloatHistogram) -> None:
    """Raise unless two histograms can be combined: ``IncompatibleSchemasError``, ``UndecidedHistogramError``."""
    require_decided(left, right)
    if left.is_custom != right.is_custom:
        raise IncompatibleSchemasError


def require_decided(*histograms: FloatHistogram) -> None:
    """Raise ``UndecidedHistogramError`` if something of a histogram isn't known."""
    for histogram in histograms:
        if histogram.undecided is not None:
            raise UndecidedHistogramError(histogram.undecided)


def compact(histogram: FloatHistogram) -> FloatHistogram:
    """Return the histogram without its empty buckets."""
    positive, negative = without_empty(histogram.positive), without_empty(histogram.negative)
    if positive is histogram.positive and negative is histogram.negative:
        return histogram
    return replace(histogram, positive=positive, negative=negative)


def without_empty(buckets: Buckets) -> Buckets:
    """Return the buckets whose count isn't 0; the same object if all are."""
    if 0.0 not in buckets.counts:
        return buckets
    kept = [(index, count) for index, count in zip(buckets.indices, buckets.counts, strict=True) if count != 0]
    return Buckets(tuple(index for index, _ in kept), tuple(count for _, count in kept))


def reduce_schema(histogram: FloatHistogram, schema: int) -> FloatHistogram:
    """Return the histogram with the coarser buckets of a lower schema (itself if it has that schema)."""
    if schema == histogram.schema:
        return histogram
    return replace(
        histogram,
        schema=schema,
        positive=coarser(histogram.positive, histogram.schema - schema),
        negative=coarser(histogram.negative, histogram.schema - schema),
    )


def coarser(buckets: Buckets, levels: int) -> Buckets:
    """Return the buckets merged ``2**levels`` to one."""
    merged: dict[int, float] = {}
    for index, count in zip(buckets.indices, buckets.counts, strict=True):
        target = coarser_index(index, levels)
        merged[target] = merged[target] + count if target in merged else count
    return Buckets(tuple(merged), tuple(merged.values()))


def coarser_index(index: int, levels: int) -> int:
    """Return the bucket that holds a bucket in a schema lower by ``levels``."""
    return ((index - 1) >> levels) + 1


def common_bounds(left: tuple[float, ...], right: tuple[float, ...]) -> tuple[float, ...]:
    """Return the custom bounds that both histograms have."""
    others = frozenset(right)
    return tuple(bound for bound in left if bound in others)
