"""Make a failing query smaller, as long as it fails in the same way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Final

from query.model.labels import METRIC_NAME
from query.promql.syntax import Expr, ValueType, children, parse, print_expr, replace_children, type_of
from query.promql.syntax.nodes import (
    NO_OFFSET,
    Aggregate,
    Binary,
    Matching,
    MatrixSelector,
    NumberLiteral,
    Subquery,
    VectorSelector,
)

TRIES_AT_MOST: Final = 300


async def shrunk(query: str, still_fails: Callable[[str], Awaitable[bool]]) -> str:
    """Return the smallest query found that still fails; greedy, so not the smallest there is."""
    best, tries = query, 0
    progress = True
    while progress:
        progress = False
        for candidate in smaller(best):
            tries += 1
            if tries > TRIES_AT_MOST:
                return best
            if await still_fails(candidate):
                best, progress = candidate, True
                break
    return best


def smaller(query: str) -> Iterator[str]:
    """Yield shorter queries of the same type, the shortest first, none twice."""
    expr = parse(query)
    found = {print_expr(candidate) for candidate in _variants(expr)}
    yield from sorted((text for text in found if len(text) < len(query)), key=lambda text: (len(text), text))


def _variants(expr: Expr) -> Iterator[Expr]:
    yield from _instead(expr)
    below = children(expr)
    for position, child in enumerate(below):
        for variant in _variants(child):
            if isinstance(expr, MatrixSelector) and not isinstance(variant, VectorSelector):
                continue
            yield _with_child(expr, position, variant)


def _with_child(expr: Expr, position: int, child: Expr) -> Expr:
    at = iter(range(len(children(expr))))
    return replace_children(expr, lambda old: child if next(at) == position else old)


def _instead(expr: Expr) -> Iterator[Expr]:
    """Yield what can stand in the place of a node: an operand of its type, or itself with less."""
    wanted = type_of(expr)
    for child in children(expr):
        inner = child.expr if isinstance(child, Subquery) else child
        inner = inner.selector if isinstance(inner, MatrixSelector) else inner
        if type_of(inner) is wanted:
            yield inner
    match expr:
        case VectorSelector():
            yield from _lesser_selectors(expr)
        case Subquery():
            yield replace(expr, offset=NO_OFFSET, at=None)
        case Aggregate():
            for name in expr.grouping:
                yield replace(expr, grouping=tuple(one for one in expr.grouping if one != name))
        case Binary(matching=Matching() as matching):
            for name in matching.labels:
                left = tuple(one for one in matching.labels if one != name)
                yield replace(expr, matching=replace(matching, labels=left))
        case _ if wanted is ValueType.SCALAR:
            yield NumberLiteral(1.0)
        case _:
            pass


def _lesser_selectors(expr: VectorSelector) -> Iterator[Expr]:
    for matcher in expr.matchers:
        if matcher.name != METRIC_NAME:
            yield replace(expr, matchers=tuple(one for one in expr.matchers if one is not matcher))
    yield replace(expr, offset=NO_OFFSET, at=None)
    yield replace(expr, anchored=False, smoothed=False)
