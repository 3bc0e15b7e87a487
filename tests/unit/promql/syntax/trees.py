"""Hypothesis strategies for trees the parser could have made: well typed, parentheses where their text needs them."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import strategies as st

from query.model.matchers import Matcher, MatchOp
from query.promql.syntax.functions import FUNCTIONS, Function
from query.promql.syntax.nodes import (
    AGGREGATIONS,
    AGGREGATIONS_WITH_PARAM,
    ARITHMETIC_OPERATORS,
    COMPARISON_OPERATORS,
    NO_OFFSET,
    SET_OPERATORS,
    TRIM_OPERATORS,
    Aggregate,
    At,
    AtAnchor,
    Binary,
    Call,
    Cardinality,
    DurationBinary,
    DurationCall,
    DurationExpr,
    DurationFunction,
    DurationLiteral,
    DurationNumber,
    DurationUnary,
    Expr,
    Matching,
    MatrixSelector,
    NumberLiteral,
    Paren,
    StringLiteral,
    Subquery,
    Unary,
    ValueType,
    VectorSelector,
)
from query.promql.syntax.printer import print_expr
from query.syntax.durations import to_seconds

MAX_AT_MS = 2**50
DEPTH = 4
TIGHT = st.sampled_from(["^", "*", "-"])
"""Operators of different strength and direction, to be drawn often: precedence mistakes show between them."""


def _in_ms(seconds: int) -> int:
    return seconds * 1000


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), max_size=8)
label_names = st.sampled_from(["job", "le", "sum", "by", "without", "nan", "on", "label.x", "日本", "a:b", "SUM"]) | (
    texts.filter(bool)
)
metric_names = st.sampled_from(["up", "node:cpu", "sum", "rate", "nan", "offset", "my.metric", "日本", "bool"]) | (
    texts.filter(bool)
)
regexes = st.sampled_from(["a", "a|b", "a.*", ".+", "[^x]", "(?i)a", r"\d{3}", ""])
finite = st.floats(allow_nan=False, allow_infinity=False)
MAX_EXACT_MS = 2**53 // 1_000_000
"""Up to here upstream, which goes through float seconds and nanoseconds, keeps every millisecond."""
MAX_EXACT_S = 2**62 // 1_000_000_000
"""Up to here it keeps every second."""

zero_or_more_ms = st.integers(0, 10_000) | st.integers(0, MAX_EXACT_MS) | st.integers(0, MAX_EXACT_S).map(_in_ms)


@st.composite
def matchers(draw: st.DrawFn) -> Matcher:
    op = draw(st.sampled_from(MatchOp))
    name = draw(label_names.filter(lambda name: name != "__name__"))
    return Matcher(name, op, draw(regexes if op.is_regex else texts))


@st.composite
def selectors(draw: st.DrawFn, *, is_plain: bool = False) -> VectorSelector:
    found = tuple(draw(st.lists(matchers(), max_size=3)))
    if draw(st.booleans()) or all(matcher.matches_empty for matcher in found):
        found = (Matcher("__name__", MatchOp.EQUAL, draw(metric_names)), *found)
    selector = VectorSelector(found)
    if is_plain:
        return selector
    how = draw(st.sampled_from(["", "", "anchored", "smoothed"]))
    return replace(selector, offset=draw(offsets), at=draw(ats), anchored=how == "anchored", smoothed=how == "smoothed")


ats = st.none() | st.integers(-MAX_AT_MS, MAX_AT_MS) | st.sampled_from(AtAnchor)
duration_literals = zero_or_more_ms.map(DurationLiteral) | zero_or_more_ms.map(lambda ms: DurationLiteral(-ms))
duration_numbers = st.floats(-1e9, 1e9).map(DurationNumber)


def _combined(inner: st.SearchStrategy[DurationExpr]) -> st.SearchStrategy[DurationExpr]:
    composites = inner.filter(lambda expr: not isinstance(expr, DurationLiteral | DurationNumber))
    return (
        st.builds(DurationBinary, st.sampled_from(["+", "-", "*", "^"]), inner, inner)
        | st.builds(DurationBinary, st.sampled_from(["/", "%"]), inner, inner.filter(_is_not_zero))
        | st.builds(DurationUnary, st.just("-"), composites)
        | st.builds(
            DurationCall,
            st.sampled_from([DurationFunction.MIN, DurationFunction.MAX]),
            st.tuples(inner, inner),
        )
    )


def _is_not_zero(expr: DurationExpr) -> bool:
    return expr not in (DurationLiteral(0), DurationNumber(0))


duration_calls = st.sampled_from([DurationFunction.STEP, DurationFunction.RANGE]).map(DurationCall)
arithmetic: st.SearchStrategy[DurationExpr] = st.recursive(
    duration_literals | duration_numbers | duration_calls, _combined, max_leaves=5
).filter(lambda expr: not isinstance(expr, DurationLiteral | DurationNumber))
offsets: st.SearchStrategy[DurationExpr] = st.just(NO_OFFSET) | duration_literals | arithmetic
positive: st.SearchStrategy[DurationExpr] = zero_or_more_ms.filter(bool).map(DurationLiteral) | arithmetic

numbers = (finite | st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan, 1e300, 5e-324])).map(NumberLiteral)
durations = zero_or_more_ms.map(lambda ms: NumberLiteral(to_seconds(ms), is_duration=True))
strings = texts.map(StringLiteral)


def exprs(value_type: ValueType, depth: int = DEPTH) -> st.SearchStrategy[Expr]:
    """Return trees of that type, at most about ``depth`` high."""
    return st.deferred(lambda: _of_type(value_type, depth))


def _of_type(value_type: ValueType, depth: int) -> st.SearchStrategy[Expr]:
    match value_type:
        case ValueType.STRING:
            return strings
        case ValueType.MATRIX:
            return _ranges(depth)
        case ValueType.SCALAR:
            leaves: st.SearchStrategy[Expr] = numbers | durations
        case ValueType.VECTOR:
            leaves = selectors()
    if depth <= 0:
        return leaves
    return leaves | _operations(value_type, depth - 1) | _signs(value_type, depth - 1) | _calls(value_type, depth - 1)


def _ranges(depth: int) -> st.SearchStrategy[Expr]:
    plain = st.builds(_with_range, selectors(), positive)
    if depth <= 0:
        return plain
    inner = exprs(ValueType.VECTOR, depth - 1)
    return plain | st.builds(_subquery, inner, positive, st.none() | positive, offsets, ats)


def _with_range(selector: VectorSelector, span: DurationExpr) -> MatrixSelector:
    return MatrixSelector(selector, span)


def _subquery(expr: Expr, span: DurationExpr, step: DurationExpr | None, offset: DurationExpr, at: At) -> Subquery:
    return Subquery(Paren(expr) if isinstance(expr, Binary | Unary) else expr, span, step, offset, at)


def _signs(value_type: ValueType, depth: int) -> st.SearchStrategy[Expr]:
    operands = exprs(value_type, depth).filter(lambda expr: not isinstance(expr, NumberLiteral))
    return st.builds(Unary, st.sampled_from("+-"), operands.map(_in_parentheses))


def _in_parentheses(expr: Expr) -> Expr:
    """Return an operand that is an operation in parentheses, so that its shape does not hang on precedence."""
    is_negative = isinstance(expr, NumberLiteral) and print_expr(expr).startswith("-")
    return Paren(expr) if isinstance(expr, Binary | Unary) or is_negative else expr


def _calls(value_type: ValueType, depth: int) -> st.SearchStrategy[Expr]:
    functions = [
        function for function in FUNCTIONS.values() if function.returns is value_type and function.name != "info"
    ]
    calls = st.sampled_from(functions).flatmap(lambda function: _call(function, depth))
    if value_type is not ValueType.VECTOR:
        return calls
    info = st.builds(lambda expr, found: Call("info", (expr, found)), exprs(ValueType.VECTOR, depth), selectors())
    return calls | _aggregations(depth) | info


def _call(function: Function, depth: int) -> st.SearchStrategy[Expr]:
    most = function.most if function.most is not None else function.fewest + 3
    counts = st.integers(function.fewest, most)
    return counts.flatmap(
        lambda count: st.tuples(*(exprs(function.arg_type(index), depth - 1) for index in range(count)))
    ).map(lambda args: Call(function.name, args))


@st.composite
def _aggregations(draw: st.DrawFn, depth: int) -> Expr:
    op = draw(st.sampled_from(sorted(AGGREGATIONS)))
    param = None
    if op in AGGREGATIONS_WITH_PARAM:
        param = draw(exprs(ValueType.STRING if op == "count_values" else ValueType.SCALAR, depth - 1))
    grouping = tuple(draw(st.lists(label_names, max_size=3)))
    return Aggregate(op, draw(exprs(ValueType.VECTOR, depth)), param, grouping, draw(st.booleans()))


@st.composite
def _operations(draw: st.DrawFn, value_type: ValueType, depth: int) -> Expr:
    sides = (ValueType.SCALAR, ValueType.SCALAR)
    if value_type is ValueType.VECTOR:
        vector, scalar = ValueType.VECTOR, ValueType.SCALAR
        sides = draw(st.sampled_from([(vector, vector), (vector, scalar), (scalar, vector)]))
    operators = ARITHMETIC_OPERATORS | COMPARISON_OPERATORS | TRIM_OPERATORS
    is_matched = sides == (ValueType.VECTOR, ValueType.VECTOR)
    op = draw(TIGHT | st.sampled_from(sorted(operators | SET_OPERATORS if is_matched else operators)))
    is_comparison = op in COMPARISON_OPERATORS
    returns_bool = is_comparison and (value_type is ValueType.SCALAR or draw(st.booleans()))
    left, right = (_in_parentheses(draw(exprs(side, depth))) for side in sides)
    return Binary(op, left, right, draw(_matchings(op)) if is_matched else None, returns_bool)


@st.composite
def _matchings(draw: st.DrawFn, op: str) -> Matching:
    on = draw(st.booleans())
    labels = tuple(draw(st.lists(label_names, max_size=2)))
    if op in SET_OPERATORS:
        return Matching(labels, on, Cardinality.MANY_TO_MANY)
    cardinality = draw(st.sampled_from([Cardinality.ONE_TO_ONE, Cardinality.MANY_TO_ONE, Cardinality.ONE_TO_MANY]))
    include: tuple[str, ...] = ()
    if cardinality is not Cardinality.ONE_TO_ONE:
        include = tuple(draw(st.lists(label_names.filter(lambda name: name not in labels), max_size=2)))
    fills = st.none() | finite | st.just(math.nan)
    return Matching(labels, on, cardinality, include, draw(fills), draw(fills))


any_expr: st.SearchStrategy[Expr] = st.sampled_from(ValueType).flatmap(exprs)
