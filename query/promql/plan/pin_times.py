"""Pass: replace everything that depends on the query's own times by what it amounts to.

``@ start()``, ``@ end()``, arithmetic in durations, a subquery without step, and the functions ``start()``, ``end()``,
``range()`` and ``step()`` mean the *query's* start, end, range and step wherever they stand. A part of the query that
is asked on another grid (inside a subquery, or as raw samples) would take the grid's for them; a server whose own
default interval is another would take another step. As literals they mean the same everywhere.

Source: ``PreprocessExpr`` and ``durationVisitor`` in Prometheus 3.16's engine, which do the same before evaluating.
"""

from __future__ import annotations

from dataclasses import replace

from query.model.time import MS_PER_S
from query.promql.plan.context import PlanContext
from query.promql.syntax.nodes import (
    NO_OFFSET,
    At,
    AtAnchor,
    Call,
    DurationExpr,
    DurationLiteral,
    Expr,
    MatrixSelector,
    NumberLiteral,
    Subquery,
    VectorSelector,
)
from query.promql.syntax.resolve import resolve_duration
from query.promql.syntax.tree import rewrite
from query.syntax.durations import to_seconds


def pin_times(expr: Expr, context: PlanContext) -> Expr:
    """Return the tree with literal times only; ``BadQueryError`` for a duration that can't be."""
    return rewrite(expr, lambda node: _pin(node, context))


def _pin(expr: Expr, context: PlanContext) -> Expr:
    match expr:
        case VectorSelector():
            return replace(expr, offset=_offset(expr.offset, context), at=_at(expr.at, context))
        case MatrixSelector():
            return replace(expr, range=_duration(expr.range, context))
        case Subquery():
            step = None if expr.step is None else _duration(expr.step, context)
            if step in {None, NO_OFFSET}:  # less than a millisecond counts as none, too
                step = DurationLiteral(context.subquery_step_ms)
            offset, at = _offset(expr.offset, context), _at(expr.at, context)
            return replace(expr, range=_duration(expr.range, context), step=step, offset=offset, at=at)
        case Call(function="start"):
            return NumberLiteral(context.start_ms / MS_PER_S)
        case Call(function="end"):
            return NumberLiteral((context.start_ms + context.range_ms) / MS_PER_S)
        case Call(function="range"):
            return NumberLiteral(to_seconds(context.range_ms))
        case Call(function="step"):
            return NumberLiteral(to_seconds(context.step_ms) if context.range_ms else 0.0)
        case _:
            return expr


def _at(at: At, context: PlanContext) -> int | None:
    match at:
        case AtAnchor.START:
            return context.start_ms
        case AtAnchor.END:
            return context.start_ms + context.range_ms
        case _:
            return at


def _duration(duration: DurationExpr, context: PlanContext) -> DurationExpr:
    if isinstance(duration, DurationLiteral):
        return duration
    return DurationLiteral(resolve_duration(duration, step_ms=context.step_ms, range_ms=context.range_ms))


def _offset(duration: DurationExpr, context: PlanContext) -> DurationExpr:
    if isinstance(duration, DurationLiteral):
        return duration
    resolved = resolve_duration(duration, step_ms=context.step_ms, range_ms=context.range_ms, may_be_negative=True)
    return DurationLiteral(resolved)
