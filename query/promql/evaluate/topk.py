"""Aggregations that choose among the series of a group: topk, bottomk, limitk.

Follows ``aggregationK`` of Prometheus 3.16's engine: k may differ from step to step, NaN is taken last, and which of
several equal samples at the limit is taken is decided by upstream's heap, fed in label order, which is the order of a
block of one server. (Upstream's order in its head block is that of creation, so there any choice is legal.) limitk may
choose any k; here the first in label order, so the choice is the same at each step and on each run.

Rows keep their labels; of an instant result, topk and bottomk define the order within each group.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from query.model.errors import ExecutionError
from query.model.frames import Bools, Floats, Frame
from query.promql.evaluate.go_text import general
from query.promql.evaluate.grouping import blocks, group_rows
from query.promql.evaluate.heap import heap_choice
from query.promql.evaluate.rows import Ints, by_labels, take

_INT64_LIMIT = 2.0**63


def topk(
    frame: Frame, k: Floats, grouping: Sequence[str] = (), *, without: bool = False, largest: bool = True
) -> Frame:
    """Return at every step the ``k`` largest (or smallest) samples of each group; ``k`` is ``float64[steps]``.

    For one step, the rows are in the order upstream gives: group by group, best first. ``ExecutionError`` if k is NaN
    or out of the range of an integer.
    """
    limit = limits(k)
    if limit is None or not frame.series:
        return Frame.empty(frame.grid)
    frame = by_labels(frame)
    groups = group_rows(frame.labels, grouping, without=without)
    scores = frame.values if largest else -frame.values
    chosen = np.zeros(frame.present.shape, np.bool_)
    order: list[tuple[int, list[int]]] = []
    for block in blocks(groups):
        here = frame.present[block.rows]
        if frame.grid.steps == 1:
            order += _ranked(block.groups, block.rows, scores, frame.present, int(limit[0]))
        else:
            chosen[block.rows] = _choice(scores[block.rows], here, limit)
    if frame.grid.steps == 1:
        return take(frame, [row for _, rows in sorted(order) for row in rows])
    return Frame.of(frame.grid, frame.labels, frame.values, chosen)


def limitk(frame: Frame, k: Floats, grouping: Sequence[str] = (), *, without: bool = False) -> Frame:
    """Return at every step ``k`` samples of each group: those first in label order."""
    limit = limits(k)
    if limit is None or not frame.series:
        return Frame.empty(frame.grid)
    frame = by_labels(frame)
    chosen = np.zeros(frame.present.shape, np.bool_)
    for block in blocks(group_rows(frame.labels, grouping, without=without)):
        here = frame.present[block.rows]
        chosen[block.rows] = here & (np.cumsum(here, axis=1) <= limit)
    return Frame.of(frame.grid, frame.labels, frame.values, chosen, frame.histograms)


def limits(k: Floats) -> Ints | None:
    """Return k as integers, None if it is below 1 at every step; upstream's errors for what is no integer."""
    if not np.isnan(k).any() and k.max() < 1:
        return None
    if np.isnan(k).any():
        raise ExecutionError("Parameter value is NaN")
    if k.min() <= -_INT64_LIMIT:
        raise ExecutionError(f"Scalar value {general(float(k.min()))} underflows int64")
    if k.max() >= _INT64_LIMIT:
        raise ExecutionError(f"Scalar value {general(float(k.max()))} overflows int64")
    return k.astype(np.int64)


def _ranked(groups: Ints, rows: Ints, scores: Floats, present: Bools, k: int) -> list[tuple[int, list[int]]]:
    """Return for each group its chosen rows at the only step, best first."""
    ranked = []
    for group, members in zip(groups.tolist(), rows, strict=True):
        alive = members[present[members, 0]]
        best = heap_choice(scores[alive, 0].tolist(), k)
        ranked.append((group, alive[best].tolist()))
    return ranked


def _choice(scores: Floats, present: Bools, limit: Ints) -> Bools:
    """Return which of ``[groups, members, steps]`` are among the ``limit[step]`` best of their group and step."""
    members = scores.shape[1]
    order = np.lexsort((-scores, ~present), axis=1)  # best first, then NaN, then gaps; stable
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(members)[None, :, None], axis=1)
    chosen: Bools = present & (rank < limit)
    for group, step in _tied_at_limit(scores, present, order, limit):
        alive = np.flatnonzero(present[group, :, step])
        chosen[group, :, step] = False
        chosen[group, alive[heap_choice(scores[group, alive, step].tolist(), int(limit[step]))], step] = True
    return chosen


def _tied_at_limit(scores: Floats, present: Bools, order: Ints, limit: Ints) -> list[tuple[int, int]]:
    """Return the groups and steps where the last sample taken equals the first one left out."""
    cut = (limit >= 1) & (present.sum(axis=1) > limit)
    if not cut.any():
        return []
    last = np.clip(limit, 1, scores.shape[1] - 1)[None, None, :]
    inside, outside = (
        np.take_along_axis(scores, np.take_along_axis(order, np.broadcast_to(at, order[:, :1].shape), 1), 1)[:, 0]
        for at in (last - 1, last)
    )
    tied = cut & ((inside == outside) | (np.isnan(inside) & np.isnan(outside)))
    return [(group, step) for group, step in np.argwhere(tied).tolist()]
