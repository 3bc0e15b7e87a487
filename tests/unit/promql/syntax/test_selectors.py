"""Selectors as ``match[]`` parameters hold them."""

from __future__ import annotations

import pytest

from query.model.errors import QuerySyntaxError
from query.model.matchers import Matcher, MatchOp
from query.promql.syntax import parse_selector, print_matchers

JOB = Matcher("job", MatchOp.EQUAL, "shop")


def name(value: str) -> Matcher:
    return Matcher("__name__", MatchOp.EQUAL, value)


@pytest.mark.parametrize(
    ("text", "matchers"),
    [
        ("up", (name("up"),)),
        (' up { job = "shop" } ', (name("up"), JOB)),
        ('{job="shop"}', (JOB,)),
        ('{job="shop",__name__="up"}', (name("up"), JOB)),
        ('{"my.metric"}', (name("my.metric"),)),
        ("my.metric", (name("my.metric"),)),
        ('{job=~".*"}', (Matcher("job", MatchOp.REGEX, ".*"),)),
        ("{}", ()),
        ("sum", (name("sum"),)),
        ("offset", (name("offset"),)),
        ('rate{job="shop"}', (name("rate"), JOB)),
        ("up # comment", (name("up"),)),
    ],
)
def test_selector_is_read(text: str, matchers: tuple[Matcher, ...]) -> None:
    assert parse_selector(text) == matchers
    assert parse_selector(print_matchers(matchers)) == matchers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: parse error: unexpected end of input"),
        ("up[5m]", '1:3: parse error: unexpected "\\["'),
        ("up offset 5m", "1:4: parse error: unexpected <offset>"),
        ("up @ 5", "1:4: parse error: unexpected <op:@>"),
        ("up + up", "1:4: parse error: unexpected <op:\\+>"),
        ("rate(up)", '1:5: parse error: unexpected "\\("'),
        ("(up)", '1:1: parse error: unexpected "\\("'),
        ("1", '1:1: parse error: unexpected number "1"'),
        ('"up"', "1:1: parse error: unexpected string"),
        ("bool", "1:1: parse error: unexpected <bool>"),
        ("{job}", "unexpected .* in label matching, expected label matching operator"),
        ('{job=~"("}', "1:2: parse error: error parsing regexp"),
        ("up{", "unexpected end of input inside braces"),
    ],
)
def test_what_is_no_selector_is_refused(text: str, message: str) -> None:
    with pytest.raises(QuerySyntaxError, match=message):
        parse_selector(text)
