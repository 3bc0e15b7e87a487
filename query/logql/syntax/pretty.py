"""Prints a LogQL tree the way Loki's ``format_query`` lays it out.

An expression whose one-line form fits into ``MAX_LINE`` characters stays on its line; a longer one puts its parts on
lines of their own, each two spaces deeper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from query.logql.syntax.nodes import (
    Binary,
    Cardinality,
    Expr,
    Grouping,
    LabelReplace,
    LineFilter,
    LogQuery,
    LogRange,
    MetricExpr,
    RangeAggregation,
    Stage,
    Unwrap,
    VectorAggregation,
)
from query.logql.syntax.precedence import PRECEDENCE, RIGHT_ASSOCIATIVE
from query.logql.syntax.printer import (
    print_filter,
    print_number,
    print_query,
    print_selector,
    print_stage,
    print_unwrap,
)
from query.logql.syntax.quantities import format_range
from query.syntax.strings import quote

MAX_LINE: Final = 100
_INDENT: Final = "  "


def prettify(expr: Expr) -> str:
    """Return the query laid out for people."""
    return _pretty(expr, 0)


def _pretty(expr: Expr, level: int) -> str:
    margin = _INDENT * level
    line = print_query(expr)
    if len(line) <= MAX_LINE:
        return margin + line
    match expr:
        case LogQuery():
            return "\n".join((margin + print_selector(expr.matchers), *_stages(expr.stages, level + 1)))
        case RangeAggregation():
            parameter = [] if expr.param is None else [_INDENT * (level + 1) + print_number(expr.param)]
            grouping = "" if expr.grouping is None else _grouping(expr.grouping) or " by ()"
            return f"{_call(margin + expr.op, [*parameter, _range(expr.range, level + 1)], margin)}{grouping}"
        case VectorAggregation():
            parameter = [] if expr.param is None else [f"{_INDENT * (level + 1)}{expr.param}"]
            head = margin + expr.op + _grouping(expr.grouping)
            return _call(head, [*parameter, _pretty(expr.expr, level + 1)], margin)
        case LabelReplace():
            strings = (expr.destination, expr.replacement, expr.source, expr.regex)
            arguments = [_pretty(expr.expr, level + 1), *(_INDENT * (level + 1) + quote(text) for text in strings)]
            return _call(margin + "label_replace", arguments, margin)
        case Binary():
            left = _side(expr, expr.left, level + 1, is_right=False)
            return "\n".join((left, margin + _operator(expr), _side(expr, expr.right, level + 1, is_right=True)))
        case _:
            return margin + line


def _side(parent: Binary, side: MetricExpr, level: int, *, is_right: bool) -> str:
    """Lay out an operand, in parentheses where it would bind otherwise without; Loki leaves them out always."""
    shown = _pretty(side, level)
    if not isinstance(side, Binary) or "\n" not in shown:
        return shown
    outer, inner = PRECEDENCE[parent.op], PRECEDENCE[side.op]
    if inner > outer or (inner == outer and is_right is (parent.op in RIGHT_ASSOCIATIVE)):
        return shown
    margin = _INDENT * level
    return f"{margin}(\n{_pretty(side, level + 1)}\n{margin})"


def _call(head: str, arguments: Sequence[str], margin: str) -> str:
    return f"{head}(\n" + ",\n".join(arguments) + f"\n{margin})"


def _stages(stages: Sequence[Stage], level: int) -> list[str]:
    """Lay out stages one a line; neighbouring line filters share a line if they fit, as they are one stage in Loki."""
    lines: list[str] = []
    filters: list[str] = []
    for stage in stages:
        if isinstance(stage, LineFilter):
            filters.append(print_stage(stage))
            continue
        lines.extend(_together(filters))
        filters = []
        lines.append(print_stage(stage))
    lines.extend(_together(filters))
    return [_INDENT * level + line for line in lines]


def _together(filters: Sequence[str]) -> Sequence[str]:
    joined = " ".join(filters)
    return filters if len(joined) > MAX_LINE else [joined][: len(filters)]


def _range(log_range: LogRange, level: int) -> str:
    shown = _pretty(log_range.query, level)
    if log_range.unwrap is not None:
        shown += "\n" + _unwrap(log_range.unwrap, level + 1)
    shown += f" [{format_range(log_range.interval_ns)}]"
    return f"{shown} offset {format_range(log_range.offset_ns)}" if log_range.offset_ns else shown


def _unwrap(unwrap: Unwrap, level: int) -> str:
    margin = _INDENT * level
    head = print_unwrap(Unwrap(unwrap.label, unwrap.conversion))
    return "\n".join((margin + head, *(f"{margin}| {print_filter(condition)}" for condition in unwrap.filters)))


def _grouping(grouping: Grouping) -> str:
    word = " without" if grouping.without else " by" if grouping.labels else ""
    return f"{word} ({', '.join(grouping.labels)})" if grouping.labels else f"{word} ()" if word else ""


def _operator(binary: Binary) -> str:
    matching = binary.matching
    words = [binary.op]
    if binary.returns_bool:
        words.append("bool")
    is_grouped = matching.cardinality is not Cardinality.ONE_TO_ONE
    if matching.on or matching.labels or is_grouped:
        words.append(f"{'on' if matching.on else 'ignoring'} ({', '.join(matching.labels)})")
    if is_grouped:
        words.append(matching.cardinality.value)
        if matching.include:
            words.append(f"({', '.join(matching.include)})")
    return " ".join(words)
