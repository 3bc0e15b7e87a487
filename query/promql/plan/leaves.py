"""Finding and replacing the data inside a plan, whatever nodes hold it.

A node the planner places may hold others in its fields (``MergedMean`` holds two ``Concat``); the tree functions of the
syntax stop at it. These don't, so that a new kind of node needs no change here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

from query.promql.plan.functions import ABSENCE
from query.promql.plan.nodes import Concat, InfoSeries, MergedAbsence, Repeated, Samples
from query.promql.syntax.nodes import Call, Expr, Placed
from query.promql.syntax.tree import children


def parts_of(expr: Expr) -> tuple[Expr, ...]:
    """Return what a node of a plan is computed from: its operands, or the nodes a placed one holds."""
    match expr:
        case Concat():
            return ()
        case Repeated():
            return (expr.expr,)
        case Samples():
            return (expr.source,)
        case InfoSeries():
            return (expr.present, expr.samples)
        case Placed():
            return tuple(value for value in _values(expr) if isinstance(value, Placed))
        case _:
            return children(expr)


def sources(expr: Expr) -> Iterator[Concat]:
    """Yield every ``Concat`` of a plan, in order of appearance."""
    if isinstance(expr, Concat):
        yield expr
    for part in parts_of(expr):
        yield from sources(part)


def sources_of_absence(expr: Expr) -> Iterator[Concat]:
    """Yield every ``Concat`` whose emptiness the plan concludes something from: a gap in it makes that undecidable."""
    if isinstance(expr, MergedAbsence) or (isinstance(expr, Call) and expr.function in ABSENCE):
        yield from sources(expr)
        return
    for part in parts_of(expr):
        yield from sources_of_absence(part)


def change_sources(placed: Placed, change: Callable[[Concat], Concat]) -> Placed:
    """Return a placed node with every ``Concat`` it is or holds changed."""
    if isinstance(placed, Concat):
        return change(placed)
    names = (field.name for field in fields(placed))
    held = {name: getattr(placed, name) for name in names}
    return replace(placed, **{name: change(value) for name, value in held.items() if isinstance(value, Concat)})


def _values(placed: Placed) -> Iterator[object]:
    for field in fields(placed):
        value = getattr(placed, field.name)
        yield from value if isinstance(value, tuple) else (value,)
