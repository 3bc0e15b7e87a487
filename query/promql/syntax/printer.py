"""Trees as PromQL text: one line that Prometheus, of any version that knows the nodes, reads as the same tree.

What the parser made comes back exactly: ``parse(print_expr(tree)) == tree``. A tree made by hand may lack the
parentheses its shape needs; they are added. Layout follows Prometheus' own printer, with these differences, each
because upstream's text would not read back or would not be understood by an older server:

- matchers keep their order;
- a metric name that is not a plain word is written ``{__name__="…"}``, which servers without UTF-8 names also read;
- arithmetic in an offset is written ``offset +(…)``: after ``offset (…)`` a following ``+ 1`` would be read as part of
  the offset;
- plus infinity is ``Inf``.

Recursion is as deep as the tree, which the parser bounds.
"""

from __future__ import annotations

import math
from typing import Final, assert_never

from query.model.labels import METRIC_NAME
from query.model.matchers import Matcher, MatchOp
from query.promql.syntax.keywords import is_plain_grouping, is_plain_label, is_plain_metric
from query.promql.syntax.nodes import (
    NO_OFFSET,
    Aggregate,
    At,
    AtAnchor,
    Binary,
    Call,
    Cardinality,
    DurationExpr,
    Expr,
    Matching,
    MatrixSelector,
    NumberLiteral,
    Paren,
    Placed,
    StringLiteral,
    Subquery,
    Unary,
    VectorSelector,
)
from query.promql.syntax.precedence import ATOM, POWER, SIGN, of_operator
from query.promql.syntax.print_durations import print_duration, print_offset
from query.syntax.durations import format_duration
from query.syntax.numbers import format_float
from query.syntax.strings import quote

_DURATION_TOLERANCE: Final = 1e-9


def print_expr(expr: Expr) -> str:
    """Return the text of a tree."""
    out: list[str] = []
    write_expr(expr, out)
    return "".join(out)


def print_matchers(matchers: tuple[Matcher, ...]) -> str:
    """Return the text of a selector with these matchers, as ``match[]`` takes it."""
    return print_expr(VectorSelector(matchers))


def aggregate_head(expr: Aggregate) -> str:
    """Return what stands in front of an aggregation's parenthesis."""
    if not expr.without and not expr.grouping:
        return expr.op
    return f"{expr.op} {'without' if expr.without else 'by'} ({_names(expr.grouping)}) "


def operator_text(expr: Binary) -> str:
    """Return what stands between the sides of an operation."""
    return f"{expr.op}{' bool' if expr.returns_bool else ''}{_matching(expr.matching)}"


def subquery_suffix(expr: Subquery) -> str:
    """Return what follows the expression of a subquery."""
    step = "" if expr.step is None else print_duration(expr.step)
    return f"[{print_duration(expr.range)}:{step}]{_at(expr.at)}{_offset(expr.offset)}"


def print_matcher(matcher: Matcher) -> str:
    """Return one matcher as it stands in braces."""
    name = matcher.name if is_plain_label(matcher.name) else quote(matcher.name)
    return f"{name}{matcher.op.value}{quote(matcher.value)}"


def write_expr(expr: Expr, out: list[str]) -> None:
    """Append the text of a tree to ``out``, piece by piece."""
    match expr:
        case Subquery():
            _write_operand(expr.expr, ATOM, out)
            out.append(subquery_suffix(expr))
        case Call():
            _write_call(expr, out)
        case Aggregate():
            _write_aggregate(expr, out)
        case Binary():
            _write_binary(expr, out)
        case Unary():
            out.append(expr.op)
            _write_operand(expr.expr, SIGN if _is_signed(expr.expr) else POWER, out)
        case Paren():
            out.append("(")
            write_expr(expr.expr, out)
            out.append(")")
        case _:
            out.append(_leaf(expr))


def _leaf(expr: NumberLiteral | StringLiteral | VectorSelector | MatrixSelector | Placed) -> str:
    match expr:
        case NumberLiteral():
            return _number(expr)
        case StringLiteral():
            return quote(expr.value)
        case VectorSelector():
            return _selector(expr.matchers) + _modifiers(expr)
        case MatrixSelector():
            selector = expr.selector
            text = f"{_selector(selector.matchers)}[{print_duration(expr.range)}]"
            return text + _extension(selector) + _at(selector.at) + _offset(selector.offset)
        case Placed():
            return expr.describe()
        case _:
            assert_never(expr)


