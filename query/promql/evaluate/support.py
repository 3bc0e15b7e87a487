"""What the evaluator refuses, told before anything is fetched.

One exhaustive match over node types: a node, function or operator that is not known is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from query.promql.evaluate.aggregate import REDUCERS
from query.promql.evaluate.functions import FUNCTIONS
from query.promql.evaluate.histogram_operators import TRIMMING
from query.promql.evaluate.operators import ARITHMETIC, COMPARISON
from query.promql.evaluate.sets import SET_OPERATIONS
from query.promql.plan.nodes import Concat, InfoSeries, MergedMean, MergedVariance, Multiset, Repeated, Samples
from query.promql.syntax.nodes import (
    Aggregate,
    Binary,
    Call,
    Cardinality,
    Expr,
    MatrixSelector,
    NumberLiteral,
    Paren,
    Placed,
    StringLiteral,
    Subquery,
    Unary,
    ValueType,
    VectorSelector,
)
from query.promql.syntax.tree import walk, without_parentheses

CHOOSING_AGGREGATIONS: Final = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
SUPPORTED_AGGREGATIONS: Final = CHOOSING_AGGREGATIONS | {*REDUCERS, "quantile", "count_values"}

_NOT_FETCHED: Final = "it reads data that no cluster was asked for"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A node that can't be evaluated, as a user knows it, and the reason."""

    node: str
    reason: str


def can_evaluate(expr: Expr) -> str | None:
    """Return why an expression can't be evaluated at the gateway, None if it can.

    Leaves that are fetched (``Placed``) can; what is above them is checked.
    """
    refusal = find_refusal(expr)
    return f"{refusal.node}: {refusal.reason}" if refusal else None


def find_refusal(expr: Expr) -> Refusal | None:
    """Return the first node, operators before operands, that can't be evaluated."""
    return next((refusal for node in walk(expr) if (refusal := _refuse(node))), None)


def _refuse(expr: Expr) -> Refusal | None:
    match expr:
        case NumberLiteral() | StringLiteral() | Paren() | Subquery():
            return None
        case Unary():
            return None if expr.op in {"+", "-"} else Refusal(expr.op, "the operator is unknown")
        case Call():
            return _refuse_call(expr)
        case Aggregate():
            return _refuse_aggregate(expr)
        case Binary():
            return _refuse_binary(expr)
        case VectorSelector():
            return Refusal("a vector selector", _NOT_FETCHED)
        case MatrixSelector():
            return Refusal("a range selector", _NOT_FETCHED)
        case Placed():
            return _refuse_placed(expr)
        case _:
            assert_never(expr)


def _refuse_placed(expr: Placed) -> Refusal | None:
    match expr:
        case InfoSeries() | MergedMean() | MergedVariance() | Multiset() | Samples():
            return None
        case Repeated():
            return find_refusal(expr.expr)
        case Concat(value_type=ValueType.VECTOR | ValueType.SCALAR):
            return None
        case Concat(value_type=value_type):
            return Refusal(expr.describe(), f"a fetched {value_type.value} can't be computed with")
        case _:
            return None


def _refuse_call(expr: Call) -> Refusal | None:
    node = f"{expr.function}()"
    arguments = [without_parentheses(argument) for argument in expr.args]
    if expr.function not in FUNCTIONS:
        return Refusal(node, "the function is not evaluated at the gateway")
    if expr.function == "timestamp" and any(_may_be_selected(argument) for argument in arguments):
        return Refusal(node, "the times of fetched samples are not known")
    return None


def _refuse_aggregate(expr: Aggregate) -> Refusal | None:
    if expr.op not in SUPPORTED_AGGREGATIONS:
        return Refusal(expr.op, "the aggregation is not evaluated at the gateway")
    needs_param = expr.op in CHOOSING_AGGREGATIONS | {"quantile", "count_values"}
    if needs_param != (expr.param is not None):
        return Refusal(expr.op, f"the aggregation {'needs a' if needs_param else 'takes no'} parameter")
    return None


def _refuse_binary(expr: Binary) -> Refusal | None:
    if expr.op in SET_OPERATIONS:
        known = expr.matching is not None and expr.matching.cardinality is Cardinality.MANY_TO_MANY
        return None if known else Refusal(expr.op, "set operators match many to many")
    if expr.op not in ARITHMETIC and expr.op not in COMPARISON and expr.op not in TRIMMING:
        return Refusal(expr.op, "the operator is unknown")
    if expr.matching is not None and expr.matching.cardinality is Cardinality.MANY_TO_MANY:
        return Refusal(expr.op, "many-to-many matching is for set operators")
    return None


def _may_be_selected(expr: Expr) -> bool:
    """Tell whether samples may have times of their own; computed ones have that of the evaluation."""
    return isinstance(expr, Concat) and isinstance(without_parentheses(expr.expr), VectorSelector)
