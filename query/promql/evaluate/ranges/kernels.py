"""Which kernel computes which function over range vectors of floats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from query.model.frames import Bools, Floats
from query.promql.evaluate.ranges import extremes, quantiles, sums
from query.promql.evaluate.ranges.extended import extended
from query.promql.evaluate.ranges.instant_rate import last_two
from query.promql.evaluate.ranges.integral import STRATEGIES, integral
from query.promql.evaluate.ranges.jumps import changes, resets
from query.promql.evaluate.ranges.rate import extrapolated
from query.promql.evaluate.ranges.regression import predicted, slope
from query.promql.evaluate.ranges.smoothing import double_exponential_smoothing
from query.promql.evaluate.ranges.windows import Windows
from query.promql.plan.windows import Extension

Kernel: TypeAlias = Callable[[Windows, tuple[Floats, ...]], tuple[Floats, Bools]]
"""Windows, and the scalar arguments as ``float64[windows]``, to ``float64[windows]`` and where there is a result."""


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
