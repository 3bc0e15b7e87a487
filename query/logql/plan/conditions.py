"""Settles conditions on labels whose value is known when a query is planned.

A condition on a constant the backend does not show is either true or false for a whole cluster. It is evaluated here
and the rest of the filter is what the backend is asked. That is exact because Loki evaluates ``and`` to the end and
``or`` from left to right up to the first side that holds, and only conditions on numbers, durations, sizes and
addresses can leave a mark (``__error__``) on a line: a side that may leave one is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias, assert_never

from query.logql.syntax.nodes import (
    AndFilter,
    BytesFilter,
    DurationFilter,
    IpFilter,
    LabelFilter,
    NumberFilter,
    OrFilter,
    StringFilter,
)
from query.model.errors import UnsupportedError
from query.model.matchers import Matcher, MatchOp

Settled: TypeAlias = LabelFilter | bool
"""What is left of a condition, or its verdict."""

ALWAYS: Final = StringFilter(Matcher("__lma_absent__", MatchOp.EQUAL, ""))
"""A condition that holds for every line: nothing has this label."""


def settle(condition: LabelFilter, values: Mapping[str, str]) -> Settled:
    """Return what is left of the condition when the labels in ``values`` are known (empty: absent)."""
    match condition:
        case StringFilter():
            matcher = condition.matcher
            return matcher.matches(values[matcher.name]) if matcher.name in values else condition
        case NumberFilter() | DurationFilter() | BytesFilter() | IpFilter():
            if condition.name in values:
                raise UnsupportedError(
                    f"| {condition.name} {condition.op} …",
                    f"a backend does not show the label {condition.name!r}, and its value is not compared as a number "
                    "at the gateway",
                    remedy=f'compare it as text: {condition.name}="…"',
                )
            return condition
        case AndFilter():
            return _both(settle(condition.left, values), settle(condition.right, values))
        case OrFilter():
            return _either(settle(condition.left, values), settle(condition.right, values))
        case _:
            assert_never(condition)


def labels_read(condition: LabelFilter) -> frozenset[str]:
    """Return the names of the labels a condition reads."""
    match condition:
        case StringFilter():
            return frozenset({condition.matcher.name})
        case AndFilter() | OrFilter():
            return labels_read(condition.left) | labels_read(condition.right)
        case _:
            return frozenset({condition.name})


def _both(left: Settled, right: Settled) -> Settled:
    if left is False or right is False:
        return False
    if left is True:
        return right
    return left if right is True else AndFilter(left, right)


def _either(left: Settled, right: Settled) -> Settled:
    if left is True:
        return True
    if left is False:
        return right
    if right is True:
        return OrFilter(left, ALWAYS) if _may_mark(left) else True
    return left if right is False else OrFilter(left, right)


def _may_mark(condition: LabelFilter) -> bool:
    if isinstance(condition, AndFilter | OrFilter):
        return _may_mark(condition.left) or _may_mark(condition.right)
    return not isinstance(condition, StringFilter)
