"""What a text that parses may still have wrong: types, numbers of arguments, matchers that select everything.

Order and words follow ``checkAST`` in promql/parser/parse.go of Prometheus 3.16; the first mistake found is the one
that is reported. Runs after the whole text was parsed, because a later syntax error is reported before these.
"""

from __future__ import annotations

from typing import Final

from query.model.errors import QuerySyntaxError
from query.model.labels import METRIC_NAME
from query.promql.syntax.functions import FUNCTIONS
from query.promql.syntax.nodes import (
    AGGREGATIONS_WITH_PARAM,
    COMPARISON_OPERATORS,
    SET_OPERATORS,
    Aggregate,
    Binary,
    Call,
    Cardinality,
    Expr,
    Subquery,
    Unary,
    ValueType,
    VectorSelector,
)
from query.promql.syntax.places import Places
from query.promql.syntax.tree import children
from query.syntax.strings import quote

_CALCULABLE: Final = frozenset({ValueType.SCALAR, ValueType.VECTOR})
_INTERNAL_NAME: Final = {ValueType.VECTOR: "vector", ValueType.MATRIX: "matrix"}


def check(expr: Expr, places: Places) -> None:
    """Raise ``QuerySyntaxError`` for the first mistake in a parsed tree."""
    _Checker(places).check(expr)


class _Checker:
    def __init__(self, places: Places) -> None:
        self._places = places

    def check(self, expr: Expr) -> None:
        if isinstance(expr, Call):
            self._arity(expr)
            if expr.function == "info":
                self._info(expr)
        if isinstance(expr, VectorSelector):
            self._selector(expr)
            return
        for index, child in enumerate(children(expr)):
            if index == 1 and isinstance(expr, Call) and expr.function == "info":
                continue  # label matchers only, which need not select anything
            self.check(child)
            if isinstance(expr, Call):
                self._argument(expr, index, child)
        self._own(expr)

    def _own(self, expr: Expr) -> None:
        match expr:
            case Aggregate():
                self._aggregate(expr)
            case Binary():
                self._binary(expr)
            case Unary():
                self._unary(expr)
            case Subquery():
                self._subquery(expr)
            case _:
                pass

    def _error(self, message: str, node: Expr) -> QuerySyntaxError:
        return self._places.error(message, self._places.of(node).start)

    def _type(self, node: Expr) -> ValueType:
        return self._places.of(node).value_type

    def _expect(self, node: Expr, wanted: ValueType, context: str) -> None:
        found = self._type(node)
        if found is not wanted:
            raise self._error(f"expected type {wanted.value} in {context}, got {found.value}", node)

    def _arity(self, expr: Call) -> None:
        function, count = FUNCTIONS[expr.function], len(expr.args)
        fewest, most = function.fewest, function.most
        if count >= fewest and (most is None or count <= most):
            return
        limit = f"at least {fewest}" if count < fewest else f"at most {most}"
        bound = limit if function.variadic else f"{fewest}"
        raise self._error(f"expected {bound} argument(s) in call to {quote(expr.function)}, got {count}", expr)

    def _argument(self, expr: Call, index: int, arg: Expr) -> None:
        wanted = FUNCTIONS[expr.function].arg_type(index)
        self._expect(arg, wanted, f"call to function {quote(expr.function)}")

    def _info(self, expr: Call) -> None:
        if len(expr.args) < 2:  # noqa: PLR2004 — the label matchers are the second
            return
        matchers = expr.args[1]
        found = self._type(matchers)
        if found is not ValueType.VECTOR:
            wanted = ValueType.VECTOR.value
            raise self._error(f'expected type {wanted} in call to function "info", got {found.value}', expr)
        if not isinstance(matchers, VectorSelector):
            raise self._error("expected label selectors only", matchers)
        if self._places.of(matchers).has_outer_name:
            raise self._error("expected label selectors only, got vector selector instead", matchers)

    def _selector(self, expr: VectorSelector) -> None:
        if self._places.of(expr).has_outer_name:
            name, *others = (matcher for matcher in expr.matchers if matcher.name == METRIC_NAME)
            for other in others:
                message = f"metric name must not be set twice: {quote(name.value)} or {quote(other.value)}"
                raise self._error(message, expr)
        elif all(matcher.matches_empty for matcher in expr.matchers):
            raise self._error("vector selector must contain at least one non-empty matcher", expr)

    def _aggregate(self, expr: Aggregate) -> None:
        self._expect(expr.expr, ValueType.VECTOR, "aggregation expression")
        if expr.param is not None and expr.op in AGGREGATIONS_WITH_PARAM:
            wanted = ValueType.STRING if expr.op == "count_values" else ValueType.SCALAR
            self._expect(expr.param, wanted, "aggregation parameter")

    def _unary(self, expr: Unary) -> None:
        found = self._type(expr.expr)
        if found not in _CALCULABLE:
            raise self._error(
                "unary expression only allowed on expressions of type scalar or instant vector, "
                f"got {quote(found.value)}",
                expr,
            )

    def _subquery(self, expr: Subquery) -> None:
        found = self._type(expr.expr)
        if found is not ValueType.VECTOR:
            shown = _INTERNAL_NAME.get(found, found.value)
            raise self._error(f"subquery is only allowed on instant vector, got {shown} instead", expr)

    def _binary(self, expr: Binary) -> None:
        self._operator(expr)
        for side in (expr.left, expr.right):
            if self._type(side) not in _CALCULABLE:
                raise self._error("binary expression must contain only scalar and instant vector types", side)
        if expr.matching is None:
            self._with_scalar(expr)
        elif expr.op in SET_OPERATORS:
            self._set_operation(expr)

    def _operator(self, expr: Binary) -> None:
        place = self._places.of(expr)
        is_comparison = expr.op in COMPARISON_OPERATORS
        if expr.returns_bool and not is_comparison:
            raise self._places.error("bool modifier can only be used on comparison operators", place.operator)
        if is_comparison and not expr.returns_bool and place.value_type is ValueType.SCALAR:
            raise self._places.error("comparisons between scalars must use BOOL modifier", place.operator)
        for label in place.matching.labels if place.matching.on else ():
            if label in place.matching.include:
                message = f"label {quote(label)} must not occur in ON and GROUP clause at once"
                raise self._places.error(message, place.operator)

    def _with_scalar(self, expr: Binary) -> None:
        written = self._places.of(expr).matching
        if written.labels:
            raise self._error("vector matching only allowed between instant vectors", expr)
        if written.fill_left is not None or written.fill_right is not None:
            raise self._error("filling in missing series only allowed between instant vectors", expr)
        if expr.op in SET_OPERATORS:
            raise self._error(f"set operator {quote(expr.op)} not allowed in binary scalar expression", expr)

    def _set_operation(self, expr: Binary) -> None:
        written = self._places.of(expr).matching
        if written.cardinality is not Cardinality.MANY_TO_MANY:
            raise self._error(f"no grouping allowed for {quote(expr.op)} operation", expr)
        if written.fill_left is not None or written.fill_right is not None:
            raise self._error("filling in missing series not allowed for set operators", expr)
