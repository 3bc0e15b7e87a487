"""changes, resets: how often the value changes, or falls, from one sample of a range to the next.

Source: ``funcChanges`` and ``funcResets`` in promql/functions.go of Prometheus 3.16. Only the samples in the range are
compared with each other; an anchored range begins with the last sample before it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from query.model.float_histogram import FloatHistogram
from query.model.frames import Bools, Floats
from query.model.samples import RawSeries
from query.promql.evaluate.native import is_reset
from query.promql.evaluate.ranges.extended import anchored_start
from query.promql.evaluate.ranges.windows import Windows
from query.promql.plan.windows import Extension


def changes(windows: Windows) -> tuple[Floats, Bools]:
    """Return how often a sample differs from the one before."""
    return count_jumps(windows, _differs(windows.values))


def resets(windows: Windows) -> tuple[Floats, Bools]:
    """Return how often a sample is below the one before."""
    return count_jumps(windows, windows.values[1:] < windows.values[:-1])


def histogram_changes(raw: RawSeries) -> Bools:
    """Return where a sample differs from the one before, ``bool[samples - 1]``, if some are histograms."""
    return _with_histograms(raw, _differs(raw.values), lambda new, old: not new.is_identical(old))


def histogram_resets(raw: RawSeries) -> Bools:
    """Return where a counter was reset, ``bool[samples - 1]``, if some samples are histograms."""
    return _with_histograms(raw, raw.values[1:] < raw.values[:-1], is_reset)


def _differs(values: Floats) -> Bools:
    """Return where a float differs from the one before; NaN does not differ from NaN."""
    new, old = values[1:], values[:-1]
    differs: Bools = (new != old) & ~(np.isnan(new) & np.isnan(old))
    return differs


def _with_histograms(
    raw: RawSeries, of_floats: Bools, of_histograms: Callable[[FloatHistogram, FloatHistogram], bool]
) -> Bools:
    """Return the jumps between samples of either kind; from one kind to the other is always one."""
    assert raw.histograms is not None  # noqa: S101  (the caller found one)
    held = raw.are_histograms()
    jumps = np.where(held[1:] | held[:-1], held[1:] != held[:-1], of_floats)
    pairs = np.flatnonzero(held[1:] & held[:-1] & (np.diff(raw.owners()) == 0))
    for position in pairs.tolist():
        jumps[position] = of_histograms(raw.histograms[position + 1], raw.histograms[position])
    return jumps


def count_jumps(windows: Windows, jumps: Bools) -> tuple[Floats, Bools]:
    """Count the jumps, ``bool[samples - 1]``, from one sample of a window to another."""
    start, present = windows.start, np.ones(len(windows), np.bool_)
    if windows.window.extension is Extension.ANCHORED:
        start, present = anchored_start(windows)
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(jumps, dtype=np.int64)))
    return (before[windows.stop - 1] - before[start]).astype(np.float64), present
