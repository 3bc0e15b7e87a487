"""Parses LogQL: recursive descent for what is nested, precedence climbing for binary operations.

What a tree must satisfy beyond the grammar is checked here too, with Loki's wording, at the token it is about.
"""

from __future__ import annotations

from typing import Final

from query.logql.syntax.cursor import Cursor
from query.logql.syntax.folding import fold
from query.logql.syntax.groupings import parse_grouping, parse_names
from query.logql.syntax.label_filters import parse_matcher
from query.logql.syntax.lexer import END, IDENTIFIER, NUMBER, Token
from query.logql.syntax.nodes import (
    DEFAULT_MATCHING,
    NO_GROUPING,
    OPERATIONS_WITH_K,
    RANGE_OPERATIONS,
    SET_OPERATORS,
    VECTOR_OPERATIONS,
    Binary,
    Cardinality,
    Expr,
    LabelReplace,
    Literal,
    LogQuery,
    Matching,
    MetricExpr,
    Vector,
    VectorAggregation,
)
from query.logql.syntax.patterns import check_replace_regex
from query.logql.syntax.precedence import PRECEDENCE, RIGHT_ASSOCIATIVE
from query.logql.syntax.ranges import parse_range_aggregation
from query.logql.syntax.scalars import number_of, signed_number
from query.logql.syntax.stages import parse_stages
from query.logql.syntax.validate import check_height, check_selector
from query.model.errors import UnsupportedError
from query.model.matchers import Matcher
from query.syntax.limits import DEFAULT, Limits

_MAX_K: Final = 2**31 - 1


def parse_query(text: str, limits: Limits = DEFAULT) -> Expr:
    """Return the tree of a LogQL query; ``QuerySyntaxError`` if it isn't one, ``UnsupportedError`` for ``variants``."""
    cursor = Cursor(text, limits)
    expr = _expr(cursor, 0)
    if cursor.kind != END:
        raise cursor.unexpected()
    check_height(expr, text, limits)
    return expr


def parse_selector(text: str, limits: Limits = DEFAULT) -> tuple[Matcher, ...]:
    """Return the matchers of ``{…}``, which may be empty here: ``/series`` and the label endpoints take ``{}``."""
    cursor = Cursor(text, limits)
    matchers = _matchers(cursor)
    if cursor.kind != END:
        raise cursor.error("only label matchers are supported")
    return matchers


def _expr(cursor: Cursor, at_least: int) -> Expr:
    with cursor.nested():
        left = _operand(cursor)
        while (precedence := PRECEDENCE.get(cursor.kind, -1)) >= max(at_least, 1):
            operator = cursor.advance()
            matching, returns_bool = _modifiers(cursor)
            right = _expr(cursor, precedence + (operator.kind not in RIGHT_ASSOCIATIVE))
            left = _binary(cursor, operator, left, right, matching, returns_bool=returns_bool)
        return left


def _binary(
    cursor: Cursor, operator: Token, left: Expr, right: Expr, matching: Matching, *, returns_bool: bool
) -> MetricExpr:
    op = operator.kind
    for side, operand in (("left", left), ("right", right)):
        if isinstance(operand, LogQuery):
            kind = "*syntax.PipelineExpr" if operand.stages else "*syntax.MatchersExpr"
            raise cursor.error(f"unexpected type for {side} leg of binary operation ({op}): {kind}", operator)
        if op in SET_OPERATORS and isinstance(operand, Literal):
            raise cursor.error(
                f"unexpected literal for {side} leg of logical/set binary operation ({op}): {operand.value:f}",
                operator,
            )
    if isinstance(left, LogQuery) or isinstance(right, LogQuery):
        raise TypeError  # refused above
    if isinstance(left, Literal) and isinstance(right, Literal):
        return Literal(fold(op, left.value, right.value))
    return Binary(op, left, right, matching, returns_bool)


