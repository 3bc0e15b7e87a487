"""sum_over_time, avg_over_time, stddev_over_time, stdvar_over_time: Kahan sums in the order of time.

Source: promql/functions.go of Prometheus 3.16.
"""

from __future__ import annotations

import numpy as np

from query.model.frames import Floats
from query.promql.evaluate.ranges.kahan import KahanSums
from query.promql.evaluate.ranges.windows import Windows, sweep
from query.promql.evaluate.summation import increased


@np.errstate(all="ignore")
def total(windows: Windows) -> Floats:
    """Return the sum of each window."""
    return _sums(windows).total()


@np.errstate(all="ignore")
def mean(windows: Windows) -> Floats:
    """Return the mean of each window: sum by count, or the incremental mean where the sum is infinite."""
    running = _sums(windows)
    count = windows.count.astype(np.float64)
    result: Floats = running.sums / count + running.lost / count
    undefined = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.isnan(windows.values))))
    has_nan = undefined[windows.stop] > undefined[windows.start]
    odd = np.flatnonzero(~np.isfinite(running.sums) & ~has_nan)
    for index in odd.tolist():
        result[index] = _mean(windows.values[windows.start[index] : windows.stop[index]].tolist())
    return result


@np.errstate(all="ignore")
def variance(windows: Windows) -> Floats:
    """Return the population variance of each window."""
    means, squares = KahanSums(len(windows)), KahanSums(len(windows))
    for visited, (which, position) in enumerate(sweep(windows.start, windows.stop), 1):
        term = windows.values[position]
        delta = term - (means.sums[which] + means.lost[which])
        means.add(which, delta / visited)
        squares.add(which, delta * (term - (means.sums[which] + means.lost[which])))
    return squares.total() / windows.count


@np.errstate(all="ignore")
def deviation(windows: Windows) -> Floats:
    """Return the population standard deviation of each window."""
    return np.sqrt(variance(windows))


def _sums(windows: Windows) -> KahanSums:
    running = KahanSums(len(windows))
    for which, position in sweep(windows.start, windows.stop):
        running.add(which, windows.values[position])
    return running


def _mean(terms: list[float]) -> float:
    """Return the mean of one window as upstream's loop does, incremental from where the sum becomes infinite."""
    total, lost, mean, is_incremental = terms[0], 0.0, 0.0, False
    for count, term in enumerate(terms[1:], 2):
        if not is_incremental:
            next_total, next_lost = increased(term, total, lost)
            if not np.isinf(next_total):
                total, lost = next_total, next_lost
                continue
            is_incremental = True
            mean, lost = total / (count - 1), lost / (count - 1)
        share = (count - 1) / count
        mean, lost = increased(term / count, share * mean, share * lost)
    if is_incremental:
        return mean + lost
    return total / len(terms) + lost / len(terms)
