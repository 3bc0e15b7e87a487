"""What queries mean: the trees, spelled out."""

from __future__ import annotations

import math

import pytest

from query.model.matchers import Matcher, MatchOp
from query.promql.syntax import Expr, parse
from query.promql.syntax.nodes import (
    Aggregate,
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
    Matching,
    MatrixSelector,
    NumberLiteral,
    Paren,
    StringLiteral,
    Subquery,
    Unary,
    VectorSelector,
)


def name(value: str) -> Matcher:
    return Matcher("__name__", MatchOp.EQUAL, value)


def selector(metric: str) -> VectorSelector:
    return VectorSelector((name(metric),))


A, B, C = selector("a"), selector("b"), selector("c")
ONE, TWO, THREE = NumberLiteral(1), NumberLiteral(2), NumberLiteral(3)
MINUTE, HOUR = DurationLiteral(60_000), DurationLiteral(3_600_000)
STEP = DurationCall(DurationFunction.STEP)

TREES: list[tuple[str, Expr]] = [
    ("a", A),
    (
        'a{b="c",d!="e",f=~"g",h!~"i"}',
        VectorSelector(
            (
                name("a"),
                Matcher("b", MatchOp.EQUAL, "c"),
                Matcher("d", MatchOp.NOT_EQUAL, "e"),
                Matcher("f", MatchOp.REGEX, "g"),
                Matcher("h", MatchOp.NOT_REGEX, "i"),
            )
        ),
    ),
    ('{b="c","a"}', VectorSelector((name("a"), Matcher("b", MatchOp.EQUAL, "c")))),
    ('{"a","b"}', VectorSelector((name("a"), name("b")))),
    (
        '{__name__=~"a",b="c"}',
        VectorSelector((Matcher("__name__", MatchOp.REGEX, "a"), Matcher("b", MatchOp.EQUAL, "c"))),
    ),
    ("a[1m]", MatrixSelector(A, MINUTE)),
    ("a[60]", MatrixSelector(A, MINUTE)),
    ("a[1m:]", Subquery(A, MINUTE)),
    ("a[1h:1m]", Subquery(A, HOUR, MINUTE)),
    ("a offset 1m", VectorSelector(A.matchers, offset=MINUTE)),
    ("a offset -1m", VectorSelector(A.matchers, offset=DurationLiteral(-60_000))),
    ("a @ 1.5", VectorSelector(A.matchers, at=1500)),
    ("a @ -0.0005", VectorSelector(A.matchers, at=-1)),
    ("a @ start()", VectorSelector(A.matchers, at=AtAnchor.START)),
    ("a[1m] @ end() offset 1h", MatrixSelector(VectorSelector(A.matchers, HOUR, AtAnchor.END), MINUTE)),
    ("a[1h:1m] @ 5 offset 1m", Subquery(A, HOUR, MINUTE, MINUTE, 5000)),
    ("a anchored", VectorSelector(A.matchers, anchored=True)),
    ("a[1m] smoothed", MatrixSelector(VectorSelector(A.matchers, smoothed=True), MINUTE)),
    ("1", ONE),
    ("1m", NumberLiteral(60, is_duration=True)),
    ("-1m", NumberLiteral(-60, is_duration=True)),
    ("NaN", NumberLiteral(math.nan)),
    ('"a"', StringLiteral("a")),
    ("(a)", Paren(A)),
    ("-a", Unary("-", A)),
    ("-1", NumberLiteral(-1)),
    ("-(1)", Unary("-", Paren(ONE))),
    ("-1 ^ 2", Unary("-", Binary("^", ONE, TWO))),
    ("1 + 2 * 3", Binary("+", ONE, Binary("*", TWO, THREE))),
    ("1 - 2 - 3", Binary("-", Binary("-", ONE, TWO), THREE)),
    ("1 ^ 2 ^ 3", Binary("^", ONE, Binary("^", TWO, THREE))),
    ("-a * b", Binary("*", Unary("-", A), B, Matching())),
    ("a + b", Binary("+", A, B, Matching())),
    ("a + 1", Binary("+", A, ONE)),
    ("1 + on () a", Binary("+", ONE, A)),
    ("a > bool 1", Binary(">", A, ONE, returns_bool=True)),
    ("a and b", Binary("and", A, B, Matching(cardinality=Cardinality.MANY_TO_MANY))),
    (
        "a or b and c",
        Binary(
            "or",
            A,
            Binary("and", B, C, Matching(cardinality=Cardinality.MANY_TO_MANY)),
            Matching(cardinality=Cardinality.MANY_TO_MANY),
        ),
    ),
    ("a * on (x) b", Binary("*", A, B, Matching(("x",), on=True))),
    (
        "a * on (x) group_left (y) b",
        Binary("*", A, B, Matching(("x",), on=True, cardinality=Cardinality.MANY_TO_ONE, include=("y",))),
    ),
    (
        "a * ignoring (x) group_right b",
        Binary("*", A, B, Matching(("x",), cardinality=Cardinality.ONE_TO_MANY)),
    ),
    ("a + fill (1) b", Binary("+", A, B, Matching(fill_left=1, fill_right=1))),
    ("a + fill_right (2) b", Binary("+", A, B, Matching(fill_right=2))),
    ("sum(a)", Aggregate("sum", A)),
    ("sum by () (a)", Aggregate("sum", A)),
    ("sum(a) by (x, y)", Aggregate("sum", A, grouping=("x", "y"))),
    ("SUM without () (a)", Aggregate("sum", A, without=True)),
    ("topk(1, a)", Aggregate("topk", A, ONE)),
    ("rate(a[1m])", Call("rate", (MatrixSelector(A, MINUTE),))),
    ("time()", Call("time", ())),
    ("a offset 1m + 1", Binary("+", VectorSelector(A.matchers, MINUTE), ONE)),
    ("a offset (1m) + 1", VectorSelector(A.matchers, DurationBinary("+", MINUTE, DurationNumber(1)))),
    ("a offset -(1m) + 1", Binary("+", VectorSelector(A.matchers, DurationLiteral(-60_000)), ONE)),
]
DURATIONS: list[tuple[str, DurationExpr]] = [
    ("1m", MINUTE),
    ("1.5", DurationLiteral(1500)),
    ("1.0005", DurationNumber(1.0005)),
    ("(1m)", MINUTE),
    ("1h * 2", DurationBinary("*", HOUR, DurationNumber(2))),
    ("1m + 1m * 2", DurationBinary("+", MINUTE, DurationBinary("*", MINUTE, DurationNumber(2)))),
    ("2 ^ 3 ^ 2", DurationBinary("^", DurationNumber(2), DurationBinary("^", DurationNumber(3), DurationNumber(2)))),
    ("step()", STEP),
    ("-step() + 1h", DurationBinary("+", DurationUnary("-", STEP), HOUR)),
    ("+step()", STEP),
    (
        "-2 ^ 2 + 1h",
        DurationBinary("+", DurationUnary("-", DurationBinary("^", DurationNumber(2), DurationNumber(2))), HOUR),
    ),
    ("max_of(1m, range())", DurationCall(DurationFunction.MAX, (MINUTE, DurationCall(DurationFunction.RANGE)))),
]


@pytest.mark.parametrize(("query", "tree"), TREES, ids=[query for query, _ in TREES])
def test_query_means(query: str, tree: Expr) -> None:
    assert parse(query) == tree


@pytest.mark.parametrize(("text", "duration"), DURATIONS, ids=[text for text, _ in DURATIONS])
def test_duration_means(text: str, duration: DurationExpr) -> None:
    assert parse(f"a[{text}]") == MatrixSelector(A, duration)


def test_numbers_are_equal_if_they_print_the_same() -> None:
    assert NumberLiteral(math.nan) == NumberLiteral(-math.nan)
    assert hash(NumberLiteral(math.nan)) == hash(NumberLiteral(-math.nan))
    assert NumberLiteral(0.0) != NumberLiteral(-0.0)
    assert NumberLiteral(60) != NumberLiteral(60, is_duration=True)
    assert NumberLiteral(1) != StringLiteral("1")


def test_duration_seconds_are_those_of_go() -> None:
    assert parse("1s1ms") == NumberLiteral(1 + 1 / 1000, is_duration=True)
    assert parse("7ms") == NumberLiteral(0.007, is_duration=True)
