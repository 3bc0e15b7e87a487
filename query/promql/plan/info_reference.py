"""The time at which ``info()`` looks up info series: that of the selectors in its first argument, if they share one.

Source: ``infoSelectTimestampAndOffset`` in promql/info.go of Prometheus 3.16.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query.promql.plan.leaves import parts_of
from query.promql.plan.nodes import Concat, Samples
from query.promql.plan.windows import Window
from query.promql.syntax.nodes import Call, Expr, Subquery, ValueType, VectorSelector
from query.promql.syntax.types import type_of


@dataclass(frozen=True, slots=True)
class InfoReference:
    """``at`` and ``offset`` of a selector of info series; both nothing if the argument's selectors differ."""

    at_ms: int | None = None
    offset_ms: int = 0
    is_uniform: bool = False

    def is_same_time(self, other: InfoReference) -> bool:
        """Tell whether both select at the same time."""
        if self.at_ms is None or other.at_ms is None:
            return self == other
        return self.at_ms - self.offset_ms == other.at_ms - other.offset_ms


def info_reference(expr: Expr) -> InfoReference:
    """Return the reference of the first argument of ``info()``, times pinned."""
    found = list(_references(expr, ()))
    times = [reference for reference in found if reference is not None]
    if not times or None in found or not all(times[0].is_same_time(other) for other in times[1:]):
        return InfoReference()
    return InfoReference(times[0].at_ms, times[0].offset_ms, is_uniform=True)


def _references(expr: Expr, subqueries: tuple[Subquery, ...]) -> Iterator[InfoReference | None]:
    """Yield the reference of every selector that makes the vector, None for a vector made of no selector."""
    if isinstance(expr, Concat):
        expr = expr.expr
    if isinstance(expr, Samples):
        expr = expr.selector
    if type_of(expr) not in {ValueType.VECTOR, ValueType.MATRIX}:
        return
    if isinstance(expr, VectorSelector):
        yield _of_selector(expr, subqueries)
        return
    below = (*subqueries, expr) if isinstance(expr, Subquery) else subqueries
    parts = expr.args[:1] if isinstance(expr, Call) and expr.function == "info" else parts_of(expr)
    found = [reference for part in parts for reference in _references(part, below)]
    yield from found
    if all(reference is None for reference in found):
        yield None


def _of_selector(selector: VectorSelector, subqueries: tuple[Subquery, ...]) -> InfoReference:
    own = Window.of_selector(selector)
    at_ms, offset_ms = own.at_ms, own.offset_ms
    for subquery in reversed(subqueries):
        if at_ms is not None:
            break
        window = Window.of(subquery)
        at_ms, offset_ms = window.at_ms, offset_ms + window.offset_ms
    return InfoReference(at_ms, offset_ms)
