"""One cluster's piece of an expression, and whether the pieces of all clusters together are the whole answer.

This is the heart of push-down. For one cluster and one expression, bottom-up and in one walk, it finds

* ``expr``: what to send. Matchers on the cluster's constants are decided here and taken out, so the text means the
  same on a backend that shows those labels and on one that doesn't; a selector they rule out selects nothing.
* ``is_empty``: the cluster provably contributes nothing, and need not be asked.
* ``visible``: which label names of the cluster's constants the result carries in the union. Those are added to the
  results; the others were aggregated away.
* ``blocker``: why sending the expression whole would not give this cluster's part of the union's answer, if so.

Two modes. ``is_alone``: no other cluster holds data that the expression reads, so the cluster's answer *is* the
answer. Otherwise the answers of several clusters are concatenated, which is right exactly if no node brings data of
two clusters together: every vector must keep the partition label, and vectors must be matched on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from query.model.clusters import Cluster, ClusterName
from query.model.matchers import Matcher, MatchOp
from query.promql.plan import functions
from query.promql.plan.context import PlanContext
from query.promql.plan.legs import with_label
from query.promql.plan.names import EVERYTHING, NOTHING, NameSet
from query.promql.syntax.nodes import (
    SET_OPERATORS,
    Aggregate,
    Binary,
    Call,
    Cardinality,
    DurationLiteral,
    Expr,
    Matching,
    MatrixSelector,
    NumberLiteral,
    Paren,
    Placed,
    StringLiteral,
    Subquery,
    Unary,
    VectorSelector,
)
from query.promql.syntax.tree import without_parentheses

METRIC = "__name__"
METADATA_LABELS = frozenset({METRIC, "__type__", "__unit__"})
NEVER = (Matcher(METRIC, MatchOp.EQUAL, ""), Matcher(METRIC, MatchOp.NOT_EQUAL, ""))
"""Matchers that Prometheus accepts and nothing satisfies."""

NOWHERE = Cluster(ClusterName(""), {})
"""A cluster that holds nothing."""


@dataclass(frozen=True, slots=True)
class Piece:
    """See the module."""

    expr: Expr
    visible: NameSet = NOTHING
    is_vector: bool = True
    reads_data: bool = True
    is_empty: bool = False
    blocker: str | None = None

    @property
    def adds_nothing(self) -> bool:
        """True if the union's answer is the same without this cluster; a blocked piece proves nothing about it."""
        return self.is_empty and self.blocker is None


def piece_of(expr: Expr, cluster: Cluster, context: PlanContext, *, is_alone: bool) -> Piece:
    """Return the piece of ``expr`` for ``cluster``."""
    return _Cutter(cluster, context, is_alone=is_alone).cut(expr)


def is_empty_without_data(expr: Expr, context: PlanContext) -> bool:
    """Tell whether ``expr`` is the empty vector when no selector in it finds anything."""
    return _Cutter(NOWHERE, context, is_alone=True).cut(expr).adds_nothing


