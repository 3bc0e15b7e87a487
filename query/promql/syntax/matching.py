"""What stands between a binary operator and its right side: ``bool``, ``on (…)``, ``group_left (…)``, ``fill (0)``."""

from __future__ import annotations

from dataclasses import replace

from query.promql.syntax.durations import duration_of, number_of
from query.promql.syntax.labels import parse_names
from query.promql.syntax.nodes import SET_OPERATORS, Cardinality, Matching
from query.promql.syntax.stream import Stream
from query.promql.syntax.tokens import Kind
from query.syntax.durations import to_seconds


def parse_matching(stream: Stream, op: str) -> tuple[bool, Matching]:
    """Parse the modifiers of ``op``; return whether ``bool`` is among them, and how the sides are matched."""
    returns_bool = stream.accept("bool")
    matching = Matching()
    if stream.at("on") or stream.at("ignoring"):
        on = stream.advance().word == "on"
        matching = replace(matching, on=on, labels=parse_names(stream))
        matching = _grouped(stream, matching)
    matching = _filled(stream, matching)
    if op in SET_OPERATORS and matching.cardinality is Cardinality.ONE_TO_ONE:
        matching = replace(matching, cardinality=Cardinality.MANY_TO_MANY)
    return returns_bool, matching


def _grouped(stream: Stream, matching: Matching) -> Matching:
    if not stream.at("group_left") and not stream.at("group_right"):
        return matching
    is_left = stream.advance().word == "group_left"
    cardinality = Cardinality.MANY_TO_ONE if is_left else Cardinality.ONE_TO_MANY
    include = parse_names(stream) if stream.at("(") else ()
    return replace(matching, cardinality=cardinality, include=include)


def _filled(stream: Stream, matching: Matching) -> Matching:
    if stream.accept("fill"):
        value = _fill_value(stream)
        return replace(matching, fill_left=value, fill_right=value)
    for first, second in (("fill_left", "fill_right"), ("fill_right", "fill_left")):
        if stream.accept(first):
            values = {first: _fill_value(stream)}
            if stream.accept(second):
                values[second] = _fill_value(stream)
            return replace(matching, fill_left=values.get("fill_left"), fill_right=values.get("fill_right"))
    return matching


def _fill_value(stream: Stream) -> float:
    stream.expect("(")
    is_negative = stream.accept("-")
    if not is_negative:
        stream.accept("+")
    if stream.next.kind not in (Kind.NUMBER, Kind.DURATION):
        raise stream.unexpected()
    token = stream.advance()
    is_number = token.kind is Kind.NUMBER
    value = number_of(stream, token) if is_number else to_seconds(duration_of(stream, token))
    stream.expect(")")
    return negated(value) if is_negative else value


def negated(value: float) -> float:
    """Return ``-value``; NaN has one sign only, which keeps trees equal."""
    return value if value != value else -value  # noqa: PLR0124 — NaN differs from itself
