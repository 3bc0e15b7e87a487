"""Query texts against the trees they denote, and trees against the text they are printed as."""

# ruff: noqa: E501 - a case is a line

from __future__ import annotations

import pytest

from query.logql.syntax import parse_query, parse_selector, print_query, print_selector
from query.logql.syntax.nodes import (
    AndFilter,
    Binary,
    BytesFilter,
    Cardinality,
    DropLabels,
    DurationFilter,
    Extraction,
    Grouping,
    IpFilter,
    JsonExpressionParser,
    KeepLabels,
    LabelAssignment,
    LabelFilterStage,
    LabelFormat,
    LineFilter,
    LineFilterOp,
    LineMatch,
    Literal,
    LogfmtParser,
    LogQuery,
    LogRange,
    Matching,
    NumberFilter,
    OrFilter,
    RangeAggregation,
    StringFilter,
    Unwrap,
    Vector,
    VectorAggregation,
)
from query.model.matchers import Matcher, MatchOp
from query.model.time import NS_PER_S

APP = Matcher("app", MatchOp.EQUAL, "x")
MINUTES_5 = 300 * NS_PER_S


def text_filter(name: str, value: str) -> StringFilter:
    return StringFilter(Matcher(name, MatchOp.EQUAL, value))


def stages(text: str) -> tuple[object, ...]:
    parsed = parse_query(f'{{app="x"}} {text}')
    assert isinstance(parsed, LogQuery)
    return parsed.stages


def test_selector() -> None:
    assert parse_selector('{a="1", b!=`2`, c=~"3.*", d!~"4"}') == (
        Matcher("a", MatchOp.EQUAL, "1"),
        Matcher("b", MatchOp.NOT_EQUAL, "2"),
        Matcher("c", MatchOp.REGEX, "3.*"),
        Matcher("d", MatchOp.NOT_REGEX, "4"),
    )
    assert parse_selector("{}") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('|= "a"', (LineFilter(LineFilterOp.CONTAINS, (LineMatch("a"),)),)),
        ('|= "a" or `b`', (LineFilter(LineFilterOp.CONTAINS, (LineMatch("a"), LineMatch("b"))),)),
        (
            '!= "a" or "b"',
            (
                LineFilter(LineFilterOp.NOT_CONTAINS, (LineMatch("a"),)),
                LineFilter(LineFilterOp.NOT_CONTAINS, (LineMatch("b"),)),
            ),
        ),
        ('|= ip("10.0.0.0/8")', (LineFilter(LineFilterOp.CONTAINS, (LineMatch("10.0.0.0/8", is_ip=True),)),)),
        ('|> "<_> a"', (LineFilter(LineFilterOp.PATTERN, (LineMatch("<_> a"),)),)),
        ("| logfmt --strict --keep-empty", (LogfmtParser(strict=True, keep_empty=True),)),
        ('| json a="b.c", d', (JsonExpressionParser((Extraction("a", "b.c"), Extraction("d", "d"))),)),
        ('| drop a, b="x"', (DropLabels(("a", Matcher("b", MatchOp.EQUAL, "x"))),)),
        ("| keep a", (KeepLabels(("a",)),)),
        (
            '| label_format a=b, c="{{.d}}"',
            (
                LabelFormat(
                    (LabelAssignment("a", "b", is_rename=True), LabelAssignment("c", "{{.d}}", is_rename=False))
                ),
            ),
        ),
        ("| rate > -1.5", (LabelFilterStage(NumberFilter("rate", ">", -1.5)),)),
        ("| d = 1m30s", (LabelFilterStage(DurationFilter("d", "==", 90 * NS_PER_S)),)),
        ("| d >= 1.5KiB", (LabelFilterStage(BytesFilter("d", ">=", 1536)),)),
        ('| d != ip("::1")', (LabelFilterStage(IpFilter("d", "!=", "::1")),)),
    ],
)
def test_stage(text: str, expected: tuple[object, ...]) -> None:
    assert stages(text) == expected


