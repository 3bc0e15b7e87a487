"""changes, resets: how often the value changes, or falls, from one sample of a range to the next.

Source: ``funcChanges`` and ``funcResets`` in promql/functions.go of Prometheus 3.16. Only the samples in the range are
compared with each other; an anchored range begins with the last sample before it.
"""

from __future__ import annotations

import numpy as np

from query.model.frames import Bools, Floats
from query.promql.evaluate.ranges.extended import anchored_start
from query.promql.evaluate.ranges.windows import Windows
from query.promql.plan.windows import Extension


def changes(windows: Windows) -> tuple[Floats, Bools]:
    """Return how often a sample differs from the one before; NaN does not differ from NaN."""
    new, old = windows.values[1:], windows.values[:-1]
    return _counted(windows, (new != old) & ~(np.isnan(new) & np.isnan(old)))


def resets(windows: Windows) -> tuple[Floats, Bools]:
    """Return how often a sample is below the one before."""
    return _counted(windows, windows.values[1:] < windows.values[:-1])


def _counted(windows: Windows, jumps: Bools) -> tuple[Floats, Bools]:
    """Count the jumps, ``bool[samples - 1]``, from one sample of a window to another."""
    start, present = windows.start, np.ones(len(windows), np.bool_)
    if windows.window.extension is Extension.ANCHORED:
        start, present = anchored_start(windows)
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(jumps, dtype=np.int64)))
    return (before[windows.stop - 1] - before[start]).astype(np.float64), present
