"""PromQL text to tokens, one at a time, as the parser asks; source: promql/parser/lex.go of Prometheus 3.16.

What a character means depends on where it stands, so there are three modes: outside, in braces (every word is a
label name), and in brackets (durations only). Brackets are strict up to the first number and looser behind it, which
decides nothing but the words of error messages.

Names may hold Unicode letters and dots without quotes (Prometheus' feature ``promql-unquoted-utf8-names``); the
printer quotes them again, so clusters need not have it enabled.

Limits: at most ``max_tokens`` tokens.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from query.model.errors import QuerySyntaxError
from query.promql.syntax.keywords import (
    DURATION_WORDS,
    FILLS,
    MODIFIERS,
    NUMBER_WORDS,
    PREPROCESSORS,
    WORD_OPERATORS,
)
from query.promql.syntax.nodes import AGGREGATIONS
from query.promql.syntax.tokens import Kind, Token
from query.syntax.limits import Limits
from query.syntax.scanner import BLANK, SPACE, Scanner
from query.syntax.strings import excerpt, literal_end, quote_character

_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:.]*")
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.]*")
_WORD: Final = re.compile(r"[a-zA-Z_]+")
_OPERATOR: Final = re.compile(r"==|!=|<=|>=|</|>/|[-+*/%^<>]")
_MATCH_OPERATOR: Final = re.compile(r"=~|!~|!=|=")
_DIGITS: Final = r"[0-9]+(?:_[0-9]+)*"
_NUMBER: Final = re.compile(
    rf"0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?"
)
_DURATION: Final = re.compile(rf"(?:{_DIGITS})(?:\.(?:{_DIGITS})?)?[smhdwy]s?(?:[0-9]+[smhdw]s?)*(?![a-zA-Z0-9_])")
_LOOSE: Final = r"(?:[0-9]|_(?![._eE]|\Z))*+"
_BAD_NUMBER: Final = re.compile(
    rf"(?:0[xX]_?(?:[0-9a-fA-F]|_(?![._eE]|\Z))*+|{_LOOSE}(?:\.(?![._]){_LOOSE})?(?:[eE][+-]?(?![._eE]|\Z){_LOOSE})?)"
    r"(?:\.[._]?|[eE][+-]?[._eE]?|_[._eE]?)?(?:[smhdwy]s?(?:[0-9]+[smhdw]s?)*+(?:[0-9]+|[a-zA-Z_])?)?"
)
"""How far upstream reads before it gives up; for the words of the message only."""
_STARTS_NUMBER: Final = re.compile(r"\.?[0-9]")
_GOES_ON: Final = re.compile(r"[a-zA-Z0-9_.]")
_QUOTES: Final = "\"'`"
_MAX_ASCII: Final = "\x7f"


class Lexer:
    """Hands out the tokens of a text in order; after the last one, the end token for ever."""

    __slots__ = ("_braces", "_brackets", "_colon", "_count", "_duration", "_parens", "_scanner", "_strict")

    def __init__(self, text: str, limits: Limits) -> None:
        """Stand at the beginning; ``QuerySyntaxError`` if the text is too long or not valid Unicode."""
        self._scanner = Scanner(text, limits)
        self._count = 0
        self._parens = 0
        self._braces = False
        self._brackets = False
        self._strict = False
        self._colon = False
        self._duration = False

    def next(self) -> Token:
        """Return the next token; ``QuerySyntaxError`` where no token can start or a bracket stays open."""
        self._count += 1
        if self._count > self._scanner.limits.max_tokens:
            raise self.error(
                f"query has more than max_tokens={self._scanner.limits.max_tokens} tokens; "
                "shorten it or split it into several queries"
            )
        self._scanner.take(SPACE if self._strict else BLANK)
        if self._braces:
            return self._in_braces()
        if self._strict:
            return self._in_strict_brackets()
        return self._outside()

    def error(self, message: str, offset: int | None = None) -> QuerySyntaxError:
        """Return (to be raised) the error ``message`` at ``offset``, by default where the lexer stands."""
        return self._scanner.error(message, offset)

    def _outside(self) -> Token:
        character = self._scanner.peek()
        if not character:
            return self._end()
        if character in _QUOTES:
            return self._string()
        if self._at_number():
            return self._number()
        if self._at_letter(character) or character == ":":
            return self._duration_word_or_colon(character) if self._brackets else self._word()
        if character in "()[]{":
            return self._bracket(character)
        if character in ",@":
            return self._punctuation(character)
        return self._operator(character)

    def _end(self) -> Token:
        if self._parens:
            raise self.error("unclosed left parenthesis")
        if self._brackets:
            raise self.error("unclosed left bracket")
        return Token(Kind.END, "", "", self._scanner.offset)

    def _operator(self, character: str) -> Token:
        start = self._scanner.offset
        text = self._scanner.take(_OPERATOR)
        if text:
            return Token(Kind.OPERATOR, text, text, start)
        follower = self._scanner.peek(1)
        if character == "=":
            if follower == "~":
                raise self.error("unexpected character after '=': '~'")
            return self._punctuation("=")
        if character == "!":
            raise self.error(f"unexpected character after '!': {_shown(follower)}")
        raise self._scanner.unexpected_character()

    def _bracket(self, character: str) -> Token:
        if character == "[":
            if self._brackets:
                raise self.error("unexpected left bracket '['")
            self._brackets = self._strict = True
            self._colon = self._duration = False
        elif character == "]":
            if not self._brackets:
                raise self.error("unexpected right bracket ']'")
            self._brackets = False
        elif character == "{":
            self._braces = True
        elif character == "(":
            self._parens += 1
        else:
            self._close_paren()
        return self._punctuation(character)

    def _close_paren(self) -> None:
        self._parens -= 1
        if self._parens < 0:
            raise self.error("unexpected right parenthesis ')'", self._scanner.offset + 1)

    def _punctuation(self, character: str) -> Token:
        start = self._scanner.offset
        self._scanner.offset += 1
        return Token(Kind.PUNCTUATION, character, character, start)

    def _at_number(self) -> bool:
        return _STARTS_NUMBER.match(self._scanner.text, self._scanner.offset) is not None

    def _number(self) -> Token:
        scanner, start = self._scanner, self._scanner.offset
        self._duration = True
        text = scanner.take(_NUMBER)
        if text and _GOES_ON.match(scanner.text, scanner.offset) is None:
            return Token(Kind.NUMBER, text, text, start)
        scanner.offset = start
        text = scanner.take(_DURATION)
        if text:
            return Token(Kind.DURATION, text, text, start)
        raise self.error(f"bad number or duration syntax: {excerpt(scanner.take(_BAD_NUMBER))}", start)

    def _string(self) -> Token:
        scanner, start = self._scanner, self._scanner.offset
        with scanner.blaming(start):
            scanner.offset = literal_end(scanner.text, start)
        text = scanner.text[start : scanner.offset]
        return Token(Kind.STRING, text, text, start)

    def _at_letter(self, character: str) -> bool:
        if character <= _MAX_ASCII:
            return character.isalpha() or character == "_"
        return unicodedata.category(character).startswith("L")

    def _take_name(self, pattern: re.Pattern[str]) -> str:
        """Take a name of ASCII characters as ``pattern`` has it, and any Unicode letters in it."""
        scanner, start = self._scanner, self._scanner.offset
        scanner.take(pattern)
        while (follower := scanner.peek()) > _MAX_ASCII and self._at_letter(follower):
            scanner.offset += 1
            scanner.take(_FURTHER[pattern])
        return scanner.text[start : scanner.offset]

    def _word(self) -> Token:
        start = self._scanner.offset
        text = self._take_name(_NAME)
        word = text.lower() if text.isascii() else text
        if word in FILLS and not self._parenthesis_follows():
            return Token(Kind.IDENTIFIER, text, text, start)
        kind = _KEYWORDS.get(word)
        if kind is not None:
            return Token(kind, word, text, start)
        return Token(Kind.METRIC if ":" in text else Kind.IDENTIFIER, text, text, start)

    def _parenthesis_follows(self) -> bool:
        space = SPACE.match(self._scanner.text, self._scanner.offset)
        return self._scanner.text.startswith("(", space.end() if space else self._scanner.offset)

    def _duration_word_or_colon(self, character: str) -> Token:
        if character == ":":
            if self._colon:
                raise self.error("unexpected colon ':'")
            self._colon = True
            return self._punctuation(":")
        token = self._duration_word()
        if token is None:
            raise self.error(f"unexpected character: {_shown(character)}, expected ':'")
        return token

    def _duration_word(self) -> Token | None:
        start = self._scanner.offset
        text = self._scanner.take(_WORD)
        if text.lower() in DURATION_WORDS:
            return Token(Kind.PREPROCESSOR, text.lower(), text, start)
        self._scanner.offset = start
        return None

    def _in_braces(self) -> Token:
        scanner, start = self._scanner, self._scanner.offset
        character = scanner.peek()
        if not character:
            raise self.error("unexpected end of input inside braces")
        if self._at_letter(character):
            text = self._take_name(_LABEL)
            return Token(Kind.IDENTIFIER, text, text, start)
        if character in _QUOTES:
            return self._string()
        if character in ",}":
            self._braces = character != "}"
            return self._punctuation(character)
        operator = scanner.take(_MATCH_OPERATOR)
        if operator:
            return Token(Kind.PUNCTUATION if operator == "=" else Kind.OPERATOR, operator, operator, start)
        if character == "!":
            raise self.error(f"unexpected character after '!' inside braces: {_shown(scanner.peek(1))}")
        if character == "{":
            raise self.error("unexpected left brace '{'")
        raise self.error(f"unexpected character inside braces: {_shown(character)}")

    def _in_strict_brackets(self) -> Token:
        character = self._scanner.peek()
        if not character:
            raise self.error("unexpected end of input in duration expression")
        if self._at_number():
            self._strict = False
            return self._number()
        if character in "+-*/%^":
            return self._operator(character)
        if character == "]":
            self._strict = self._brackets = self._colon = False
            return self._punctuation(character)
        if character == ":":
            self._check_colon()
            return self._punctuation(character)
        if character in "(),":
            if character == "(":
                self._parens += 1
            elif character == ")":
                self._close_paren()
            return self._punctuation(character)
        token = self._duration_word()
        if token is None:
            raise self.error(f"unexpected character in duration expression: {_shown(character)}")
        self._duration = True
        return token

    def _check_colon(self) -> None:
        behind = self._scanner.offset + 1
        if not self._duration:
            raise self.error("unexpected colon before duration in duration expression", behind)
        if self._colon:
            raise self.error("unexpected repeated colon in duration expression", behind)
        self._colon = True


def _shown(character: str) -> str:
    return quote_character(character) if character else "end of input"


_FURTHER: Final = {_NAME: re.compile(r"[a-zA-Z0-9_:.]*"), _LABEL: re.compile(r"[a-zA-Z0-9_.]*")}
_KEYWORDS: Final = (
    dict.fromkeys(WORD_OPERATORS, Kind.OPERATOR)
    | dict.fromkeys(AGGREGATIONS, Kind.AGGREGATOR)
    | dict.fromkeys(MODIFIERS, Kind.MODIFIER)
    | dict.fromkeys(PREPROCESSORS, Kind.PREPROCESSOR)
    | dict.fromkeys(NUMBER_WORDS, Kind.NUMBER)
)
