"""integral: the area under the samples of a range, per second.

Source: ``funcIntegral`` in promql/functions.go of Prometheus 3.16. NaN counts as zero.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from query.model.frames import Floats
from query.model.samples import Ints
from query.model.time import MS_PER_S
from query.promql.evaluate.ranges.kahan import KahanSums
from query.promql.evaluate.ranges.windows import Windows, sweep

LEFT_POINT: Final = 0.0
RIGHT_POINT: Final = 1.0
TRAPEZOIDAL: Final = 2.0
STRATEGIES: Final = (LEFT_POINT, RIGHT_POINT, TRAPEZOIDAL)


@np.errstate(all="ignore")
def integral(windows: Windows, strategy: Floats) -> Floats:
    """Return the integral of each window; ``strategy`` is ``float64[windows]``, trapezoidal if it is none."""
    values = np.where(np.isnan(windows.values), 0.0, windows.values)
    area = KahanSums(len(windows))
    for which, position in sweep(windows.start + 1, windows.stop):
        height, lost = _heights(values[position - 1], values[position], strategy[which])
        counts = (height != 0) | (lost != 0)
        chosen: Ints = which[counts]
        seconds = (windows.times_ms[position] - windows.times_ms[position - 1])[counts] / MS_PER_S
        area.lost[chosen] += lost[counts] * seconds
        area.add(chosen, height[counts] * seconds)
    return np.where(np.isinf(area.sums), area.sums, area.total())


def _heights(previous: Floats, current: Floats, strategy: Floats) -> tuple[Floats, Floats]:
    """Return the height between two samples, and what the sum behind a trapezoid has lost."""
    pair, halves = KahanSums(len(current)), KahanSums(len(current))
    pair.sums[:], halves.sums[:] = previous, previous / 2
    everywhere = np.arange(len(current))
    pair.add(everywhere, current)
    halves.add(everywhere, current / 2)
    overflows = np.isinf(pair.sums) & np.isfinite(current) & np.isfinite(previous)
    height = np.where(overflows, halves.sums, pair.sums / 2)
    lost = np.where(overflows, halves.lost, pair.lost / 2)
    is_left, is_right = strategy == LEFT_POINT, strategy == RIGHT_POINT
    height = np.where(is_left, previous, np.where(is_right, current, height))
    return height, np.where(is_left | is_right, 0.0, lost)
