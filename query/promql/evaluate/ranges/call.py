"""Calls of functions over range vectors: which kernel, which samples, what the result is called, what is said of it.

Source: case ``Call`` of ``eval`` in Prometheus 3.16's engine. A function is called where a window holds a sample; only
``first_over_time`` and ``last_over_time`` keep the metric's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from query.model.errors import ExecutionError, UnsupportedError
from query.model.frames import Bools, Floats, Frame, Notes
from query.model.labels import METRIC_NAME, Labels
from query.model.time import Grid
from query.promql.evaluate.annotations import each_invalid_quantile, invalid_integral, not_a_counter
from query.promql.evaluate.ranges import extremes, quantiles, sums
from query.promql.evaluate.ranges.extended import extended
from query.promql.evaluate.ranges.instant_rate import last_two
from query.promql.evaluate.ranges.integral import STRATEGIES, integral
from query.promql.evaluate.ranges.jumps import changes, resets
from query.promql.evaluate.ranges.rate import extrapolated
from query.promql.evaluate.ranges.regression import predicted, slope
from query.promql.evaluate.ranges.smoothing import double_exponential_smoothing
from query.promql.evaluate.ranges.windows import Windows, bounds, windows_of
from query.promql.evaluate.rows import relabel, require_room, without_metadata
from query.promql.evaluate.values import Evaluation, RangeVector
from query.promql.plan.windows import Extension

Kernel: TypeAlias = Callable[[Windows, tuple[Floats, ...]], tuple[Floats, Bools]]
"""Windows, and the scalar arguments as ``float64[windows]``, to ``float64[windows]`` and where there is a result."""

KEEP_NAME: Final = frozenset({"first_over_time", "last_over_time"})
SAFE: Final[Mapping[Extension, tuple[str, ...]]] = MappingProxyType({
    Extension.ANCHORED: ("changes", "delta", "increase", "rate", "resets"),
    Extension.SMOOTHED: ("delta", "increase", "rate"),
})  # fmt: skip
"""The functions that understand samples outside of the range."""
COUNTER_SUFFIXES: Final = ("_total", "_sum", "_count", "_bucket")


def _always(kernel: Callable[[Windows], Floats]) -> Kernel:
    return lambda windows, _: (kernel(windows), np.ones(len(windows), np.bool_))


def _difference(*, is_counter: bool, is_rate: bool) -> Kernel:
    def kernel(windows: Windows, _: tuple[Floats, ...]) -> tuple[Floats, Bools]:
        compute = extrapolated if windows.window.extension is Extension.NONE else extended
        return compute(windows, is_counter=is_counter, is_rate=is_rate)

    return kernel


def _quantile(windows: Windows, arguments: tuple[Floats, ...]) -> tuple[Floats, Bools]:
    return quantiles.quantile_over_time(windows, arguments[0]), np.ones(len(windows), np.bool_)


def _integral(windows: Windows, arguments: tuple[Floats, ...]) -> tuple[Floats, Bools]:
    strategy = arguments[0] if arguments else np.full(len(windows), STRATEGIES[-1])
    return integral(windows, strategy), np.ones(len(windows), np.bool_)


RANGE_FUNCTIONS: Final[Mapping[str, Kernel]] = MappingProxyType({
    "rate": _difference(is_counter=True, is_rate=True),
    "increase": _difference(is_counter=True, is_rate=False),
    "delta": _difference(is_counter=False, is_rate=False),
    "irate": lambda windows, _: last_two(windows, is_rate=True),
    "idelta": lambda windows, _: last_two(windows, is_rate=False),
    "changes": lambda windows, _: changes(windows),
    "resets": lambda windows, _: resets(windows),
    "deriv": lambda windows, _: slope(windows),
    "predict_linear": lambda windows, arguments: predicted(windows, arguments[0]),
    "double_exponential_smoothing": lambda windows, arguments: double_exponential_smoothing(windows, *arguments),
    "integral": _integral,
    "sum_over_time": _always(sums.total),
    "avg_over_time": _always(sums.mean),
    "stddev_over_time": _always(sums.deviation),
    "stdvar_over_time": _always(sums.variance),
    "count_over_time": _always(lambda windows: windows.count.astype(np.float64)),
    "present_over_time": _always(lambda windows: np.ones(len(windows))),
    "min_over_time": _always(extremes.least),
    "max_over_time": _always(extremes.greatest),
    "first_over_time": _always(extremes.first),
    "last_over_time": _always(extremes.last),
    "ts_of_min_over_time": _always(extremes.time_of_least),
    "ts_of_max_over_time": _always(extremes.time_of_greatest),
    "ts_of_first_over_time": _always(extremes.time_of_first),
    "ts_of_last_over_time": _always(extremes.time_of_last),
    "mad_over_time": _always(quantiles.deviation_from_median),
    "quantile_over_time": _quantile,
})  # fmt: skip


def evaluate_range(function: str, vector: RangeVector, arguments: tuple[Floats, ...], grid: Grid) -> Evaluation:
    """Apply a key of ``RANGE_FUNCTIONS`` at every step; ``arguments`` are the scalar ones, ``float64[steps]`` each."""
    _check_extension(function, vector.window.extension)
    raw = vector.raw
    if raw.histograms is not None:
        raise UnsupportedError(f"{function}()", "native histograms in a range are not computed with at the gateway")
    require_room(f"{function}()", raw.series, grid.steps)
    windows = windows_of(raw, vector.window, grid)
    values = np.zeros((raw.series, grid.steps))
    present = np.zeros(values.shape, np.bool_)
    for chunk in windows.chunks():
        part = windows.only(chunk)
        given = tuple(argument[part.step] for argument in arguments)
        values[part.row, part.step], present[part.row, part.step] = RANGE_FUNCTIONS[function](part, given)
    notes = _notes(function, raw.labels, present, windows, arguments)
    frame = Frame.of(grid, raw.labels, values, present)
    return Evaluation(frame if function in KEEP_NAME else relabel(frame, without_metadata), notes)


def some_window(vector: RangeVector, grid: Grid) -> Bools:
    """Return ``bool[steps]``: the steps at which any series has a sample in its window."""
    _check_extension("absent_over_time", vector.window.extension)
    start, stop = bounds(vector.raw, vector.window, grid)
    some: Bools = np.asarray((stop > start).any(axis=0))
    return some


def _check_extension(function: str, extension: Extension) -> None:
    if extension is not Extension.NONE and function not in SAFE[extension]:
        safe = ", ".join(SAFE[extension])
        raise ExecutionError(f"{extension.value} modifier can only be used with: {safe} - not with {function}")


def _notes(
    function: str, labels: tuple[Labels, ...], present: Bools, windows: Windows, arguments: tuple[Floats, ...]
) -> Notes:
    match function:
        case "rate" | "increase":
            found = (dict(row).get(METRIC_NAME, "") for row, here in zip(labels, present, strict=True) if here.any())
            names = dict.fromkeys(name for name in found if name and not name.endswith(COUNTER_SUFFIXES))
            return Notes(infos=tuple(map(not_a_counter, names)))
        case "quantile_over_time":
            return each_invalid_quantile(arguments[0][np.unique(windows.step)])
        case "integral" if arguments:
            used = arguments[0][np.unique(windows.step)].tolist()
            wrong = dict.fromkeys(value for value in used if value not in STRATEGIES)
            return Notes(warnings=tuple(map(invalid_integral, wrong)))
        case _:
            return Notes()
