"""Our parser against Prometheus' own: the same trees, the same refusals, at the same place, in the same words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from query.model.errors import QuerySyntaxError
from query.promql.syntax import Expr, parse, print_expr, rewrite
from query.promql.syntax.nodes import VectorSelector
from query.promql.syntax.parser import parse_placed
from query.promql.syntax.translate import translate
from tests.real.promql_syntax.mutations import mutated
from tests.real.promql_syntax.upstream import Refused, Upstream, comparable
from tests.unit.promql.syntax.golden_files import accepted, laid_out, refused
from tests.unit.promql.syntax.trees import any_expr

SEED = 20_250_615
MUTATIONS = 3_000

WRITTEN_DURATIONS = (
    "up[(2m + 3m)]",
    "up[(300)]",
    "up[((5m))]",
    "up[(0.5)]",
    "up[1h / (1 + 1)]",
    "up[-(3) * -2]",
    "up[-(-(300))]",
    "up[- -(5m) + (1h)]",
    "up[+(step())]",
    "up[+step()]",
    "up[-(step() * 2) + 1h]",
    "up[(1m * 2) * 3]",
    "up[max_of((1m), (step() + 1))]",
    "up[(5m):((30s))]",
    "up[5m:(30s * 2)] offset (1m)",
    "up offset (5m) + 1",
    "up offset -(5m)",
    "up offset +(5m + 1m)",
    "up offset +step()",
    "up offset -step()",
    "up offset (-step())",
    "up offset -max_of((1m), 2m)",
    "up offset +min_of(1m, step())",
    "up offset --(5m) ^ 2",
    "up offset (-60)",
)
NOT_SHOWN = {
    "a + fill (+Inf) b": "parse_query can't write an infinite fill value as JSON",
    r'up{"\xff"="v"}': "JSON has no bytes that are not UTF-8",
    r'"\xff\377"': "JSON has no bytes that are not UTF-8",
}
OWN_REFUSALS = {
    r'a{b=~"\xff"}': "no label value holds bytes that are not UTF-8, and RE2 can't be given them",
    "a[0.0001]": "under a millisecond: upstream accepts it and then selects an empty range",
}
PRINTED_WRONG_UPSTREAM = {
    "info(up, {})": "the empty braces are left out",
    'sum by ("without", "inf", "nan") (up)': "words that need quotes there lose them",
    "up offset +(5m + 1m) * 2": "without the sign the product becomes part of the offset",
    "up offset --5m + 1m": "without the signs the sum no longer is part of the offset",
}
OWN_WORDS = {
    "0xffffffffffffffff": "upstream reads it as a float with an exponent missing",
    "0x": "upstream takes the prefix for a number and fails to convert it",
    "a !": "upstream shows the end of the input as the character U+FFFD",
}


def test_upstream_reads_every_accepted_query_as_the_same_tree(upstream: Upstream) -> None:
    differences = {}
    for case in accepted():
        if case.query in NOT_SHOWN:
            continue
        theirs = upstream.parse(case.query)
        if isinstance(theirs, Refused) or comparable(theirs) != comparable(parse(case.query)):
            differences[case.query] = theirs
    assert differences == {}


@pytest.mark.parametrize("query", WRITTEN_DURATIONS)
def test_durations_are_shown_as_they_were_written(upstream: Upstream, query: str) -> None:
    assert translate(*parse_placed(query)) == upstream.tree(query)


def test_upstream_reads_what_we_print_as_the_same_tree(upstream: Upstream) -> None:
    differences = {}
    for case in accepted():
        if case.query in NOT_SHOWN:
            continue
        theirs = upstream.parse(case.expected)
        if isinstance(theirs, Refused) or comparable(theirs) != comparable(parse(case.query)):
            differences[case.expected] = theirs
    assert differences == {}


def test_we_read_what_upstream_prints_as_the_same_tree(upstream: Upstream) -> None:
    differences = {}
    for case in accepted():
        text = upstream.format(case.query)
        theirs, ours = _result(text), parse(case.query)
        if isinstance(theirs, Refused) or _sorted(theirs) != _sorted(ours):
            differences[case.query] = (text, theirs)
    assert {query: both for query, both in differences.items() if query not in PRINTED_WRONG_UPSTREAM} == {}
    assert differences.keys() == PRINTED_WRONG_UPSTREAM.keys(), "a difference that is listed is gone"


def test_upstream_lays_out_long_queries_the_same_way(upstream: Upstream) -> None:
    differences = {}
    for case in laid_out():
        theirs = upstream.format(case.query)
        if theirs != case.expected:
            differences[case.query] = theirs
    assert differences == {}


def test_upstream_refuses_what_we_refuse_in_the_same_words(upstream: Upstream) -> None:
    differences: dict[str, tuple[str, str]] = {}
    for case in refused():
        theirs = upstream.parse(case.query)
        ours = Refused(_refusal(case.query))
        if case.query in OWN_REFUSALS:
            assert not isinstance(theirs, Refused), f"{case.query}: upstream refuses it too now"
        elif not isinstance(theirs, Refused):
            differences[case.query] = ("upstream accepts it", ours.message)
        elif theirs != ours and case.query.isascii() and not _is_regex_message(ours.message):
            differences[case.query] = (theirs.message, ours.message)
    assert {query: both for query, both in differences.items() if query not in OWN_WORDS} == {}
    assert differences.keys() == OWN_WORDS.keys(), "a difference that is listed is gone"


@pytest.mark.timeout(300)
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(tree=any_expr)
def test_upstream_reads_generated_trees_as_they_are(upstream: Upstream, tree: Expr) -> None:
    theirs = upstream.try_parse(print_expr(tree))
    assert theirs is None or (not isinstance(theirs, Refused) and comparable(theirs) == comparable(tree))


@pytest.mark.timeout(300)
def test_mutated_queries_get_the_same_tree_or_are_refused_by_both(upstream: Upstream) -> None:
    differences = {}
    for query in mutated([case.query for case in accepted() + refused()], SEED, MUTATIONS):
        theirs, ours = upstream.try_parse(query), _result(query)
        if theirs is None:
            continue
        if isinstance(theirs, Refused) or isinstance(ours, Refused):
            is_same = isinstance(theirs, Refused) and isinstance(ours, Refused)
        else:
            is_same = comparable(theirs) == comparable(ours)
        if not is_same:
            differences[query] = (theirs, ours)
    assert differences == {}


def _result(query: str) -> Expr | Refused:
    try:
        return parse(query)
    except QuerySyntaxError as error:
        return Refused(str(error))


def _sorted(expr: Expr) -> Expr:
    """Return the tree with its matchers sorted, as upstream prints them, and without what is not shown."""
    return rewrite(comparable(expr), _with_sorted_matchers)


def _with_sorted_matchers(expr: Expr) -> Expr:
    match expr:
        case VectorSelector():
            return replace(expr, matchers=tuple(sorted(expr.matchers, key=repr)))
        case _:
            return expr


def _refusal(query: str) -> str:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(query)
    return str(caught.value)


def _is_regex_message(message: str) -> bool:
    return "error parsing regexp" in message
