"""Duration expressions: in brackets, after ``offset``.

In brackets it is ordinary arithmetic. After ``offset``, upstream's grammar ends the duration after a literal, after a
call, and after a sign with one of these or with a parenthesis; only behind ``(…)`` without a sign, or behind a second
sign, does it go on. So ``x offset 5m + 1`` adds one to ``x``, and ``x offset (5m) + 1`` is an offset of five minutes
and one second.

Differences to upstream: parentheses around a literal are dropped at once, so ``[(0)]`` and ``[1h / (0)]`` are refused
here and not only when they are evaluated; ranges under a millisecond, in which upstream finds nothing, are refused;
and milliseconds are kept exactly, where upstream, going through float seconds, may lose one beyond 104 days.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from query.model.errors import BadQueryError, QuerySyntaxError
from query.promql.syntax.nodes import (
    DurationBinary,
    DurationCall,
    DurationExpr,
    DurationFunction,
    DurationLiteral,
    DurationNumber,
    DurationUnary,
)
from query.promql.syntax.precedence import POWER, of_operator
from query.promql.syntax.stream import Stream
from query.promql.syntax.tokens import Kind, Token
from query.promql.syntax.written_durations import WrittenDurations
from query.syntax.durations import parse_duration
from query.syntax.numbers import parse_number, round_half_away

MAX_SIZE: Final = 60
"""How many operators, signs, parentheses and calls one duration may hold."""

_OPERATORS: Final = frozenset("+-*/%^")
_LITERALS: Final = frozenset({Kind.NUMBER, Kind.DURATION})
_FUNCTIONS: Final = {function.value: function for function in DurationFunction}
_OF_TWO: Final = frozenset({DurationFunction.MIN, DurationFunction.MAX})
_MAX_SECONDS: Final = 2**63 / 1e9
_NS_PER_S: Final = 1e9
_NS_PER_MS: Final = 1_000_000
_IN_OFFSET: Final = "offset, expected number, duration, step(), or range()"


class DurationParser:
    """Parses the durations of one selector; notes in ``written`` what their nodes don't tell."""

    __slots__ = ("_size", "_stream", "_written")

    def __init__(self, stream: Stream, written: WrittenDurations) -> None:
        self._stream = stream
        self._written = written
        self._size = 0

    @property
    def height(self) -> int:
        """At least how much taller than a literal what was parsed is."""
        return max(0, self._size - 1)

    def positive(self) -> DurationExpr:
        """Parse the range or the step of a selector; a literal must be at least a millisecond."""
        start = self._stream.next.start
        expr = self._whole(self._expression(0))
        if isinstance(expr, DurationLiteral | DurationNumber) and _ms(expr) <= 0:
            raise self._stream.error("duration must be greater than 0", start)
        return expr

    def offset(self) -> DurationExpr:
        """Parse what follows the word ``offset``."""
        with self._stream.inside(_IN_OFFSET):
            return self._whole(self._offset())

    def _offset(self) -> DurationExpr:
        stream = self._stream
        sign = self._sign()
        if stream.next.kind in _LITERALS:
            return self._signed(sign, self._literal())
        if stream.next.word in _FUNCTIONS and stream.next.kind is Kind.PREPROCESSOR:
            call = self._call()
            if sign == "+":
                return self._written.put(replace(call), DurationUnary(sign, call))
            return self._signed(sign, call)
        if sign and stream.at("("):
            return self._signed(sign, self._operand())
        if sign:
            return self._continue(self._signed(sign, self._expression(POWER)), 0)
        return self._expression(0)

    def _expression(self, least: int) -> DurationExpr:
        return self._continue(self._operand(), least)

    def _continue(self, left: DurationExpr, least: int) -> DurationExpr:
        """Parse operators that bind at least as tightly as ``least``, and what is to the right of them."""
        stream = self._stream
        while stream.next.kind is Kind.OPERATOR and stream.next.word in _OPERATORS:
            own = of_operator(stream.next.word)
            if own < least:
                break
            self._count()
            operator = stream.advance()
            right = self._expression(own if own == POWER else own + 1)
            if operator.word in "/%" and _is_zero(right):
                raise stream.error(f"{'division' if operator.word == '/' else 'modulo'} by zero", operator.start)
            left = DurationBinary(operator.word, left, right)
        return left

    def _operand(self) -> DurationExpr:
        stream = self._stream
        self._count()
        if stream.next.kind in _LITERALS:
            return self._literal()
        sign = self._sign()
        if sign:
            return self._signed(sign, self._expression(POWER))
        if stream.accept("("):
            inner = self._expression(0)
            stream.expect(")")
            return self._written.wrap(inner)
        return self._call()

    def _sign(self) -> str:
        if self._stream.at("-") or self._stream.at("+"):
            return self._stream.advance().word
        return ""

    def _call(self) -> DurationCall:
        stream = self._stream
        function = _FUNCTIONS.get(stream.next.word) if stream.next.kind is Kind.PREPROCESSOR else None
        if function is None:
            raise stream.unexpected()
        stream.advance()
        stream.expect("(")
        arguments: tuple[DurationExpr, ...] = ()
        if function in _OF_TWO:
            first = self._expression(0)
            stream.expect(",")
            arguments = (first, self._expression(0))
        stream.expect(")")
        return DurationCall(function, arguments)

    def _literal(self) -> DurationExpr:
        token = self._stream.advance()
        if token.kind is Kind.DURATION:
            return DurationLiteral(duration_of(self._stream, token))
        seconds = number_of(self._stream, token)
        if not abs(seconds) <= _MAX_SECONDS:
            raise self._stream.error("duration out of range", token.start)
        return DurationNumber(seconds)

    def _signed(self, sign: str, expr: DurationExpr) -> DurationExpr:
        if sign != "-":
            return expr
        match expr:
            case DurationLiteral():
                negated: DurationExpr = DurationLiteral(-expr.ms)
            case DurationNumber():
                negated = DurationNumber(-expr.seconds)
            case _:
                return DurationUnary("-", expr)
        return negated if self._written.is_plain(expr) else self._written.put(negated, DurationUnary("-", expr))

    def _whole(self, expr: DurationExpr) -> DurationExpr:
        """Return a plain number of seconds that stands alone as the milliseconds it is, if they are whole."""
        if not isinstance(expr, DurationNumber):
            return expr
        ms, rest = divmod(round_half_away(expr.seconds * _NS_PER_S), _NS_PER_MS)
        if rest:
            return expr
        whole = DurationLiteral(ms)
        return whole if self._written.is_plain(expr) else self._written.put(whole, expr)

    def _count(self) -> None:
        self._size += 1
        if self._size > MAX_SIZE:
            raise self._too_long()

    def _too_long(self) -> QuerySyntaxError:
        return self._stream.error(
            f"duration expression has more than {MAX_SIZE} parts; write its value instead", self._stream.next.start
        )


def duration_of(stream: Stream, token: Token) -> int:
    """Return the milliseconds of a duration token."""
    try:
        return parse_duration(token.text)
    except BadQueryError as error:
        raise stream.error(str(error), token.start) from error


def number_of(stream: Stream, token: Token) -> float:
    """Return the value of a number token."""
    try:
        return parse_number(token.text)
    except BadQueryError as error:
        raise stream.error(str(error), token.start) from error


def _ms(expr: DurationLiteral | DurationNumber) -> int:
    return expr.ms if isinstance(expr, DurationLiteral) else math.floor(expr.seconds * 1_000)


def _is_zero(expr: DurationExpr) -> bool:
    return (isinstance(expr, DurationLiteral) and expr.ms == 0) or (
        isinstance(expr, DurationNumber) and expr.seconds == 0
    )
