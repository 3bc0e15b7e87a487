"""The piece of a metric query that one cluster is asked, and why it could not be.

For one cluster a query is cut: selectors that can't match there make their operand empty, what concerns labels the
backend does not show is settled, and the walk keeps count of which constants the result carries in the union
(``visible``), because those, and only those, are added to the answer. A ``blocker`` says why the expression, asked
cluster by cluster and put together, would not be the union's answer.

``is_alone`` means that no other cluster has data for the expression: then only what the backend does not show can
stand in the way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from query.logql.plan.averages import protect_average
from query.logql.plan.context import PlanContext, hidden_constants
from query.logql.plan.idle_formats import without_idle_formats
from query.logql.plan.pipeline import EXTRACTED, NOTHING, cut_range, parses
from query.logql.syntax.nodes import (
    SET_OPERATORS,
    Binary,
    Cardinality,
    Grouping,
    LabelReplace,
    Literal,
    Matching,
    MetricExpr,
    Placed,
    RangeAggregation,
    Vector,
    VectorAggregation,
)
from query.model.clusters import Cluster
from query.model.errors import UnsupportedError

Names = frozenset[str]
KEEPS_LABELS = frozenset({"topk", "bottomk", "sort", "sort_desc", "approx_topk"})


@dataclass(frozen=True, slots=True)
class Piece:
    """See the module. ``reads_data`` is false for constants, which each cluster would answer again."""

    expr: MetricExpr
    visible: Names = frozenset()
    reads_data: bool = True
    is_empty: bool = False
    blocker: str | None = None


def piece_of(expr: MetricExpr, cluster: Cluster, context: PlanContext, *, is_alone: bool) -> Piece:
    """Return the piece of ``expr`` for ``cluster``."""
    return _Cutter(cluster, context, is_alone=is_alone).cut(expr)


class _Cutter:
    """The walk. One method a node type."""

    def __init__(self, cluster: Cluster, context: PlanContext, *, is_alone: bool) -> None:
        self._cluster = cluster
        self._context = context
        self._alone = is_alone
        self._hidden = frozenset(hidden_constants(cluster))

    def cut(self, expr: MetricExpr) -> Piece:
        key = (id(expr), self._cluster.name, self._alone)
        known = self._context.memo.get(key)
        if known is None:
            # the node is kept beside its piece, so that no other node gets its identity
            known = self._context.memo[key] = (expr, self._cut(expr))
        piece: Piece = known[1]
        return piece

    def _cut(self, expr: MetricExpr) -> Piece:
        match expr:
            case Literal() | Vector():
                return Piece(expr, reads_data=False)
            case RangeAggregation():
                return self._range(expr)
            case VectorAggregation():
                return self._vector(expr)
            case LabelReplace():
                return self._label_replace(expr)
            case Binary():
                return self._binary(expr)
            case Placed():
                return Piece(expr, blocker="it is made at the gateway")
            case _:
                assert_never(expr)

    def _range(self, expr: RangeAggregation) -> Piece:
        cut = cut_range(without_idle_formats(expr), self._cluster, self._context)
        if cut.range is None:
            return Piece(expr, cut.visible, is_empty=True)
        grouping = self._grouping(expr.grouping, of_lines=True)
        asked = protect_average(cut.range) if expr.op == "avg_over_time" else cut.range
        sent = RangeAggregation(expr.op, asked, expr.param, grouping)
        if expr.op == "absent_over_time":
            return Piece(sent, blocker="absent_over_time is one answer for all clusters")
        visible = grouped(cut.visible, expr.grouping)
        return Piece(sent, visible, blocker=self._keeps_apart(expr.op, visible))

    def _vector(self, expr: VectorAggregation) -> Piece:
        inner = self.cut(expr.expr)
        of_lines = expr.op == "sum" and isinstance(expr.expr, RangeAggregation) and parses(expr.expr.range.query)
        grouping = self._grouping(expr.grouping, of_lines=of_lines) or expr.grouping
        sent = VectorAggregation(expr.op, inner.expr, grouping, expr.param)
        keys = grouped(inner.visible, expr.grouping)
        blocker = inner.blocker
        if expr.op in {"sort", "sort_desc"}:
            blocker = blocker or self._alone_only(f"{expr.op} over several clusters is ordered at the gateway")
        else:
            blocker = blocker or self._keeps_apart(expr.op, keys)
        visible = inner.visible if expr.op in KEEPS_LABELS else keys
        return Piece(sent, visible, reads_data=inner.reads_data, is_empty=inner.is_empty, blocker=blocker)

    def _label_replace(self, expr: LabelReplace) -> Piece:
        inner = self.cut(expr.expr)
        blocker = inner.blocker
        if expr.destination in self._cluster.constants:
            blocker = blocker or f'label_replace writes "{expr.destination}", which tells clusters apart'
        for name in (expr.source, expr.destination):
            if name in self._hidden or name in self._extracted():
                blocker = blocker or f'label_replace uses "{name}", which the backend does not show'
        return replace(inner, expr=replace(expr, expr=inner.expr), blocker=blocker)

    def _binary(self, expr: Binary) -> Piece:
        left, right = self.cut(expr.left), self.cut(expr.right)
        sent = replace(expr, left=left.expr, right=right.expr, matching=self._matching(expr.matching))
        blocker = left.blocker or right.blocker
        if isinstance(expr.left, Literal) or isinstance(expr.right, Literal):
            vector = right if isinstance(expr.left, Literal) else left
            return replace(vector, expr=sent, blocker=blocker)
        visible = matched(expr, left.visible, right.visible)
        blocker = blocker or self._crossing(expr, left, right)
        if blocker is not None:
            # what is empty here may still meet, or stand in the way of, series of another cluster
            return Piece(sent, visible, blocker=blocker)
        if expr.op == "or" and (left.is_empty or right.is_empty):
            return right if left.is_empty else left
        if expr.op == "unless" and right.is_empty:
            return left
        if left.is_empty or right.is_empty:
            return Piece(sent, visible, is_empty=True)
        return Piece(sent, visible, blocker=self._disagreement(expr, left, right))

    def _crossing(self, expr: Binary, left: Piece, right: Piece) -> str | None:
        """Return why series of different clusters meet in the operation, if they do."""
        if not (left.reads_data and right.reads_data):
            return "vector() is one sample for all clusters"
        partition = self._context.partition_label
        shows = [side.visible for side in (left, right) if not side.is_empty]
        if self._alone or (takes_part(partition, expr.matching) and all(partition in names for names in shows)):
            return None
        return f'"{expr.op}" matches series of different clusters: "{partition}" is not among the labels matched on'

    def _disagreement(self, expr: Binary, left: Piece, right: Piece) -> str | None:
        """Return why matching inside the cluster differs from matching in the union, if it does.

        A constant that is part of the match must be visible on both sides or on neither: a backend that hides it would
        find a match where the union finds none.
        """
        for name in sorted(self._cluster.constants):
            differs = (name in left.visible) != (name in right.visible)
            if differs and (expr.op == "or" or takes_part(name, expr.matching)):
                return f'the sides of "{expr.op}" differ in showing "{name}"'
            if name in expr.matching.include:
                return f'"{name}" is taken over from the other side'
        return None

    def _keeps_apart(self, op: str, keys: Names) -> str | None:
        partition = self._context.partition_label
        if self._alone or partition in keys:
            return None
        return f'{op} brings clusters together: "{partition}" is dropped'

    def _alone_only(self, reason: str) -> str | None:
        return None if self._alone else reason

    def _grouping(self, grouping: Grouping | None, *, of_lines: bool) -> Grouping | None:
        """Return the clause for the backend: what it does not show is the same on all its series, and left out.

        A clause on lines (``of_lines``) gets a label that nothing has in its place: Loki's parsers stop at the labels
        a clause names, and its sharding of ``avg_over_time … by ()`` counts lines that failed to parse.
        """
        if grouping is None:
            return None
        self._check_names(grouping.labels, "without" if grouping.without else "by")
        kept = tuple(name for name in grouping.labels if name not in self._hidden)
        if of_lines and not grouping.without and len(kept) < len(grouping.labels):
            kept = (*kept, NOTHING.name)
        return Grouping(kept, grouping.without)

    def _matching(self, matching: Matching) -> Matching:
        self._check_names(matching.labels + matching.include, "on" if matching.on else "ignoring")
        return replace(matching, labels=tuple(name for name in matching.labels if name not in self._hidden))

    def _check_names(self, names: tuple[str, ...], clause: str) -> None:
        found = sorted(self._extracted() & frozenset(names))
        if found:
            raise UnsupportedError(
                f"{clause} ({found[0]})",
                f"cluster {self._cluster.name!r} does not show {found[0].removesuffix(EXTRACTED)!r} on its streams, so "
                f"a parsed field is not called {found[0]!r} there",
                remedy="let the streams carry the label, or leave the cluster out in the stream selector",
            )

    def _extracted(self) -> Names:
        return frozenset(f"{name}{EXTRACTED}" for name in self._hidden)


def grouped(visible: Names, grouping: Grouping | None) -> Names:
    """Return the constants that are left after a grouping clause; without one everything is kept."""
    if grouping is None:
        return visible
    return visible - set(grouping.labels) if grouping.without else visible & set(grouping.labels)


def matched(expr: Binary, left: Names, right: Names) -> Names:
    """Return the constants on the result of a vector operation whose match agrees about them."""
    matching = expr.matching
    if expr.op == "or":
        return left & right
    if expr.op in SET_OPERATORS:
        return left
    many = right if matching.cardinality is Cardinality.ONE_TO_MANY else left
    if matching.cardinality is Cardinality.ONE_TO_ONE:
        return many & set(matching.labels) if matching.on else many - set(matching.labels)
    return many


def takes_part(name: str, matching: Matching) -> bool:
    """Tell whether a label is compared by the match."""
    return (name in matching.labels) is matching.on