def _write_operand(expr: Expr, least: int, out: list[str]) -> None:
    """Write ``expr`` where only what binds at least as tightly as ``least`` can stand without parentheses."""
    if _binding(expr) >= least:
        write_expr(expr, out)
    else:
        write_expr(Paren(expr), out)


def _binding(expr: Expr) -> int:
    """Return how tightly the text of ``expr`` holds together."""
    match expr:
        case Binary():
            return of_operator(expr.op)
        case Unary():
            return SIGN
        case NumberLiteral() if math.copysign(1.0, expr.value) < 0:
            return SIGN
        case _:
            return ATOM


def _is_signed(expr: Expr) -> bool:
    """Tell whether the text starts with a sign; to the right of an operator that needs no parentheses."""
    return not isinstance(expr, Binary) and _binding(expr) == SIGN


def _write_binary(expr: Binary, out: list[str]) -> None:
    own = of_operator(expr.op)
    _write_operand(expr.left, own + 1 if own == POWER else own, out)
    out.append(f" {operator_text(expr)} ")
    if _is_signed(expr.right):
        write_expr(expr.right, out)
    else:
        _write_operand(expr.right, own if own == POWER else own + 1, out)


def _write_call(expr: Call, out: list[str]) -> None:
    out.append(f"{expr.function}(")
    for index, arg in enumerate(expr.args):
        if index:
            out.append(", ")
        if index == 1 and expr.function == "info" and isinstance(arg, VectorSelector):
            # The second argument of info() is label matchers only: a name in front of the braces is refused.
            out.append(_braces(arg.matchers) + _modifiers(arg))
        else:
            write_expr(arg, out)
    out.append(")")


def _write_aggregate(expr: Aggregate, out: list[str]) -> None:
    out.append(f"{aggregate_head(expr)}(")
    if expr.param is not None:
        write_expr(expr.param, out)
        out.append(", ")
    write_expr(expr.expr, out)
    out.append(")")


def _number(literal: NumberLiteral) -> str:
    if literal.is_duration and math.isfinite(literal.value):
        ms = round(literal.value * 1000)
        if abs(literal.value * 1000 - ms) <= _DURATION_TOLERANCE * max(1, abs(ms)):
            return format_duration(ms)
    return format_float(literal.value).removeprefix("+")


def _selector(matchers: tuple[Matcher, ...]) -> str:
    names = [matcher for matcher in matchers if matcher.name == METRIC_NAME]
    if len(names) == 1 and names[0].op is MatchOp.EQUAL and is_plain_metric(names[0].value):
        others = tuple(matcher for matcher in matchers if matcher.name != METRIC_NAME)
        return names[0].value + (_braces(others) if others else "")
    return _braces(matchers)


def _braces(matchers: tuple[Matcher, ...]) -> str:
    return "{" + ",".join(map(print_matcher, matchers)) + "}"


def _modifiers(selector: VectorSelector) -> str:
    return _at(selector.at) + _extension(selector) + _offset(selector.offset)


def _extension(selector: VectorSelector) -> str:
    return (" anchored" if selector.anchored else "") + (" smoothed" if selector.smoothed else "")


def _at(at: At) -> str:
    match at:
        case None:
            return ""
        case AtAnchor():
            return f" @ {at.value}()"
        case int():
            sign = "-" if at < 0 else ""
            return f" @ {sign}{abs(at) // 1000}.{abs(at) % 1000:03d}"
        case _:
            assert_never(at)


def _offset(offset: DurationExpr) -> str:
    return "" if offset == NO_OFFSET else f" offset {print_offset(offset)}"


def _matching(matching: Matching | None) -> str:
    if matching is None:
        return ""
    text = ""
    group = {Cardinality.MANY_TO_ONE: "left", Cardinality.ONE_TO_MANY: "right"}.get(matching.cardinality)
    if matching.labels or matching.on or group:
        text += f" {'on' if matching.on else 'ignoring'} ({_names(matching.labels)})"
    if group:
        text += f" group_{group} ({_names(matching.include)})"
    return text + _fill(matching)


def _fill(matching: Matching) -> str:
    left, right = matching.fill_left, matching.fill_right
    shown = {side: format_float(value) for side, value in (("left", left), ("right", right)) if value is not None}
    if len(shown) > 1 and shown["left"] == shown["right"]:
        return f" fill ({shown['left']})"
    return "".join(f" fill_{side} ({value})" for side, value in shown.items())


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(name if is_plain_grouping(name) else quote(name) for name in names)
