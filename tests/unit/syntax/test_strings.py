from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.model.errors import BadQueryError
from query.syntax.strings import excerpt, literal_end, quote, quote_character, unquote


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ('""', ""),
        ("''", ""),
        ("``", ""),
        ('"plain"', "plain"),
        (r'"\a\b\f\n\r\t\v\\"', "\a\b\f\n\r\t\v\\"),
        (r'"\""', '"'),
        (r"'\''", "'"),
        ('"it\'s"', "it's"),
        ("'say \"hi\"'", 'say "hi"'),
        (r"`raw \n \"`", r"raw \n \""),
        ("`two\nlines`", "two\nlines"),
        (r'"\101\x41\u0041\U00000041"', "AAAA"),
        (r'"\000\x00"', "\0\0"),
        (r'"\xe6\x97\xa5"', "日"),
        (r'"\346\227\245"', "日"),
        (r'"\u65e5\U0001f600"', "日😀"),
        (r'"\xff"', "\udcff"),
        (r'"\xe6\x97"', "\udce6\udc97"),
        (r'"日\xff本"', "日\udcff本"),
        ('"\0"', "\0"),
        ('"☺"', "☺"),
    ],
)
def test_literal_denotes(literal: str, value: str) -> None:
    assert literal_end(f"{literal} more", 0) == len(literal)
    assert literal_end(f"more {literal}", 5) == 5 + len(literal)
    assert unquote(literal) == value
    assert unquote(quote(value)) == value


@pytest.mark.parametrize(
    ("literal", "message"),
    [
        (r'"\q"', r"unknown escape sequence U\+0071 'q'"),
        (r'"\8"', r"unknown escape sequence U\+0038 '8'"),
        (r'"\'"', r"unknown escape sequence U\+0027 '''"),
        (r"'\"'", r"unknown escape sequence U\+0022 '\"'"),
        ('"\\\x01"', r"unknown escape sequence U\+0001$"),
        (r'"\xg1"', r"illegal character U\+0067 'g' in escape sequence"),
        (r'"\x1"', r"illegal character U\+0022 '\"' in escape sequence"),
        (r'"\18"', r"illegal character U\+0038 '8' in escape sequence"),
        (r'"\u00zz"', r"illegal character U\+007A 'z' in escape sequence"),
        (r'"\U0000"', r"illegal character U\+0022 '\"' in escape sequence"),
        (r'"\400"', "escape sequence is an invalid Unicode code point"),
        (r'"\ud800"', "escape sequence is an invalid Unicode code point"),
        (r'"\U00110000"', "escape sequence is an invalid Unicode code point"),
        ('"\ufffd"', "invalid UTF-8 rune"),
        ("`\ufffd`", "invalid UTF-8 rune"),
    ],
)
def test_bad_literal_is_refused(literal: str, message: str) -> None:
    with pytest.raises(BadQueryError, match=message):
        unquote(literal)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"open', "unterminated quoted string"),
        ("'open", "unterminated quoted string"),
        ('"two\nlines"', "unterminated quoted string"),
        (r'"open\"', "unterminated quoted string"),
        ("`open", "unterminated raw string"),
        ('"open\\', "escape sequence not terminated"),
    ],
)
def test_open_literal_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadQueryError, match=message):
        literal_end(text, 0)


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("", '""'),
        ("plain text", '"plain text"'),
        ('say "hi"', r'"say \"hi\""'),
        ("it's", '"it\'s"'),
        ("back\\slash", r'"back\\slash"'),
        ("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"'),
        ("\0\x1b\x7f", r'"\x00\x1b\x7f"'),
        ("\x80\xa0\xad", r'"\u0080\u00a0\u00ad"'),
        ("é日☺😀", '"é日☺😀"'),
        ("\u200b\ue000\ufeff", r'"\u200b\ue000\ufeff"'),
        ("\U000e0001", r'"\U000e0001"'),
        ("\udcff", r'"\xff"'),
    ],
)
def test_value_is_quoted_as_go_does(value: str, literal: str) -> None:
    assert quote(value) == literal
    assert unquote(literal) == value


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd")))
def test_any_value_survives_quoting(value: str) -> None:
    literal = quote(value)
    assert literal_end(literal, 0) == len(literal)
    assert unquote(literal) == value


@given(st.binary())
def test_any_bytes_survive_quoting(value: bytes) -> None:
    text = value.decode("utf-8", "surrogateescape")
    literal = quote(text.replace("\ufffd", ""))
    assert literal.encode()
    assert unquote(literal) == text.replace("\ufffd", "")


def test_character_is_shown_as_go_does() -> None:
    shown = [quote_character(character) for character in "a'\"\\\n\0é日"]
    assert shown == ["'a'", r"'\''", "'\"'", r"'\\'", r"'\n'", r"'\x00'", "'é'", "'日'"]


def test_excerpt_is_cut() -> None:
    assert excerpt("short") == '"short"'
    assert excerpt("x" * 101) == '"' + "x" * 100 + '"...'
    assert excerpt("abc", 2) == '"ab"...'
