"""PromQL text to tree: precedence climbing over one token of lookahead.

Source of the language: promql/parser/generated_parser.y of Prometheus 3.16, with every experimental feature on.
Precedence and what may follow what are the grammar's; messages are upstream's wherever users know them.

Depth: nesting is counted on the way down and height on the way up, so neither the parser's own recursion (at most
three frames a level) nor that of anything which walks the tree later can run out of stack.

Differences to upstream, all of them in what is refused: see :mod:`query.promql.syntax.durations`; label names with a
colon are accepted in grouping clauses although the feature for Unicode names is on; ``0xfe`` is accepted at the end of
the text.
"""

from __future__ import annotations

from typing import Final

from query.model.labels import METRIC_NAME
from query.model.matchers import Matcher, MatchOp
from query.promql.syntax.check import check
from query.promql.syntax.durations import duration_of, number_of
from query.promql.syntax.functions import FUNCTIONS
from query.promql.syntax.keywords import NEVER_A_METRIC
from query.promql.syntax.labels import literal, parse_matchers, parse_names
from query.promql.syntax.matching import negated, parse_matching
from query.promql.syntax.nodes import (
    AGGREGATIONS_WITH_PARAM,
    Aggregate,
    Binary,
    Call,
    Expr,
    NumberLiteral,
    Paren,
    StringLiteral,
    Unary,
    ValueType,
    VectorSelector,
)
from query.promql.syntax.places import Places
from query.promql.syntax.postfix import parse_postfix
from query.promql.syntax.precedence import BINDING, POWER
from query.promql.syntax.stream import Stream
from query.promql.syntax.tokens import Kind, Token
from query.syntax.durations import to_seconds
from query.syntax.limits import DEFAULT, Limits
from query.syntax.regexes import RegexBudget
from query.syntax.strings import quote

_NAMES: Final = frozenset(
    {Kind.IDENTIFIER, Kind.METRIC, Kind.AGGREGATOR, Kind.MODIFIER, Kind.PREPROCESSOR, Kind.OPERATOR}
)
_CALLABLE: Final = frozenset({Kind.IDENTIFIER, Kind.PREPROCESSOR})
_IN_AGGREGATION: Final = "aggregation"


def parse(text: str, limits: Limits = DEFAULT) -> Expr:
    """Return the tree of a PromQL expression; ``QuerySyntaxError`` with line and column if it is none."""
    parser = _Parser(text, limits)
    expr = parser.whole()
    check(expr, parser.places)
    return expr


def parse_selector(text: str, limits: Limits = DEFAULT) -> tuple[Matcher, ...]:
    """Return the matchers of one selector, as ``match[]`` parameters hold it; no range, offset or ``@`` may follow.

    Raises ``QuerySyntaxError`` with line and column. As upstream, does not check that something is selected: whether
    ``{}`` will do is the endpoint's to say.
    """
    return _Parser(text, limits).whole_selector().matchers


class _Parser:
    __slots__ = ("_budget", "_depth", "_stream", "places")

    def __init__(self, text: str, limits: Limits) -> None:
        self._stream = Stream(text, limits)
        self._budget = RegexBudget(limits)
        self._depth = 0
        self.places = Places(text, limits)

    def whole(self) -> Expr:
        if self._stream.next.kind is Kind.END:
            raise self._stream.error("no expression found in input", 0)
        expr = self._expression(0)
        if self._stream.next.kind is not Kind.END:
            raise self._stream.unexpected()
        return expr

    def whole_selector(self) -> VectorSelector:
        token = self._stream.next
        is_selector = token.word == "{" or (token.kind in _NAMES and token.word not in _NOT_METRICS)
        if not is_selector or token.kind is Kind.STRING:
            raise self._stream.unexpected()
        selector = self._selector()
        if self._stream.next.kind is not Kind.END:
            raise self._stream.unexpected()
        return selector

    def _expression(self, least: int) -> Expr:
        """Parse operands and the operators between them that bind at least as tightly as ``least``."""
        self._depth += 1
        if self._depth > self.places.limits.max_depth:
            raise self.places.too_deep(self._stream.next.start)
        left = self._operand()
        while self._stream.next.kind is Kind.OPERATOR and (own := BINDING[self._stream.next.word]) >= least:
            operator = self._stream.advance()
            returns_bool, matching = parse_matching(self._stream, operator.word)
            right = self._expression(own if own == POWER else own + 1)
            left = self._binary(operator, left, right, returns_bool=returns_bool, matching=matching)
        self._depth -= 1
        return left

    def _binary(self, operator: Token, left: Expr, right: Expr, *, returns_bool: bool, matching: Matching) -> Expr:
        places = self.places
        is_matched = all(places.of(side).value_type is ValueType.VECTOR for side in (left, right))
        node = Binary(operator.word, left, right, matching if is_matched else None, returns_bool)
        return places.put(node, places.of(left).start, left, right, operator=operator.start, matching=matching)

    def _operand(self) -> Expr:
        """Parse what can stand to either side of an operator, with everything that follows it and belongs to it."""
        token = self._stream.next
        match token.kind:
            case Kind.OPERATOR if token.word in "+-":
                return self._signed()
            case Kind.NUMBER | Kind.DURATION:
                primary = self._number()
            case Kind.STRING:
                primary = self._string()
            case Kind.PUNCTUATION if token.word == "(":
                self._stream.advance()
                inner = self._expression(0)
                self._stream.expect(")")
                primary = self.places.put(Paren(inner), token.start, inner)
            case Kind.PUNCTUATION if token.word == "{":
                primary = self._selector()
            case kind if kind in _NAMES and token.word not in _NOT_METRICS:
                primary = self._named()
            case _:
                raise self._stream.unexpected()
        return parse_postfix(self._stream, self.places, primary)
