"""Walking and rebuilding syntax trees without knowing every node type.

``children`` and ``replace_children`` agree on the order, which is the order of the text: an aggregation's parameter
comes before its vector. ``walk`` and ``rewrite`` use no recursion, so they work on trees of any height. A ``Placed``
leaf of the planner has no children here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import assert_never

from query.promql.syntax.nodes import (
    Aggregate,
    Binary,
    Call,
    Expr,
    MatrixSelector,
    NumberLiteral,
    Paren,
    Placed,
    StringLiteral,
    Subquery,
    Unary,
    VectorSelector,
)


def without_parentheses(expr: Expr) -> Expr:
    """Return the expression inside any parentheses."""
    while isinstance(expr, Paren):
        expr = expr.expr
    return expr


def children(expr: Expr) -> tuple[Expr, ...]:
    """Return the direct subexpressions; a range selector's is its vector selector. Durations are not expressions."""
    match expr:
        case NumberLiteral() | StringLiteral() | VectorSelector() | Placed():
            return ()
        case MatrixSelector():
            return (expr.selector,)
        case Subquery() | Unary() | Paren():
            return (expr.expr,)
        case Call():
            return expr.args
        case Aggregate():
            return (expr.expr,) if expr.param is None else (expr.param, expr.expr)
        case Binary():
            return (expr.left, expr.right)
        case _:
            assert_never(expr)


def replace_children(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Return ``expr`` with ``change`` applied to each direct subexpression; ``expr`` itself if none changed."""
    before = children(expr)
    if not before:
        return expr
    return _with_children(expr, before, tuple(map(change, before)))


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield ``expr`` and everything below it, parents before children, left before right."""
    pending = [expr]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(children(node)))


def rewrite(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Return the tree with ``change`` applied to every node, children before parents."""
    pending: list[tuple[Expr, bool]] = [(expr, False)]
    done: list[Expr] = []
    while pending:
        node, is_ready = pending.pop()
        below = children(node)
        if not is_ready:
            pending.append((node, True))
            pending.extend((child, False) for child in reversed(below))
            continue
        first = len(done) - len(below)
        rebuilt = _with_children(node, below, tuple(done[first:]))
        del done[first:]
        done.append(change(rebuilt))
    return done[0]


def _with_children(expr: Expr, before: tuple[Expr, ...], after: tuple[Expr, ...]) -> Expr:
    if all(old is new for old, new in zip(before, after, strict=True)):
        return expr
    match expr:
        case MatrixSelector():
            selector = after[0]
            if not isinstance(selector, VectorSelector):
                raise TypeError(f"a range is taken of a vector selector, not of {type(selector).__name__}")
            return replace(expr, selector=selector)
        case Subquery() | Unary() | Paren():
            return replace(expr, expr=after[0])
        case Call():
            return replace(expr, args=after)
        case Aggregate():
            return replace(expr, param=after[0] if expr.param is not None else None, expr=after[-1])
        case Binary():
            return replace(expr, left=after[0], right=after[1])
        case _:
            raise TypeError(f"{type(expr).__name__} has no children")
