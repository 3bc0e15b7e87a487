"""What may follow a selector: ``[range]``, ``[range:step]``, ``offset``, ``@``, ``anchored``, ``smoothed``.

These bind tighter than any operator and may come in any order. All but a subquery change the selector they follow.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from query.promql.syntax.durations import DurationParser, duration_of, number_of
from query.promql.syntax.nodes import (
    NO_OFFSET,
    At,
    AtAnchor,
    DurationExpr,
    Expr,
    MatrixSelector,
    Subquery,
    VectorSelector,
)
from query.promql.syntax.places import Places
from query.promql.syntax.stream import Stream
from query.promql.syntax.tokens import Kind
from query.syntax.durations import to_seconds
from query.syntax.numbers import format_float, round_half_away

_IN_RANGE: Final = "subquery or range selector, expected number, duration, step(), or range()"
_AFTER_RANGE: Final = 'subquery or range, expected ":" or "]"'
_IN_STEP: Final = 'subquery selector, expected number, duration, step(), range(), or "]"'
_AFTER_STEP: Final = 'subquery selector, expected "]"'
_IN_AT: Final = "@, expected timestamp"
_PRECEDED: Final = "must be preceded by an instant vector selector or range vector selector or a subquery"
_MAX_INT64: Final = 2**63


def parse_postfix(stream: Stream, places: Places, expr: Expr) -> Expr:
    """Parse everything that follows ``expr`` and belongs to it."""
    while True:
        if stream.at("["):
            expr = _brackets(stream, places, expr)
        elif stream.at("@"):
            expr = _at(stream, places, expr)
        elif stream.at("offset"):
            expr = _offset(stream, places, expr)
        elif stream.at("anchored") or stream.at("smoothed"):
            expr = _extend(stream, places, expr)
        else:
            return expr


def _brackets(stream: Stream, places: Places, expr: Expr) -> Expr:
    bracket = stream.advance()
    durations = DurationParser(stream, places.durations)
    start = places.of(expr).start
    with stream.inside(_IN_RANGE):
        span = durations.positive()
    if stream.accept("]"):
        return _matrix(places, expr, span, durations.height, bracket.start)
    if not stream.accept(":"):
        raise stream.unexpected(_AFTER_RANGE)
    step: DurationExpr | None = None
    if not stream.at("]"):
        with stream.inside(_IN_STEP):
            step = durations.positive()
    if not stream.accept("]"):
        raise stream.unexpected(_AFTER_STEP)
    return places.put(Subquery(expr, span, step), start, expr, inner_height=durations.height)


def _matrix(places: Places, expr: Expr, span: DurationExpr, inner_height: int, bracket: int) -> Expr:
    if not isinstance(expr, VectorSelector):
        raise places.error("ranges only allowed for vector selectors", bracket)
    if expr.offset != NO_OFFSET:
        raise places.error("no offset modifiers allowed before range", bracket)
    if expr.at is not None:
        raise places.error("no @ modifiers allowed before range", bracket)
    return places.put(MatrixSelector(expr, span), places.of(expr).start, expr, inner_height=inner_height)


def _offset(stream: Stream, places: Places, expr: Expr) -> Expr:
    stream.advance()
    durations = DurationParser(stream, places.durations)
    offset = durations.offset()
    target = _target(places, expr, f"offset modifier {_PRECEDED}")
    if target.offset != NO_OFFSET:
        raise places.error("offset may not be set multiple times", places.of(expr).start)
    return _changed(places, expr, replace(target, offset=offset), durations.height)


def _at(stream: Stream, places: Places, expr: Expr) -> Expr:
    stream.advance()
    start = places.of(expr).start
    at: At
    with stream.inside(_IN_AT):
        if stream.at("start") or stream.at("end"):
            at = AtAnchor(stream.advance().word)
            stream.expect("(")
            stream.expect(")")
        else:
            at = _time_ms(stream, places, start)
    target = _target(places, expr, f"@ modifier {_PRECEDED}")
    if target.at is not None:
        raise places.error("@ <timestamp> may not be set multiple times", start)
    return _changed(places, expr, replace(target, at=at), 0)


def _time_ms(stream: Stream, places: Places, start: int) -> int:
    is_negative = stream.accept("-")
    if not is_negative:
        stream.accept("+")
    if stream.next.kind not in (Kind.NUMBER, Kind.DURATION):
        raise stream.unexpected()
    token = stream.advance()
    is_number = token.kind is Kind.NUMBER
    seconds = number_of(stream, token) if is_number else to_seconds(duration_of(stream, token))
    if is_negative:
        seconds = -seconds
    if not math.isfinite(seconds) or abs(seconds * 1000) >= _MAX_INT64:
        shown = f"{seconds:f}" if math.isfinite(seconds) else format_float(seconds)
        raise places.error(f"timestamp out of bounds for @ modifier: {shown}", start)
    return round_half_away(seconds * 1000)


def _extend(stream: Stream, places: Places, expr: Expr) -> Expr:
    word = stream.advance().word
    start = places.of(expr).start
    selector = expr.selector if isinstance(expr, MatrixSelector) else expr
    if isinstance(selector, Subquery):
        raise places.error(f"{word} modifier is not supported for subqueries", start)
    if not isinstance(selector, VectorSelector):
        raise places.error(f"{word} modifier not implemented", start)
    changed = replace(selector, anchored=True) if word == "anchored" else replace(selector, smoothed=True)
    if changed.anchored and changed.smoothed:
        raise places.error("anchored and smoothed modifiers cannot be used together", start)
    return _changed(places, expr, changed, 0)


def _target(places: Places, expr: Expr, complaint: str) -> VectorSelector | Subquery:
    match expr:
        case VectorSelector() | Subquery():
            return expr
        case MatrixSelector():
            return expr.selector
        case _:
            raise places.error(complaint, places.of(expr).start)


def _changed(places: Places, expr: Expr, target: VectorSelector | Subquery, inner_height: int) -> Expr:
    if isinstance(expr, MatrixSelector) and isinstance(target, VectorSelector):
        selector = places.move(expr.selector, target, inner_height=inner_height)
        return places.move(expr, replace(expr, selector=selector), inner_height=inner_height)
    return places.move(expr, target, inner_height=inner_height)