class _Cutter:
    """The walk. One method a node type; an unknown node or function is never pushed."""

    def __init__(self, cluster: Cluster, context: PlanContext, *, is_alone: bool) -> None:
        self._cluster = cluster
        self._context = context
        self._alone = is_alone

    def cut(self, expr: Expr) -> Piece:
        match expr:
            case NumberLiteral() | StringLiteral():
                return Piece(expr, is_vector=False, reads_data=False)
            case VectorSelector():
                return self._selector(expr)
            case MatrixSelector():
                inner = self._selector(expr.selector)
                assert isinstance(inner.expr, VectorSelector)  # noqa: S101  (what _selector returns)
                return replace(inner, expr=replace(expr, selector=inner.expr))
            case Subquery():
                inner = self.cut(expr.expr)
                step = expr.step or DurationLiteral(self._context.subquery_step_ms)
                return replace(inner, expr=replace(expr, expr=inner.expr, step=step))
            case Paren() | Unary():
                inner = self.cut(expr.expr)
                return replace(inner, expr=replace(expr, expr=inner.expr))
            case Call():
                return self._call(expr)
            case Aggregate():
                return self._aggregate(expr)
            case Binary():
                return self._binary(expr)
            case Placed():
                return Piece(expr, blocker="it is made at the gateway")

    def _selector(self, expr: VectorSelector) -> Piece:
        constants = self._cluster.constants
        if self._cluster is NOWHERE or not self._cluster.admits(expr.matchers):
            return Piece(replace(expr, matchers=NEVER), EVERYTHING, is_empty=True)
        kept = tuple(matcher for matcher in expr.matchers if matcher.name not in constants)
        if all(matcher.matches_empty for matcher in kept):
            kept = (*kept, Matcher(METRIC, MatchOp.REGEX, ".+"))
        return Piece(replace(expr, matchers=kept), EVERYTHING)

    def _call(self, expr: Call) -> Piece:
        name = expr.function
        args = [self.cut(arg) for arg in expr.args]
        sent = replace(expr, args=tuple(arg.expr for arg in args))
        data = [arg for arg in args if arg.reads_data]
        blocker = next((arg.blocker for arg in args if arg.blocker), None)
        if name in functions.SCALARS:
            return Piece(sent, is_vector=False, reads_data=False)
        if name == "vector" or (name in functions.DATES and not args):
            reason = blocker or self._alone_only(f"{name}()")
            return Piece(sent, reads_data=bool(data), blocker=reason)
        if name in functions.ABSENCE:
            labels = absent_labels(expr.args[0])
            reason = blocker or self._alone_only(f"{name}()")
            if labels and args[0].is_empty:
                reason = reason or f"{name}() answers with labels that the cluster does not have"
            return Piece(sent, NameSet(frozenset(labels)), blocker=reason)
        if name == "scalar":
            return Piece(sent, is_vector=False, blocker=blocker or self._alone_only("scalar()"))
        if name in functions.ORDERS:
            reason = self._alone_only(f"{name}() over several clusters is ordered at the gateway")
            reads = name.startswith("sort_by_label") and self._reads_hidden(_strings(expr.args[1:]))
            return self._of_series(sent, args, blocker or reason or (reads or None))
        if name in functions.LABEL_WRITERS:
            return self._label_writer(expr, sent, args, blocker)
        if name in functions.KEEPS_SERIES_APART:
            return self._of_series(sent, args, blocker)
        return Piece(sent, blocker=f"{name}() is not known to be computable cluster by cluster")

    def _of_series(self, sent: Call, args: list[Piece], blocker: str | None) -> Piece:
        """Return the piece of a function of one vector; its other arguments must be the same in every cluster."""
        subject = next((arg for arg in args if arg.is_vector), None)
        if subject is None:
            return Piece(sent, blocker=f"{sent.function}() without a vector")
        if not self._alone and any(arg.reads_data for arg in args if arg is not subject):
            blocker = blocker or f"an argument of {sent.function}() is read from data"
        return Piece(sent, subject.visible, reads_data=subject.reads_data, is_empty=subject.is_empty, blocker=blocker)

    def _label_writer(self, expr: Call, sent: Call, args: list[Piece], blocker: str | None) -> Piece:
        """Return the piece of ``label_replace`` or ``label_join``.

        A constant it reads and the backend hides is set in the cluster before and removed again behind, where the
        gateway adds it.
        """
        strings = _strings(expr.args)
        if not strings:
            return self._of_series(sent, args, blocker or f"{expr.function}() without literal labels")
        target, sources = strings[0], (strings[2:3] if expr.function == "label_replace" else strings[2:])
        if target in self._context.constant_names:
            blocker = blocker or f'{expr.function}() writes "{target}", which tells clusters apart'
        piece = self._of_series(sent, args, blocker)
        hidden = [name for name in dict.fromkeys(sources) if self._is_hidden(name) and name in piece.visible]
        vector = sent.args[0]
        for name in hidden:
            vector = with_label(vector, name, self._cluster.constants[name])
        shown: Expr = replace(sent, args=(vector, *sent.args[1:]))
        for name in hidden:
            shown = with_label(shown, name, "")
        return replace(piece, expr=shown)

    def _reads_hidden(self, names: tuple[str, ...]) -> str:
        hidden = [name for name in names if self._is_hidden(name)]
        return f'it reads "{hidden[0]}", which the backend does not show' if hidden else ""

    def _is_hidden(self, name: str) -> bool:
        return name in self._cluster.constants and name not in self._cluster.shown

    def _aggregate(self, expr: Aggregate) -> Piece:
        inner = self.cut(expr.expr)
        param = self.cut(expr.param) if expr.param is not None else None
        sent = replace(expr, expr=inner.expr, param=param.expr if param else None)
        visible = grouped(inner.visible, expr)
        blocker = inner.blocker or (param.blocker if param else None)
        if param is not None and param.reads_data and not self._alone:
            blocker = blocker or f"the parameter of {expr.op} is read from data"
        if expr.op == "limit_ratio":
            blocker = blocker or "limit_ratio hashes every label, and builds of the servers hash differently"
        if isinstance(expr.param, StringLiteral) and expr.param.value in self._context.constant_names:
            blocker = blocker or f'{expr.op} writes "{expr.param.value}", which tells clusters apart'
        if not self._alone and self._context.partition_label not in visible:
            blocker = blocker or f'{expr.op} brings clusters together: "{self._context.partition_label}" is dropped'
        if expr.op in {"topk", "bottomk", "limitk"}:
            visible = inner.visible
        return Piece(sent, visible, reads_data=inner.reads_data, is_empty=inner.is_empty, blocker=blocker)

    def _binary(self, expr: Binary) -> Piece:
        left, right = self.cut(expr.left), self.cut(expr.right)
        sent: Expr = replace(expr, left=left.expr, right=right.expr)
        reads_data = left.reads_data or right.reads_data
        blocker = left.blocker or right.blocker
        if expr.matching is None:
            return self._with_scalar(sent, left, right, blocker)
        matching = expr.matching
        crossing = self._crossing(matching, left, right, expr.op)
        blocker = blocker or crossing or self._differing(matching, left, right, expr.op)
        match expr.op:
            case "or" if left.adds_nothing and crossing is None:
                return right
            case "or" if right.adds_nothing and crossing is None:
                return left
            case "or":
                return self._either(sent, left, right, blocker)
            case "unless":
                if right.adds_nothing and crossing is None:
                    return left
                is_empty = left.is_empty
            case _ if matching.fill_left is not None or matching.fill_right is not None:
                is_empty = left.is_empty and right.is_empty
            case _:
                is_empty = left.is_empty or right.is_empty
        visible = matched(expr.op, matching, left.visible, right.visible)
        return Piece(sent, visible, reads_data=reads_data, is_empty=is_empty, blocker=blocker)

    def _either(self, sent: Expr, left: Piece, right: Piece, blocker: str | None) -> Piece:
        """Return the piece of ``or`` when both sides may bring something."""
        differs = [name for name in self._cluster.constants if (name in left.visible) != (name in right.visible)]
        if differs:
            blocker = blocker or f'the sides of "or" differ in showing "{differs[0]}"'
        reads_data, is_empty = left.reads_data or right.reads_data, left.is_empty and right.is_empty
        return Piece(sent, left.visible, reads_data=reads_data, is_empty=is_empty, blocker=blocker)

    def _with_scalar(self, sent: Expr, left: Piece, right: Piece, blocker: str | None) -> Piece:
        vector = next((side for side in (left, right) if side.is_vector), None)
        if vector is None:
            return Piece(sent, is_vector=False, reads_data=left.reads_data or right.reads_data, blocker=blocker)
        scalar = right if vector is left else left
        if scalar.reads_data and not self._alone:
            blocker = blocker or "the scalar side is read from data"
        reads_data = left.reads_data or right.reads_data
        return Piece(sent, vector.visible, reads_data=reads_data, is_empty=vector.is_empty, blocker=blocker)

    def _crossing(self, matching: Matching, left: Piece, right: Piece, op: str) -> str | None:
        """Return why series of different clusters may match, if they may."""
        partition = self._context.partition_label
        if self._alone or all(partition in names for names in (_keys(matching), left.visible, right.visible)):
            return None
        return f'"{op}" matches series of different clusters: "{partition}" is not among the labels matched on'

    def _differing(self, matching: Matching, left: Piece, right: Piece, op: str) -> str | None:
        """Return why matching inside the cluster differs from matching in the union, if it does.

        A constant label that is part of the match must be visible on both sides or on neither: a backend that hides
        it would find a match where the union finds none.
        """
        keys = _keys(matching)
        for name in self._cluster.constants:
            if name in keys and (name in left.visible) != (name in right.visible):
                return f'the sides of "{op}" differ in showing "{name}", which they are matched on'
        return None

    def _alone_only(self, what: str) -> str | None:
        return None if self._alone else f"{what} is one answer for all clusters"


