"""Loki's range operations over the values of lines: for each step, what lies in the window that ends there.

A window is open to the left: ``(t - interval, t]``, times in nanoseconds. No value in it: no sample. Semantics are
those of ``pkg/logql/range_vector.go``; sums are taken in another order, so last bits may differ.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from query.model.frames import Bools, Floats
from query.model.time import NS_PER_MS, NS_PER_S

Times: TypeAlias = npt.NDArray[np.int64]
Kernel: TypeAlias = Callable[[Times, Floats], float]


def over_windows(
    op: str, quantile: float, times_ns: Times, values: Floats, ends_ns: Times, interval_ns: int
) -> tuple[Floats, Bools]:
    """Return ``float64[step]`` and where it is present; ``times_ns`` ascend, ``ends_ns`` are the windows' ends."""
    first = np.searchsorted(times_ns, ends_ns - interval_ns, side="right")
    beyond = np.searchsorted(times_ns, ends_ns, side="right")
    present: Bools = beyond > first
    result: Floats = np.zeros(len(ends_ns))
    kernel = _kernel(op, quantile, interval_ns)
    known: dict[tuple[int, int], float] = {}
    with np.errstate(all="ignore"):
        for step in np.flatnonzero(present).tolist():
            window = int(first[step]), int(beyond[step])
            if window not in known:
                inside = slice(*window)
                known = {window: kernel(times_ns[inside], values[inside])}
            result[step] = known[window]
    return result, present


def _kernel(op: str, quantile: float, interval_ns: int) -> Kernel:
    if op == "quantile_over_time":
        return lambda _, values: _quantile(quantile, values)
    if op == "rate_counter":
        return lambda times_ns, values: _counter_rate(times_ns, values, interval_ns)
    return _KERNELS[op]


def _quantile(quantile: float, values: Floats) -> float:
    """Return the quantile by linear interpolation; NaN counts as the least."""
    if np.isnan(quantile):
        return np.nan
    if quantile < 0 or quantile > 1:
        return -np.inf if quantile < 0 else np.inf
    ordered = np.sort(values)
    ordered = np.roll(ordered, int(np.isnan(ordered).sum()))
    rank = quantile * (len(ordered) - 1)
    lower = max(0, int(np.floor(rank)))
    upper = min(len(ordered) - 1, lower + 1)
    weight = rank - np.floor(rank)
    return float(ordered[lower] * (1 - weight) + ordered[upper] * weight)


def _counter_rate(times_ns: Times, values: Floats, interval_ns: int) -> float:
    """Return the extrapolated rate of a counter, as Loki computes it.

    Loki takes Prometheus's formula for milliseconds, and its times are nanoseconds: what it takes for seconds between
    samples is microseconds, while the distance to the window's start is in seconds. So is it here.
    """
    if len(values) < 2:  # noqa: PLR2004  (a rate needs two points)
        return 0.0
    previous = np.concatenate(([0.0], values[:-1]))
    grown = values[-1] - values[0] + float(previous[values < previous].sum())
    to_start = interval_ns / NS_PER_MS / 1000
    sampled = float(times_ns[-1] - times_ns[0]) / 1000
    average = sampled / (len(values) - 1)
    if grown > 0 and values[0] >= 0:
        to_start = min(to_start, sampled * float(values[0] / grown))
    threshold = average * 1.1
    extrapolated = sampled + (to_start if to_start < threshold else average / 2)
    extrapolated += 0.0 if threshold > 0 else average / 2
    return float(grown * np.divide(extrapolated, sampled) / (interval_ns / NS_PER_S))


_KERNELS: Final[dict[str, Kernel]] = {
    "avg_over_time": lambda _, values: float(values.mean()),
    "first_over_time": lambda _, values: float(values[0]),
    "last_over_time": lambda _, values: float(values[-1]),
    "stddev_over_time": lambda _, values: float(values.std()),
    "stdvar_over_time": lambda _, values: float(values.var()),
}
