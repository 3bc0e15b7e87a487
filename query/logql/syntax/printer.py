"""Prints a LogQL tree on one line, as Loki prints its own.

Exact: parsing the text gives the same tree. So, unlike Loki, sizes and ``vector()`` are never rounded, and the
numbers Loki has no literal for (NaN, the infinities, which folding can make) are written as the arithmetic that folds
back into them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import assert_never

from query.logql.syntax.nodes import (
    AndFilter,
    Binary,
    BytesFilter,
    Cardinality,
    Decolorize,
    DropLabels,
    DurationFilter,
    Expr,
    Extraction,
    Grouping,
    IpFilter,
    JsonExpressionParser,
    JsonParser,
    KeepLabels,
    LabelAssignment,
    LabelChoice,
    LabelFilter,
    LabelFilterStage,
    LabelFormat,
    LabelReplace,
    LineFilter,
    LineFormat,
    Literal,
    LogfmtExpressionParser,
    LogfmtParser,
    LogQuery,
    LogRange,
    Matching,
    NumberFilter,
    OrFilter,
    Parser,
    PatternParser,
    Placed,
    RangeAggregation,
    RegexpParser,
    Stage,
    StringFilter,
    UnpackParser,
    Unwrap,
    Vector,
    VectorAggregation,
)
from query.logql.syntax.quantities import format_go_duration, format_range, format_size
from query.model.matchers import Matcher
from query.syntax.numbers import format_float, format_scientific
from query.syntax.strings import quote

_SMALLEST_PLAIN = 1e-4
_SMALLEST_SCIENTIFIC = 1e21


def print_query(expr: Expr) -> str:
    """Return the query's text."""
    match expr:
        case LogQuery():
            return " ".join((print_selector(expr.matchers), *map(print_stage, expr.stages)))
        case RangeAggregation():
            parameter = "" if expr.param is None else f"{print_number(expr.param)},"
            grouping = "" if expr.grouping is None else print_grouping(expr.grouping)
            return f"{expr.op}({parameter}{print_range(expr.range)}){grouping}"
        case VectorAggregation():
            parameter = "" if expr.param is None else f"{expr.param},"
            grouping = print_grouping(expr.grouping) if expr.grouping.labels or expr.grouping.without else ""
            return f"{expr.op}{grouping}({parameter}{print_query(expr.expr)})"
        case LabelReplace():
            strings = (expr.destination, expr.replacement, expr.source, expr.regex)
            return f"label_replace({print_query(expr.expr)},{','.join(map(quote, strings))})"
        case Binary():
            return f"({print_query(expr.left)} {print_operator(expr)} {print_query(expr.right)})"
        case Literal():
            return print_number(expr.value)
        case Vector():
            return f"vector({_fixed(expr.value)})"
        case Placed():
            return expr.describe()
        case _:
            assert_never(expr)


def print_selector(matchers: Sequence[Matcher]) -> str:
    """Return ``{a="b", c=~"d"}``."""
    return "{" + ", ".join(map(print_matcher, matchers)) + "}"


def print_matcher(matcher: Matcher) -> str:
    """Return ``a="b"``."""
    return f"{matcher.name}{matcher.op.value}{quote(matcher.value)}"


def print_stage(stage: Stage) -> str:
    """Return one stage, its ``|`` included."""
    match stage:
        case LineFilter():
            matches = (f"ip({quote(m.value)})" if m.is_ip else quote(m.value) for m in stage.matches)
            return f"{stage.op.value} {' or '.join(matches)}"
        case LabelFilterStage():
            return f"| {print_filter(stage.filter)}"
        case LineFormat():
            return f"| line_format {quote(stage.template)}"
        case LabelFormat():
            return f"| label_format {_assignments(stage.assignments)}"
        case Decolorize():
            return "| decolorize"
        case DropLabels():
            return f"| drop {_choices(stage.choices)}"
        case KeepLabels():
            return f"| keep {_choices(stage.choices)}"
        case _:
            return _parser(stage)


