"""The functions that are evaluated at the gateway, by name.

A function that is missing here is refused, never guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NoReturn, TypeAlias

import numpy as np

from query.model.errors import BadQueryError
from query.model.frames import Bools, Floats, Frame, Notes
from query.model.labels import NO_LABELS, Labels
from query.model.time import MS_PER_S, Grid
from query.promql.evaluate.annotations import SORT_IN_RANGE
from query.promql.evaluate.dates import DATE_FUNCTIONS, date_part, map_dates
from query.promql.evaluate.histogram_samples import (
    ACCESSORS,
    access,
    histogram_fraction,
    histogram_quantile,
    histogram_quantiles,
)
from query.promql.evaluate.info import join_info
from query.promql.evaluate.order import sort_by_label, sort_by_value
from query.promql.evaluate.ranges import RANGE_FUNCTIONS, evaluate_range, some_window
from query.promql.evaluate.relabel import label_join, label_replace
from query.promql.evaluate.rows import some_step, with_values
from query.promql.evaluate.sample_math import (
    SAMPLE_FUNCTIONS,
    clamp,
    greater_of,
    lesser_of,
    map_samples,
    round_to,
)
from query.promql.evaluate.values import Evaluation, InfoRows, RangeVector, ScalarRow, Text, Value


@dataclass(frozen=True, slots=True)
class Arguments:
    """The evaluated arguments of a call; taking one as the wrong type raises ``BadQueryError``.

    ``absent_labels`` are those that ``absent`` and ``absent_over_time`` answer with.
    """

    function: str
    grid: Grid
    given: tuple[Evaluation, ...]
    absent_labels: Labels = NO_LABELS

    def __len__(self) -> int:
        return len(self.given)

    def frame(self, position: int) -> Frame:
        """Return an instant vector."""
        value = self._value(position, "instant vector")
        return value if isinstance(value, Frame) else self._wrong("instant vector")

    def floats(self, position: int) -> Frame:
        """Return the floats of an instant vector: most functions pass over native histograms."""
        return self.frame(position).floats()

    def scalar(self, position: int) -> Floats:
        """Return a scalar, ``float64[steps]``."""
        value = self._value(position, "scalar")
        return value.values if isinstance(value, ScalarRow) else self._wrong("scalar")

    def ranges(self) -> RangeVector:
        """Return the only range vector."""
        found = [each.value for each in self.given if isinstance(each.value, RangeVector)]
        return found[0] if found else self._wrong("range vector")

    def infos(self) -> InfoRows:
        """Return the info series, which are the second argument."""
        value = self._value(1, "instant vector")
        return value if isinstance(value, InfoRows) else self._wrong("instant vector")

    def scalars(self) -> tuple[Floats, ...]:
        """Return the scalars, in order, whatever stands between them."""
        return tuple(each.value.values for each in self.given if isinstance(each.value, ScalarRow))

    def text(self, position: int) -> str:
        """Return a string."""
        value = self._value(position, "string")
        return value.value if isinstance(value, Text) else self._wrong("string")

    def texts(self, start: int) -> tuple[str, ...]:
        """Return all strings from a position on."""
        return tuple(self.text(position) for position in range(start, len(self)))

    def is_ordered(self, position: int) -> bool:
        """Tell whether the query defines the order of an argument's rows."""
        return self.given[position].is_ordered

    def _value(self, position: int, expected: str) -> Value:
        if position >= len(self.given):
            raise BadQueryError(f'expected an argument of type {expected} in call to function "{self.function}"')
        return self.given[position].value

    def _wrong(self, expected: str) -> NoReturn:
        raise BadQueryError(f'expected type {expected} in call to function "{self.function}"')


Function: TypeAlias = Callable[[Arguments], Evaluation]


def seconds(grid: Grid) -> Floats:
    """Return the evaluation times in seconds."""
    return np.array(grid.times_ms(), np.float64) / MS_PER_S


def vector_of(grid: Grid, values: Floats) -> Frame:
    """Return the frame of one series without labels that ``vector`` makes of a scalar."""
    return Frame(grid, (NO_LABELS,), values[None, :], np.ones((1, grid.steps), np.bool_))


def scalar_of(frame: Frame) -> Floats:
    """Return the only sample of each step, NaN where there is none or there are several."""
    count = frame.present.sum(axis=0)
    values = np.where(frame.present, frame.values, 0.0).sum(axis=0)
    return np.where(count == 1, values, np.nan)


def _same_order(frame: Frame, call: Arguments, position: int = 0) -> Evaluation:
    return Evaluation(frame, is_ordered=call.is_ordered(position))


def _row(call: Arguments, values: Floats | float) -> Evaluation:
    return Evaluation(ScalarRow(call.grid, np.broadcast_to(np.asarray(values, np.float64), (call.grid.steps,))))


def _map_samples(call: Arguments) -> Evaluation:
    return _same_order(map_samples(SAMPLE_FUNCTIONS[call.function], call.floats(0)), call)


def _date(call: Arguments) -> Evaluation:
    if len(call) == 0:
        return Evaluation(vector_of(call.grid, date_part(call.function, np.floor(seconds(call.grid)))))
    return _same_order(map_dates(call.function, call.floats(0)), call)


