"""deriv, predict_linear: a line through the samples of a range, by least squares.

Source: ``linearRegression`` in promql/functions.go of Prometheus 3.16.
"""

from __future__ import annotations

import numpy as np

from query.model.frames import Bools, Floats
from query.model.samples import Ints
from query.promql.evaluate.ranges.kahan import KahanSums
from query.promql.evaluate.ranges.windows import Windows, sweep

_MS: float = 1e3


@np.errstate(all="ignore")
def slope(windows: Windows) -> tuple[Floats, Bools]:
    """Return the slope per second, where there are at least two samples; ``deriv``."""
    return _line(windows, windows.times_ms[windows.start])[0], windows.count > 1


@np.errstate(all="ignore")
def predicted(windows: Windows, ahead_s: Floats) -> tuple[Floats, Bools]:
    """Return the line's value so many seconds after the evaluation; ``predict_linear``."""
    steepness, intercept = _line(windows, windows.at_ms)
    return steepness * ahead_s + intercept, windows.count > 1


def _line(windows: Windows, zero_ms: Ints) -> tuple[Floats, Floats]:
    """Return the slope and the value at ``zero_ms`` of each window's line."""
    size, count = len(windows), windows.count.astype(np.float64)
    of_x, of_y, of_xy, of_xx = (KahanSums(size) for _ in range(4))
    initial = windows.values[windows.start]
    is_level = np.ones(size, np.bool_)
    for visited, (which, position) in enumerate(sweep(windows.start, windows.stop)):
        x = (windows.times_ms[position] - zero_ms[which]) / _MS
        y = windows.values[position]
        if visited:
            is_level[which] &= y == initial[which]
        of_x.add(which, x)
        of_y.add(which, y)
        of_xy.add(which, x * y)
        of_xx.add(which, x * x)
    sum_x, sum_y, sum_xy, sum_xx = (sums.total() for sums in (of_x, of_y, of_xy, of_xx))
    covariance = sum_xy - sum_x * sum_y / count
    spread = sum_xx - sum_x * sum_x / count
    steepness = covariance / spread
    intercept = sum_y / count - steepness * sum_x / count
    level = np.where(np.isinf(initial), np.nan, 0.0)
    return np.where(is_level, level, steepness), np.where(is_level, level + initial, intercept)
