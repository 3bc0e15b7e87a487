"""double_exponential_smoothing: a weighted mean that follows the trend.

Source: ``funcDoubleExponentialSmoothing`` in promql/functions.go of Prometheus 3.16.
"""

from __future__ import annotations

import numpy as np

from query.model.errors import ExecutionError
from query.model.frames import Bools, Floats
from query.promql.evaluate.ranges.windows import Windows, sweep


def double_exponential_smoothing(windows: Windows, smoothing: Floats, trend: Floats) -> tuple[Floats, Bools]:
    """Return the smoothed value where there are at least two samples; factors are ``float64[windows]``.

    Raises ``ExecutionError`` for a factor outside (0, 1), as upstream.
    """
    _check("smoothing", "sf", smoothing)
    _check("trend", "tf", trend)
    return _smoothed(windows, smoothing, trend), windows.count > 1


@np.errstate(all="ignore")
def _smoothed(windows: Windows, smoothing: Floats, trend: Floats) -> Floats:
    values = windows.values
    before, current = np.zeros(len(windows)), values[windows.start]
    second = np.minimum(windows.start + 1, windows.stop - 1)
    rise = values[second] - current
    for visited, (which, position) in enumerate(sweep(windows.start + 1, windows.stop)):
        factor = smoothing[which]
        if visited:
            follow = trend[which]
            rise[which] = follow * (current[which] - before[which]) + (1 - follow) * rise[which]
        smoothed = factor * values[position] + (1 - factor) * (current[which] + rise[which])
        before[which], current[which] = current[which], smoothed
    return current


def _check(name: str, short: str, factors: Floats) -> None:
    wrong = factors[(factors <= 0) | (factors >= 1)]
    if len(wrong):
        text = f"{wrong[0]:f}" if np.isfinite(wrong[0]) else ("+Inf" if wrong[0] > 0 else "-Inf")
        raise ExecutionError(f"invalid {name} factor. Expected: 0 < {short} < 1, got: {text}")
