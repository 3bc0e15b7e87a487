"""Aggregations that make one series of a group: sum, avg, count, min, max, group, stddev, stdvar, quantile.

Follows ``aggregation`` of Prometheus 3.16's engine. NaN is a value: it makes a sum NaN, is ignored by min and max
unless there is nothing else, and sorts first in quantile. Rows of equal labels are fine, so partial results of several
clusters are merged by the same functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from query.model.frames import Bools, Floats, Frame
from query.promql.evaluate.grouping import blocks, group_rows
from query.promql.evaluate.summation import kahan_mean, kahan_sum

Reducer: TypeAlias = Callable[[Floats, Bools], Floats]
"""``float64[groups, members, steps]`` and its mask to ``float64[groups, steps]``, meant where a group has a sample."""


def _count(values: Floats, present: Bools) -> Floats:
    del values
    count: Floats = present.sum(axis=1).astype(np.float64)
    return count


def _group(values: Floats, present: Bools) -> Floats:
    del present
    return np.ones((values.shape[0], values.shape[2]))


def _min(values: Floats, present: Bools) -> Floats:
    least: Floats = np.fmin.reduce(np.where(present, values, np.nan), axis=1)
    return least


def _max(values: Floats, present: Bools) -> Floats:
    greatest: Floats = np.fmax.reduce(np.where(present, values, np.nan), axis=1)
    return greatest


def _variance(values: Floats, present: Bools) -> Floats:
    """Return the population variance by Welford's recurrence, in row order as upstream."""
    shape = (values.shape[0], values.shape[2])
    count, mean, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for member in range(values.shape[1]):
        term, here = values[:, member], present[:, member]
        count = count + here
        delta = term - mean
        next_mean = np.where(here, mean + delta / count, mean)
        squares = np.where(here, squares + delta * (term - next_mean), squares)
        mean = next_mean
    return squares / count


def _deviation(values: Floats, present: Bools) -> Floats:
    return np.sqrt(_variance(values, present))


REDUCERS: Final[Mapping[str, Reducer]] = MappingProxyType({
    "sum": kahan_sum,
    "avg": kahan_mean,
    "count": _count,
    "min": _min,
    "max": _max,
    "group": _group,
    "stddev": _deviation,
    "stdvar": _variance,
})  # fmt: skip


@np.errstate(all="ignore")
def aggregate(op: str, frame: Frame, grouping: Sequence[str] = (), *, without: bool = False) -> Frame:
    """Aggregate each group of rows into one; ``op`` is a key of ``REDUCERS``."""
    return reduce_groups(REDUCERS[op], frame, grouping, without=without)


@np.errstate(all="ignore")
def quantile(frame: Frame, phi: Floats, grouping: Sequence[str] = (), *, without: bool = False) -> Frame:
    """Return the φ-quantile of each group, interpolated between neighbours; ``phi`` is ``float64[steps]``.

    φ below 0 gives -Inf, above 1 +Inf, NaN gives NaN; what upstream says about such a φ is ``quantile_notes``.
    """
    return reduce_groups(lambda values, present: quantile_of(values, present, phi), frame, grouping, without=without)


def reduce_groups(reducer: Reducer, frame: Frame, grouping: Sequence[str], *, without: bool) -> Frame:
    """Apply a reducer to every group, and name the results by the group's labels."""
    groups = group_rows(frame.labels, grouping, without=without)
    shape = (len(groups.labels), frame.grid.steps)
    values, present = np.empty(shape), np.empty(shape, np.bool_)
    for block in blocks(groups):
        here = frame.present[block.rows]
        values[block.groups] = reducer(frame.values[block.rows], here)
        present[block.groups] = here.any(axis=1)
    return Frame.of(frame.grid, groups.labels, values, present)


def quantile_of(values: Floats, present: Bools, phi: Floats) -> Floats:
    """Return the φ-quantile over axis 1 of ``[groups, members, steps]``; ``phi`` is ``[steps]``, or one a group."""
    count = present.sum(axis=1)
    ascending = np.sort(np.where(present, values, np.nan), axis=1)
    undefined = (present & np.isnan(values)).sum(axis=1)
    rank = phi * (count - 1)
    floor = np.floor(rank)
    weight = rank - floor
    lower = np.nan_to_num(np.clip(floor, 0, count - 1), nan=0).astype(np.int64)
    upper = np.minimum(lower + 1, count - 1)
    low, high = (_nth(ascending, undefined, index) for index in (lower, upper))
    between = np.where(weight == 0, low, low * (1 - weight) + high * weight)
    return np.select([np.isnan(phi), phi < 0, phi > 1], [np.nan, -np.inf, np.inf], between)


def _nth(ascending: Floats, undefined: np.ndarray[tuple[int, ...], np.dtype[np.int_]], index: Floats) -> Floats:
    """Return the sample at a rank if NaN sorts first; ``ascending`` holds NaN (and gaps) last."""
    position = np.clip(index - undefined, 0, ascending.shape[1] - 1).astype(np.int64)
    found = np.take_along_axis(ascending, position[:, None, :], axis=1)[:, 0, :]
    return np.where(index < undefined, np.nan, found)
