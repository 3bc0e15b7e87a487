"""A real Prometheus as the reference parser: its tree of a query, as our nodes, or its refusal.

``/api/v1/parse_query`` shows the whole syntax tree, so two parsers can be compared by meaning and not only by whether
they accept a text. What it does not show is whether a number was written as a duration (outside of duration
arithmetic), and it cuts durations to whole milliseconds; :func:`comparable` takes the same away from our trees.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import httpx

from query.model.labels import METRIC_NAME
from query.model.matchers import Matcher, MatchOp
from query.promql.syntax.nodes import (
    Aggregate,
    At,
    AtAnchor,
    Binary,
    Call,
    Cardinality,
    DurationBinary,
    DurationCall,
    DurationExpr,
    DurationFunction,
    DurationLiteral,
    DurationNumber,
    DurationUnary,
    Expr,
    Matching,
    MatrixSelector,
    NumberLiteral,
    Paren,
    StringLiteral,
    Subquery,
    Unary,
    VectorSelector,
)
from query.promql.syntax.tree import rewrite

FEATURES = "promql-experimental-functions,promql-binop-fill-modifiers,promql-unquoted-utf8-names"

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """Upstream's message, without the name of the parameter."""

    message: str


@dataclass(frozen=True, slots=True)
class Upstream:
    """A running Prometheus."""

    url: str
    http: httpx.Client

    def parse(self, query: str) -> Expr | Refused:
        """Return what Prometheus makes of a query."""
        parsed = self.try_parse(query)
        assert parsed is not None, f"parse_query can't show {query!r}"
        return parsed

    def try_parse(self, query: str) -> Expr | Refused | None:
        """Return what Prometheus makes of a query, or nothing where it can't write it as JSON (an infinite fill)."""
        answer = self.http.post(f"{self.url}/api/v1/parse_query", data={"query": query})
        if answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            return None
        body = answer.json()
        if body["status"] == "success":
            return to_node(body["data"])
        message = body["error"].removeprefix('invalid parameter "query": ')
        return Refused(message.replace("unknown position: ", "1:1: "))

    def tree(self, query: str) -> Json:
        """Return the tree of a query that Prometheus accepts as it shows it."""
        answer = self.http.post(f"{self.url}/api/v1/parse_query", data={"query": query}).json()
        return dict(answer["data"])

    def format(self, query: str) -> str:
        """Return Prometheus' own layout of a query it accepts."""
        answer = self.http.post(f"{self.url}/api/v1/format_query", data={"query": query}).json()
        return str(answer["data"])


def comparable(expr: Expr) -> Expr:
    """Return the tree without what ``parse_query`` does not show."""
    return rewrite(expr, _as_shown)


def _as_shown(expr: Expr) -> Expr:
    match expr:
        case NumberLiteral():
            return NumberLiteral(expr.value)
        case VectorSelector():
            return replace(expr, offset=_in_ms(expr.offset))
        case MatrixSelector():
            return replace(expr, range=_in_ms(expr.range))
        case Subquery():
            step = None if expr.step is None else _in_ms(expr.step)
            return replace(expr, range=_in_ms(expr.range), offset=_in_ms(expr.offset), step=step)
        case _:
            return expr


def _in_ms(duration: DurationExpr) -> DurationExpr:
    if isinstance(duration, DurationNumber):
        return DurationLiteral(math.trunc(round(duration.seconds * 1e9) / 1e6))
    return duration


def to_node(tree: Json) -> Expr:
    """Return a tree of ``parse_query`` as our nodes."""
    return _NODES[tree["type"]](tree)


def _number(tree: Json) -> Expr:
    return NumberLiteral(float(tree["val"]))


def _string(tree: Json) -> Expr:
    return StringLiteral(tree["val"])


