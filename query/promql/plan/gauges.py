"""Which expressions give native histograms that are gauges, whatever the data.

A gauge has no counter resets, so that nothing is lost where the form in which a result comes does not tell of them.
Source: CounterResetHint in promql/engine.go and functions.go of Prometheus 3.16.
"""

from __future__ import annotations

from typing import Final

from query.promql.syntax.nodes import Aggregate, Binary, Call, Expr, Paren, Unary, ValueType
from query.promql.syntax.types import type_of

DIFFERENCES: Final = frozenset({"delta", "idelta", "increase", "irate", "rate"})
KEEP_HINTS: Final = frozenset({"label_join", "label_replace", "sort_by_label", "sort_by_label_desc"})


def gives_gauges(expr: Expr) -> bool:
    """Tell whether every histogram that the expression can give is a gauge."""
    match expr:
        case Paren():
            return gives_gauges(expr.expr)
        case Unary():
            return expr.op == "-" or gives_gauges(expr.expr)
        case Aggregate():
            return gives_gauges(expr.expr)
        case Call():
            return expr.function in DIFFERENCES or (expr.function in KEEP_HINTS and gives_gauges(expr.args[0]))
        case Binary():
            return _of_binary(expr)
        case _:
            return False


def _of_binary(expr: Binary) -> bool:
    sides = [side for side in (expr.left, expr.right) if type_of(side) is ValueType.VECTOR]
    if expr.op == "-" and len(sides) > 1:
        return True
    if expr.op in {"or", "*"} or len(sides) == 1:
        return all(gives_gauges(side) for side in sides)
    return gives_gauges(expr.left)
