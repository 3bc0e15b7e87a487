"""sum_over_time, avg_over_time of native histograms.

Source: ``funcSumOverTime`` and ``funcAvgOverTime`` in promql/functions.go of Prometheus 3.16.
"""

from __future__ import annotations

import numpy as np

from query.model.float_histogram import FloatHistogram
from query.model.frames import Histograms
from query.promql.evaluate.annotations import reconciled_bounds
from query.promql.evaluate.histogram_groups import of_one_layout
from query.promql.evaluate.native import IncompatibleSchemasError, RunningMean, RunningSum
from query.promql.evaluate.ranges.histogram_windows import HistogramWindow, HistogramWindows, Said


def totals(windows: HistogramWindows, said: Said, *, is_mean: bool) -> Histograms:
    """Return the sum or mean of each window, ``object[windows]``; None where exponential and custom buckets meet."""
    results = np.full(len(windows), None, np.object_)
    for index, window in enumerate(windows.each()):
        results[index] = _total(window, said, is_mean=is_mean)
    return results


def _total(window: HistogramWindow, said: Said, *, is_mean: bool) -> FloatHistogram | None:
    terms = list(window.samples(0, len(window)))
    result = of_one_layout("avg" if is_mean else "sum", terms)
    if result is None:
        running = RunningMean(terms[0]) if is_mean else RunningSum(terms[0])
        try:
            for term in terms[1:]:
                running.add(term)
        except IncompatibleSchemasError:
            said.incompatible(window.name)
            return None
        if running.bounds_differed:
            said.infos[reconciled_bounds("aggregation")] = None
        result = running.mean() if isinstance(running, RunningMean) else running.total()
    said.check_resets(terms)
    return result
