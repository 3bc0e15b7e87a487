from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query.promql.syntax import parse, prettify, print_expr
from tests.unit.promql.syntax.golden_files import Case, accepted, laid_out


@pytest.mark.parametrize("case", laid_out(), ids=str)
def test_long_query_is_split(case: Case) -> None:
    assert prettify(parse(case.query)) == case.expected


@pytest.mark.parametrize("case", laid_out(), ids=str)
def test_laid_out_query_stays_as_it_is(case: Case) -> None:
    assert prettify(parse(case.expected)) == case.expected


def test_short_query_stays_on_its_line() -> None:
    for case in accepted():
        if len(case.expected.encode()) <= 100:
            assert "\n" not in prettify(parse(case.query))


def test_matchers_are_sorted_with_the_name_in_front() -> None:
    assert prettify(parse('up{b="2",a!="1",a="1"}')) == 'up{a!="1",a="1",b="2"}'
    assert prettify(parse('{b="2",__name__=~"u.*",a="1"}')) == '{__name__=~"u.*",a="1",b="2"}'


@settings(deadline=None)
@given(st.lists(st.sampled_from([case.query for case in laid_out()]), min_size=2, max_size=4))
def test_layout_changes_nothing_but_the_order_of_matchers(queries: list[str]) -> None:
    tree = parse(" or ".join(f"({query})" for query in queries))
    assert print_expr(parse(prettify(tree))) == print_expr(parse(prettify(parse(prettify(tree)))))
    assert len(print_expr(parse(prettify(tree)))) == len(print_expr(tree))
