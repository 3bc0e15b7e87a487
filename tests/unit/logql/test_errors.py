"""What is no LogQL is refused with its place and in Loki's words."""

# ruff: noqa: E501 - a case is a line

from __future__ import annotations

from contextlib import suppress

import pytest

from query.logql.syntax import parse_query
from query.model.errors import BadQueryError, QuerySyntaxError, UnsupportedError
from query.syntax.limits import DEFAULT, Limits

NEEDS = "queries require at least one regexp or equality matcher"


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "syntax error: unexpected $end"),
        ("sum(", 1, 5, "syntax error: unexpected $end"),
        ('{app="x"', 1, 9, "syntax error: unexpected $end, expecting } or ,"),
        ('{app="x"}\n | json |', 2, 10, "syntax error: unexpected $end"),
        ('{app="x"} foo', 1, 11, "syntax error: unexpected IDENTIFIER"),
        ('{json="x"}', 1, 2, "syntax error: unexpected json, expecting IDENTIFIER"),
        ('{app="x"} |~', 1, 13, "syntax error: unexpected $end, expecting STRING or ip"),
        ('{app="x', 1, 6, "literal not terminated"),
        ("{app=`x", 1, 6, "literal not terminated"),
        ("{app='x'}", 1, 6, "unexpected character: '\\''"),
        ("{}", 1, 1, NEEDS),
        ('{app=""}', 1, 1, NEEDS),
        ('{app=~".*"}', 1, 1, NEEDS),
        ('{app!="x"}', 1, 1, NEEDS),
        ('sum(rate({app!="x"}[5m]))', 1, 10, NEEDS),
        ('{app=~"("}', 1, 7, "error parsing regexp"),
        ('{app="x"} |~ "("', 1, 14, "error parsing regexp"),
        ('{app="x"} | regexp "x"', 1, 20, "at least one named capture must be supplied"),
        ('{app="x"} | pattern "x"', 1, 21, "at least one capture is required"),
        ('{app="x"} | pattern "<a><b>"', 1, 21, "found consecutive capture '<a><b>': invalid expression"),
        ('{app="x"} | pattern "<a> <a>"', 1, 21, "duplicate capture name (a)"),
        ('{app="x"} |> "<a> b"', 1, 14, "named captures are not allowed: found '<a>'"),
        ('{app="x"} |~ ip("::1")', 1, 16, "ip: invalid operation"),
        ('rate({app="x"})', 1, 15, "syntax error: unexpected ), expecting RANGE"),
        ('rate({app="x"}[5m)', 1, 15, "missing closing ']' in duration"),
        ('rate({app="x"}[5x])', 1, 15, 'unknown unit "x" in duration "5x"'),
        ('rate({app="x"}[])', 1, 15, "empty duration string"),
        ('sum({app="x"})', 1, 14, "syntax error: unexpected )"),
        ('{app="x"} + 1', 1, 11, "unexpected type for left leg of binary operation (+): *syntax.MatchersExpr"),
        ('1 or rate({app="x"}[5m])', 1, 3, "unexpected literal for left leg of logical/set binary operation (or): 1.000000"),
        ('sum(3, rate({app="x"}[5m]))', 1, 5, "unsupported parameter for operation sum(3,"),
        ('topk(rate({app="x"}[5m]))', 1, 1, "parameter required for operation topk"),
        ('topk(1.5, rate({app="x"}[5m]))', 1, 6, "invalid parameter topk(1.5,"),
        ('topk(0, rate({app="x"}[5m]))', 1, 6, "invalid parameter (must be greater than 0) topk(0"),
        ('sum_over_time({app="x"}[5m])', 1, 1, "invalid aggregation sum_over_time without unwrap"),
        ('count_over_time({app="x"} | unwrap y [5m])', 1, 1, "invalid aggregation count_over_time with unwrap"),
        ('rate({app="x"}[5m]) by (a)', 1, 1, "grouping not allowed for rate aggregation"),
        ('quantile_over_time({app="x"} | unwrap y [5m])', 1, 1, "parameter required for operation quantile_over_time"),
        ('sort by (a) (rate({app="x"}[5m]))', 1, 1, "sort and sort_desc doesn't allow grouping by"),
        ('{app="x"} | label_format a=b, a=c', 1, 31, "multiple label name 'a' not allowed in a single format operation"),
        ('{app="x"} | unwrap y', 1, 11, "syntax error: unexpected |"),
        ('label_replace(rate({app="x"}[5m]), "a", "b", "c", "(")', 1, 51, "invalid regex in label_replace"),
        ("1_000", 1, 1, "unable to parse literal as a float"),
        ("0x1f", 1, 1, "unable to parse literal as a float"),
        ("089", 1, 1, "invalid digit '8' in octal literal"),
        ("1 /* 2", 1, 3, "comment not terminated"),
        ('{app="\ud800"}', 1, 7, "invalid UTF-8 in query"),
    ],
)  # fmt: skip
def test_refusal(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_query(text)
    assert message in caught.value.message
    assert (caught.value.position.line, caught.value.position.column) == (line, column)


def test_variants_are_named_as_unsupported() -> None:
    with pytest.raises(UnsupportedError, match=r"variants\(\)"):
        parse_query('variants(rate({app="x"}[5m])) of ({app="x"}[5m])')


OPEN = "("
HOSTILE = (
    "(" * 100_000,
    "{" * 100_000,
    '{a="' + "x" * 1_000_000 + '"}',
    '{a="b"}' + ' |= "x"' * 40_000,
    '{a="b"} |= "x"' + ' or "x"' * 40_000,
    '{a="b"} | ' + " or ".join(['a="b"'] * 10_000),
    '{a="b"} | ' + ",".join(['a="b"'] * 10_000),
    '{a="b"} | ' + "(" * 10_000,
    "+".join(['rate({a="b"}[1m])'] * 5_000),
    "sum(" * 5_000 + 'rate({a="b"}[1m])' + ")" * 5_000,
    "1" + "+1" * 30_000,
    "2" + "^9" * 5_000,
    "1e" + "9" * 1_000,
    "[" * 50_000,
    '{a=~"' + "(a?){1000}" * 500 + '"}',
    '{a=~"' + r"(\pL{100}){5}" * 20 + '"}',
    '{a="b"} | drop ' + ",".join("a" * 5 for _ in range(40_000)),
    "\x00" * 1000,
    "#" * 131_000,
    "`" * 131_000,
    "rate(" + "(" * 3_000 + '{a="b"}[1m]' + ")" * 3_000 + ")",
    "quantile_over_time(" + "9" * 100_000 + ', {a="b"} | unwrap c [1m])',
    "topk(" + "9" * 5_000 + ', rate({a="b"}[1m]))',
    'rate({a="b"}[' + "9" * 100_000 + "s])",
    '{a="b"} | c > ' + "9" * 100_000 + "s",
    '{a="b"} | c > ' + "9" * 100_000 + "KB",
)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:24])
def test_hostile_input_is_parsed_or_refused_quickly(text: str) -> None:
    with suppress(BadQueryError):
        parse_query(text)


def test_limits_name_themselves() -> None:
    with pytest.raises(QuerySyntaxError, match=f"max_depth={DEFAULT.max_depth}"):
        parse_query("(" * 1000 + "1" + ")" * 1000)
    with pytest.raises(QuerySyntaxError, match="max_depth=3"):
        parse_query("+".join(['rate({a="b"}[1m])'] * 5), Limits(max_depth=3))
    with pytest.raises(QuerySyntaxError, match="max_bytes=10"):
        parse_query('{app="something"}', Limits(max_bytes=10))
    with pytest.raises(QuerySyntaxError, match="max_tokens=4"):
        parse_query('{app="x", b="y"}', Limits(max_tokens=4))
