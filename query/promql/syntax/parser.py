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
    SET_OPERATORS,
    Aggregate,
    Binary,
    Call,
    Expr,
    Matching,
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
from query.syntax.strings import excerpt

_NAMES: Final = frozenset({Kind.IDENTIFIER, Kind.METRIC, Kind.AGGREGATOR, Kind.MODIFIER, Kind.PREPROCESSOR})
_CALLABLE: Final = frozenset({Kind.IDENTIFIER, Kind.PREPROCESSOR, Kind.AGGREGATOR})
_LITERALS: Final = frozenset({Kind.NUMBER, Kind.DURATION, Kind.STRING})
_OPENERS: Final = frozenset("+-({")
_IN_AGGREGATION: Final = "aggregation"


def parse(text: str, limits: Limits = DEFAULT) -> Expr:
    """Return the tree of a PromQL expression; ``QuerySyntaxError`` with line and column if it is none."""
    return parse_placed(text, limits)[0]


def parse_placed(text: str, limits: Limits = DEFAULT) -> tuple[Expr, Places]:
    """Return the tree and what is known of how it was written; raises as ``parse`` does."""
    parser = _Parser(text, limits)
    expr = parser.whole()
    check(expr, parser.places)
    return expr, parser.places


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
        if self._stream.at_end:
            raise self._stream.error("no expression found in input", 0)
        expr = self._expression(0)
        self._stream.expect_end()
        return expr

    def whole_selector(self) -> VectorSelector:
        token = self._stream.next
        if self._stream.at("{"):
            selector = self._braces()
        elif _can_be_metric(token):
            selector = self._metric(self._stream.advance())
        else:
            raise self._stream.unexpected()
        self._stream.expect_end()
        return selector

    def _expression(self, least: int) -> Expr:
        """Parse operands and the operators between them that bind at least as tightly as ``least``."""
        self._depth += 1
        if self._depth > self.places.limits.max_depth:
            raise self.places.too_deep(self._stream.next.start)
        left = self._operand()
        while self._stream.next.kind is Kind.OPERATOR:
            own = BINDING[self._stream.next.word]
            if own < least:
                break
            operator = self._stream.advance()
            returns_bool, matching = parse_matching(self._stream, operator.word)
            right = self._expression(own if own == POWER else own + 1)
            left = self._binary(operator, left, right, returns_bool=returns_bool, matching=matching)
        self._depth -= 1
        return left

    def _operand(self) -> Expr:
        """Parse what can stand to either side of an operator, with everything that follows it and belongs to it."""
        stream, token = self._stream, self._stream.next
        primary: Expr
        if stream.at("-") or stream.at("+"):
            stream.advance()
            return self._signed(token, self._expression(POWER))
        if stream.at("("):
            stream.advance()
            inner = self._expression(0)
            stream.expect(")")
            primary = self.places.put(Paren(inner), token.start, inner)
        elif stream.at("{"):
            primary = self._braces()
        elif token.kind in _LITERALS:
            primary = self._literal()
        elif _can_be_metric(token):
            primary = self._named()
        else:
            raise stream.unexpected()
        return parse_postfix(stream, self.places, primary)

    def _named(self) -> Expr:
        """Parse what starts with a name: a selector, a call or an aggregation."""
        stream, token = self._stream, self._stream.advance()
        is_aggregation = token.kind is Kind.AGGREGATOR
        is_grouped_first = is_aggregation and (stream.at("by") or stream.at("without"))
        if not is_grouped_first and not (token.kind in _CALLABLE and stream.at("(")):
            return self._metric(token)
        clause: tuple[bool, tuple[str, ...]] | None = None
        with stream.inside(_IN_AGGREGATION if is_aggregation else None):
            if is_grouped_first:
                clause = self._clause()
            stream.expect("(")
            args: list[Expr] = []
            while not stream.at(")"):
                args.append(self._expression(0))
                if not stream.at(")"):
                    self._comma()
            stream.advance()
            if is_aggregation and clause is None and (stream.at("by") or stream.at("without")):
                clause = self._clause()
        if is_aggregation:
            return self._aggregation(token, args, clause or (False, ()))
        return self._call(token, args)

    def _comma(self) -> None:
        comma = self._stream.expect(",")
        if not _can_start_operand(self._stream.next):
            raise self._stream.error("trailing commas not allowed in function call args", comma.start)

    def _clause(self) -> tuple[bool, tuple[str, ...]]:
        is_without = self._stream.advance().word == "without"
        return is_without, parse_names(self._stream)

    def _binary(self, operator: Token, left: Expr, right: Expr, *, returns_bool: bool, matching: Matching) -> Expr:
        places = self.places
        is_matched = all(places.of(side).value_type is ValueType.VECTOR for side in (left, right))
        node = Binary(operator.word, left, right, matching if is_matched else None, returns_bool)
        return places.put(node, places.of(left).start, left, right, operator=operator.start, matching=matching)

    def _signed(self, sign: Token, operand: Expr) -> Expr:
        if isinstance(operand, NumberLiteral):
            value = negated(operand.value) if sign.word == "-" else operand.value
            return self.places.put(NumberLiteral(value, operand.is_duration), sign.start)
        return self.places.put(Unary(sign.word, operand), sign.start, operand)

    def _literal(self) -> Expr:
        token = self._stream.advance()
        node: Expr
        match token.kind:
            case Kind.NUMBER:
                node = NumberLiteral(number_of(self._stream, token))
            case Kind.DURATION:
                node = NumberLiteral(to_seconds(duration_of(self._stream, token)), is_duration=True)
            case _:
                node = StringLiteral(literal(self._stream, token))
        return self.places.put(node, token.start)

    def _metric(self, token: Token) -> VectorSelector:
        name = Matcher(METRIC_NAME, MatchOp.EQUAL, token.text)
        matchers = parse_matchers(self._stream, self._budget) if self._stream.at("{") else ()
        return self.places.put(VectorSelector((name, *matchers)), token.start, has_outer_name=True)

    def _braces(self) -> VectorSelector:
        start = self._stream.next.start
        return self.places.put(VectorSelector(_name_first(parse_matchers(self._stream, self._budget))), start)

    def _call(self, token: Token, args: list[Expr]) -> Expr:
        if token.text not in FUNCTIONS:
            raise self._stream.error(f"unknown function with name {excerpt(token.text)}", token.start)
        return self.places.put(Call(token.text, tuple(args)), token.start, *args)

    def _aggregation(self, token: Token, args: list[Expr], clause: tuple[bool, tuple[str, ...]]) -> Expr:
        if not args:
            raise self._stream.error("no arguments for aggregate expression provided", token.start)
        wanted = 2 if token.word in AGGREGATIONS_WITH_PARAM else 1
        if len(args) != wanted:
            raise self._stream.error(
                f"wrong number of arguments for aggregate expression provided, expected {wanted}, got {len(args)}",
                token.start,
            )
        without, grouping = clause
        param = args[0] if len(args) > 1 else None
        return self.places.put(Aggregate(token.word, args[-1], param, grouping, without), token.start, *args)


def _can_be_metric(token: Token) -> bool:
    """Tell whether a token may be a metric name, which keywords may be where nothing else can be meant."""
    if token.kind is Kind.OPERATOR:
        return token.word in SET_OPERATORS
    return token.kind in _NAMES and token.word not in NEVER_A_METRIC


def _can_start_operand(token: Token) -> bool:
    """Tell whether an expression may start with a token; a failed one does, to be reported as what it is."""
    if token.kind in _LITERALS or token.kind is Kind.FAILURE:
        return True
    return token.word in _OPENERS or _can_be_metric(token)


def _name_first(matchers: tuple[Matcher, ...]) -> tuple[Matcher, ...]:
    """Return the matchers with the metric name, if it is one, in front: ``{b="c",__name__="a"}`` is ``a{b="c"}``."""
    names = tuple(matcher for matcher in matchers if matcher.name == METRIC_NAME)
    if len(names) != 1 or names[0].op is not MatchOp.EQUAL:
        return matchers
    return names + tuple(matcher for matcher in matchers if matcher.name != METRIC_NAME)
