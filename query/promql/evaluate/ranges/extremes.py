"""Functions that choose one sample of a range: the first, the last, the least, the greatest, or their times.

Source: promql/functions.go of Prometheus 3.16. NaN is chosen only where there is nothing else; of equal samples
``ts_of_max_over_time`` and ``ts_of_min_over_time`` choose the latest.
"""

from __future__ import annotations

import numpy as np

from query.model.frames import Floats
from query.model.samples import Ints
from query.model.time import MS_PER_S
from query.promql.evaluate.ranges.windows import Windows, sweep


def first(windows: Windows) -> Floats:
    """Return the first sample."""
    return windows.values[windows.start]


def last(windows: Windows) -> Floats:
    """Return the last sample."""
    return windows.values[windows.stop - 1]


def greatest(windows: Windows) -> Floats:
    """Return the greatest sample."""
    return windows.values[_extreme(windows, 1.0)]


def least(windows: Windows) -> Floats:
    """Return the least sample."""
    return windows.values[_extreme(windows, -1.0)]


def time_of_first(windows: Windows) -> Floats:
    """Return when the first sample was, in seconds."""
    return _seconds(windows, windows.start)


def time_of_last(windows: Windows) -> Floats:
    """Return when the last sample was, in seconds."""
    return _seconds(windows, windows.stop - 1)


def time_of_greatest(windows: Windows) -> Floats:
    """Return when the greatest sample was, in seconds, the latest of equal ones."""
    return _seconds(windows, _extreme(windows, 1.0, takes_equal=True))


def time_of_least(windows: Windows) -> Floats:
    """Return when the least sample was, in seconds, the latest of equal ones."""
    return _seconds(windows, _extreme(windows, -1.0, takes_equal=True))


def _extreme(windows: Windows, sign: float, *, takes_equal: bool = False) -> Ints:
    """Return the position of the sample that is the greatest times ``sign``."""
    values = windows.values * sign
    chosen = windows.start.copy()
    for which, position in sweep(windows.start, windows.stop):
        new, old = values[position], values[chosen[which]]
        is_better = (new >= old if takes_equal else new > old) | np.isnan(old)
        chosen[which] = np.where(is_better, position, chosen[which])
    return chosen


def _seconds(windows: Windows, position: Ints) -> Floats:
    return windows.times_ms[position] / MS_PER_S