def _parser(stage: Parser) -> str:
    match stage:
        case JsonParser():
            return "| json"
        case LogfmtParser():
            return f"| logfmt{_flags(stage)}"
        case RegexpParser():
            return f"| regexp {quote(stage.pattern)}"
        case PatternParser():
            return f"| pattern {quote(stage.pattern)}"
        case UnpackParser():
            return "| unpack"
        case JsonExpressionParser():
            return f"| json {_extractions(stage.extractions)}"
        case LogfmtExpressionParser():
            return f"| logfmt{_flags(stage)} {_extractions(stage.extractions)}"
        case _:
            assert_never(stage)


def print_filter(condition: LabelFilter) -> str:
    """Return a condition on labels."""
    match condition:
        case StringFilter():
            return print_matcher(condition.matcher)
        case NumberFilter():
            return f"{condition.name}{condition.op}{print_number(condition.value)}"
        case DurationFilter():
            return f"{condition.name}{condition.op}{format_go_duration(condition.ns)}"
        case BytesFilter():
            return f"{condition.name}{condition.op}{format_size(condition.size)}"
        case IpFilter():
            return f"{condition.name}{condition.op}ip({quote(condition.pattern)})"
        case AndFilter():
            return f"( {print_filter(condition.left)} , {print_filter(condition.right)} )"
        case OrFilter():
            return f"( {print_filter(condition.left)} or {print_filter(condition.right)} )"
        case _:
            assert_never(condition)


def print_range(log_range: LogRange) -> str:
    """Return ``query | unwrap label[5m] offset 1h0m0s``."""
    unwrap = "" if log_range.unwrap is None else " " + print_unwrap(log_range.unwrap)
    offset = f" offset {format_go_duration(log_range.offset_ns)}" if log_range.offset_ns else ""
    return f"{print_query(log_range.query)}{unwrap}[{format_range(log_range.interval_ns)}]{offset}"


def print_unwrap(unwrap: Unwrap) -> str:
    """Return ``| unwrap duration(label) | filter``."""
    label = f"{unwrap.conversion}({unwrap.label})" if unwrap.conversion else unwrap.label
    return " ".join((f"| unwrap {label}", *(f"| {print_filter(condition)}" for condition in unwrap.filters)))


def print_grouping(grouping: Grouping) -> str:
    """Return `` by (a,b)``, with the space before it."""
    return f" {'without' if grouping.without else 'by'} ({','.join(grouping.labels)})"


def print_operator(binary: Binary) -> str:
    """Return a binary operator with its modifiers."""
    words = [binary.op]
    if binary.returns_bool:
        words.append("bool")
    words.extend(_matching(binary.matching))
    return " ".join(words)


def print_number(value: float) -> str:
    """Return a number that Loki reads back as the same."""
    if math.isnan(value):
        return "(0 / 0)"
    if math.isinf(value):
        return "(1e+308 * 10)" if value > 0 else "(-1e+308 * 10)"
    size = abs(value)
    if value == 0 and math.copysign(1, value) < 0:
        return "-0.0"  # "-0" is a duration to Loki
    if size and not _SMALLEST_PLAIN <= size < _SMALLEST_SCIENTIFIC:
        return format_scientific(value)
    return format_float(value)


def _matching(matching: Matching) -> list[str]:
    is_grouped = matching.cardinality is not Cardinality.ONE_TO_ONE
    if not (matching.on or matching.labels or is_grouped):
        return []
    words = [f"{'on' if matching.on else 'ignoring'} ({','.join(matching.labels)})"]
    if is_grouped:
        words.append(matching.cardinality.value)
        if matching.include:
            words.append(f"({','.join(matching.include)})")
    return words


def _flags(stage: LogfmtParser | LogfmtExpressionParser) -> str:
    return (" --strict" if stage.strict else "") + (" --keep-empty" if stage.keep_empty else "")


def _extractions(extractions: Sequence[Extraction]) -> str:
    return ",".join(f"{item.name}={quote(item.expression)}" for item in extractions)


def _assignments(assignments: Sequence[LabelAssignment]) -> str:
    return ",".join(f"{item.name}={item.value if item.is_rename else quote(item.value)}" for item in assignments)


def _choices(choices: Sequence[LabelChoice]) -> str:
    return ",".join(choice if isinstance(choice, str) else print_matcher(choice) for choice in choices)


def _fixed(value: float) -> str:
    text = f"{value:f}"
    return text if float(text) == value else format_float(value)
