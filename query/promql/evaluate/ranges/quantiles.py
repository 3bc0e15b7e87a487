"""quantile_over_time, mad_over_time: functions of a range's samples in order of size.

Source: ``quantile`` in promql/quantile.go and ``funcMadOverTime`` of Prometheus 3.16. NaN sorts first in a quantile; a
median absolute deviation with a NaN is NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from query.model.frames import Bools, Floats
from query.model.samples import Ints
from query.promql.evaluate.aggregate import quantile_of
from query.promql.evaluate.ranges.windows import Windows

CELLS: Final = 1 << 21
"""Samples laid out at a time."""


@np.errstate(all="ignore")
def quantile_over_time(windows: Windows, phi: Floats) -> Floats:
    """Return the φ-quantile of each window; ``phi`` is ``float64[windows]``."""
    result = np.zeros(len(windows))
    for which, values, present in _laid_out(windows):
        result[which] = _quantile(values, present, phi[which])
    return result


@np.errstate(all="ignore")
def deviation_from_median(windows: Windows) -> Floats:
    """Return the median distance from the median of each window."""
    result = np.zeros(len(windows))
    for which, values, present in _laid_out(windows):
        half = np.full(len(which), 0.5)
        median = _quantile(values, present, half)
        distance = _quantile(np.abs(values - median[:, None]), present, half)
        result[which] = np.where((np.isnan(values) & present).any(axis=1), np.nan, distance)
    return result


def _quantile(values: Floats, present: Bools, phi: Floats) -> Floats:
    return quantile_of(values[:, :, None], present[:, :, None], phi[:, None])[:, 0]


def _laid_out(windows: Windows) -> Iterator[tuple[Ints, Floats, Bools]]:
    """Yield windows of like length as ``float64[windows, samples]`` and what of it there is."""
    count = windows.count
    by_length = np.argsort(count, kind="stable")
    first = 0
    while first < len(by_length):
        # As many as fit if all were as long as the longest among them.
        ahead = count[by_length[first:]] * np.arange(1, len(by_length) - first + 1)
        taken = max(1, int(np.searchsorted(ahead, CELLS, side="right")))
        which = by_length[first : first + taken]
        first += taken
        inside = np.arange(int(count[which[-1]]))
        present = inside[None, :] < count[which][:, None]
        position = np.where(present, windows.start[which][:, None] + inside[None, :], 0)
        yield which, windows.values[position], present
