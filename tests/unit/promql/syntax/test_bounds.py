"""Text that is made to hurt: refused or read at a bounded cost, without using up the stack."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from query.model.errors import QuerySyntaxError
from query.promql.syntax import Expr, parse, parse_selector, prettify, print_expr, replace_children, type_of, walk
from query.syntax.limits import DEFAULT, Limits

CPU_LIMIT_S = 2.0
"""Of this process; a tenth of a second at worst when measured alone, several times that beside other work."""

MANY = 100_000
MOST_BYTES = DEFAULT.max_bytes
TALLEST = DEFAULT.max_depth
BASE_STACK = 200
"""Frames a server may already stand on when it parses."""

TOO_LONG = "query is longer than max_bytes=131072"
TOO_DEEP = f"nested deeper than max_depth={DEFAULT.max_depth}"
TOO_MANY = "more than max_tokens=10000 tokens"
TOO_DEAR = "cost more to compile than max_regex_cost=60"
TOO_LARGE = "duration expression has more than 60 parts"


def braces(matchers: list[str]) -> str:
    return "{" + ",".join(matchers) + "}"


REFUSED = {
    "a megabyte": ("x" * (1 << 20), TOO_LONG),
    "a megabyte in a string": ('{a="' + "x" * (1 << 20) + '"}', TOO_LONG),
    "characters count in bytes": ("é" * MANY, TOO_LONG),
    "parentheses": ("(" * 60_000 + "1" + ")" * 60_000, TOO_DEEP),
    "open parentheses": ("(" * MANY, TOO_DEEP),
    "signs": ("-" * MANY + "x", TOO_DEEP),
    "spaced signs": ("- " * 60_000 + "x", TOO_DEEP),
    "subqueries": ("x" + "[5m:1m]" * 15_000, TOO_DEEP),
    "sum chain": ("+".join(["x"] * 50_000), TOO_DEEP),
    "power chain": ("^".join(["1"] * 50_000), TOO_DEEP),
    "or chain": (" or ".join(["x"] * 20_000), TOO_DEEP),
    "chain of parentheses": ("+".join(["(x)"] * 25_000), TOO_DEEP),
    "comparison chain": (" == bool ".join(["1"] * 10_000), TOO_DEEP),
    "calls": ("abs(" * 30_000, TOO_DEEP),
    "aggregations": ("sum by (a) (" * 10_000, TOO_DEEP),
    "right-hand nesting": (
        "1 or 2 == 3 + 4 * " * 5_000 + "(" * (TALLEST - 1),
        "comparisons between scalars|" + TOO_DEEP,
    ),
    "arguments": ("abs(" + ",".join(["x"] * 50_000) + ")", TOO_MANY),
    "matchers": (braces(['a="b"'] * 20_000), TOO_MANY),
    "grouping labels": ("sum by (" + ",".join(["a"] * 60_000) + ") (x)", TOO_MANY),
    "offsets of nothing": ("x" + " offset 0s" * 12_000, TOO_MANY),
    "offsets": ("x" + " offset 5m" * 12_000, "offset may not be set multiple times"),
    "duration sum": ("x[" + "+".join(["1m"] * 30_000) + "]", TOO_LARGE),
    "duration powers": ("x[" + "^".join(["1m"] * 30_000) + "]", TOO_LARGE),
    "duration parentheses": ("x[" + "(" * MANY, TOO_LARGE),
    "duration signs": ("x[" + "-" * MANY + "1m]", TOO_LARGE),
    "offset parentheses": ("x offset " + "(" * MANY, TOO_LARGE),
    "offset signs": ("x offset " + "-" * MANY + "1m", TOO_LARGE),
    "offset calls": ("x offset " + "min_of(" * 15_000, TOO_LARGE),
    "open braces": ("{" * MANY, "unexpected left brace"),
    "open brackets": ("x" + "[" * MANY, "unexpected character in duration expression"),
    "quotes": ('"' * MANY, "unexpected string"),
    "backticks": ("`" * MANY, "unexpected string"),
    "open string": ('"' + "x" * MANY, "unterminated quoted string"),
    "backslashes": ("\\" * MANY, "unexpected character"),
    "escapes without end": ('"' + "\\n" * 60_000, "unterminated quoted string"),
    "bad escapes": ('"' + "\\q" * 60_000 + '"', "unknown escape sequence"),
    "NUL": ("\0", r"unexpected character: '\\x00'"),
    "NUL behind a name": ("up\0", r"unexpected character: '\\x00'"),
    "many NULs": ("\0" * MANY, "unexpected character"),
    "lone surrogate": ("up + \ud800", "invalid UTF-8 in query"),
    "lone surrogate in a string": ('{a="\udcff"}', "invalid UTF-8 in query"),
    "digits": ("1" * MANY, "value out of range"),
    "fraction digits": ("0." + "1" * MANY + "x", "bad number"),
    "hexadecimal digits": ("0x" + "f" * MANY, "out of range"),
    "octal digits": ("0" + "7" * MANY, "value out of range"),
    "underscores": ("1_" * 60_000, "bad number"),
    "exponents": ("1e" * 60_000, "bad number"),
    "duration digits": ("1" * MANY + "m", "not a valid duration string"),
    "duration units": ("1s" * 60_000, "not a valid duration string"),
    "dots": ("." * MANY, "unexpected character"),
    "commas": ("," * MANY, 'unexpected ","'),
    "hashes": ("#" * MANY, "no expression found"),
    "comments": ("#\n" * 60_000, "no expression found"),
    "blanks": (" " * MANY, "no expression found"),
    "lines": ("\n" * MANY + "$", "100001:1: parse error"),
    "words": ("x " * 60_000, "unexpected identifier"),
    "many cheap regular expressions": (braces([f'a=~"{i}.*"' for i in range(9_000)]), f"{TOO_DEAR}|{TOO_MANY}"),
    "many repeats": (braces([f'a=~"[^a]{{1000}}{i}"' for i in range(4_000)]), TOO_DEAR),
    "many Unicode classes": (braces([f'a=~"\\\\pL{{100}}{i}"' for i in range(4_000)]), TOO_DEAR),
    "many optionals": ('{a=~"' + "a?" * 60_000 + '"}', TOO_DEAR),
    "nested groups": ('{a=~"' + "(" * 60_000 + ")" * 60_000 + '"}', "at least one non-empty matcher"),
    "open groups": ('{a=~"' + "(" * MANY + '"}', "error parsing regexp"),
    "huge repeat": ('{a=~"(((a{1000}){1000}){1000})"}', "error parsing regexp"),
}
READ = {
    "a long name": "x" * MOST_BYTES,
    "a long string": '"' + "x" * (MOST_BYTES - 2) + '"',
    "a long matcher": '{a="' + "x" * (MOST_BYTES - 6) + '"}',
    "a long alternation": '{a=~"' + "|".join(f"pod-{i}" for i in range(12_000)) + '"}',
    "many escapes": '"' + "\\x41" * 30_000 + '"',
    "many matchers": braces(['a="b"'] * 2_400),
    "many labels": "sum by (" + ",".join(["a"] * 4_900) + ") (x)",
    "many arguments": 'label_join(x, "a", "b"' + ', "c"' * 4_900 + ")",
    "many colons": ":" * MOST_BYTES,
    "many modifiers": "x" + " anchored" * 9_900,
    "leading comments": "#\n" * 60_000 + "x",
    "one regular expression often": braces(['a=~"x{1000}"'] * 2_000),
}
TALL = {
    "calls": "abs(" * (TALLEST - 1) + "x" + ")" * (TALLEST - 1),
    "aggregations": "sum by (a) (" * (TALLEST - 1) + "x" + ")" * (TALLEST - 1),
    "parentheses": "(" * (TALLEST - 1) + "x" + ")" * (TALLEST - 1),
    "signs": "-" * (TALLEST - 1) + "x",
    "chain": "+".join(["x"] * TALLEST),
    "power chain": "^".join(["x"] * TALLEST),
    "calls of operations": "abs(1 + " * (TALLEST // 2 - 1) + "x" + ")" * (TALLEST // 2 - 1),
    "subqueries": "rate(" * (TALLEST // 2 - 1) + "x" + "[5m:])" * (TALLEST // 2 - 1),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_text_is_refused_soon(text: str, message: str) -> None:
    started = time.process_time()
    with pytest.raises(QuerySyntaxError, match=message) as caught:
        parse(text)
    assert time.process_time() - started < CPU_LIMIT_S
    assert len(str(caught.value)) < 150_000


@pytest.mark.parametrize("text", READ.values(), ids=READ.keys())
def test_text_is_read_soon(text: str) -> None:
    started = time.process_time()
    tree = parse(text)
    printed, pretty = print_expr(tree), prettify(tree)
    assert time.process_time() - started < CPU_LIMIT_S
    assert parse(printed, Limits(max_bytes=1 << 20)) == tree
    assert len(pretty) >= len(printed)


@pytest.mark.parametrize("text", TALL.values(), ids=TALL.keys())
def test_tallest_trees_can_be_used_in_a_server(text: str) -> None:
    def use() -> None:
        tree = parse(text)
        again = parse(print_expr(tree))
        assert again == tree
        assert hash(again) == hash(tree)
        assert type_of(tree) is type_of(again)
        assert sum(1 for _ in walk(tree)) >= TALLEST - 2
        assert _copied(tree) == tree
        assert parse(prettify(tree)) == tree

    _on_top_of(BASE_STACK, use)


def _copied(expr: Expr) -> Expr:
    return replace_children(expr, _copied)


def _on_top_of(frames: int, use: Callable[[], None]) -> None:
    if frames:
        _on_top_of(frames - 1, use)
    else:
        use()


@pytest.mark.parametrize("text", ["x" * 11, "é" * 6])
def test_limit_of_bytes_names_itself(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match="query is longer than max_bytes=10;"):
        parse(text, Limits(max_bytes=10))
    assert print_expr(parse("x" * 10, Limits(max_bytes=10))) == "x" * 10


def test_limit_of_depth_counts_every_level() -> None:
    limits = Limits(max_depth=3)
    for text in ("abs(abs(x))", "((x))", "--x", "x + x + x", "sum(-x)", "x[5m:]", "rate(x[5m])", "x offset +(5m + 1m)"):
        assert print_expr(parse(text, limits)) == text
    for text in ("abs(abs(abs(x)))", "(((x)))", "---x", "x + x + x + x", "sum(-(x))", "sum(rate(x[5m]))"):
        with pytest.raises(QuerySyntaxError, match="nested deeper than max_depth=3"):
            parse(text, limits)


def test_limit_of_tokens_counts_the_end() -> None:
    assert print_expr(parse("x + y", Limits(max_tokens=4))) == "x + y"
    with pytest.raises(QuerySyntaxError, match="query has more than max_tokens=3 tokens"):
        parse("x + y", Limits(max_tokens=3))


def test_selector_parameters_have_the_same_limits() -> None:
    with pytest.raises(QuerySyntaxError, match=TOO_LONG):
        parse_selector("x" * MOST_BYTES + "y")
    with pytest.raises(QuerySyntaxError, match="max_regex_cost=1"):
        parse_selector('{a=~"x{1000}"}', Limits(max_regex_cost=1))