def _keys(matching: Matching) -> NameSet:
    return NameSet(frozenset(matching.labels)) if matching.on else EVERYTHING.drop(matching.labels)


def grouped(visible: NameSet, expr: Aggregate) -> NameSet:
    """Return which labels are left after the grouping clause of an aggregation."""
    return visible.drop(expr.grouping) if expr.without else visible.keep(expr.grouping)


def matched(op: str, matching: Matching, left: NameSet, right: NameSet) -> NameSet:
    """Return which labels the result of a vector operation carries."""
    if op in SET_OPERATORS:
        return left
    match matching.cardinality:
        case Cardinality.MANY_TO_ONE:
            many, one = left, right
        case Cardinality.ONE_TO_MANY:
            many, one = right, left
        case _:
            return left.keep(matching.labels) if matching.on else left.drop(matching.labels)
    return many.drop(matching.include).add(one.keep(matching.include).names)


def absent_labels(argument: Expr) -> dict[str, str]:
    """Return the labels ``absent(argument)`` answers with: equality matchers whose name occurs once.

    Source: createLabelsForAbsentFunction in promql/functions.go.
    """
    argument = without_parentheses(argument)
    if isinstance(argument, MatrixSelector):
        argument = argument.selector
    if not isinstance(argument, VectorSelector):
        return {}
    found: dict[str, str] = {}
    for matcher in argument.matchers:
        if matcher.name in METADATA_LABELS:
            continue
        if matcher.op is MatchOp.EQUAL and matcher.name not in found:
            found[matcher.name] = matcher.value
        elif matcher.name in found:
            found[matcher.name] = ""
    return {name: value for name, value in found.items() if value}


def _strings(args: tuple[Expr, ...]) -> tuple[str, ...]:
    return tuple(arg.value for arg in args if isinstance(arg, StringLiteral))