def _round(call: Arguments) -> Evaluation:
    nearest = call.scalar(1) if len(call) > 1 else np.ones(call.grid.steps)
    return _same_order(round_to(call.floats(0), nearest), call)


def _clamp(call: Arguments) -> Evaluation:
    endless = np.full(call.grid.steps, np.inf)
    match call.function:
        case "clamp_min":
            bounds = call.scalar(1), endless
        case "clamp_max":
            bounds = -endless, call.scalar(1)
        case _:
            bounds = call.scalar(1), call.scalar(2)
    return _same_order(clamp(call.floats(0), *bounds), call)


def _sort(call: Arguments) -> Evaluation:
    frame = call.frame(0) if call.function.startswith("sort_by_label") else call.floats(0)
    if call.grid.start_ms != call.grid.end_ms:
        return Evaluation(frame, Notes(warnings=(SORT_IN_RANGE,)))
    if call.function.startswith("sort_by_label"):
        ordered = sort_by_label(frame, call.texts(1), is_descending=call.function.endswith("_desc"))
    else:
        ordered = sort_by_value(frame, largest_first=call.function.endswith("_desc"))
    return Evaluation(ordered, is_ordered=True)


def _label_replace(call: Arguments) -> Evaluation:
    target, replacement, source, pattern = call.texts(1)
    return _same_order(label_replace(call.frame(0), target, replacement, source, pattern), call)


def _label_join(call: Arguments) -> Evaluation:
    target, separator, *sources = call.texts(1)
    return _same_order(label_join(call.frame(0), target, separator, sources), call)


def _histogram_quantile(call: Arguments) -> Evaluation:
    return Evaluation(*histogram_quantile(call.scalar(0), call.frame(1)))


def _histogram_fraction(call: Arguments) -> Evaluation:
    return Evaluation(*histogram_fraction(call.scalar(0), call.scalar(1), call.frame(2)))


def _histogram_quantiles(call: Arguments) -> Evaluation:
    phis = [call.scalar(position) for position in range(2, len(call))]
    return Evaluation(*histogram_quantiles(call.text(1), phis, call.frame(0)))


def _access(call: Arguments) -> Evaluation:
    return _same_order(access(call.function, call.frame(0)), call)


def _timestamp(call: Arguments) -> Evaluation:
    """Return the evaluation times: those of computed samples. Selected samples have their own, which is refused."""
    frame = call.frame(0)
    times = np.broadcast_to(seconds(call.grid), frame.values.shape)
    return _same_order(with_values(frame, times), call)


def _start_timestamp(call: Arguments) -> Evaluation:
    """Return nothing: computed samples have no start, and those of selected ones are asked for with the selector."""
    return Evaluation(Frame.empty(call.frame(0).grid))


def _absent(call: Arguments) -> Evaluation:
    return _where_absent(call, some_step(call.frame(0).present))


def _absent_over_time(call: Arguments) -> Evaluation:
    return _where_absent(call, some_window(call.ranges(), call.grid))


def _where_absent(call: Arguments, found: Bools) -> Evaluation:
    values = np.ones((1, call.grid.steps))
    return Evaluation(Frame.of(call.grid, (call.absent_labels,), values, ~found[None, :]))


def _range(call: Arguments) -> Evaluation:
    return evaluate_range(call.function, call.ranges(), call.scalars(), call.grid)


FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType({
    **dict.fromkeys(SAMPLE_FUNCTIONS, _map_samples),
    **dict.fromkeys(DATE_FUNCTIONS, _date),
    **dict.fromkeys(RANGE_FUNCTIONS, _range),
    **dict.fromkeys(("clamp", "clamp_min", "clamp_max"), _clamp),
    **dict.fromkeys(("sort", "sort_desc", "sort_by_label", "sort_by_label_desc"), _sort),
    "round": _round,
    "label_replace": _label_replace,
    "label_join": _label_join,
    "histogram_quantile": _histogram_quantile,
    "histogram_fraction": _histogram_fraction,
    "histogram_quantiles": _histogram_quantiles,
    **dict.fromkeys(ACCESSORS, _access),
    "timestamp": _timestamp,
    "info": lambda call: Evaluation(join_info(call.frame(0), call.infos())),
    "start_timestamp": _start_timestamp,
    "absent": _absent,
    "absent_over_time": _absent_over_time,
    "vector": lambda call: Evaluation(vector_of(call.grid, call.scalar(0))),
    "scalar": lambda call: _row(call, scalar_of(call.floats(0))),
    "time": lambda call: _row(call, seconds(call.grid)),
    "pi": lambda call: _row(call, math.pi),
    "max_of": lambda call: _row(call, greater_of(call.scalar(0), call.scalar(1))),
    "min_of": lambda call: _row(call, lesser_of(call.scalar(0), call.scalar(1))),
    "start": lambda call: _row(call, call.grid.start_ms / MS_PER_S),
    "end": lambda call: _row(call, call.grid.end_ms / MS_PER_S),
    "range": lambda call: _row(call, (call.grid.end_ms - call.grid.start_ms) / MS_PER_S),
    "step": lambda call: _row(
        call, 0.0 if call.grid.start_ms == call.grid.end_ms else call.grid.step_ms / MS_PER_S
    ),
})  # fmt: skip
"""``start``, ``end``, ``range`` and ``step`` are those of the grid, which has to be that of the whole query."""
