"""Evaluate a plan at the gateway: a syntax tree whose leaves are data that clusters have answered.

All steps of a range are evaluated at once. The tree is walked with a stack of our own, operands first, so that a deep
query can't exhaust Python's. Semantics are those of Prometheus 3.16's engine without delayed name removal; what can't
be evaluated exactly is refused. Limit: annotations carry no position.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from query.model.errors import BadQueryError, ExecutionError, UnsupportedError
from query.model.frames import Bools, Floats, Frame, Notes
from query.model.labels import NO_LABELS, Labels, as_labels
from query.model.samples import RawSeries
from query.model.time import Grid
from query.promql.evaluate.aggregate import aggregate, quantile
from query.promql.evaluate.annotations import extreme_quantiles, ignored_histogram
from query.promql.evaluate.binary import combine_noted
from query.promql.evaluate.count_values import count_values
from query.promql.evaluate.functions import FUNCTIONS, Arguments
from query.promql.evaluate.histogram_groups import aggregate_histograms
from query.promql.evaluate.histogram_operators import TRIMMING, combine_with_number
from query.promql.evaluate.info import sample_times
from query.promql.evaluate.limit_ratio import limit_ratio
from query.promql.evaluate.matching import Match
from query.promql.evaluate.native import scale
from query.promql.evaluate.rows import by_labels, relabel, with_values, without_metadata
from query.promql.evaluate.scalars import combine_scalars, combine_with_scalar
from query.promql.evaluate.sets import SET_OPERATIONS
from query.promql.evaluate.steps import operands, repeated, samples_of
from query.promql.evaluate.support import find_refusal
from query.promql.evaluate.topk import limitk, topk
from query.promql.evaluate.values import Evaluation, InfoMatchers, InfoRows, RangeVector, ScalarRow, Text, Value
from query.promql.plan.functions import ABSENCE
from query.promql.plan.nodes import Concat, InfoSeries, Repeated, Samples
from query.promql.plan.piece import absent_labels
from query.promql.plan.windows import Window
from query.promql.syntax.nodes import (
    Aggregate,
    Binary,
    Call,
    Cardinality,
    Expr,
    Matching,
    NumberLiteral,
    Paren,
    Placed,
    StringLiteral,
    Subquery,
    Unary,
    ValueType,
)
from query.promql.syntax.tree import without_parentheses


def evaluate(expr: Expr, grid: Grid, leaf: Callable[[Placed], Frame | RawSeries]) -> Evaluation:
    """Evaluate an expression at every instant of a grid; ``leaf`` gives the data of a placed node.

    That is raw samples for ``Samples``, else a frame, on the grid that the node names or else on the query's.

    The rows of a range result are ordered by labels, as upstream's. Raises ``UnsupportedError`` for what can't be
    evaluated exactly (``can_evaluate`` tells beforehand), ``ExecutionError`` where upstream's evaluation fails on the
    data, ``BadQueryError`` for a tree that no parser should have let through.
    """
    if refusal := find_refusal(expr):
        raise UnsupportedError(refusal.node, refusal.reason)
    pending: list[tuple[Expr, Grid, bool]] = [(expr, grid, False)]
    done: list[Evaluation] = []
    while pending:
        node, steps, is_ready = pending.pop()
        below = operands(node, steps)
        if below and not is_ready:
            pending.append((node, steps, True))
            pending.extend((*operand, False) for operand in reversed(below))
            continue
        given = tuple(done[len(done) - len(below) :])
        del done[len(done) - len(below) :]
        result = _evaluate_node(node, steps, leaf, given)
        for operand in given:
            result = Evaluation(result.value, operand.notes | result.notes, result.is_ordered)
        done.append(result)
    return _as_answer(done.pop(), grid)


def _as_answer(result: Evaluation, grid: Grid) -> Evaluation:
    if grid.is_instant or not isinstance(result.value, Frame):
        return result
    return Evaluation(by_labels(result.value), result.notes)


def _evaluate_node(
    node: Expr, grid: Grid, leaf: Callable[[Placed], Frame | RawSeries], given: tuple[Evaluation, ...]
) -> Evaluation:
    match node:
        case NumberLiteral():
            return Evaluation(ScalarRow(grid, np.full(grid.steps, node.value)))
        case StringLiteral():
            return Evaluation(Text(node.value))
        case Placed() | Subquery():
            return _data(node, grid, leaf, given)
        case Paren():
            return Evaluation(given[0].value, is_ordered=given[0].is_ordered)
        case Unary():
            return _unary(node, given[0])
        case Call():
            return FUNCTIONS[node.function](Arguments(node.function, grid, given, _absent_labels(node)))
        case Aggregate():
            return _aggregate(node, given)
        case Binary():
            return _binary(node, given)
        case _:
            raise UnsupportedError(type(node).__name__, "it is not evaluated at the gateway")


def _data(
    node: Placed | Subquery, grid: Grid, leaf: Callable[[Placed], Frame | RawSeries], given: tuple[Evaluation, ...]
) -> Evaluation:
    """Return the value of a node that brings data to the steps of a grid."""
    match node:
        case Repeated():
            return repeated(given[0], grid)
        case InfoSeries():
            return Evaluation(_info_rows(node, given[0].value, given[1].value))
        case Subquery():
            raw = samples_of(given[0].value) if given else RawSeries.empty()
            return Evaluation(RangeVector(raw, Window.of(node)))
        case _:
            return Evaluation(_as_placed(node, leaf(node)))


def _info_rows(node: InfoSeries, present: Value, samples: Value) -> InfoRows:
    if not isinstance(present, Frame) or not isinstance(samples, RangeVector):
        raise TypeError(f"info series are a vector and its samples: {node.describe()}")
    times_ms = sample_times(present, samples.raw, samples.window)
    return InfoRows(present, times_ms, InfoMatchers(node.names, node.data))


def _absent_labels(node: Call) -> Labels:
    """Return the labels that the function answers with where its argument, a selector, finds nothing."""
    if node.function not in ABSENCE:
        return NO_LABELS
    match without_parentheses(node.args[0]):
        case Concat(expr=selector) | Samples(selector=selector):
            return as_labels(absent_labels(selector))
        case _:
            return NO_LABELS


def _as_placed(node: Placed, data: Frame | RawSeries) -> Value:
    """Return the data of a leaf as the type it has in the query."""
    if isinstance(data, RawSeries) or isinstance(node, Samples):
        if not isinstance(data, RawSeries) or not isinstance(node, Samples):
            raise TypeError(f"raw samples are those of a range: {node.describe()}")
        return RangeVector(data, node.window)
    return _as_vector(node, data)


def _as_vector(node: Placed, frame: Frame) -> Value:
    if not isinstance(node, Concat) or node.value_type is not ValueType.SCALAR:
        return frame
    if frame.series != 1 or not frame.present.all():
        raise ExecutionError(f"no scalar came back for {node.describe()}")
    return ScalarRow(frame.grid, frame.values[0])


def _unary(node: Unary, operand: Evaluation) -> Evaluation:
    match operand.value:
        case _ if node.op == "+":
            return Evaluation(operand.value, is_ordered=operand.is_ordered)
        case Frame() as frame:
            return Evaluation(_negative(frame), is_ordered=operand.is_ordered)
        case ScalarRow() as row:
            return Evaluation(ScalarRow(row.grid, -row.values))
        case _:
            raise BadQueryError("unary expression only allowed on expressions of type scalar or instant vector")


def _negative(frame: Frame) -> Frame:
    if frame.histograms is None:
        return with_values(frame, -frame.values)
    histograms = frame.histograms.copy()
    for row, step in np.argwhere(frame.are_histograms()).tolist():
        histograms[row, step] = scale(histograms[row, step], -1.0)
    return relabel(Frame(frame.grid, frame.labels, -frame.values, frame.present, histograms), without_metadata)


def _aggregate(node: Aggregate, given: tuple[Evaluation, ...]) -> Evaluation:
    frame = given[-1].value
    if not isinstance(frame, Frame):
        raise BadQueryError(f"expected type instant vector in aggregation expression {node.op}")
    is_single = frame.grid.steps == 1
    match node.op:
        case "count_values":
            label = given[0].value
            if not isinstance(label, Text):
                raise BadQueryError("expected type string in aggregation parameter")
            return Evaluation(count_values(label.value, frame, node.grouping, without=node.without))
        case "quantile":
            phi = _parameter(given)
            found = quantile(frame.floats(), phi, node.grouping, without=node.without)
            return Evaluation(found, extreme_quantiles(phi) | _ignored(node, frame))
        case "topk" | "bottomk":
            k, largest = _parameter(given), node.op == "topk"
            best = topk(frame.floats(), k, node.grouping, without=node.without, largest=largest)
            return Evaluation(best, _ignored(node, frame, k >= 1), is_ordered=is_single)
        case "limitk":
            return Evaluation(limitk(frame, _parameter(given), node.grouping, without=node.without))
        case "limit_ratio":
            return Evaluation(*limit_ratio(frame, _parameter(given)))
        case "sum" | "avg" if frame.histograms is not None:
            return Evaluation(*_of_histograms(node, frame))
        case "count" | "group":
            return Evaluation(aggregate(node.op, frame, node.grouping, without=node.without))
        case _:
            found = aggregate(node.op, frame.floats(), node.grouping, without=node.without)
            return Evaluation(found, _ignored(node, frame))


def _of_histograms(node: Aggregate, frame: Frame) -> tuple[Frame, Notes]:
    def of_floats(floats: Frame) -> Frame:
        return aggregate(node.op, floats, node.grouping, without=node.without)

    return aggregate_histograms(node.op, frame, of_floats, node.grouping, without=node.without)


def _ignored(node: Aggregate, frame: Frame, steps: Bools | None = None) -> Notes:
    """Return what is said where an aggregation passes over histograms (at the steps given)."""
    held = frame.are_histograms() if steps is None else frame.are_histograms() & steps
    return Notes(infos=(ignored_histogram(node.op),)) if held.any() else Notes()


def _parameter(given: tuple[Evaluation, ...]) -> Floats:
    row = given[0].value
    if not isinstance(row, ScalarRow):
        raise BadQueryError("expected type scalar in aggregation parameter")
    return row.values


def _binary(node: Binary, given: tuple[Evaluation, ...]) -> Evaluation:
    left, right = given
    match left.value, right.value:
        case ScalarRow() as one, ScalarRow() as other:
            return Evaluation(ScalarRow(one.grid, combine_scalars(node.op, one.values, other.values)))
        case Frame() as frame, ScalarRow() as row:
            return Evaluation(*_with_scalar(node, frame, row, scalar_is_left=False), left.is_ordered)
        case ScalarRow() as row, Frame() as frame:
            return Evaluation(*_with_scalar(node, frame, row, scalar_is_left=True), right.is_ordered)
        case Frame() as one, Frame() as other:
            return Evaluation(*_vectors(node, one, other))
        case _:
            raise BadQueryError("binary expression must contain only scalar and instant vector types")


def _with_scalar(node: Binary, frame: Frame, row: ScalarRow, *, scalar_is_left: bool) -> tuple[Frame, Notes]:
    if frame.histograms is None and node.op not in TRIMMING:
        plain = combine_with_scalar(
            node.op, frame, row.values, scalar_is_left=scalar_is_left, returns_bool=node.returns_bool
        )
        return plain, Notes()
    return combine_with_number(
        node.op, frame, row.values, scalar_is_left=scalar_is_left, returns_bool=node.returns_bool
    )


def _vectors(node: Binary, left: Frame, right: Frame) -> tuple[Frame, Notes]:
    match = as_match(node.matching or Matching())
    if node.op in SET_OPERATIONS:
        return SET_OPERATIONS[node.op](left, right, match), Notes()
    return combine_noted(node.op, left, right, match, returns_bool=node.returns_bool)


def as_match(matching: Matching) -> Match:
    """Return what a syntax node says about matching as the kernels take it."""
    many: dict[Cardinality, Literal["left", "right"]] = {
        Cardinality.MANY_TO_ONE: "left",
        Cardinality.ONE_TO_MANY: "right",
    }
    return Match(
        labels=matching.labels,
        on=matching.on,
        many=many.get(matching.cardinality),
        include=matching.include,
        fill_left=matching.fill_left,
        fill_right=matching.fill_right,
    )
