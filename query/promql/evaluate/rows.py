"""Rows: putting frames together, renaming their series, ordering them.

Follows the end of ``rangeEval`` and ``mergeSeriesWithSameLabelset`` of Prometheus' engine: results of the same label
set are one series as long as no step holds two of them, and an error otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import numpy as np
import numpy.typing as npt

from query.model.errors import ExecutionError, LimitExceededError
from query.model.frames import Bools, Floats, Frame, Histograms
from query.model.labels import METRIC_NAME, Labels
from query.model.time import Grid

Ints = npt.NDArray[np.int64]

METADATA_LABELS: Final = frozenset({METRIC_NAME, "__type__", "__unit__"})
"""The labels that describe what a metric is; operations that make it something else drop all three."""

SAME_LABELSET: Final = "vector cannot contain metrics with the same labelset"


MAX_CELLS: Final = 20_000_000
"""Unless ``room_for`` says otherwise, series times steps that an operation may make out of fewer: 160 MB an array,
room for 80,000 series of 250 steps."""


_cells: Final[ContextVar[int]] = ContextVar("evaluation_cells", default=MAX_CELLS)


@contextmanager
def room_for(cells: int) -> Iterator[None]:
    """Let operations inside the block make at most ``cells``.

    It belongs to the query, not to any one operation: kernels get data as arguments, and would all have to hand it on.
    Threads started with ``asyncio.to_thread`` inside the block see it.
    """
    token = _cells.set(cells)
    try:
        yield
    finally:
        _cells.reset(token)


def require_room(operation: str, series: int, steps: int) -> None:
    """Raise ``LimitExceededError`` before an operation makes more of its input than memory should hold."""
    cells = _cells.get()
    if series * steps > cells:
        raise LimitExceededError(
            "evaluation_cells",
            cells,
            f"{operation} would make {series} series of {steps} steps; aggregate or select before it, "
            "ask for fewer steps, or raise limits.evaluation_cells",
        )


def fold(
    grid: Grid, labels: Sequence[Labels], values: Floats, present: Bools, histograms: Histograms | None = None
) -> Frame:
    """Return the rows as a frame, rows of equal labels as one.

    Raises ``ExecutionError`` if two rows of equal labels hold a sample at the same step. Rows without a sample go.
    """
    ids, distinct = number(labels)
    if len(distinct) == len(labels):
        return Frame.of(grid, labels, values, present, histograms)
    count = count_present(ids, len(distinct), present)
    if (count > 1).any():
        raise ExecutionError(SAME_LABELSET)
    row, step = np.nonzero(present)
    merged = np.zeros(count.shape)
    merged[ids[row], step] = values[row, step]
    merged_histograms = None
    if histograms is not None:
        merged_histograms = np.full(count.shape, None, np.object_)
        merged_histograms[ids[row], step] = histograms[row, step]
    return Frame.of(grid, distinct, merged, count > 0, merged_histograms)


def number(labels: Sequence[Labels]) -> tuple[Ints, list[Labels]]:
    """Return for each row the ordinal of its label set, and the distinct label sets in order of appearance."""
    ordinals: dict[Labels, int] = {}
    ids = np.fromiter((ordinals.setdefault(row, len(ordinals)) for row in labels), np.int64, len(labels))
    return ids, list(ordinals)


def count_present(ids: Ints, size: int, present: Bools) -> npt.NDArray[np.int32]:
    """Return ``int32[size, steps]``: how many of the rows with an id hold a sample at a step."""
    count = np.zeros((size, present.shape[1]), np.int32)
    np.add.at(count, ids, present.astype(np.int32))
    return count


def some_step(present: Bools) -> Bools:
    """Return ``bool[steps]``: the steps at which any row holds a sample."""
    some: Bools = np.logical_or.reduce(present, axis=0)
    return some


def relabel(frame: Frame, change: Callable[[Labels], Labels]) -> Frame:
    """Return the frame with every label set changed; ``ExecutionError`` if two series collide at a step."""
    changed = [change(row) for row in frame.labels]
    if all(new is old for new, old in zip(changed, frame.labels, strict=True)):
        return frame
    return fold(frame.grid, changed, frame.values, frame.present, frame.histograms)


def without_metadata(labels: Labels) -> Labels:
    """Return the labels less metric name, type and unit; the same object if there is none of them."""
    kept = tuple(pair for pair in labels if pair[0] not in METADATA_LABELS)
    return labels if len(kept) == len(labels) else kept


def with_values(frame: Frame, values: Floats, present: Bools | None = None) -> Frame:
    """Return the frame with other values, its series no longer named: what a computation on samples gives."""
    changed = Frame.of(frame.grid, frame.labels, values, frame.present if present is None else present)
    return relabel(changed, without_metadata)


def take(frame: Frame, order: Sequence[int] | Ints) -> Frame:
    """Return the rows at the positions given, in that order."""
    index = np.asarray(order, np.int64)
    labels = tuple(frame.labels[position] for position in index.tolist())
    histograms = None if frame.histograms is None else frame.histograms[index]
    return Frame(frame.grid, labels, frame.values[index], frame.present[index], histograms)


def by_labels(frame: Frame) -> Frame:
    """Return the rows ordered by labels, as upstream orders range results."""
    labels = frame.labels
    order = sorted(range(len(labels)), key=labels.__getitem__)
    if order == list(range(len(labels))):
        return frame
    return take(frame, order)


def concat(grid: Grid, frames: Sequence[Frame], *, partials: bool = False) -> Frame:
    """Return the rows of all frames, in the order given.

    ``partials`` tells that the rows are partial results which an aggregation is about to merge, so equal label sets are
    expected and kept apart. Otherwise two samples of one label set at one step raise ``ExecutionError``.
    """
    filled = [frame for frame in frames if frame.series]
    if not filled:
        return Frame.empty(grid)
    if len(filled) == 1:
        return filled[0]
    labels = [row for frame in filled for row in frame.labels]
    values = np.concatenate([frame.values for frame in filled])
    present = np.concatenate([frame.present for frame in filled])
    histograms = None
    if any(frame.histograms is not None for frame in filled):
        histograms = np.concatenate([
            np.full(frame.present.shape, None, np.object_) if frame.histograms is None else frame.histograms
            for frame in filled
        ])  # fmt: skip
    if partials:
        return Frame.of(grid, labels, values, present, histograms)
    return fold(grid, labels, values, present, histograms)
