"""Parsing query texts that came in as parameters; the parameter is named in the error, as upstream does."""

from __future__ import annotations

from collections.abc import Iterable

from query.model.errors import BadQueryError, BadRequestError
from query.model.matchers import Matcher
from query.promql.syntax.nodes import Expr
from query.promql.syntax.parser import parse, parse_selector
from query.syntax.limits import Limits


def parse_query(text: str, limits: Limits) -> Expr:
    """Return the tree of the parameter ``query``; ``BadRequestError`` with line and column."""
    try:
        return parse(text, limits)
    except BadQueryError as error:
        raise BadRequestError("query", str(error)) from error


def parse_matches(texts: Iterable[str], limits: Limits) -> tuple[tuple[Matcher, ...], ...]:
    """Return the matchers of each selector; ``BadQueryError`` if one does not parse, or selects everything.

    Upstream parses all of them before it looks at any.
    """
    parsed = tuple(parse_selector(text, limits) for text in texts)
    if any(all(matcher.matches_empty for matcher in matchers) for matchers in parsed):
        raise BadQueryError("match[] must contain at least one non-empty matcher")
    return parsed
