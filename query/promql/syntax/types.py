"""What type an expression has; see :mod:`query.promql.syntax.check` for whether it may have it."""

from __future__ import annotations

from typing import assert_never

from query.model.errors import BadQueryError
from query.promql.syntax.functions import FUNCTIONS
from query.promql.syntax.nodes import (
    Aggregate,
    Binary,
    Call,
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
from query.syntax.strings import quote


def type_of(expr: Expr) -> ValueType:
    """Return the type of a tree's value, taking its parts to be well typed.

    Raises ``BadQueryError`` for a call of an unknown function.
    """
    while isinstance(expr, Paren | Unary):
        expr = expr.expr
    match expr:
        case NumberLiteral():
            return ValueType.SCALAR
        case StringLiteral():
            return ValueType.STRING
        case VectorSelector() | Aggregate():
            return ValueType.VECTOR
        case MatrixSelector() | Subquery():
            return ValueType.MATRIX
        case Call():
            function = FUNCTIONS.get(expr.function)
            if function is None:
                raise BadQueryError(f"unknown function with name {quote(expr.function)}")
            return function.returns
        case Binary():
            return of_binary(type_of(expr.left), type_of(expr.right))
        case Placed():
            return expr.value_type
        case _:
            assert_never(expr)


def of_binary(left: ValueType, right: ValueType) -> ValueType:
    """Return the type of an operation: a vector unless both sides are scalars."""
    both_scalar = left is ValueType.SCALAR and right is ValueType.SCALAR
    return ValueType.SCALAR if both_scalar else ValueType.VECTOR
