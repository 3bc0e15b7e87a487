"""A syntax tree as plain data, in the shape of upstream's ``parse_query``, which its query builder and others read.

Source: web/api/v1/translate_ast.go of Prometheus 3.16. Our tree is not upstream's, so one thing that means nothing is
not told as it was written: of a metric name inside braces the place among the matchers (it comes first).
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias, assert_never

from query.promql.syntax.functions import FUNCTIONS
from query.promql.syntax.nodes import (
    Aggregate,
    AtAnchor,
    Binary,
    Call,
    DurationLiteral,
    Expr,
    Matching,
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
from query.promql.syntax.places import Places
from query.promql.syntax.translate_durations import translate_duration
from query.syntax.numbers import format_float

Node: TypeAlias = dict[str, Any]
_TYPES: Final = {
    ValueType.SCALAR: "scalar",
    ValueType.STRING: "string",
    ValueType.VECTOR: "vector",
    ValueType.MATRIX: "matrix",
}


def translate(expr: Expr, places: Places) -> Node:
    """Return the tree as dictionaries, lists, texts, numbers and None; ``places`` are those of its parsing."""
    match expr:
        case NumberLiteral() | StringLiteral():
            return _literal(expr)
        case Paren():
            return {"type": "parenExpr", "expr": translate(expr.expr, places)}
        case Unary():
            return {"type": "unaryExpr", "op": expr.op, "expr": translate(expr.expr, places)}
        case VectorSelector():
            return {"type": "vectorSelector", **_selector(expr, places)}
        case MatrixSelector() | Subquery():
            return _range(expr, places)
        case Call():
            return {"type": "call", "func": _function(expr.function), "args": [translate(a, places) for a in expr.args]}
        case Aggregate():
            return _aggregation(expr, places)
        case Binary():
            return _binary(expr, places)
        case Placed():
            raise TypeError("a plan has no upstream form")
        case _:
            assert_never(expr)


def _literal(expr: NumberLiteral | StringLiteral) -> Node:
    if isinstance(expr, StringLiteral):
        return {"type": "stringLiteral", "val": expr.value}
    return {"type": "numberLiteral", "val": format_float(expr.value)}


def _aggregation(expr: Aggregate, places: Places) -> Node:
    return {
        "type": "aggregation",
        "op": expr.op,
        "expr": translate(expr.expr, places),
        "param": None if expr.param is None else translate(expr.param, places),
        "grouping": list(expr.grouping),
        "without": expr.without,
    }


def _binary(expr: Binary, places: Places) -> Node:
    return {
        "type": "binaryExpr",
        "op": expr.op,
        "lhs": translate(expr.left, places),
        "rhs": translate(expr.right, places),
        "matching": None if expr.matching is None else _matching(expr.matching),
        "bool": expr.returns_bool,
    }


def _range(expr: MatrixSelector | Subquery, places: Places) -> Node:
    if isinstance(expr, MatrixSelector):
        node = {"type": "matrixSelector", **_selector(expr.selector, places)}
        return {**node, **translate_duration("range", expr.range, places.durations)}
    return {
        "type": "subquery",
        "expr": translate(expr.expr, places),
        **translate_duration("range", expr.range, places.durations),
        **translate_duration("offset", expr.offset, places.durations),
        **translate_duration("step", expr.step or DurationLiteral(0), places.durations),
        **_at(expr.at),
    }


def _selector(selector: VectorSelector, places: Places) -> Node:
    matchers = [{"name": one.name, "value": one.value, "type": one.op.value} for one in selector.matchers]
    name = ""
    if places.of(selector).has_outer_name:
        name = selector.matchers[0].value
        matchers.append(matchers.pop(0))
    return {
        "name": name,
        **translate_duration("offset", selector.offset, places.durations),
        "matchers": matchers,
        **_at(selector.at),
        "anchored": selector.anchored,
        "smoothed": selector.smoothed,
    }


def _at(at: int | AtAnchor | None) -> Node:
    is_anchor = isinstance(at, AtAnchor)
    return {"timestamp": None if is_anchor else at, "startOrEnd": at.value if isinstance(at, AtAnchor) else None}


def _function(name: str) -> Node:
    function = FUNCTIONS[name]
    return {
        "name": name,
        "argTypes": [_TYPES[one] for one in function.args],
        "variadic": function.variadic,
        "returnType": _TYPES[function.returns],
    }


def _matching(matching: Matching) -> Node:
    return {
        "card": matching.cardinality.value,
        "labels": list(matching.labels),
        "on": matching.on,
        "include": list(matching.include),
        "fillValues": {"lhs": matching.fill_left, "rhs": matching.fill_right},
    }
