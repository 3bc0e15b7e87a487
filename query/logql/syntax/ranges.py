"""Parses range aggregations: ``rate({app="x"} | json | unwrap latency [5m] offset 1h) by (method)``.

The range may stand behind the whole pipeline or right behind the selector, the offset always behind the range.
"""

from __future__ import annotations

from collections.abc import Callable

from query.logql.syntax.cursor import Cursor
from query.logql.syntax.groupings import parse_grouping
from query.logql.syntax.lexer import DURATION, NUMBER, RANGE, Token
from query.logql.syntax.nodes import Grouping, LogQuery, LogRange, MetricExpr, RangeAggregation
from query.logql.syntax.scalars import number_of
from query.logql.syntax.stages import parse_stages, parse_unwrap
from query.logql.syntax.validate import check_selector
from query.model.matchers import Matcher

_GROUPABLE = frozenset(
    {
        "avg_over_time",
        "first_over_time",
        "last_over_time",
        "max_over_time",
        "min_over_time",
        "quantile_over_time",
        "stddev_over_time",
        "stdvar_over_time",
    }
)
_OF_UNWRAPPED = _GROUPABLE | {"absent_over_time", "rate", "rate_counter", "sum_over_time"}
_OF_LINES = frozenset({"absent_over_time", "bytes_over_time", "bytes_rate", "count_over_time", "rate"})

Matchers = Callable[[Cursor], tuple[Matcher, ...]]


def parse_range_aggregation(cursor: Cursor, matchers: Matchers) -> MetricExpr:
    """Parse a range aggregation; ``matchers`` parses a stream selector."""
    operation = cursor.advance()
    cursor.expect("(")
    parameter = None
    if cursor.kind == NUMBER:
        parameter = cursor.advance()
        cursor.expect(",")
    log_range = _log_range(cursor, matchers)
    cursor.expect(")")
    grouping = parse_grouping(cursor)
    quantile = _quantile(cursor, operation, parameter)
    _check(cursor, operation, log_range, grouping)
    return RangeAggregation(operation.kind, log_range, quantile, grouping)


def _quantile(cursor: Cursor, operation: Token, parameter: Token | None) -> float | None:
    op = operation.kind
    if op == "quantile_over_time":
        if parameter is None:
            raise cursor.error(f"parameter required for operation {op}", operation)
        return number_of(cursor, parameter)
    if parameter is not None:
        raise cursor.error(f"parameter {parameter.text} not supported for operation {op}", parameter)
    return None


def _check(cursor: Cursor, operation: Token, log_range: LogRange, grouping: Grouping | None) -> None:
    op = operation.kind
    if grouping is not None and op not in _GROUPABLE:
        raise cursor.error(f"grouping not allowed for {op} aggregation", operation)
    if log_range.unwrap is not None and op not in _OF_UNWRAPPED:
        raise cursor.error(f"invalid aggregation {op} with unwrap", operation)
    if log_range.unwrap is None and op not in _OF_LINES:
        raise cursor.error(f"invalid aggregation {op} without unwrap", operation)


def _log_range(cursor: Cursor, matchers: Matchers) -> LogRange:
    with cursor.nested():
        if cursor.kind != "(":
            return _bare_range(cursor, matchers)
        if cursor.kind_after(1) != "{":
            cursor.advance()
            inner = _log_range(cursor, matchers)
            cursor.expect(")")
            return inner
        return _parenthesized_range(cursor, matchers)


def _parenthesized_range(cursor: Cursor, matchers: Matchers) -> LogRange:
    cursor.advance()
    opening = cursor.token
    selected = matchers(cursor)
    check_selector(cursor, selected, opening)
    if cursor.kind == RANGE:
        inside = _range_first(cursor, selected)
        cursor.expect(")")
        return inside
    stages = parse_stages(cursor)
    unwrap = parse_unwrap(cursor)
    if cursor.kind == RANGE:
        interval, offset = _interval(cursor)
        cursor.expect(")")
        return LogRange(LogQuery(selected, stages), interval, offset, unwrap)
    cursor.expect(RANGE, ")")
    interval, offset = _interval(cursor)
    if unwrap is None and not stages:
        unwrap = parse_unwrap(cursor)
    return LogRange(LogQuery(selected, stages), interval, offset, unwrap)


def _bare_range(cursor: Cursor, matchers: Matchers) -> LogRange:
    opening = cursor.token
    selected = matchers(cursor)
    check_selector(cursor, selected, opening)
    if cursor.kind == RANGE:
        return _range_first(cursor, selected)
    stages = parse_stages(cursor)
    unwrap = parse_unwrap(cursor)
    interval, offset = _interval(cursor)
    return LogRange(LogQuery(selected, stages), interval, offset, unwrap)


def _range_first(cursor: Cursor, selected: tuple[Matcher, ...]) -> LogRange:
    interval, offset = _interval(cursor)
    stages = parse_stages(cursor)
    return LogRange(LogQuery(selected, stages), interval, offset, parse_unwrap(cursor))


def _interval(cursor: Cursor) -> tuple[int, int]:
    interval = int(cursor.expect(RANGE).value)
    offset = int(cursor.expect(DURATION).value) if cursor.accept("offset") else 0
    return interval, offset
