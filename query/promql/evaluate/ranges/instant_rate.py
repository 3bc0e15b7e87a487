"""irate, idelta: what the last two samples of a range say.

Source: ``instantValue`` in promql/functions.go of Prometheus 3.16, for samples without start timestamps.
"""

from __future__ import annotations

import numpy as np

from query.model.frames import Bools, Floats
from query.model.time import MS_PER_S
from query.promql.evaluate.ranges.windows import Windows


@np.errstate(all="ignore")
def last_two(windows: Windows, *, is_rate: bool) -> tuple[Floats, Bools]:
    """Return ``float64[windows]`` and where there is a result: windows of at least two samples."""
    present = windows.count > 1
    last = windows.stop - 1
    before = np.maximum(last - 1, 0)
    newer, older = windows.values[last], windows.values[before]
    result = newer - older
    if is_rate:
        interval = (windows.times_ms[last] - windows.times_ms[before]) / MS_PER_S
        result = np.where(newer < older, newer, result) / interval
    return result, present
