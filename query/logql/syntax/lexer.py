"""LogQL's tokens.

Loki's lexer decides by context, and so does this one: ``rate`` is a function only before ``(`` (or before ``by (``,
``without (``), a label otherwise, while ``json`` and the other keywords are never labels; a range
``[5m]`` is one token; ``5m`` is a duration, ``5MB`` a size, ``5`` a number; ``-5m`` is one token, ``-5`` two. Keywords
are written in any case. Comments are ``#``, ``//`` and ``/* */``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from query.logql.syntax.nodes import CONVERSIONS, RANGE_OPERATIONS, VECTOR_OPERATIONS
from query.logql.syntax.quantities import parse_loki_duration, parse_size
from query.model.errors import BadQueryError
from query.model.time import NS_PER_MS
from query.syntax.durations import parse_duration
from query.syntax.limits import DEFAULT, Limits
from query.syntax.scanner import Scanner
from query.syntax.strings import literal_end, quote_character, unquote

IDENTIFIER: Final = "IDENTIFIER"
STRING: Final = "STRING"
NUMBER: Final = "NUMBER"
DURATION: Final = "DURATION"
BYTES: Final = "BYTES"
RANGE: Final = "RANGE"
FLAG: Final = "FUNCTION_FLAG"
END: Final = "$end"

KEYWORDS: Final = frozenset(
    {
        "and", "bool", "by", "decolorize", "drop", "group_left", "group_right", "ignoring", "json", "keep",
        "label_format", "line_format", "logfmt", "of", "offset", "on", "or", "pattern", "regexp",
        "unless", "unpack", "unwrap", "variants", "without",
    }
)  # fmt: skip
FUNCTIONS: Final = RANGE_OPERATIONS | VECTOR_OPERATIONS | CONVERSIONS | {"vector", "ip", "label_replace"}

_BLANK: Final = re.compile(r"(?:[ \t\r\n]+|#[^\n]*|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_WORD: Final = re.compile(r"[^\W\d]\w*")
_OPERATOR: Final = re.compile(r"\|=|\|~|\|>|!=|!~|!>|=~|==|>=|<=|[,.{}=|()+\-*/%^<>\]]")
_NUMBER: Final = re.compile(
    r"0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?", re.ASCII
)
_FLAG: Final = re.compile(r"--(?:strict|keep-empty)(?![\w-])")
_DURATION_REST: Final = re.compile(r"[0-9.numshdwyµ]{1,100}")
_SIZE_REST: Final = re.compile(r"[0-9.BikKMGTP]{1,100}")
"""Bounded, as each of ten thousand numbers without a blank between them looks this far ahead."""
_OPENS_CALL: Final = re.compile(r"\s*(?:\(|(?:by|without)\s*\()", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is the operator or keyword itself, or one of the upper-case names above.

    ``value`` is what the text denotes: the string unquoted, nanoseconds, bytes; the text itself otherwise.
    """

    kind: str
    text: str
    offset: int
    value: str | int = ""


def tokenize(text: str, limits: Limits = DEFAULT) -> tuple[Token, ...]:
    """Return the tokens of ``text``, the last of kind ``END``; ``QuerySyntaxError`` if it can't be cut into tokens."""
    scanner = Scanner(text, limits)
    tokens: list[Token] = []
    while True:
        scanner.take(_BLANK)
        if scanner.at_end:
            tokens.append(Token(END, "", scanner.offset))
            return tuple(tokens)
        tokens.append(_token(scanner))
        if len(tokens) > limits.max_tokens:
            raise scanner.error(f"query has more than max_tokens={limits.max_tokens} tokens; split it")


def _token(scanner: Scanner) -> Token:
    character = scanner.peek()
    if character in '"`':
        return _string(scanner)
    if character == "[":
        return _range(scanner)
    if character.isdecimal() and character.isascii():
        return _quantity(scanner)
    if character == "." and scanner.peek(1).isdigit():
        return _quantity(scanner)
    if character == "-":
        return _minus(scanner)
    if character == "/" and scanner.peek(1) == "*":
        raise scanner.error("comment not terminated")
    start = scanner.offset
    word = scanner.take(_WORD)
    if word:
        return _word(scanner, word, start)
    operator = scanner.take(_OPERATOR)
    if operator:
        return Token(operator, operator, start, operator)
    raise scanner.error(f"unexpected character: {quote_character(character)}")


def _word(scanner: Scanner, word: str, start: int) -> Token:
    lowered = word.lower()
    if lowered in FUNCTIONS:
        is_call = _OPENS_CALL.match(scanner.text, scanner.offset) is not None
        return Token(lowered if is_call else IDENTIFIER, word, start, word)
    return Token(lowered if lowered in KEYWORDS else IDENTIFIER, word, start, word)


def _string(scanner: Scanner) -> Token:
    start = scanner.offset
    try:
        end = literal_end(scanner.text, start)
    except BadQueryError as error:
        raise scanner.error("literal not terminated", start) from error
    literal = scanner.text[start:end]
    with scanner.blaming(start):
        value = unquote(literal)
    scanner.offset = end
    return Token(STRING, literal, start, value)


def _range(scanner: Scanner) -> Token:
    start = scanner.offset
    end = scanner.text.find("]", start)
    if end < 0:
        raise scanner.error("missing closing ']' in duration", start)
    with scanner.blaming(start):
        ns = parse_duration(scanner.text[start + 1 : end]) * NS_PER_MS
    scanner.offset = end + 1
    return Token(RANGE, scanner.text[start : end + 1], start, ns)


def _quantity(scanner: Scanner) -> Token:
    start = scanner.offset
    number = scanner.take(_NUMBER)
    return (
        _with_unit(scanner, start, _DURATION_REST, DURATION, parse_loki_duration)
        or _with_unit(scanner, start, _SIZE_REST, BYTES, parse_size)
        or Token(NUMBER, number, start, number)
    )


def _minus(scanner: Scanner) -> Token:
    start = scanner.offset
    flag = scanner.take(_FLAG)
    if flag:
        return Token(FLAG, flag, start, flag)
    scanner.offset += 1
    return _with_unit(scanner, start, _DURATION_REST, DURATION, parse_loki_duration) or Token("-", "-", start, "-")


def _with_unit(
    scanner: Scanner, start: int, rest: re.Pattern[str], kind: str, parse: Callable[[str], int]
) -> Token | None:
    """Return the token if what follows makes the number (or minus) before it a quantity, else step over nothing."""
    before = scanner.offset
    if scanner.take(rest):
        text = scanner.text[start : scanner.offset]
        try:
            return Token(kind, text, start, parse(text))
        except BadQueryError:
            scanner.offset = before
    return None