A, B, C = (text_filter(name, "1") for name in "abc")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a="1" and b="1" or c="1"', OrFilter(AndFilter(A, B), C)),
        ('a="1" or b="1" and c="1"', OrFilter(A, AndFilter(B, C))),
        ('a="1", b="1" or c="1"', AndFilter(A, OrFilter(B, C))),
        ('a="1" or b="1", c="1"', OrFilter(A, AndFilter(B, C))),
        ('a="1" b="1" or c="1"', AndFilter(A, OrFilter(B, C))),
        ('(a="1" or b="1") and c="1"', AndFilter(OrFilter(A, B), C)),
        ('a="1" or b="1" or c="1"', OrFilter(OrFilter(A, B), C)),
        ('a="1", b="1", c="1"', AndFilter(A, AndFilter(B, C))),
    ],
)
def test_how_label_filters_bind(text: str, expected: object) -> None:
    assert stages(f"| {text}") == (LabelFilterStage(expected),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        'sum_over_time({app="x"} |= "e" | unwrap bytes(v) | v>1 [5m] offset 1h)',
        'sum_over_time(({app="x"} |= "e" | unwrap bytes(v) | v>1)[5m] offset 1h)',
        'sum_over_time({app="x"}[5m] offset 1h |= "e" | unwrap bytes(v) | v>1)',
        'sum_over_time(({app="x"}[5m] offset 1h |= "e" | unwrap bytes(v) | v>1))',
    ],
)
def test_where_a_range_may_stand(text: str) -> None:
    query = LogQuery((APP,), (LineFilter(LineFilterOp.CONTAINS, (LineMatch("e"),)),))
    unwrap = Unwrap("v", "bytes", (NumberFilter("v", ">", 1.0),))
    assert parse_query(text) == RangeAggregation("sum_over_time", LogRange(query, MINUTES_5, 3600 * NS_PER_S, unwrap))


def rate() -> RangeAggregation:
    return RangeAggregation("rate", LogRange(LogQuery((APP,)), MINUTES_5))


def test_grouping_stands_before_or_behind() -> None:
    expected = VectorAggregation("topk", rate(), Grouping(("a", "b"), without=True), 3)
    assert parse_query('topk without (a, b) (3, rate({app="x"}[5m]))') == expected
    assert parse_query('topk(3, rate({app="x"}[5m])) without (a,b)') == expected


def test_binary_operations() -> None:
    matching = Matching(("a",), on=True, cardinality=Cardinality.MANY_TO_ONE, include=("b",))
    assert parse_query('rate({app="x"}[5m]) > bool on (a) group_left (b) vector(2)') == Binary(
        ">", rate(), Vector(2.0), matching, returns_bool=True
    )
    assert parse_query('1 - rate({app="x"}[5m]) * 2 ^ 3 ^ 2') == Binary(
        "-", Literal(1.0), Binary("*", rate(), Literal(512.0))
    )
    assert parse_query('rate({app="x"}[5m]) or rate({app="x"}[5m]) and rate({app="x"}[5m])') == Binary(
        "or", rate(), Binary("and", rate(), rate())
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("1 + 1", 2), ("-2 ^ 2", 4), ("7 % 4", 3), ("2 > 1", 1), ("2 < 1", 0), ("1e3", 1000), (".5", 0.5), ("+5", 5)],
)
def test_literals_are_folded(text: str, value: float) -> None:
    assert parse_query(text) == Literal(value)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ('{ app = "x" , b!="y" }', '{app="x", b!="y"}'),
        ('{app="x"} # comment\n |= "a" // another\n /* and\n one */ | json', '{app="x"} |= "a" | json'),
        ('{app="x"} | status>=500 | d>1s | s<=2MB', '{app="x"} | status>=500 | d>1s | s<=2MB'),
        ('{app="x"} | s > 1234B', '{app="x"} | s>1234B'),
        ('{app="x"} | rate="1" | count="2"', '{app="x"} | rate="1" | count="2"'),
        ('SUM BY (a) (RATE({app="x"}[5m]))', 'sum by (a)(rate({app="x"}[5m]))'),
        ('sum by () (rate({app="x"}[5m]))', 'sum(rate({app="x"}[5m]))'),
        ('sum without () (rate({app="x"}[5m]))', 'sum without ()(rate({app="x"}[5m]))'),
        ('rate({app="x"}[90s] offset -1.5s)', 'rate({app="x"}[1m30s] offset -1.5s)'),
        ("vector(0.0000001)", "vector(0.0000001)"),
        ("vector(3)", "vector(3.000000)"),
        ("1 / 0", "(0 / 0)"),
        ("1e308 * 10", "(1e+308 * 10)"),
        ('quantile_over_time(0.50,{app="x"}|unwrap y[1h]) by (a)', 'quantile_over_time(0.5,{app="x"} | unwrap y[1h]) by (a)'),
        ('{app="a\\"b\\\\c\\n"}', '{app="a\\"b\\\\c\\n"}'),
        (
            'rate({app="x"}[5m]) / ignoring (a) group_right rate({app="x"}[5m])',
            '(rate({app="x"}[5m]) / ignoring (a) group_right rate({app="x"}[5m]))',
        ),
    ],
)  # fmt: skip
def test_printing(text: str, printed: str) -> None:
    tree = parse_query(text)
    assert print_query(tree) == printed
    assert print_query(parse_query(printed)) == printed


def test_printing_a_selector() -> None:
    assert print_selector(parse_selector('{a=`"`,b=~"x|y"}')) == '{a="\\"", b=~"x|y"}'
