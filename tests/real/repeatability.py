"""Where one server's own answer changes its last digit from one run to the next.

Prometheus collects the series of most operations of a range query in a map (``rangeEval`` of promql/engine.go: binary
and unary operations, functions of instant vectors; ``rangeEvalAgg``: ``topk`` and its like) and lists them in the map's
order, which Go makes random. An aggregation that adds floats over them adds in that order. An instant query keeps the
order of its series, except inside a subquery, which is a range query of its own.
"""

from __future__ import annotations

from typing import Final

from query.promql.syntax.functions import FUNCTIONS
from query.promql.syntax.nodes import Aggregate, Binary, Call, Expr, Subquery, Unary, ValueType
from query.promql.syntax.parser import parse
from query.promql.syntax.tree import children, walk
from query.promql.syntax.types import type_of
from tests.real.asking import When

ADDING: Final = frozenset({"sum", "avg", "stddev", "stdvar"})
CHOOSING: Final = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
IN_PLACE: Final = frozenset({"label_replace", "label_join"})
"""Functions of instant vectors that change labels where the series stand."""


def adds_in_random_order(query: str, when: When) -> bool:
    """Tell whether a server adds floats up in an order that is another one in each run."""
    return any(_adds_in_random_order(node, is_range=bool(when.step_s)) for node in walk(parse(query)))


def _adds_in_random_order(node: Expr, *, is_range: bool) -> bool:
    return isinstance(node, Aggregate) and node.op in ADDING and _is_shuffled(node.expr, is_range=is_range)


def _is_shuffled(expr: Expr, *, is_range: bool) -> bool:
    """Tell whether the series of ``expr`` come in a random order; ``is_range``: it is evaluated at several times."""
    if is_range and _comes_from_a_map(expr):
        return True
    below = is_range or isinstance(expr, Subquery)
    return any(_is_shuffled(child, is_range=below) for child in children(expr))


def _comes_from_a_map(expr: Expr) -> bool:
    match expr:
        case Aggregate():
            return expr.op in CHOOSING
        case Binary() | Unary():
            return type_of(expr) is ValueType.VECTOR
        case Call():
            takes = FUNCTIONS[expr.function].args
            return ValueType.VECTOR in takes and ValueType.MATRIX not in takes and expr.function not in IN_PLACE
        case _:
            return False
