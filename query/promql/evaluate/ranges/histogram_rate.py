"""rate, increase, delta of native histograms: the difference over a range, extrapolated to its ends.

Source: ``histogramRate`` and ``extrapolatedRate`` in promql/functions.go of Prometheus 3.16, for samples without start
timestamps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from query.model.float_histogram import FloatHistogram, ResetHint
from query.model.frames import Histograms
from query.promql.evaluate.native import IncompatibleSchemasError, add, compact, reduce_schema, scale, subtract
from query.promql.evaluate.ranges.histogram_windows import HistogramWindow, HistogramWindows, Said
from query.promql.evaluate.ranges.rate import factor


@np.errstate(all="ignore")
def extrapolated_histograms(windows: HistogramWindows, said: Said, *, is_counter: bool, is_rate: bool) -> Histograms:
    """Return ``object[windows]``, None where there is no result: fewer than two samples, or some that don't combine."""
    results = np.full(len(windows), None, np.object_)
    first, counts = np.zeros(len(windows)), np.zeros(len(windows))
    for index, window in enumerate(windows.each()):
        result = _difference(window, said, is_counter=is_counter) if len(window) > 1 else None
        if result is not None:
            results[index], first[index], counts[index] = result, window[0].count, result.count
    factors = factor(windows.spans, first, counts, is_counter=is_counter, is_rate=is_rate).tolist()
    for index, result in enumerate(results.tolist()):
        if result is not None:
            results[index] = scale(result, factors[index])
    return results


def _difference(window: HistogramWindow, said: Said, *, is_counter: bool) -> FloatHistogram | None:
    noted = Said()
    try:
        result = _counted(window, noted) if is_counter else _measured(window, noted)
    except IncompatibleSchemasError:
        said.incompatible(window.name)
        return None
    said.take(noted)
    return compact(replace(result, hint=ResetHint.GAUGE))


def _counted(window: HistogramWindow, said: Said) -> FloatHistogram:
    """Return last less first and what the counter had before each reset; only the first may be of another kind."""
    first, last = window[0], window[-1]
    said.check_counters(window.name, window.samples(0, len(window)))
    if window.is_reset(1):
        # Nothing of the first sample is looked at, so its buckets don't matter.
        second = window[1]
        first = FloatHistogram(second.schema, 0.0, 0.0, custom_values=second.custom_values)
    schema = min(first.schema, last.schema)
    for sample in window.samples(1, len(window)):
        if sample.is_custom != first.is_custom:
            raise IncompatibleSchemasError
        schema = min(schema, sample.schema)
    result = said.combined(subtract(reduce_schema(last, schema), first), "subtraction")
    for index in range(2, len(window)):
        if window.is_reset(index):
            result = said.combined(add(result, window[index - 1]), "addition")
    return result


def _measured(window: HistogramWindow, said: Said) -> FloatHistogram:
    """Return last less first."""
    first, last = window[0], window[-1]
    result = said.combined(subtract(reduce_schema(last, min(first.schema, last.schema)), first), "subtraction")
    said.check_gauges(window.name, (first, last))
    return result
