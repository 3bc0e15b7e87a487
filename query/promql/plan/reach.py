"""How far into the past, and the future, a query reads: the span of sample times it can depend on.

Needed to tell whether a server holds everything a query asks about. Follows ``getTimeRangesForSelector`` in
promql/engine.go of Prometheus 3.16, where it is the range a selector is asked of the storage: lookback for instant
selectors, the window for range selectors, both for ``anchored``, and lookback into the future, too, for ``smoothed``;
``@`` overrides the evaluation times, offsets shift, subqueries widen. Bounds are inclusive and never too narrow: one
millisecond too many costs nothing, one too few would call data complete that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from query.model.matchers import Matcher
from query.model.time import Grid
from query.promql.plan.windows import DEFAULT_LOOKBACK_MS
from query.promql.syntax.nodes import (
    At,
    AtAnchor,
    Call,
    DurationExpr,
    Expr,
    MatrixSelector,
    Subquery,
    VectorSelector,
)
from query.promql.syntax.resolve import resolve_duration
from query.promql.syntax.tree import children


@dataclass(frozen=True, slots=True)
class Span:
    """Times from ``start_ms`` to ``end_ms``, both included, in milliseconds since the epoch."""

    start_ms: int
    end_ms: int

    def __or__(self, other: Span) -> Span:
        """Return the shortest span that holds both."""
        return Span(min(self.start_ms, other.start_ms), max(self.end_ms, other.end_ms))


def reach(
    expr: Expr,
    grid: Grid,
    lookback_ms: int = DEFAULT_LOOKBACK_MS,
    admits: Callable[[Iterable[Matcher]], bool] = lambda _: True,
) -> Span | None:
    """Return the times of the samples that ``expr``, evaluated on ``grid``, can depend on; None if it reads none.

    Selectors whose matchers are not admitted are left out (those that can't select anything in a given cluster).
    Raises ``BadQueryError`` for a duration that can't be.
    """
    walker = _Walker(grid, lookback_ms, admits)
    walker.visit(expr, Span(grid.start_ms, grid.end_ms))
    return walker.found


class _Walker:
    def __init__(self, grid: Grid, lookback_ms: int, admits: Callable[[Iterable[Matcher]], bool]) -> None:
        self._grid = grid
        self._lookback_ms = lookback_ms
        self._admits = admits
        self.found: Span | None = None

    def visit(self, root: Expr, times: Span) -> None:
        """Take in everything below ``root``, which is evaluated at ``times``; no recursion, trees may be deep."""
        pending = [(root, times)]
        while pending:
            expr, when = pending.pop()
            match expr:
                case VectorSelector():
                    self._select(expr, when, 0)
                case MatrixSelector():
                    self._select(expr.selector, when, self._ms(expr.range))
                case Subquery():
                    inner = self._shifted(when, expr.at, expr.offset)
                    pending.append((expr.expr, Span(inner.start_ms - self._ms(expr.range), inner.end_ms)))
                case Call(function="info"):
                    self._take(Span(when.start_ms - self._lookback_ms, when.end_ms))
                    pending.extend((child, when) for child in children(expr))
                case _:
                    pending.extend((child, when) for child in children(expr))

    def _select(self, selector: VectorSelector, when: Span, range_ms: int) -> None:
        if not self._admits(selector.matchers):
            return
        shifted = self._shifted(when, selector.at, selector.offset)
        looks_back = not range_ms or selector.anchored or selector.smoothed
        behind_ms = range_ms + (self._lookback_ms if looks_back else 0)
        ahead_ms = self._lookback_ms if selector.smoothed else 0
        self._take(Span(shifted.start_ms - behind_ms, shifted.end_ms + ahead_ms))

    def _take(self, span: Span) -> None:
        self.found = span if self.found is None else self.found | span

    def _shifted(self, when: Span, at: At, offset: DurationExpr) -> Span:
        match at:
            case None:
                fixed = when
            case AtAnchor.START:
                fixed = Span(self._grid.start_ms, self._grid.start_ms)
            case AtAnchor.END:
                fixed = Span(self._grid.end_ms, self._grid.end_ms)
            case _:
                fixed = Span(at, at)
        offset_ms = self._ms(offset, may_be_negative=True)
        return Span(fixed.start_ms - offset_ms, fixed.end_ms - offset_ms)

    def _ms(self, duration: DurationExpr, *, may_be_negative: bool = False) -> int:
        grid = self._grid
        return resolve_duration(
            duration,
            step_ms=0 if grid.is_instant else grid.step_ms,
            range_ms=grid.end_ms - grid.start_ms,
            may_be_negative=may_be_negative,
        )
