"""rate, increase, delta: the difference over a range, extrapolated to its ends.

Source: ``extrapolatedRate`` in promql/functions.go of Prometheus 3.16, for samples without start timestamps.
"""

from __future__ import annotations

import numpy as np

from query.model.frames import Bools, Floats
from query.model.samples import Ints
from query.model.time import MS_PER_S
from query.promql.evaluate.ranges.windows import Windows
from query.syntax.durations import to_seconds

THRESHOLD = 1.1
"""How many average distances from the end of a range a sample may be for the series to be taken to reach that end."""


def difference(windows: Windows, *, is_counter: bool) -> Floats:
    """Return last less first; for a counter plus what it had before each reset, in order of time."""
    values = windows.values
    result = values[windows.stop - 1] - values[windows.start]
    if not is_counter:
        return result
    resets, first, count = resets_inside(windows)
    for number in range(int(count.max(initial=0))):
        which = np.flatnonzero(count > number)
        result[which] += values[resets[first[which] + number] - 1]
    return result


def resets_inside(windows: Windows) -> tuple[Ints, Ints, Ints]:
    """Return the positions of all samples below the one before, and of each window the first of them and how many.

    A window's first sample is compared with none, so a reset there does not count.
    """
    values = windows.values
    falls = np.concatenate((np.zeros(1, np.bool_), values[1:] < values[:-1]))[: len(values)]
    positions = np.flatnonzero(falls)
    first = np.searchsorted(positions, windows.start, side="right")
    return positions, first, np.searchsorted(positions, windows.stop, side="left") - first


@np.errstate(all="ignore")
def extrapolated(windows: Windows, *, is_counter: bool, is_rate: bool) -> tuple[Floats, Bools]:
    """Return ``float64[windows]`` and where there is a result: windows of at least two samples."""
    result = difference(windows, is_counter=is_counter)
    first = windows.values[windows.start]
    return result * factor(windows, first, result, is_counter=is_counter, is_rate=is_rate), windows.count > 1


def factor(windows: Windows, first: Floats, result: Floats, *, is_counter: bool, is_rate: bool) -> Floats:
    """Return what to multiply a difference ``result`` with, given the ``first`` value of each window."""
    sampled, to_start, to_end, average = _durations(windows)
    threshold = average * THRESHOLD
    to_start = np.where(to_start >= threshold, average / 2, to_start)
    if is_counter:
        to_zero = _to_zero(first, result, sampled, to_start)
        to_start = np.where(to_zero < to_start, to_zero, to_start)
    to_end = np.where(to_end >= threshold, average / 2, to_end)
    extended: Floats = np.where(sampled != 0, (sampled + to_start + to_end) / sampled, 1.0)
    return extended / to_seconds(windows.window.range_ms) if is_rate else extended


def _durations(windows: Windows) -> tuple[Floats, Floats, Floats, Floats]:
    """Return, in seconds, what the samples span, from the range's start to it, from it to the end, and its average."""
    first_ms, last_ms = windows.times_ms[windows.start], windows.times_ms[windows.stop - 1]
    sampled = (last_ms - first_ms) / MS_PER_S
    to_start = (first_ms - (windows.ends_ms - windows.window.range_ms)) / MS_PER_S
    to_end = (windows.ends_ms - last_ms) / MS_PER_S
    return sampled, to_start, to_end, sampled / (windows.count - 1)


def _to_zero(first: Floats, result: Floats, sampled: Floats, to_start: Floats) -> Floats:
    """Return how long before its first sample a counter was zero, going by its slope; it was never below."""
    return np.where((result > 0) & (first >= 0), sampled * (first / result), to_start)