def _operand(cursor: Cursor) -> Expr:
    kind = cursor.kind
    if kind == "{":
        token = cursor.token
        matchers = _matchers(cursor)
        check_selector(cursor, matchers, token)
        return LogQuery(matchers, parse_stages(cursor))
    if kind == "(":
        cursor.advance()
        inner = _expr(cursor, 0)
        cursor.expect(")")
        return inner
    if kind in {NUMBER, "+", "-"}:
        return Literal(signed_number(cursor))
    if kind in RANGE_OPERATIONS:
        return parse_range_aggregation(cursor, _matchers)
    if kind in VECTOR_OPERATIONS:
        return _vector_aggregation(cursor)
    if kind == "label_replace":
        return _label_replace(cursor)
    if kind == "vector":
        return _vector(cursor)
    if kind == "variants":
        raise UnsupportedError(
            "variants()", "Loki keeps multi variant queries switched off, and they are not merged yet"
        )
    raise cursor.unexpected()


def _metric(cursor: Cursor) -> MetricExpr:
    expr = _expr(cursor, 0)
    if isinstance(expr, LogQuery):
        raise cursor.unexpected()
    return expr


def _matchers(cursor: Cursor) -> tuple[Matcher, ...]:
    cursor.expect("{")
    matchers: list[Matcher] = []
    if cursor.accept("}"):
        return ()
    while True:
        matchers.append(parse_matcher(cursor))
        if cursor.accept("}"):
            return tuple(matchers)
        cursor.expect("}", ",")


def _vector_aggregation(cursor: Cursor) -> MetricExpr:
    operation = cursor.advance()
    op = operation.kind
    grouping = parse_grouping(cursor)
    cursor.expect("(")
    parameter = None
    if cursor.kind == NUMBER and cursor.kind_after(1) == ",":
        parameter = cursor.advance()
        cursor.advance()
    expr = _metric(cursor)
    cursor.expect(")")
    if grouping is None:
        grouping = parse_grouping(cursor)
    if op == "approx_topk" and grouping is not None:
        raise cursor.error(f"grouping not allowed for {op} aggregation", operation)
    if op in {"sort", "sort_desc"} and grouping is not None and grouping.labels:
        raise cursor.error("sort and sort_desc doesn't allow grouping by ", operation)
    return VectorAggregation(op, expr, grouping or NO_GROUPING, _k(cursor, operation, parameter))


def _k(cursor: Cursor, operation: Token, parameter: Token | None) -> int | None:
    op = operation.kind
    if op not in OPERATIONS_WITH_K:
        if parameter is not None:
            raise cursor.error(f"unsupported parameter for operation {op}({parameter.text},", parameter)
        return None
    if parameter is None:
        raise cursor.error(f"parameter required for operation {op}", operation)
    if not parameter.text.isdecimal() or not parameter.text.isascii() or len(parameter.text) > len(str(_MAX_K)):
        raise cursor.error(f"invalid parameter {op}({parameter.text},", parameter)
    k = int(parameter.text)
    if k <= 0:
        raise cursor.error(f"invalid parameter (must be greater than 0) {op}({parameter.text}", parameter)
    return min(k, _MAX_K)


def _modifiers(cursor: Cursor) -> tuple[Matching, bool]:
    returns_bool = cursor.accept("bool") is not None
    keyword = cursor.accept("on", "ignoring")
    if keyword is None:
        return DEFAULT_MATCHING, returns_bool
    labels = parse_names(cursor)
    group = cursor.accept("group_left", "group_right")
    if group is None:
        return Matching(labels, keyword.kind == "on"), returns_bool
    include: tuple[str, ...] = ()
    if cursor.kind == "(" and cursor.kind_after(1) in {IDENTIFIER, ")"}:
        include = parse_names(cursor)
    return Matching(labels, keyword.kind == "on", Cardinality(group.kind), include), returns_bool


def _label_replace(cursor: Cursor) -> MetricExpr:
    cursor.advance()
    cursor.expect("(")
    expr = _metric(cursor)
    strings: list[str] = []
    for _ in range(3):
        cursor.expect(",")
        strings.append(cursor.string())
    cursor.expect(",")
    regex = cursor.regex(check_replace_regex)
    cursor.expect(")")
    destination, replacement, source = strings
    return LabelReplace(expr, destination, replacement, source, regex)


def _vector(cursor: Cursor) -> MetricExpr:
    cursor.advance()
    cursor.expect("(")
    value = number_of(cursor, cursor.expect(NUMBER))
    cursor.expect(")")
    return Vector(value)
