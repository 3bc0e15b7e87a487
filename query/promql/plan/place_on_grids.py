"""Pass: say of everything that is fetched when it is evaluated, and what of it each step takes.

A query is evaluated on its own grid, the expression of a subquery on the subquery's, and what does not change from step
to step once. So the same leaf may be asked on several grids. A range selector below a function that is computed here is
asked as raw samples, once, for the windows of all steps together: offset and ``@`` are taken out of what is sent and
into the window.

Source: ``eval`` of Prometheus 3.16's engine, cases ``SubqueryExpr``, ``MatrixSelector`` and ``StepInvariantExpr``.
"""

from __future__ import annotations

from dataclasses import replace

from query.model.errors import LimitExceededError
from query.model.time import Grid
from query.promql.plan.context import PlanContext
from query.promql.plan.invariance import is_step_invariant
from query.promql.plan.leaves import change_sources, sources
from query.promql.plan.nodes import Concat, InfoSeries, Repeated, Samples, Shard
from query.promql.plan.windows import Window, subquery_grid
from query.promql.syntax.nodes import (
    NO_OFFSET,
    DurationLiteral,
    Expr,
    MatrixSelector,
    Placed,
    Subquery,
    ValueType,
)
from query.promql.syntax.tree import replace_children, without_parentheses
from query.promql.syntax.types import type_of


def place_on_grids(expr: Expr, context: PlanContext) -> Expr:
    """Return the tree with a grid at every leaf; ``LimitExceededError`` if a subquery has too many points."""
    root = without_parentheses(expr)
    if isinstance(root, Concat):
        return root
    placing = _Placing(context)
    return placing.place(expr, placing.whole)


class _Placing:
    def __init__(self, context: PlanContext) -> None:
        self._context = context
        self.whole = context.grid

    def place(self, expr: Expr, grid: Grid) -> Expr:
        match expr:
            case Concat(value_type=ValueType.MATRIX):
                return self._samples(expr, grid)
            case InfoSeries(samples=Concat() as samples):
                return replace(expr, present=self._on(expr.present, grid), samples=self._samples(samples, grid))
            case Placed():
                return change_sources(expr, lambda source: self._on(source, grid))
            case Subquery():
                return self._subquery(expr, grid)
            case _ if grid.steps > 1 and _is_worth_once(expr):
                once = Grid.instant(grid.start_ms)
                return Repeated(self.place(expr, once), once)
            case _:
                return replace_children(expr, lambda child: self.place(child, grid))

    def _on(self, source: Concat, grid: Grid) -> Concat:
        """Return a leaf with its grid, none if that is the query's; that of a subquery may only happen to equal it."""
        return source if grid is self.whole else replace(source, grid=grid)

    def _samples(self, source: Concat, grid: Grid) -> Samples:
        assert isinstance(source.expr, MatrixSelector | Subquery)  # noqa: S101  (nothing else is a range vector)
        window = Window.of(source.expr, self._context.lookback_ms)
        end_ms, length_ms = window.cover(grid)
        shards = tuple(_whole(shard, length_ms) for shard in source.shards)
        asked = replace(source, shards=shards, grid=Grid.instant(end_ms))
        return Samples(asked, window, source.expr)

    def _subquery(self, expr: Subquery, grid: Grid) -> Subquery:
        inner = subquery_grid(expr, grid)
        if inner is None:
            return replace(expr, expr=Concat(expr.expr, (), grid=grid))  # nothing now, but at other times
        if inner.steps > self._context.subquery_points:
            raise LimitExceededError(
                "subquery_points",
                self._context.subquery_points,
                f"this subquery evaluates its expression at {inner.steps} points; "
                "shorten its range, widen its step, or raise limits.subquery_points",
            )
        return replace(expr, expr=self.place(expr.expr, inner))


def _is_worth_once(expr: Expr) -> bool:
    """Tell whether an expression is computed once for all steps, and of data; constants cost nothing."""
    is_vector = type_of(expr) in {ValueType.VECTOR, ValueType.SCALAR}
    return is_vector and is_step_invariant(expr) and any(True for _ in sources(expr))


def _whole(shard: Shard, length_ms: int) -> Shard:
    """Return a shard that is sent one range selector, or subquery, for all windows."""
    length = DurationLiteral(length_ms)
    match shard.expr:
        case MatrixSelector(selector=selector):
            plain = replace(selector, offset=NO_OFFSET, at=None, anchored=False, smoothed=False)
            return replace(shard, expr=MatrixSelector(plain, length))
        case Subquery() as subquery:
            return replace(shard, expr=replace(subquery, range=length, offset=NO_OFFSET, at=None))
        case other:
            raise TypeError(f"{type(other).__name__} is no range vector")
