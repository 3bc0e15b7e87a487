"""Printing a tree and parsing the text gives the tree back, on one line and laid out."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from query.logql.syntax import parse_query, prettify, print_query
from query.logql.syntax.nodes import Expr
from tests.unit.logql.trees import expressions


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(expressions)
def test_round_trip(tree: Expr) -> None:
    assert parse_query(print_query(tree)) == tree
    assert parse_query(prettify(tree)) == tree
