"""Between grids: what a node's operands are evaluated on, and how their values come to the node's own steps.

A subquery evaluates its expression on a grid of its own and gives the samples of that to be windowed; what does not
change from step to step is evaluated once and repeated.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from query.model.errors import BadQueryError
from query.model.float_histogram import FloatHistogram, ResetHint
from query.model.frames import Frame, Histograms
from query.model.samples import RawSeries
from query.model.time import Grid
from query.promql.evaluate.rows import require_room
from query.promql.evaluate.values import Evaluation, ScalarRow, Value
from query.promql.plan.nodes import InfoSeries, Repeated
from query.promql.plan.windows import subquery_grid
from query.promql.syntax.nodes import Expr, Subquery
from query.promql.syntax.tree import children


def operands(node: Expr, grid: Grid) -> tuple[tuple[Expr, Grid], ...]:
    """Return what a node evaluated on a grid is computed from, each with the grid it is evaluated on."""
    match node:
        case Subquery():
            inner = subquery_grid(node, grid)
            return ((node.expr, inner),) if inner is not None else ()
        case Repeated():
            return ((node.expr, node.grid),)
        case InfoSeries():
            return ((node.present, grid), (node.samples, grid))
        case _:
            return tuple((child, grid) for child in children(node))


def samples_of(value: Value) -> RawSeries:
    """Return the samples that a subquery makes of its expression's values."""
    if not isinstance(value, Frame):
        raise BadQueryError("subquery is only allowed on instant vector")
    row, step = np.nonzero(value.present)
    times = np.fromiter(value.grid.times_ms(), np.int64, value.grid.steps)
    bounds = np.concatenate((np.zeros(1, np.int64), np.cumsum(value.present.sum(axis=1))))
    histograms = None if value.histograms is None else _without_hints(value.histograms[row, step])
    return RawSeries(value.labels, bounds, times[step], value.values[row, step], histograms)


def _without_hints(cells: Histograms) -> Histograms:
    """Return histograms less what they know of resets: the sample before is another one in a subquery."""
    forgotten: Histograms = np.asarray(_forget_resets(cells), np.object_)
    return forgotten


def _forgetful(cell: FloatHistogram | None) -> FloatHistogram | None:
    if cell is None or cell.hint not in {ResetHint.RESET, ResetHint.NOT_RESET}:
        return cell
    return replace(cell, hint=ResetHint.UNKNOWN)


_forget_resets: Final = np.frompyfunc(_forgetful, 1, 1)


def repeated(once: Evaluation, grid: Grid) -> Evaluation:
    """Return the value of one step at every step of a grid."""
    match once.value:
        case Frame() as frame:
            require_room("repeating a vector", frame.series, grid.steps)
            histograms = None if frame.histograms is None else np.repeat(frame.histograms[:, :1], grid.steps, axis=1)
            values = np.repeat(frame.values[:, :1], grid.steps, axis=1)
            present = np.repeat(frame.present[:, :1], grid.steps, axis=1)
            return Evaluation(Frame(grid, frame.labels, values, present, histograms))
        case ScalarRow() as row:
            return Evaluation(ScalarRow(grid, np.repeat(row.values[:1], grid.steps)))
        case _:
            return replace(once, is_ordered=False)
