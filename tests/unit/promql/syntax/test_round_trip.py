from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from query.model.errors import QuerySyntaxError
from query.promql.syntax import Expr, parse, print_expr, rewrite, type_of
from query.promql.syntax.matching import negated
from query.promql.syntax.nodes import DurationExpr, MatrixSelector, NumberLiteral, Paren, Unary, VectorSelector
from query.syntax.limits import Limits
from tests.unit.promql.syntax.golden_files import accepted
from tests.unit.promql.syntax.trees import any_expr, finite, offsets, positive, selectors

SLOW_IS_FINE = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
QUERIES = [case.query for case in accepted()]


@SLOW_IS_FINE
@given(any_expr)
def test_printed_tree_parses_to_itself(tree: Expr) -> None:
    again = parse(print_expr(tree))
    assert again == tree
    assert hash(again) == hash(tree)
    assert type_of(again) is type_of(tree)


@SLOW_IS_FINE
@given(any_expr)
def test_tree_without_parentheses_prints_with_those_its_shape_needs(tree: Expr) -> None:
    bare = rewrite(tree, _bare)
    assert rewrite(parse(print_expr(bare)), _bare) == bare


def _bare(expr: Expr) -> Expr:
    match expr:
        case Paren():
            return expr.expr
        case Unary(expr=NumberLiteral() as number):
            return NumberLiteral(negated(number.value) if expr.op == "-" else number.value, number.is_duration)
        case _:
            return expr


@SLOW_IS_FINE
@given(selectors(is_plain=True), positive, offsets)
def test_printed_durations_parse_to_themselves(
    selector: VectorSelector, span: DurationExpr, offset: DurationExpr
) -> None:
    tree = MatrixSelector(VectorSelector(selector.matchers, offset), span)
    assert parse(print_expr(tree)) == tree


@settings(max_examples=500)
@given(finite)
def test_printed_number_reads_back_to_the_last_bit(value: float) -> None:
    assert parse(print_expr(NumberLiteral(value))) == NumberLiteral(value)


@settings(max_examples=1000, deadline=None)
@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    _parses_or_is_refused(text)


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.sampled_from(sorted({part for query in QUERIES for part in query.split()})), max_size=12))
def test_any_mix_of_pieces_of_queries_parses_or_is_refused(parts: list[str]) -> None:
    _parses_or_is_refused(" ".join(parts))


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(QUERIES), st.integers(0, 80), st.text(st.sampled_from("()[]{}\"'`,:@+-*/#0m\\ax "), max_size=3))
def test_any_query_with_something_put_in_parses_or_is_refused(query: str, where: int, text: str) -> None:
    _parses_or_is_refused(query[:where] + text + query[where:])


@given(st.sampled_from(QUERIES), st.integers(0, 80))
def test_any_beginning_of_a_query_parses_or_is_refused(query: str, length: int) -> None:
    _parses_or_is_refused(query[:length])


def _parses_or_is_refused(text: str) -> None:
    tree: Expr | None = None
    offset = 0
    try:
        tree = parse(text, Limits(max_depth=50))
    except QuerySyntaxError as error:
        offset = error.position.offset
    assert offset <= len(text)
    assert tree is None or parse(print_expr(tree)) == tree
