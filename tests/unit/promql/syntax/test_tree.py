from __future__ import annotations

import pytest

from query.model.errors import BadQueryError
from query.model.matchers import Matcher, MatchOp
from query.promql.syntax import Expr, ValueType, children, parse, print_expr, replace_children, rewrite, type_of, walk
from query.promql.syntax.nodes import Binary, Call, MatrixSelector, NumberLiteral, Paren, Placed, VectorSelector
from tests.unit.promql.syntax.golden_files import Case, accepted

QUERY = "sum by (x) (rate(a[5m])) / topk(2, -(b + on (x) c))"
RENAMED = "sum by (x) (rate(z[5m])) / topk(2, -(z + on (x) z))"


def _renamed(expr: Expr) -> Expr:
    if isinstance(expr, VectorSelector):
        return VectorSelector((Matcher("__name__", MatchOp.EQUAL, "z"),))
    return expr


def test_walk_meets_parents_before_children_and_left_before_right() -> None:
    met = [print_expr(node) for node in walk(parse("rate(a[5m]) + topk(2, b)"))]
    assert met == ["rate(a[5m]) + topk(2, b)", "rate(a[5m])", "a[5m]", "a", "topk(2, b)", "2", "b"]


def test_rewrite_changes_every_node() -> None:
    assert print_expr(rewrite(parse(QUERY), _renamed)) == RENAMED


def test_replace_children_goes_one_level_down() -> None:
    def deep(expr: Expr) -> Expr:
        return _renamed(replace_children(expr, deep))

    assert print_expr(deep(parse(QUERY))) == RENAMED
    assert replace_children(parse("-(a)"), _renamed) == parse("-(a)")


@pytest.mark.parametrize("case", accepted(), ids=str)
def test_changing_nothing_gives_back_the_very_tree(case: Case) -> None:
    tree = parse(case.query)
    assert replace_children(tree, lambda child: child) is tree
    assert rewrite(tree, lambda node: node) is tree


def test_rewrite_gives_the_changed_children_to_the_parent() -> None:
    seen: list[str] = []

    def note(expr: Expr) -> Expr:
        seen.append(print_expr(expr))
        return NumberLiteral(7) if isinstance(expr, NumberLiteral) else expr

    rewrite(parse("1 + (2 * 3)"), note)
    assert seen == ["1", "2", "3", "7 * 7", "(7 * 7)", "7 + (7 * 7)"]


def test_range_is_taken_of_nothing_but_a_selector() -> None:
    with pytest.raises(TypeError, match="a range is taken of a vector selector, not of NumberLiteral"):
        replace_children(parse("a[5m]"), lambda _: NumberLiteral(1))


def test_walk_and_rewrite_work_on_trees_of_any_height() -> None:
    tree: Expr = NumberLiteral(1)
    for _ in range(50_000):
        tree = Paren(tree)
    assert sum(1 for _ in walk(tree)) == 50_001
    assert rewrite(tree, lambda node: node.expr if isinstance(node, Paren) else node) == NumberLiteral(1)


def test_leaf_of_the_planner_has_no_children_and_a_vector_type() -> None:
    assert children(Placed()) == ()
    assert type_of(Placed()) is ValueType.VECTOR


@pytest.mark.parametrize(
    ("query", "value_type"),
    [
        ("1", ValueType.SCALAR),
        ("5m", ValueType.SCALAR),
        ("-(1 + 2)", ValueType.SCALAR),
        ("1 > bool 2", ValueType.SCALAR),
        ("time() * scalar(a)", ValueType.SCALAR),
        ('"a"', ValueType.STRING),
        ('("a")', ValueType.STRING),
        ("a", ValueType.VECTOR),
        ("-a", ValueType.VECTOR),
        ("a + 1", ValueType.VECTOR),
        ("1 + a", ValueType.VECTOR),
        ("a or b", ValueType.VECTOR),
        ("sum(a)", ValueType.VECTOR),
        ("vector(1)", ValueType.VECTOR),
        ("rate(a[5m])", ValueType.VECTOR),
        ("a[5m]", ValueType.MATRIX),
        ("(a[5m])", ValueType.MATRIX),
        ("a[5m:1m]", ValueType.MATRIX),
    ],
)
def test_type(query: str, value_type: ValueType) -> None:
    assert type_of(parse(query)) is value_type


def test_type_of_an_unknown_function_is_an_error() -> None:
    with pytest.raises(BadQueryError, match='unknown function with name "nope"'):
        type_of(Call("nope", ()))


def test_trees_can_be_keys() -> None:
    seen = {parse("sum(a)"): 1}
    assert seen[parse(" sum ( a ) ")] == 1
    assert parse("sum(b)") not in seen
    assert isinstance(parse("a[5m]"), MatrixSelector)
    assert isinstance(parse("a + b"), Binary)
