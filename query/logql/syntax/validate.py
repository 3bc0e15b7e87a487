"""What the grammar alone does not refuse: selectors that select everything, trees that are too tall, bad regexes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from query.logql.syntax.cursor import Cursor
from query.logql.syntax.lexer import Token
from query.logql.syntax.nodes import (
    AndFilter,
    Binary,
    Expr,
    LabelFilterStage,
    LabelReplace,
    LogQuery,
    OrFilter,
    RangeAggregation,
    VectorAggregation,
)
from query.model.errors import Position, QuerySyntaxError
from query.model.matchers import Matcher
from query.syntax.limits import Limits

NEEDS_A_MATCHER: Final = (
    "queries require at least one regexp or equality matcher that does not have an empty-compatible value. "
    'For instance, app=~".*" does not meet this requirement, but app=~".+" will'
)


def selects_something(matchers: tuple[Matcher, ...]) -> bool:
    """Tell whether Loki takes the selector: some matcher must refuse the empty string."""
    return any(not matcher.matches_empty for matcher in matchers)


def check_selector(cursor: Cursor, matchers: tuple[Matcher, ...], token: Token) -> None:
    """Refuse a selector that Loki refuses because it could select every stream."""
    if not selects_something(matchers):
        raise cursor.error(NEEDS_A_MATCHER, token)


def check_height(expr: Expr, text: str, limits: Limits) -> None:
    """Refuse a tree taller than ``max_depth``: long chains are not nested in the text, but they are in the tree."""
    level: list[object] = [expr]
    for _ in range(limits.max_depth):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise QuerySyntaxError(f"query nests deeper than max_depth={limits.max_depth}; split it", Position.at(text, 0))


def _children(node: object) -> Iterator[object]:
    match node:
        case Binary() | AndFilter() | OrFilter():
            yield node.left
            yield node.right
        case VectorAggregation() | LabelReplace():
            yield node.expr
        case RangeAggregation():
            yield node.range.query
            if node.range.unwrap is not None:
                yield from node.range.unwrap.filters
        case LogQuery():
            yield from (stage.filter for stage in node.stages if isinstance(stage, LabelFilterStage))
        case _:
            return
