"""Which expressions give whole numbers only, small enough that their sums are exact in any order.

Floats hold every whole number up to 2^53, so counts of series or samples, truth values and their like can be added in
any order without rounding. Everything not known to be one of these is taken for a fraction. NaN and infinities are no
harm: a sum that meets them is the same in any order.
"""

from __future__ import annotations

from typing import Final

from query.promql.plan.functions import ABSENCE, DATES, LABEL_WRITERS, ORDERS
from query.promql.plan.nodes import Concat, Repeated
from query.promql.syntax.nodes import Aggregate, Binary, Call, Expr, NumberLiteral, Paren, Unary

GREATEST_LITERAL: Final = 2**20
COUNTS: Final = (
    frozenset({"changes", "count_over_time", "present_over_time", "resets", "sgn"}) | ABSENCE | (DATES - {"year"})
)
COUNTING: Final = frozenset({"count", "count_values", "group"})
KEEPING: Final = frozenset({"bottomk", "limit_ratio", "limitk", "max", "min", "sum", "topk"})


def is_whole(expr: Expr) -> bool:
    """Tell whether every sample is known to be a small whole number."""
    match expr:
        case NumberLiteral(value=value):
            return value.is_integer() and abs(value) <= GREATEST_LITERAL
        case Paren() | Unary() | Concat() | Repeated():
            return is_whole(expr.expr)
        case Call(function=name, args=args) if name in LABEL_WRITERS | ORDERS and args:
            return is_whole(args[0])
        case Call(function=name):
            return name in COUNTS
        case Aggregate(op=op):
            return op in COUNTING or (op in KEEPING and is_whole(expr.expr))
        case Binary(returns_bool=True):
            return True
        case Binary(op="+" | "-" | "or"):
            return is_whole(expr.left) and is_whole(expr.right)
        case Binary(op="and" | "unless" | "==" | "!=" | ">" | "<" | ">=" | "<="):
            return is_whole(expr.left) if not isinstance(expr.left, NumberLiteral) else is_whole(expr.right)
        case _:
            return False
