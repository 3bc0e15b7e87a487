"""Parses the conditions on labels that follow a ``|``: ``status >= 500 and (method="GET" or duration > 1s)``.

How the connectives bind is not what one would guess, but it is what Loki's grammar does: ``and`` binds tighter than
``or``, while a comma (or nothing at all) between two conditions takes everything to its right as its right side:
``a, b or c`` is ``a and (b or c)``, and ``a or b, c`` is ``a or (b and c)``.
"""

from __future__ import annotations

from typing import Final

from query.logql.syntax.cursor import Cursor
from query.logql.syntax.lexer import BYTES, DURATION, IDENTIFIER, NUMBER, STRING
from query.logql.syntax.nodes import (
    AndFilter,
    BytesFilter,
    DurationFilter,
    IpFilter,
    LabelFilter,
    NumberFilter,
    OrFilter,
    StringFilter,
)
from query.logql.syntax.scalars import signed_number
from query.model.matchers import Matcher, MatchOp

_MATCH_OPS: Final = {op.value: op for op in MatchOp}
_ORDERINGS: Final = frozenset({">", ">=", "<", "<=", "!=", "=", "=="})
_PRECEDENCE: Final = {"or": 1, "and": 2}
_BEGINS_CONDITION: Final = frozenset({IDENTIFIER, "("})


def parse_label_filter(cursor: Cursor, at_least: int = 0) -> LabelFilter:
    """Parse one filter; ``at_least`` is the precedence below which ``and`` and ``or`` are left to the caller."""
    with cursor.nested():
        left = _condition(cursor)
        while True:
            if cursor.kind == "," or cursor.kind in _BEGINS_CONDITION:
                cursor.accept(",")
                return AndFilter(left, parse_label_filter(cursor))
            precedence = _PRECEDENCE.get(cursor.kind, -1)
            if precedence < max(at_least, 0):
                return left
            operator = cursor.advance().kind
            right = parse_label_filter(cursor, precedence + 1)
            left = AndFilter(left, right) if operator == "and" else OrFilter(left, right)


def parse_matcher(cursor: Cursor) -> Matcher:
    """Parse ``name op "value"``; a regular expression that does not compile is an error here."""
    name = str(cursor.expect(IDENTIFIER).value)
    operator = cursor.expect("=", "=~", "!=", "!~")
    return _matcher(cursor, name, operator.kind)


def _matcher(cursor: Cursor, name: str, operator: str) -> Matcher:
    op = _MATCH_OPS[operator]
    return Matcher(name, op, cursor.regex() if op.is_regex else cursor.string())


def _condition(cursor: Cursor) -> LabelFilter:
    if cursor.accept("("):
        inner = parse_label_filter(cursor)
        cursor.expect(")")
        return inner
    name = str(cursor.expect(IDENTIFIER, "(").value)
    operator = cursor.token.kind
    if operator in {"=~", "!~"} or (operator in {"=", "!="} and cursor.kind_after(1) == STRING):
        cursor.advance()
        return StringFilter(_matcher(cursor, name, operator))
    if operator not in _ORDERINGS:
        raise cursor.unexpected("=", "!=", "=~", "!~")
    cursor.advance()
    return _comparison(cursor, name, operator)


def _comparison(cursor: Cursor, name: str, operator: str) -> LabelFilter:
    if operator in {"=", "!="} and cursor.accept("ip"):
        cursor.expect("(")
        pattern = cursor.string()
        cursor.expect(")")
        return IpFilter(name, operator, pattern)
    operator = "==" if operator == "=" else operator
    quantity = cursor.accept(DURATION, BYTES)
    if quantity is not None and quantity.kind == DURATION:
        return DurationFilter(name, operator, int(quantity.value))
    if quantity is not None:
        return BytesFilter(name, operator, int(quantity.value))
    if cursor.kind not in {NUMBER, "+", "-"}:
        raise cursor.unexpected(STRING, NUMBER, DURATION, BYTES)
    return NumberFilter(name, operator, signed_number(cursor))
