"""Parses the numbers of LogQL."""

from __future__ import annotations

import re
from typing import Final

from query.logql.syntax.cursor import Cursor
from query.logql.syntax.lexer import NUMBER, Token
from query.model.errors import BadQueryError
from query.syntax.numbers import parse_number
from query.syntax.strings import quote

_OCTAL_LOOKING: Final = re.compile(r"0[0-9]*[89][0-9]*", re.ASCII)


def signed_number(cursor: Cursor) -> float:
    """Parse ``5``, ``+5`` or ``-5``."""
    sign = cursor.accept("+", "-")
    value = number_of(cursor, cursor.expect(NUMBER))
    return -value if sign is not None and sign.kind == "-" else value


def number_of(cursor: Cursor, token: Token) -> float:
    """Return what a number token denotes, in Loki's words if it denotes nothing."""
    text = token.text
    if "_" in text or text[:2].lower() == "0x":
        # Loki's lexer takes Go's integers, its parser then wants what strconv.ParseFloat takes
        raise cursor.error(
            f"unable to parse literal as a float: strconv.ParseFloat: parsing {quote(text)}: invalid syntax", token
        )
    if _OCTAL_LOOKING.fullmatch(text):
        raise cursor.error(f"invalid digit {text.strip('01234567')[0]!r} in octal literal", token)
    try:
        return parse_number(text.lstrip("0") if text.isdigit() and text.strip("0") else text)
    except BadQueryError as error:
        raise cursor.error(f"unable to parse literal as a float: {error}", token) from error
