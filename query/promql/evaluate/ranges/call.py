"""Calls of functions over range vectors: which kernel, which samples, what the result is called, what is said of it.

Source: case ``Call`` of ``eval`` in Prometheus 3.16's engine. A function is called where a window holds a sample; only
``first_over_time`` and ``last_over_time`` keep the metric's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from query.model.errors import ExecutionError
from query.model.frames import Bools, Floats, Notes
from query.model.labels import METRIC_NAME, Labels
from query.model.time import Grid
from query.promql.evaluate.annotations import each_invalid_quantile, invalid_integral, not_a_counter
from query.promql.evaluate.ranges.cells import Cells
from query.promql.evaluate.ranges.histogram_windows import Said
from query.promql.evaluate.ranges.integral import STRATEGIES
from query.promql.evaluate.ranges.mixed import evaluate_mixed
from query.promql.evaluate.ranges.windows import bounds, windows_of
from query.promql.evaluate.rows import relabel, require_room, without_metadata
from query.promql.evaluate.values import Evaluation, RangeVector
from query.promql.plan.windows import Extension

KEEP_NAME: Final = frozenset({"first_over_time", "last_over_time"})
SAFE: Final[Mapping[Extension, tuple[str, ...]]] = MappingProxyType({
    Extension.ANCHORED: ("changes", "delta", "increase", "rate", "resets"),
    Extension.SMOOTHED: ("delta", "increase", "rate"),
})  # fmt: skip
"""The functions that understand samples outside of the range."""
COUNTER_SUFFIXES: Final = ("_total", "_sum", "_count", "_bucket")


def evaluate_range(function: str, vector: RangeVector, arguments: tuple[Floats, ...], grid: Grid) -> Evaluation:
    """Apply a key of ``RANGE_FUNCTIONS`` at every step; ``arguments`` are the scalar ones, ``float64[steps]`` each."""
    _check_extension(function, vector.window.extension)
    raw = vector.raw
    require_room(f"{function}()", raw.series, grid.steps)
    cells = Cells.empty(raw.series, grid.steps)
    if raw.histograms is None:
        said = Said()
        cells.put_floats(function, windows_of(raw, vector.window, grid), arguments)
    else:
        said = evaluate_mixed(function, vector, arguments, grid, cells)
    notes = said.notes() | _notes(function, raw.labels, cells, arguments)
    frame = cells.frame(raw.labels, grid)
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


def _notes(function: str, labels: tuple[Labels, ...], cells: Cells, arguments: tuple[Floats, ...]) -> Notes:
    """Return what is said of floats among the results, and of arguments where they were used."""
    used = np.flatnonzero(np.any(cells.has_floats(), axis=0))
    match function:
        case "rate" | "increase":
            rows = np.flatnonzero(np.any(cells.has_floats(), axis=1)).tolist()
            found = (dict(labels[row]).get(METRIC_NAME, "") for row in rows)
            names = dict.fromkeys(name for name in found if name and not name.endswith(COUNTER_SUFFIXES))
            return Notes(infos=tuple(map(not_a_counter, names)))
        case "quantile_over_time":
            return each_invalid_quantile(arguments[0][used])
        case "integral" if arguments:
            wrong = dict.fromkeys(value for value in arguments[0][used].tolist() if value not in STRATEGIES)
            return Notes(warnings=tuple(map(invalid_integral, wrong)))
        case _:
            return Notes()
