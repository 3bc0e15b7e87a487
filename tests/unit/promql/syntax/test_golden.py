from __future__ import annotations

import pytest

from query.model.errors import Position, QuerySyntaxError
from query.promql.syntax import parse, print_expr, walk
from query.promql.syntax.functions import FUNCTIONS
from query.promql.syntax.nodes import (
    AGGREGATIONS,
    ARITHMETIC_OPERATORS,
    COMPARISON_OPERATORS,
    SET_OPERATORS,
    TRIM_OPERATORS,
    Aggregate,
    Binary,
    Call,
)
from query.promql.syntax.precedence import BINDING
from tests.unit.promql.syntax.golden_files import AND_MORE, Case, accepted, refused


@pytest.mark.parametrize("case", accepted(), ids=str)
def test_query_prints_as_expected(case: Case) -> None:
    assert print_expr(parse(case.query)) == case.expected


@pytest.mark.parametrize("case", accepted(), ids=str)
def test_printed_query_is_the_same_tree_again(case: Case) -> None:
    tree = parse(case.query)
    again = parse(print_expr(tree))
    assert again == tree
    assert hash(again) == hash(tree)


@pytest.mark.parametrize("case", refused(), ids=str)
def test_query_is_refused_at_the_place_with_the_words(case: Case) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(case.query)
    error = caught.value
    told = f"{error.position.line}:{error.position.column}: {error.message}"
    beginning = case.expected.removesuffix(AND_MORE)
    assert told.startswith(beginning) if case.expected.endswith(AND_MORE) else told == beginning
    assert error.position == Position.at(case.query, error.position.offset)


def test_tables_hold_every_function() -> None:
    called = {node.function for case in accepted() for node in walk(parse(case.query)) if isinstance(node, Call)}
    assert called == FUNCTIONS.keys()


def test_tables_hold_every_aggregation() -> None:
    used = {node.op for case in accepted() for node in walk(parse(case.query)) if isinstance(node, Aggregate)}
    assert used == AGGREGATIONS


def test_tables_hold_every_operator() -> None:
    used = {node.op for case in accepted() for node in walk(parse(case.query)) if isinstance(node, Binary)}
    assert used == ARITHMETIC_OPERATORS | COMPARISON_OPERATORS | SET_OPERATORS | TRIM_OPERATORS
    assert used == BINDING.keys()


def test_tables_hold_no_query_twice() -> None:
    queries = [case.query for case in accepted() + refused()]
    assert len(queries) == len(set(queries))


def test_every_part_of_a_pair_of_queries_tells_them_apart() -> None:
    by_tree: dict[object, set[str]] = {}
    for case in accepted():
        by_tree.setdefault(parse(case.query), set()).add(case.expected)
    assert all(len(texts) == 1 for texts in by_tree.values())
    assert len({next(iter(texts)) for texts in by_tree.values()}) == len(by_tree)


def test_blank_text_is_refused() -> None:
    for text in ("", " ", "\n\t\r\n"):
        with pytest.raises(QuerySyntaxError, match="no expression found in input"):
            parse(text)
