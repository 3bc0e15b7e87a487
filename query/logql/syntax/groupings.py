"""Parses ``by (…)``, ``without (…)`` and other lists of labels in parentheses."""

from __future__ import annotations

from query.logql.syntax.cursor import Cursor
from query.logql.syntax.lexer import IDENTIFIER
from query.logql.syntax.nodes import Grouping


def parse_grouping(cursor: Cursor) -> Grouping | None:
    """Parse ``by (…)`` or ``without (…)`` if it comes next."""
    keyword = cursor.accept("by", "without")
    return None if keyword is None else Grouping(parse_names(cursor), keyword.kind == "without")


def parse_names(cursor: Cursor) -> tuple[str, ...]:
    """Parse ``(a, b)``, which may be empty."""
    cursor.expect("(")
    names: list[str] = []
    if cursor.accept(")"):
        return ()
    while True:
        names.append(str(cursor.expect(IDENTIFIER).value))
        if cursor.accept(")"):
            return tuple(names)
        cursor.expect(")", ",")
