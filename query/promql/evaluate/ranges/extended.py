"""rate, increase, delta of anchored and smoothed ranges: from the value at one end of the range to that at the other.

Anchored takes the last sample at or before an end, smoothed interpolates between the samples around it.

Source: ``extendedRate`` in promql/functions.go of Prometheus 3.16, for samples without start timestamps.
"""

from __future__ import annotations

import numpy as np

from query.model.frames import Bools, Floats
from query.model.samples import Ints
from query.promql.evaluate.ranges.windows import Windows, sweep
from query.promql.plan.windows import Extension
from query.syntax.durations import to_seconds


@np.errstate(all="ignore")
def extended(windows: Windows, *, is_counter: bool, is_rate: bool) -> tuple[Floats, Bools]:
    """Return ``float64[windows]`` and where there is a result."""
    is_smoothed = windows.window.extension is Extension.SMOOTHED
    times, values = windows.times_ms, windows.values
    begin, end = windows.ends_ms - windows.window.range_ms, windows.ends_ms
    last = windows.stop - 1
    first = np.maximum(windows.start, np.minimum(_count_until(windows, begin), last) - 1)
    if is_smoothed:
        last = np.minimum(_count_until(windows, end - 1), last)
    present = times[last] > begin
    if is_smoothed:
        present &= times[first] <= end
    left = _at_begin(times, values, first, begin, is_smoothed=is_smoothed, is_counter=is_counter)
    right = _at_end(windows, last, end, is_counter=is_counter)
    result = right - left
    if is_counter:
        after = np.where(times[first] <= begin, first + 1, first)
        before = np.where(times[last] >= end, last - 1, last)
        result = result + _correction(values, after, before + 1, left, right)
    if is_rate:
        result = result / to_seconds(windows.window.range_ms)
    return result, present


def anchored_start(windows: Windows) -> tuple[Ints, Bools]:
    """Return where an anchored window starts, its last sample at or before the range, and where one is in the range.

    Source: ``pickFirstSampleIndices``.
    """
    inside = _count_until(windows, windows.ends_ms - windows.window.range_ms)
    return np.maximum(windows.start, inside - 1), inside < windows.stop


def _count_until(windows: Windows, limit_ms: Ints) -> Ints:
    """Return the position of each window's first sample after a time, that behind its last if there is none."""
    low, high = windows.start.copy(), windows.stop.copy()
    while (low < high).any():
        middle = (low + high) // 2
        is_before = (low < high) & (windows.times_ms[np.minimum(middle, len(windows.times_ms) - 1)] <= limit_ms)
        high = np.where((low < high) & ~is_before, middle, high)
        low = np.where(is_before, middle + 1, low)
    return low


def _at_begin(times: Ints, values: Floats, first: Ints, begin: Ints, *, is_smoothed: bool, is_counter: bool) -> Floats:
    if not is_smoothed:
        return values[first]
    following = np.minimum(first + 1, len(times) - 1)
    between = interpolate(
        times[first], values[first], times[following], values[following], begin, is_counter=is_counter
    )
    return np.where(times[first] < begin, between, values[first])


def _at_end(windows: Windows, last: Ints, end: Ints, *, is_counter: bool) -> Floats:
    times, values = windows.times_ms, windows.values
    before = np.maximum(last - 1, 0)
    between = interpolate(times[before], values[before], times[last], values[last], end, is_counter=is_counter)
    return np.where((times[last] > end) & (last > windows.start), between, values[last])


def interpolate(from_ms: Ints, left: Floats, to_ms: Ints, right: Floats, at_ms: Ints, *, is_counter: bool) -> Floats:
    """Return the value between two samples; a counter that was reset between them started from zero."""
    if is_counter:
        left = np.where(right < left, 0.0, left)
    return left + (right - left) * (at_ms - from_ms).astype(np.float64) / (to_ms - from_ms).astype(np.float64)


def _correction(values: Floats, start: Ints, stop: Ints, left: Floats, right: Floats) -> Floats:
    """Return what the counter had before each reset from ``left`` over the samples to ``right``."""
    correction, previous = np.zeros(len(left)), left.copy()
    for which, position in sweep(start, np.maximum(start, stop)):
        current, before = values[position], previous[which]
        correction[which] += np.where(current < before, before, 0.0)
        previous[which] = current
    return np.where(right < previous, correction + previous, correction)
