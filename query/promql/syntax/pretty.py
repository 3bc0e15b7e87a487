"""Trees as PromQL text over several lines, as Prometheus' ``format_query`` lays them out.

A node whose one-line text is longer than 100 bytes is split, its parts one level deeper. Unlike
:func:`~query.promql.syntax.printer.print_expr` it sorts matchers, as upstream does. For trees as the parser makes
them: parentheses that the shape of a tree made by hand would need are not added.

Source: promql/parser/prettier.go of Prometheus 3.16, its slip included: a subquery that fits on its line is not
indented.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from query.model.labels import METRIC_NAME
from query.model.matchers import Matcher
from query.promql.syntax.nodes import Aggregate, Binary, Call, Expr, Paren, Subquery, Unary, VectorSelector
from query.promql.syntax.printer import (
    aggregate_head,
    operator_text,
    print_expr,
    print_matcher,
    subquery_suffix,
    write_expr,
)
from query.promql.syntax.tree import children, rewrite

_LONGEST_LINE: Final = 100
_INDENT: Final = "  "


def prettify(expr: Expr) -> str:
    """Return the text of a tree, split into lines where it is long."""
    return _pretty(rewrite(expr, _sorted), 0)


def _pretty(expr: Expr, level: int) -> str:
    indent = _INDENT * level
    match expr:
        case Unary():
            return f"{indent}{expr.op}{_pretty(expr.expr, level).strip()}"
        case Subquery():
            return _pretty(expr.expr, level) + subquery_suffix(expr) if _is_long(expr) else print_expr(expr)
        case Aggregate() | Call() | Paren() if _is_long(expr):
            inner = ",\n".join(_pretty(child, level + 1) for child in children(expr))
            return f"{indent}{_head(expr)}(\n{inner}\n{indent})"
        case Binary() if _is_long(expr):
            left, right = _pretty(expr.left, level + 1), _pretty(expr.right, level + 1)
            return f"{left}\n{indent}{operator_text(expr)}\n{right}"
        case _:
            return indent + print_expr(expr)


def _head(expr: Aggregate | Call | Paren) -> str:
    match expr:
        case Aggregate():
            return aggregate_head(expr)
        case Call():
            return expr.function
        case Paren():
            return ""


class _TooLongError(Exception):
    """The text is longer than a line."""


class _Line(list[str]):
    """Collects pieces of text until there is more of it than fits on a line, so that measuring costs no more."""

    def __init__(self) -> None:
        super().__init__()
        self._left = _LONGEST_LINE

    def append(self, piece: str) -> None:
        """Take a piece; ``_TooLongError`` if the line is full."""
        self._left -= len(piece.encode())
        if self._left < 0:
            raise _TooLongError


def _is_long(expr: Expr) -> bool:
    try:
        write_expr(expr, _Line())
    except _TooLongError:
        return True
    return False


def _sorted(expr: Expr) -> Expr:
    if not isinstance(expr, VectorSelector):
        return expr
    return replace(expr, matchers=tuple(sorted(expr.matchers, key=_rank)))


def _rank(matcher: Matcher) -> tuple[bool, str]:
    return matcher.name != METRIC_NAME, print_matcher(matcher)
