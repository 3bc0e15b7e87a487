"""Evaluates what a LogQL plan leaves for the gateway, on arrays.

The kernels are PromQL's; where Loki computes differently it is done here: dividing by zero and the remainder by zero
give NaN. Literals are scalars, ``vector()`` is a series without labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import Final, Protocol, assert_never, cast

import numpy as np

from query.logql.plan import Concat, MergedAbsence, MergedMean, Sampled
from query.logql.syntax.nodes import (
    SET_OPERATORS,
    Binary,
    Cardinality,
    LabelReplace,
    Literal,
    LogQuery,
    Matching,
    MetricExpr,
    Placed,
    RangeAggregation,
    Vector,
    VectorAggregation,
)
from query.model.errors import ExecutionError
from query.model.frames import Bools, Floats, Frame
from query.model.labels import Labels
from query.model.matchers import compile_anchored
from query.model.time import Grid
from query.promql.evaluate import (
    SET_OPERATIONS,
    Match,
    aggregate,
    combine,
    combine_with_scalar,
    concat,
    merge_mean,
    sort_by_value,
    topk,
)
from query.promql.evaluate.matching import signatures
from query.promql.evaluate.relabel import expand, set_label
from query.promql.evaluate.rows import count_present

Shards = Callable[[Concat | Sampled], list[Frame]]


class _Match(Protocol):
    """What is used of a match object."""

    def group(self, group: int) -> str | None:
        """Return the text of a group, None if it took no part."""
        ...

    def groups(self) -> tuple[str | None, ...]:
        """Return the texts of all groups but the whole."""
        ...


class _Pattern(Protocol):
    """What is used of a compiled pattern."""

    @property
    def groupindex(self) -> dict[str, int]:
        """Return the numbers of the named groups."""
        ...

    def fullmatch(self, text: str) -> _Match | None:
        """Return a match object if the whole text matches."""
        ...


NAN_AT_ZERO: Final = frozenset({"/", "%"})


def evaluate(expr: MetricExpr, grid: Grid, shards: Shards) -> Frame:
    """Return the value of a plan; ``shards`` gives the frames fetched for a leaf, one a shard.

    ``ExecutionError`` where the data makes the query fail, as it would in one Loki.
    """
    match expr:
        case Literal() | Vector():
            return _constant(grid, expr.value)
        case Concat() | Sampled():
            return concat(grid, shards(expr), partials=True)
        case MergedMean():
            sums, counts = (concat(grid, shards(leg), partials=True) for leg in (expr.sums, expr.counts))
            return merge_mean(sums, counts, expr.grouping.labels, without=expr.grouping.without)[0]
        case MergedAbsence():
            return _absence(expr, grid, shards(expr.parts))
        case VectorAggregation():
            return _aggregate(expr, evaluate(expr.expr, grid, shards))
        case LabelReplace():
            return _relabelled(expr, evaluate(expr.expr, grid, shards))
        case Binary():
            return _binary(expr, grid, shards)
        case RangeAggregation() | Placed():
            raise TypeError(f"a plan must not leave {type(expr).__name__} for the gateway")
        case _:
            assert_never(expr)


def is_ordered_by_value(expr: MetricExpr | LogQuery) -> bool:
    """Tell whether an instant answer keeps the order of values: Loki orders by labels unless sorting was asked for."""
    match expr:
        case VectorAggregation():
            return expr.op in {"sort", "sort_desc"} or is_ordered_by_value(expr.expr)
        case LabelReplace() | Concat():
            return is_ordered_by_value(expr.expr)
        case Binary():
            return is_ordered_by_value(expr.left) or is_ordered_by_value(expr.right)
        case _:
            return False


def _constant(grid: Grid, value: float) -> Frame:
    return Frame(grid, ((),), np.full((1, grid.steps), value), np.ones((1, grid.steps), np.bool_))


def _absence(expr: MergedAbsence, grid: Grid, parts: list[Frame]) -> Frame:
    everywhere: Bools = np.ones(grid.steps, np.bool_)
    absent = reduce(np.logical_and, (part.present.any(axis=0) for part in parts), everywhere)
    return Frame.of(grid, (expr.labels,), np.ones((1, grid.steps)), absent[None, :])


def _aggregate(expr: VectorAggregation, inner: Frame) -> Frame:
    labels, without = expr.grouping.labels, expr.grouping.without
    if expr.op in {"sort", "sort_desc"}:
        return sort_by_value(inner, largest_first=expr.op == "sort_desc") if inner.grid.is_instant else inner
    if expr.op in {"topk", "bottomk"}:
        k = np.full(inner.grid.steps, float(expr.param or 0))
        return topk(inner, k, labels, without=without, largest=expr.op == "topk")
    return aggregate(expr.op, inner, labels, without=without)


def _relabelled(expr: LabelReplace, inner: Frame) -> Frame:
    """Return the frame with a label replaced. Rows may come to have equal labels, which is no error in Loki."""
    regex = cast("_Pattern", compile_anchored(f"(?-s:{expr.regex})", captures=True))
    expanded: dict[str, str | None] = {}

    def changed(labels: Labels) -> Labels:
        value = dict(labels).get(expr.source, "")
        if value not in expanded:
            match = regex.fullmatch(value)
            expanded[value] = None if match is None else expand(expr.replacement, match, regex.groupindex)
        text = expanded[value]
        return labels if text is None else set_label(labels, expr.destination, text)

    return replace(inner, labels=tuple(map(changed, inner.labels)))


def _binary(expr: Binary, grid: Grid, shards: Shards) -> Frame:
    if isinstance(expr.left, Literal):
        right = _divisor(expr.op, evaluate(expr.right, grid, shards))
        return _with_literal(expr, right, expr.left.value, is_left=True)
    left = evaluate(expr.left, grid, shards)
    if isinstance(expr.right, Literal):
        return _with_literal(expr, left, expr.right.value, is_left=False)
    right = evaluate(expr.right, grid, shards)
    match = _match(expr.matching)
    if expr.op in SET_OPERATORS:
        return SET_OPERATIONS[expr.op](left, right, match)
    _check_one_side(left, right, match)
    return combine(expr.op, left, _divisor(expr.op, right), match, returns_bool=expr.returns_bool)


def _check_one_side(left: Frame, right: Frame, match: Match) -> None:
    """Refuse a match group that is not unique where it has to be, also where the other side has nothing to match it."""
    ids = signatures(match, left.labels, right.labels)
    is_swapped = match.many == "right"
    one, frame = (ids.left, left) if is_swapped else (ids.right, right)
    if (count_present(one, ids.size, frame.present) > 1).any():
        raise ExecutionError(
            f"found duplicate series on the {'left' if is_swapped else 'right'} hand-side;"
            "many-to-many matching not allowed: matching labels must be unique on one side"
        )


def _with_literal(expr: Binary, frame: Frame, value: float, *, is_left: bool) -> Frame:
    if not is_left and expr.op in NAN_AT_ZERO and value == 0:
        value = np.nan
    row: Floats = np.full(frame.grid.steps, value)
    return combine_with_scalar(expr.op, frame, row, scalar_is_left=is_left, returns_bool=expr.returns_bool)


def _divisor(op: str, frame: Frame) -> Frame:
    """Return the frame with zeros as NaN if it divides: Loki's quotient and remainder by zero are NaN."""
    if op not in NAN_AT_ZERO:
        return frame
    return replace(frame, values=np.where(frame.values == 0, np.nan, frame.values))


def _match(matching: Matching) -> Match:
    sides = {Cardinality.MANY_TO_ONE: "left", Cardinality.ONE_TO_MANY: "right"}
    many = sides.get(matching.cardinality)
    return Match(
        labels=matching.labels,
        on=matching.on,
        many="left" if many == "left" else "right" if many == "right" else None,
        include=matching.include,
    )
