"""Parsing query texts that came in as parameters; the parameter is named in the error, as upstream does."""

from __future__ import annotations

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


def parse_match(text: str, limits: Limits) -> tuple[Matcher, ...]:
    """Return the matchers of one parameter ``match[]``; ``BadRequestError`` if it selects everything."""
    try:
        matchers = parse_selector(text, limits)
    except BadQueryError as error:
        raise BadRequestError("match[]", str(error)) from error
    if all(matcher.matches_empty for matcher in matchers):
        raise BadRequestError("match[]", "match[] must contain at least one non-empty matcher")
    return matchers
