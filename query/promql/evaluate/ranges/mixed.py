"""Range vectors that hold native histograms: what each function makes of them, alone or beside floats.

Four kinds of functions. Some combine samples of one kind, and drop a window that holds both with a warning (``rate``,
``sum_over_time`` …). Some look at samples of either kind as they come (``last_over_time``, ``changes`` …). Some ask
only when samples were, or how many. All others are for floats: they ignore histograms, and say so if there are floats,
too.

Source: promql/functions.go of Prometheus 3.16.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from query.model.float_histogram import FloatHistogram, ResetHint
from query.model.frames import Bools, Floats, Histograms
from query.model.labels import METRIC_NAME
from query.model.samples import RawSeries
from query.model.time import MS_PER_S, Grid
from query.promql.evaluate.annotations import ignored_in_range, mixed_samples
from query.promql.evaluate.native import IncompatibleSchemasError, compact, divide, subtract
from query.promql.evaluate.ranges.cells import Cells
from query.promql.evaluate.ranges.histogram_extended import extended_histograms
from query.promql.evaluate.ranges.histogram_rate import extrapolated_histograms
from query.promql.evaluate.ranges.histogram_sums import totals
from query.promql.evaluate.ranges.histogram_windows import HistogramWindow, HistogramWindows, Said
from query.promql.evaluate.ranges.jumps import count_jumps, histogram_changes, histogram_resets
from query.promql.evaluate.ranges.windows import Windows, windows_of
from query.promql.evaluate.values import RangeVector
from query.promql.plan.windows import Extension, Window

HistogramKernel: TypeAlias = Callable[[HistogramWindows, Said], Histograms]
"""Windows to ``object[windows]``, None where there is no result."""


def _difference(*, is_counter: bool, is_rate: bool) -> HistogramKernel:
    def kernel(windows: HistogramWindows, said: Said) -> Histograms:
        is_plain = windows.spans.window.extension is Extension.NONE
        compute = extrapolated_histograms if is_plain else extended_histograms
        return compute(windows, said, is_counter=is_counter, is_rate=is_rate)

    return kernel


ONE_KIND: Final[Mapping[str, HistogramKernel]] = MappingProxyType({
    "rate": _difference(is_counter=True, is_rate=True),
    "increase": _difference(is_counter=True, is_rate=False),
    "delta": _difference(is_counter=False, is_rate=False),
    "sum_over_time": partial(totals, is_mean=False),
    "avg_over_time": partial(totals, is_mean=True),
})  # fmt: skip
NO_VALUES: Final = frozenset({
    "count_over_time", "present_over_time", "ts_of_first_over_time", "ts_of_last_over_time",
})  # fmt: skip


def evaluate_mixed(function: str, vector: RangeVector, arguments: tuple[Floats, ...], grid: Grid, cells: Cells) -> Said:
    """Apply a function to series of which some samples are native histograms."""
    raw, window, said = vector.raw, vector.window, Said()
    if function in ONE_KIND:
        _of_one_kind(function, raw, window, grid, cells, said)
    elif function in NO_VALUES:
        cells.put_floats(function, windows_of(raw, window, grid), arguments)
    elif function in {"first_over_time", "last_over_time"}:
        _chosen(function, raw, window, grid, cells)
    elif function in {"irate", "idelta"}:
        _last_two(raw, window, grid, cells, said, is_rate=function == "irate")
    elif function in {"changes", "resets"}:
        jumps = histogram_changes(raw) if function == "changes" else histogram_resets(raw)
        windows = windows_of(raw, window, grid)
        cells.put(windows, *count_jumps(windows, jumps))
    else:
        _of_floats(function, raw, window, arguments, grid, cells, said)
    return said


def _split(raw: RawSeries, window: Window, grid: Grid) -> tuple[Windows, Windows, RawSeries]:
    """Return the windows of the float samples, those of the histograms, and the series of the latter."""
    held = raw.are_histograms()
    only_histograms = raw.only(held)
    return windows_of(raw.only(~held), window, grid), windows_of(only_histograms, window, grid), only_histograms


def _both(one: Windows, other: Windows, shape: tuple[int, int]) -> tuple[Bools, Bools]:
    """Return which windows of each have a counterpart, of the same series and step, in the other."""
    has_one, has_other = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    has_one[one.row, one.step] = has_other[other.row, other.step] = True
    return has_other[one.row, one.step], has_one[other.row, other.step]


def _of_one_kind(function: str, raw: RawSeries, window: Window, grid: Grid, cells: Cells, said: Said) -> None:
    floats, spans, histograms = _split(raw, window, grid)
    mixed, also_mixed = _both(floats, spans, cells.present.shape)
    for row in np.unique(floats.row[mixed]).tolist():
        said.warn(mixed_samples(_name(raw, row)))
    cells.put_floats(function, floats.only(~mixed), ())
    windows = HistogramWindows(histograms, spans.only(~also_mixed))
    cells.put_histograms(windows.spans, ONE_KIND[function](windows, said))


def _of_floats(
    function: str,
    raw: RawSeries,
    window: Window,
    arguments: tuple[Floats, ...],
    grid: Grid,
    cells: Cells,
    said: Said,
) -> None:
    floats, spans, _ = _split(raw, window, grid)
    mixed, _ = _both(floats, spans, cells.present.shape)
    for row in np.unique(floats.row[mixed]).tolist():
        said.infos[ignored_in_range(_name(raw, row))] = None
    cells.put_floats(function, floats, arguments)


def _chosen(function: str, raw: RawSeries, window: Window, grid: Grid, cells: Cells) -> None:
    assert raw.histograms is not None  # noqa: S101  (the caller found one)
    windows = windows_of(raw, window, grid)
    position = windows.start if function == "first_over_time" else windows.stop - 1
    cells.put(windows, raw.values[position], np.ones(len(windows), np.bool_))
    cells.put_histograms(windows, raw.histograms[position])


def _last_two(raw: RawSeries, window: Window, grid: Grid, cells: Cells, said: Said, *, is_rate: bool) -> None:
    assert raw.histograms is not None  # noqa: S101  (the caller found one)
    windows = windows_of(raw, window, grid)
    windows = windows.only(windows.count > 1)
    held = raw.are_histograms()
    newer, older = held[windows.stop - 1], held[windows.stop - 2]
    for row in np.unique(windows.row[newer != older]).tolist():
        said.warn(mixed_samples(_name(raw, row)))
    cells.put_floats("irate" if is_rate else "idelta", windows.only(~newer & ~older), ())
    pairs = HistogramWindows(raw, windows.only(newer & older))
    results = np.full(len(pairs), None, np.object_)
    for index, pair in enumerate(pairs.each()):
        results[index] = _of_pair(pair, said, is_rate=is_rate)
    cells.put_histograms(pairs.spans, results)


def _of_pair(window: HistogramWindow, said: Said, *, is_rate: bool) -> FloatHistogram | None:
    """Return what the last two samples say, both histograms."""
    newer, older = window[-1], window[-2]
    check = said.check_counters if is_rate else said.check_gauges
    check(window.name, (newer, older))
    result = newer
    if not is_rate or not window.is_reset(len(window) - 1):
        try:
            result = said.combined(subtract(newer, older), "subtraction")
        except IncompatibleSchemasError:
            said.incompatible(window.name)
            return None
    result = compact(replace(result, hint=ResetHint.GAUGE))
    return divide(result, (window.time_ms(-1) - window.time_ms(-2)) / MS_PER_S) if is_rate else result


def _name(raw: RawSeries, row: int) -> str:
    return dict(raw.labels[row]).get(METRIC_NAME, "")
