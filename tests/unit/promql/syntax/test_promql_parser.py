"""A second opinion: the package promql-parser, a Rust port of upstream's grammar, on everything it can read.

It is compared through ``prettify()``, because its trees can't be taken apart completely, and never given long input or
an infinite duration, on which it ends the process. Where it and Prometheus 3.16 differ is listed with the reason; a
hole that no query falls into any more must be taken off the list.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import promql_parser
import pytest

from query.model.errors import QuerySyntaxError
from query.promql.syntax import Expr, parse, rewrite, walk
from query.promql.syntax.nodes import (
    DurationNumber,
    MatrixSelector,
    NumberLiteral,
    Subquery,
    Unary,
    VectorSelector,
)
from tests.unit.promql.syntax.golden_files import Case, accepted, refused

LONGEST = 1_000
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`")


@dataclass(frozen=True, slots=True)
class Hole:
    """Queries that promql-parser 0.12 reads differently or not at all, and why."""

    reason: str
    holds: Callable[[str], bool]


def _written(pattern: str) -> Callable[[str], bool]:
    """Return the claim that a query has this pattern outside of its strings."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda query: compiled.search(_STRING.sub('""', query)) is not None


def _quoted(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda query: any(compiled.search(found) for found in _STRING.findall(query))


def _has(claim: Callable[[Expr], bool]) -> Callable[[str], bool]:
    return lambda query: any(map(claim, walk(parse(query))))


def _is_in_the_past_of_the_epoch(expr: Expr) -> bool:
    return isinstance(expr, VectorSelector | Subquery) and isinstance(expr.at, int) and expr.at < 0


def _has_fraction_of_a_millisecond(expr: Expr) -> bool:
    return (isinstance(expr, MatrixSelector) and isinstance(expr.range, DurationNumber)) or (
        isinstance(expr, VectorSelector) and isinstance(expr.offset, DurationNumber)
    )


HOLES = (
    Hole("no arithmetic in brackets", _written(r"\[[^\]]*[-+*/%^(]")),
    Hole("no arithmetic after offset", _written(r"offset\s*[-+]?\s*[-(]")),
    Hole("no functions of durations", _written(r"\b(?:step|range|min_of|max_of)\(")),
    Hole("no anchored and smoothed", _written(r"anchored|smoothed")),
    Hole("no trimming of histograms", _written(r"</|>/")),
    Hole("no underscores in numbers", _written(r"\b[0-9][0-9a-fx]*_")),
    Hole("no Unicode letters or dots in names without quotes", _written(r"[^\x00-\x7f]|[a-zA-Z_]\.")),
    Hole("no comments in brackets", _written(r"\[[^\]]*#")),
    Hole("no durations of zero", _written(r"\b0s")),
    Hole("no durations in fill", _written(r"fill \(5m\)")),
    Hole("info() wants a matcher that is not empty", _written(r"info\(up, \{(?:job=\"\")?\}")),
    Hole("escapes are read in raw strings", _quoted(r"`.*\\")),
    Hole("bytes are read as characters", _quoted(r"\\x[c-f]|\\3")),
    Hole("prints words that need quotes without", _quoted(r"^.(?:without|inf|nan).$")),
    Hole("cuts durations to milliseconds", _has(_has_fraction_of_a_millisecond)),
    Hole("prints times before 1970 as 0", _has(_is_in_the_past_of_the_epoch)),
)
ACCEPTED_THERE = {
    "300y": "no bound on durations",
    "a offset 300y": "no bound on durations",
    "a offset 1e10": "no bound on durations",
    "a[1e10]": "no bound on durations",
    "1e400": "no bound on numbers",
    "a @ 1e20": "no bound on times",
    "a[0]": "no check of durations written as numbers",
    "a[0.0001]": "no check of durations written as numbers",
    "a[5m:0]": "no check of durations written as numbers",
    'a{b=~"a**"}': "its regular expressions are not RE2's",
    'a{b=~"a{1001}"}': "its regular expressions are not RE2's",
    r'a{b=~"\xff"}': "bytes are read as characters",
    '{b="c" or d="e"}': "or between matchers is VictoriaMetrics' language",
    'a{b="c" or d="e"}': "or between matchers is VictoriaMetrics' language",
    'sum by ("") (c)': "no check of label names",
    "limitk(a[5m], b)": "no check of the parameter's type",
    "info(a, b)": "no check of the second argument",
    'info(a, b{c="d"})': "no check of the second argument",
    'info(a, {b="c"} + 1)': "no check of the second argument",
    "info(a, (b))": "no check of the second argument",
    "a + fill (0) 1": "no check of where fill may stand",
    "1 + fill_left (0) a": "no check of where fill may stand",
    "a and fill (0) b": "no check of where fill may stand",
    "a or fill_left (1) b": "no check of where fill may stand",
    "+a[5m:1m]": "a plus sign is dropped before types are checked",
}
ENDS_THE_PROCESS = frozenset({"a offset inf"})


WITHOUT_HOLES = [case for case in accepted() if not any(hole.holds(case.query) for hole in HOLES)]


def test_most_queries_are_compared() -> None:
    assert len(WITHOUT_HOLES) > 450


@pytest.mark.parametrize("case", WITHOUT_HOLES, ids=str)
def test_both_read_the_same(case: Case) -> None:
    assert _normal(parse(_theirs(case.query))) == _normal(parse(case.query))


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.reason)
def test_hole_is_still_there(hole: Hole) -> None:
    fallen_in = [case.query for case in accepted() if hole.holds(case.query)]
    assert any(not _agrees(query) for query in fallen_in)


@pytest.mark.parametrize("case", [case for case in refused() if case.query not in ENDS_THE_PROCESS], ids=str)
def test_both_refuse(case: Case) -> None:
    if case.query in ACCEPTED_THERE:
        assert promql_parser.parse(case.query) is not None
    else:
        with pytest.raises(ValueError, match=r"."):
            promql_parser.parse(case.query)


def _agrees(query: str) -> bool:
    try:
        return _normal(parse(_theirs(query))) == _normal(parse(query))
    except (ValueError, QuerySyntaxError):
        return False


def _theirs(query: str) -> str:
    assert len(query) < LONGEST
    return str(promql_parser.parse(query).prettify())


def _normal(expr: Expr) -> Expr:
    """Return the tree without what prettify() is known to drop: order of matchers, durations as numbers, plus signs."""
    return rewrite(expr, _without_layout)


def _without_layout(expr: Expr) -> Expr:
    match expr:
        case NumberLiteral():
            return NumberLiteral(expr.value)
        case VectorSelector():
            return replace(expr, matchers=tuple(sorted(expr.matchers, key=repr)))
        case Unary(op="+"):
            return expr.expr
        case _:
            return expr
