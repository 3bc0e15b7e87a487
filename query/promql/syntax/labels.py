"""Lists of label names (``by (a, b)``) and lists of matchers (``{a="b"}``)."""

from __future__ import annotations

from typing import Final

from query.model.errors import BadQueryError
from query.model.labels import METRIC_NAME
from query.model.matchers import Matcher, MatchOp, compile_anchored
from query.promql.syntax.keywords import NEVER_A_GROUPING, WORD_OPERATORS
from query.promql.syntax.precedence import BINDING
from query.promql.syntax.stream import Stream
from query.promql.syntax.tokens import Kind, Token
from query.syntax.regexes import RegexBudget
from query.syntax.strings import unquote

_MATCH_OPS: Final = {op.value: op for op in MatchOp}
_NAME_KINDS: Final = frozenset(
    {Kind.IDENTIFIER, Kind.METRIC, Kind.AGGREGATOR, Kind.MODIFIER, Kind.PREPROCESSOR, Kind.OPERATOR}
)
_NOT_NAMES: Final = NEVER_A_GROUPING | (BINDING.keys() - WORD_OPERATORS)


def parse_names(stream: Stream) -> tuple[str, ...]:
    """Parse ``(name, …)`` of a grouping clause."""
    if not stream.accept("("):
        raise stream.unexpected('grouping opts, expected "("')
    names: list[str] = []
    while not stream.at(")"):
        names.append(_name(stream))
        if not stream.accept(",") and not stream.at(")"):
            raise stream.unexpected('grouping opts, expected "," or ")"')
    stream.advance()
    return tuple(names)


def _name(stream: Stream) -> str:
    token = stream.next
    if token.kind is Kind.STRING:
        name = literal(stream, token)
        if not name:
            raise stream.error('invalid label name for grouping: ""', token.start)
    elif token.kind in _NAME_KINDS and token.word not in _NOT_NAMES:
        name = token.text
    else:
        raise stream.unexpected("grouping opts, expected label")
    stream.advance()
    return name


def literal(stream: Stream, token: Token) -> str:
    """Return what a string token denotes."""
    try:
        return unquote(token.text)
    except BadQueryError as error:
        raise stream.error(str(error), token.start) from error


def parse_matchers(stream: Stream, budget: RegexBudget) -> tuple[Matcher, ...]:
    """Parse ``{…}``; the opening brace is next. Regular expressions are compiled, so that bad ones are refused here."""
    stream.advance()
    matchers: list[Matcher] = []
    while not stream.at("}"):
        matchers.append(_matcher(stream, budget))
        if not stream.accept(",") and not stream.at("}"):
            raise stream.unexpected('label matching, expected "," or "}"')
    stream.advance()
    return tuple(matchers)


def _matcher(stream: Stream, budget: RegexBudget) -> Matcher:
    token = stream.next
    if token.kind not in (Kind.IDENTIFIER, Kind.STRING):
        raise stream.unexpected('label matching, expected identifier or "}"')
    name = literal(stream, token) if token.kind is Kind.STRING else token.text
    stream.advance()
    op = _MATCH_OPS.get(stream.next.word) if stream.next.kind is not Kind.STRING else None
    if op is None:
        if token.kind is Kind.STRING:
            return Matcher(METRIC_NAME, MatchOp.EQUAL, name)
        raise stream.unexpected("label matching, expected label matching operator")
    stream.advance()
    if stream.next.kind is not Kind.STRING:
        raise stream.unexpected("label matching, expected string")
    value = literal(stream, stream.next)
    if op.is_regex:
        _check_regex(stream, budget, value, token.start)
    stream.advance()
    return Matcher(name, op, value)


def _check_regex(stream: Stream, budget: RegexBudget, pattern: str, offset: int) -> None:
    try:
        budget.spend(pattern)
        compile_anchored(pattern)
    except BadQueryError as error:
        raise stream.error(str(error), offset) from error
