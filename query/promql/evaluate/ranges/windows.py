"""Windows: for every series and step, which of the series' samples the step's range holds.

Samples of all series lie in flat arrays, so one binary search over (series, time) finds every bound. Only windows that
hold a sample are kept: where there is none, upstream calls no function.

Source: ``matrixIterSlice`` of Prometheus 3.16's engine: ranges are open to the left, and stale markers are no samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from query.model.errors import LimitExceededError
from query.model.frames import Bools, Floats
from query.model.samples import Ints, RawSeries
from query.model.time import Grid
from query.promql.plan.windows import Window

CHUNK: int = 1 << 17
"""Windows computed at a time: kernels keep a few arrays of this length, so memory does not grow with the query."""
MAX_VISITS: int = 500_000_000
"""Samples times windows that hold them, which is what a function over ranges costs: 20 to 90 ns each."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows that each hold a sample: ``start[i]:stop[i]`` of the sample arrays.

    ``ends_ms[i]`` is where the range ends, ``at_ms[i]`` when it is evaluated, which differ by offset and ``@``.
    ``row`` and ``step`` say whose they are. All ``int64[windows]``.
    """

    times_ms: Ints
    values: Floats
    start: Ints
    stop: Ints
    ends_ms: Ints
    at_ms: Ints
    row: Ints
    step: Ints
    window: Window

    def __len__(self) -> int:
        return len(self.start)

    @property
    def count(self) -> Ints:
        """How many samples each holds."""
        return self.stop - self.start

    def only(self, chosen: Bools | slice) -> Windows:
        """Return some of the windows."""
        return Windows(
            self.times_ms,
            self.values,
            self.start[chosen],
            self.stop[chosen],
            self.ends_ms[chosen],
            self.at_ms[chosen],
            self.row[chosen],
            self.step[chosen],
            self.window,
        )

    def chunks(self) -> Iterator[slice]:
        """Yield the slices to compute one after the other."""
        for first in range(0, len(self), CHUNK):
            yield slice(first, first + CHUNK)


def bounds(raw: RawSeries, window: Window, grid: Grid) -> tuple[Ints, Ints]:
    """Return ``int64[series, steps]`` twice: the position of the first sample of each window, and behind its last."""
    ends = np.fromiter(map(window.end_ms, grid.times_ms()), np.int64, grid.steps)
    after_start = ends - (window.range_ms + window.before_ms)
    last = ends + window.after_ms
    if not len(raw.times_ms):
        none = np.zeros((raw.series, grid.steps), np.int64)
        return none, none
    lowest = min(int(raw.times_ms.min()), int(after_start.min())) - 1
    width = max(int(raw.times_ms.max()), int(last.max())) - lowest + 1
    key = raw.owners() * width + (raw.times_ms - lowest)
    offset = np.arange(raw.series)[:, None] * width
    start = np.searchsorted(key, offset + (after_start - lowest), side="right")
    stop = np.searchsorted(key, offset + (last - lowest), side="right")
    return start, stop


def windows_of(raw: RawSeries, window: Window, grid: Grid) -> Windows:
    """Return every window with a sample; ``LimitExceededError`` if to visit their samples would take minutes."""
    start, stop = bounds(raw, window, grid)
    visits = int((stop - start).sum())
    if visits > MAX_VISITS:
        raise LimitExceededError(
            "evaluation_visits",
            MAX_VISITS,
            f"the ranges of this query hold {visits} samples, those of overlapping ranges counted again; "
            "shorten the range, or ask for fewer steps or series",
        )
    row, step = np.nonzero(stop > start)
    times = np.fromiter(grid.times_ms(), np.int64, grid.steps)
    ends = np.fromiter(map(window.end_ms, grid.times_ms()), np.int64, grid.steps)
    return Windows(
        raw.times_ms, raw.values, start[row, step], stop[row, step], ends[step], times[step], row, step, window
    )


def sweep(start: Ints, stop: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield, sample by sample, the windows that have one more and its position: what a loop in each window would see.

    Rounding depends on the order of additions, so kernels that add go through their windows as upstream does, but
    through all of them at once.
    """
    count = stop - start
    longest_first = np.argsort(-count, kind="stable")
    ascending = count[longest_first][::-1]
    for visited in range(int(count.max(initial=0))):
        which = longest_first[: len(count) - np.searchsorted(ascending, visited, side="right")]
        yield which, start[which] + visited
