"""Trees no parser made: the printer adds the parentheses their shape needs."""

from __future__ import annotations

import math

import pytest

from query.model.matchers import Matcher, MatchOp
from query.promql.syntax import Expr, parse, print_expr, print_matchers, rewrite
from query.promql.syntax.nodes import (
    Binary,
    Call,
    DurationBinary,
    DurationLiteral,
    DurationNumber,
    DurationUnary,
    Matching,
    MatrixSelector,
    NumberLiteral,
    Paren,
    Placed,
    Subquery,
    Unary,
    VectorSelector,
)

A = VectorSelector((Matcher("__name__", MatchOp.EQUAL, "a"),))
ONE, TWO, THREE = NumberLiteral(1), NumberLiteral(2), NumberLiteral(3)
MINUTE = DurationLiteral(60_000)
SUM = Binary("+", ONE, TWO)

BARE: list[tuple[Expr, str]] = [
    (Binary("*", SUM, THREE), "(1 + 2) * 3"),
    (Binary("*", THREE, SUM), "3 * (1 + 2)"),
    (Binary("-", THREE, SUM), "3 - (1 + 2)"),
    (Binary("-", SUM, THREE), "1 + 2 - 3"),
    (Binary("^", Binary("^", ONE, TWO), THREE), "(1 ^ 2) ^ 3"),
    (Binary("^", ONE, Binary("^", TWO, THREE)), "1 ^ 2 ^ 3"),
    (Binary("^", NumberLiteral(-2), TWO), "(-2) ^ 2"),
    (Binary("^", TWO, NumberLiteral(-2)), "2 ^ -2"),
    (Binary("^", Unary("-", A), TWO), "(-a) ^ 2"),
    (Unary("-", Binary("^", A, TWO)), "-a ^ 2"),
    (Unary("-", Binary("*", A, TWO)), "-(a * 2)"),
    (Unary("-", Unary("-", A)), "--a"),
    (Binary("*", Unary("-", A), TWO), "-a * 2"),
    (Binary("-", TWO, Unary("-", A)), "2 - -a"),
    (Subquery(Binary("+", A, ONE), MINUTE), "(a + 1)[1m:]"),
    (Subquery(Unary("-", A), MINUTE), "(-a)[1m:]"),
    (Binary("^", NumberLiteral(math.inf), TWO), "Inf ^ 2"),
    (Binary("^", NumberLiteral(-math.inf), TWO), "(-Inf) ^ 2"),
    (Binary("^", NumberLiteral(-0.0), TWO), "(-0) ^ 2"),
    (VectorSelector(A.matchers, DurationBinary("+", MINUTE, MINUTE)), "a offset +(1m + 1m)"),
    (VectorSelector(A.matchers, DurationUnary("-", DurationBinary("+", MINUTE, MINUTE))), "a offset -(1m + 1m)"),
    (
        MatrixSelector(A, DurationBinary("*", DurationBinary("+", MINUTE, MINUTE), DurationNumber(2))),
        "a[(1m + 1m) * 2]",
    ),
    (MatrixSelector(A, DurationBinary("^", DurationNumber(-2.0), DurationNumber(2))), "a[(-2) ^ 2]"),
    (MatrixSelector(A, DurationBinary("-", MINUTE, DurationBinary("-", MINUTE, MINUTE))), "a[1m - (1m - 1m)]"),
]


@pytest.mark.parametrize(("tree", "text"), BARE, ids=[text for _, text in BARE])
def test_bare_tree_prints_with_the_parentheses_it_needs(tree: Expr, text: str) -> None:
    assert print_expr(tree) == text


@pytest.mark.parametrize(("tree", "text"), BARE, ids=[text for _, text in BARE])
def test_printed_bare_tree_means_the_same(tree: Expr, text: str) -> None:
    assert rewrite(parse(text), _without_paren) == tree


def _without_paren(expr: Expr) -> Expr:
    return expr.expr if isinstance(expr, Paren) else expr


def test_number_written_as_a_duration_that_is_none_prints_as_a_number() -> None:
    assert print_expr(NumberLiteral(0.00001, is_duration=True)) == "0.00001"
    assert print_expr(NumberLiteral(math.inf, is_duration=True)) == "Inf"


def test_info_keeps_the_name_of_its_second_argument_in_braces() -> None:
    matchers = VectorSelector((Matcher("__name__", MatchOp.EQUAL, "build_info"),))
    assert print_expr(Call("info", (A, matchers))) == 'info(a, {__name__="build_info"})'


def test_metric_name_that_contradicts_itself_stays_in_braces() -> None:
    never = (Matcher("__name__", MatchOp.EQUAL, ""), Matcher("__name__", MatchOp.NOT_EQUAL, ""))
    assert print_matchers(never) == '{__name__="",__name__!=""}'
    assert parse(print_matchers(never)) == VectorSelector(never)


def test_fills_of_different_values_print_apart() -> None:
    fill = Matching(fill_left=0.0, fill_right=-0.0)
    assert print_expr(Binary("+", A, A, fill)) == "a + fill_left (0) fill_right (-0) a"


def test_leaf_of_the_planner_prints_as_it_describes_itself() -> None:
    class Somewhere(Placed):
        def describe(self) -> str:
            return "elsewhere"

    assert print_expr(Binary("+", Somewhere(), ONE)) == "elsewhere + 1"
