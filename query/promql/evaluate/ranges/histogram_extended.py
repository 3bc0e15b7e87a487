"""rate, increase, delta of native histograms over anchored and smoothed ranges.

Source: ``extendedHistogramRate`` and what it calls in promql/functions.go of Prometheus 3.16.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, replace

import numpy as np

from query.model.float_histogram import FloatHistogram, ResetHint
from query.model.frames import Histograms
from query.promql.evaluate.native import (
    IncompatibleSchemasError,
    add,
    compact,
    divide,
    is_reset,
    scale,
    subtract,
)
from query.promql.evaluate.ranges.histogram_windows import HistogramWindow, HistogramWindows, Said
from query.promql.plan.windows import Extension
from query.syntax.durations import to_seconds


def extended_histograms(windows: HistogramWindows, said: Said, *, is_counter: bool, is_rate: bool) -> Histograms:
    """Return ``object[windows]``, None where there is no result."""
    results = np.full(len(windows), None, np.object_)
    range_ms = windows.spans.window.range_ms
    is_smoothed = windows.spans.window.extension is Extension.SMOOTHED
    for index, (window, end_ms) in enumerate(zip(windows.each(), windows.spans.ends_ms.tolist(), strict=True)):
        ends = _ends(window, end_ms - range_ms, end_ms, is_smoothed=is_smoothed)
        if ends is None:
            continue
        try:
            result = _Difference(window, ends, said, is_counter=is_counter).compute()
        except IncompatibleSchemasError:
            said.incompatible(window.name)
            continue
        if is_rate:
            result = divide(result, to_seconds(range_ms))
        results[index] = compact(replace(result, hint=ResetHint.GAUGE))
    return results


@dataclass(frozen=True, slots=True)
class _Ends:
    """The samples that decide about both ends of a range, and the ends."""

    first: int
    last: int
    begin_ms: int
    end_ms: int
    is_smoothed: bool


def _ends(window: HistogramWindow, begin_ms: int, end_ms: int, *, is_smoothed: bool) -> _Ends | None:
    times = [window.time_ms(index) for index in range(len(window))]
    last = len(times) - 1
    first = max(0, min(bisect.bisect_right(times, begin_ms), last) - 1)
    if is_smoothed:
        last = min(bisect.bisect_left(times, end_ms), last)
    if times[last] <= begin_ms or (is_smoothed and times[first] > end_ms):
        return None
    return _Ends(first, last, begin_ms, end_ms, is_smoothed)


class _Difference:
    """The difference between the values at both ends of one window."""

    def __init__(self, window: HistogramWindow, ends: _Ends, said: Said, *, is_counter: bool) -> None:
        self._window = window
        self._ends = ends
        self._said = said
        self._is_counter = is_counter

    def compute(self) -> FloatHistogram:
        """Return it; ``IncompatibleSchemasError`` if exponential and custom buckets meet."""
        window, ends = self._window, self._ends
        samples = list(window.samples(ends.first, ends.last + 1))
        if any(sample.is_custom != window[0].is_custom for sample in samples):
            raise IncompatibleSchemasError
        if self._is_counter:
            self._said.check_counters(window.name, samples)
        left, right = self._at_begin(), self._at_end()
        if not self._is_counter:
            self._said.check_gauges(window.name, (left, right))
        result = self._said.combined(subtract(right, left), "subtraction")
        correction = self._correction(left, right) if self._is_counter else None
        return result if correction is None else self._added(result, correction)

    def _at_begin(self) -> FloatHistogram:
        first, begin_ms = self._ends.first, self._ends.begin_ms
        if self._ends.is_smoothed and self._window.time_ms(first) < begin_ms:
            return self._between(first, begin_ms)
        return self._window[first]

    def _at_end(self) -> FloatHistogram:
        last, end_ms = self._ends.last, self._ends.end_ms
        if self._ends.is_smoothed and last > 0 and self._window.time_ms(last) > end_ms:
            return self._between(last - 1, end_ms)
        return self._window[last]

    def _between(self, index: int, at_ms: int) -> FloatHistogram:
        """Return the value at a time between a sample and the next; after a reset a counter began at nothing."""
        window = self._window
        earlier, later = window.time_ms(index), window.time_ms(index + 1)
        if at_ms == later:
            return window[index + 1]
        share = float(at_ms - earlier) / float(later - earlier)
        if self._is_counter and window.is_reset(index + 1):
            return scale(window[index + 1], share)
        rise = self._said.combined(subtract(window[index + 1], window[index]), "subtraction")
        return self._added(scale(rise, share), window[index])

    def _correction(self, left: FloatHistogram, right: FloatHistogram) -> FloatHistogram | None:
        """Return what the counter had before each reset from ``left`` to ``right``, None if there was none.

        ``right`` stands for the last sample. A reset that the interpolation at the begin went over is accounted for.
        """
        window, first, last = self._window, self._ends.first + 1, self._ends.last
        previous = left
        if self._ends.is_smoothed and window.time_ms(first - 1) < self._ends.begin_ms and window.is_reset(first):
            previous, first = window[first], first + 1
        correction: FloatHistogram | None = None
        for index in range(first, last + 1):
            current = right if index == last else window[index]
            if is_reset(current, previous):
                correction = previous if correction is None else self._added(correction, previous)
            previous = current
        return correction

    def _added(self, left: FloatHistogram, right: FloatHistogram) -> FloatHistogram:
        return self._said.combined(add(left, right), "addition")
