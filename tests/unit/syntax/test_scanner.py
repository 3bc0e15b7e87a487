from __future__ import annotations

import pytest

from query.model.errors import BadQueryError, Position, QuerySyntaxError
from query.syntax.limits import Limits
from query.syntax.scanner import IDENTIFIER, Scanner


def test_scanner_steps_through_a_text() -> None:
    scanner = Scanner("rate # comment\n\t(x)")
    assert (scanner.peek(), scanner.peek(1), scanner.peek(99)) == ("r", "a", "")
    assert scanner.take(IDENTIFIER) == "rate"
    assert scanner.take(IDENTIFIER) == ""
    scanner.skip_blank()
    assert scanner.accept("(")
    assert not scanner.accept("(")
    assert scanner.take(IDENTIFIER) == "x"
    assert scanner.accept(")")
    assert scanner.at_end


def test_comments_end_with_their_line() -> None:
    for text in ("#a\nb", "#a\rb", "  #a\n#\n\t#c\nb", "b"):
        scanner = Scanner(text)
        scanner.skip_blank()
        assert scanner.peek() == "b"


def test_errors_know_line_and_column() -> None:
    scanner = Scanner("a\nbc\n  d")
    scanner.offset = 7
    assert scanner.error("wrong").position == Position(line=3, column=3, offset=7)
    assert str(scanner.error("wrong", 3)) == "2:2: parse error: wrong"
    assert str(scanner.unexpected_character()) == "3:3: parse error: unexpected character: 'd'"
    scanner.offset = 8
    assert str(scanner.unexpected_character()) == "3:4: parse error: unexpected end of input"


def test_errors_of_readers_get_a_position() -> None:
    scanner = Scanner("a\nb")
    cause = BadQueryError("wrong")
    with pytest.raises(QuerySyntaxError, match="2:1: parse error: wrong") as caught, scanner.blaming(2):
        raise cause
    assert caught.value.__cause__ is cause


def test_errors_with_a_position_keep_it() -> None:
    scanner = Scanner("a\nb")
    own = scanner.error("wrong", 0)
    with pytest.raises(QuerySyntaxError) as caught, scanner.blaming(2):
        raise own
    assert caught.value is own


@pytest.mark.parametrize("text", ["\ud800", "ab\udcff", '"\udfff"'])
def test_lone_surrogates_are_refused(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match="invalid UTF-8 in query") as caught:
        Scanner(text)
    assert caught.value.position.offset == next(i for i, c in enumerate(text) if "\ud800" <= c <= "\udfff")


def test_long_texts_are_refused_by_their_bytes() -> None:
    limits = Limits(max_bytes=6)
    assert not Scanner("éééx"[:3], limits).at_end
    for text in ("abcdefg", "éééx", "日日日"):
        with pytest.raises(QuerySyntaxError, match="query is longer than max_bytes=6; shorten it"):
            Scanner(text, limits)