def _matchers(tree: Json) -> tuple[Matcher, ...]:
    matchers = tuple(Matcher(found["name"], MatchOp(found["type"]), found["value"]) for found in tree["matchers"])
    names = tuple(matcher for matcher in matchers if matcher.name == METRIC_NAME)
    if len(names) != 1 or names[0].op is not MatchOp.EQUAL:
        return matchers
    return names + tuple(matcher for matcher in matchers if matcher.name != METRIC_NAME)


def _selector(tree: Json) -> VectorSelector:
    return VectorSelector(
        _matchers(tree),
        offset=_duration(tree, "offset"),
        at=_at(tree),
        anchored=tree["anchored"],
        smoothed=tree["smoothed"],
    )


def _matrix(tree: Json) -> Expr:
    return MatrixSelector(_selector(tree), _duration(tree, "range"))


def _subquery(tree: Json) -> Expr:
    step = _duration(tree, "step")
    return Subquery(
        to_node(tree["expr"]),
        range=_duration(tree, "range"),
        step=None if step == DurationLiteral(0) else step,
        offset=_duration(tree, "offset"),
        at=_at(tree),
    )


def _at(tree: Json) -> At:
    if tree["startOrEnd"] is not None:
        return AtAnchor(tree["startOrEnd"])
    return None if tree["timestamp"] is None else int(tree["timestamp"])


def _call(tree: Json) -> Expr:
    return Call(tree["func"]["name"], tuple(map(to_node, tree["args"])))


def _aggregate(tree: Json) -> Expr:
    param = None if tree["param"] is None else to_node(tree["param"])
    return Aggregate(tree["op"], to_node(tree["expr"]), param, tuple(tree["grouping"]), tree["without"])


def _binary(tree: Json) -> Expr:
    return Binary(tree["op"], to_node(tree["lhs"]), to_node(tree["rhs"]), _matching(tree["matching"]), tree["bool"])


def _matching(tree: Json | None) -> Matching | None:
    if tree is None:
        return None
    fill = {side: None if value is None else float(value) for side, value in tree["fillValues"].items()}
    return Matching(
        labels=tuple(tree["labels"]),
        on=tree["on"],
        cardinality=Cardinality(tree["card"]),
        include=tuple(tree["include"]),
        fill_left=fill["lhs"],
        fill_right=fill["rhs"],
    )


def _unary(tree: Json) -> Expr:
    return Unary(tree["op"], to_node(tree["expr"]))


def _paren(tree: Json) -> Expr:
    return Paren(to_node(tree["expr"]))


_NODES: dict[str, Callable[[Json], Expr]] = {
    "numberLiteral": _number,
    "stringLiteral": _string,
    "vectorSelector": _selector,
    "matrixSelector": _matrix,
    "subquery": _subquery,
    "call": _call,
    "aggregation": _aggregate,
    "binaryExpr": _binary,
    "unaryExpr": _unary,
    "parenExpr": _paren,
}


def _duration(tree: Json, key: str) -> DurationExpr:
    written = tree[f"{key}Expr"]
    # A literal that is an expression here stood in parentheses, which our trees don't keep.
    return DurationLiteral(tree[key]) if written is None else _in_ms(_arithmetic(written))


def _arithmetic(tree: Json) -> DurationExpr:
    if tree["type"] == "numberLiteral":
        seconds = float(tree["val"])
        return DurationLiteral(round(seconds * 1000)) if tree["duration"] else DurationNumber(seconds)
    op, left, right = tree["op"], tree["lhs"], tree["rhs"]
    if op in {"step", "range"}:
        return DurationCall(DurationFunction(op))
    if op in {"min_of", "max_of"}:
        return DurationCall(DurationFunction(op), (_arithmetic(left), _arithmetic(right)))
    if left is not None:
        return DurationBinary(op, _arithmetic(left), _arithmetic(right))
    operand = _arithmetic(right)
    if op == "+":
        return operand
    match operand:
        case DurationLiteral():
            return DurationLiteral(-operand.ms)
        case DurationNumber():
            return DurationNumber(-operand.seconds)
        case _:
            return DurationUnary("-", operand)
