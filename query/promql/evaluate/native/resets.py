"""Whether a counter was reset between two histograms.

Source: DetectReset in model/histogram/float_histogram.go. A hint decides; else any count that fell tells of a reset,
and so does a finer schema, a narrower zero bucket, or a bucket that is gone. Custom bounds that differ are reconciled.
"""

from __future__ import annotations

import bisect

from query.model.exponential_bounds import exponential_bound
from query.model.float_histogram import Buckets, FloatHistogram, ResetHint
from query.promql.evaluate.native.arithmetic import coarser_if
from query.promql.evaluate.native.layout import common_bounds, require_decided
from query.promql.evaluate.native.zero_bucket import widen


def is_reset(current: FloatHistogram, previous: FloatHistogram) -> bool:
    """Tell whether the counter was reset after ``previous``; gauges are treated as counters."""
    if current.hint is ResetHint.RESET:
        return True
    if current.hint is ResetHint.NOT_RESET:
        return False
    if current.count < previous.count:
        return True
    require_decided(current, previous)
    if current.is_custom and not previous.is_custom:
        return True
    if current.is_custom and current.custom_values != previous.custom_values:
        return _is_reset_on_common_bounds(current, previous)
    if current.schema > previous.schema or current.zero_threshold < previous.zero_threshold:
        return True
    wide = widen(previous, current.zero_threshold)
    if wide.threshold != current.zero_threshold or current.zero_count < wide.count:
        return True
    sides = ((current.positive, previous.positive), (current.negative, previous.negative))
    return any(_has_fallen(current, *side, levels=previous.schema - current.schema) for side in sides)


def _has_fallen(current: FloatHistogram, now: Buckets, before: Buckets, *, levels: int) -> bool:
    """Tell whether any bucket outside the zero bucket holds less than before, or is gone though it held something."""
    counts = dict(zip(now.indices, now.counts, strict=True))
    earlier = coarser_if(before, levels)
    is_inside = not current.is_custom and current.zero_threshold > 0
    for index, count in zip(earlier.indices, earlier.counts, strict=True):
        is_inside = is_inside and exponential_bound(index, current.schema) <= current.zero_threshold
        if is_inside:
            continue
        if index in counts and counts[index] < count:
            return True
        if index not in counts and count != 0:
            return True
    return False


def _is_reset_on_common_bounds(current: FloatHistogram, previous: FloatHistogram) -> bool:
    bounds = common_bounds(current.custom_values, previous.custom_values)
    now, before = _rolled_up(current, bounds), _rolled_up(previous, bounds)
    return any(count < earlier for count, earlier in zip(now, before, strict=True))


def _rolled_up(histogram: FloatHistogram, bounds: tuple[float, ...]) -> list[float]:
    """Return the counts in the buckets of fewer bounds."""
    counts = [0.0] * (len(bounds) + 1)
    for index, count in zip(histogram.positive.indices, histogram.positive.counts, strict=True):
        counts[bisect.bisect_left(bounds, histogram.bound(index))] += count
    return counts
