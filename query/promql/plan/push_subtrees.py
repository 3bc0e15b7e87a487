"""Pass: push every maximal subtree whose answers, cluster by cluster, concatenate to the answer of the union.

Sound because a piece without a blocker (``query.promql.plan.piece``) evaluates, on the data of its cluster, to exactly
that cluster's part of the answer, and parts of different clusters differ in the partition label. If a subtree reads
data of one cluster only, that cluster's answer is the answer, whatever the nodes.

A plain selector is always pushable, so after this pass all data comes from ``Concat`` leaves.
"""

from __future__ import annotations

from collections.abc import Iterable

from query.model.clusters import Cluster
from query.promql.plan import functions
from query.promql.plan.context import PlanContext
from query.promql.plan.info_selector import info_matchers
from query.promql.plan.nodes import Concat, Shard
from query.promql.plan.piece import is_empty_without_data, piece_of
from query.promql.syntax.nodes import Call, Expr, MatrixSelector, Placed, VectorSelector
from query.promql.syntax.tree import children, replace_children
from query.promql.syntax.types import type_of


def push_subtrees(expr: Expr, context: PlanContext) -> Expr:
    """Return the tree with its maximal pushable subtrees replaced by ``Concat``."""
    if isinstance(expr, Placed) or not reads_data(expr):
        return expr
    pushed = push_whole(expr, context)
    if pushed is not None:
        return pushed
    return replace_children(expr, lambda child: push_subtrees(child, context))


def reads_data(expr: Expr) -> bool:
    """Tell whether the tree holds a selector."""
    if isinstance(expr, VectorSelector | MatrixSelector | Placed):
        return True
    return any(reads_data(child) for child in children(expr))


def push_whole(expr: Expr, context: PlanContext) -> Concat | None:
    """Return the tree as one leaf, None if the clusters' answers to it don't concatenate to the union's."""
    holders = holders_of(expr, context.clusters)
    if not holders:
        is_silent = not (isinstance(expr, Call) and expr.function in functions.ORDERS)  # those warn in range queries
        return Concat(expr, (), type_of(expr)) if is_silent and is_empty_without_data(expr, context) else None
    shards: list[Shard] = []
    for cluster in holders:
        piece = piece_of(expr, cluster, context, is_alone=len(holders) == 1)
        if piece.blocker is not None or not piece.is_vector:
            return None
        if not piece.is_empty:
            shards.append(Shard(cluster.name, piece.expr, tuple(sorted(cluster.constants.items())), piece.visible))
    return Concat(expr, tuple(shards), type_of(expr))


def holders_of(expr: Expr, clusters: Iterable[Cluster]) -> tuple[Cluster, ...]:
    """Return the clusters whose data any selector in the tree can reach."""
    selectors = list(_selectors(expr))
    return tuple(cluster for cluster in clusters if any(cluster.admits(found.matchers) for found in selectors))


def _selectors(expr: Expr) -> list[VectorSelector]:
    match expr:
        case VectorSelector():
            return [expr]
        case MatrixSelector():
            return [expr.selector]
        case Call(function="info"):
            return [*_selectors(expr.args[0]), VectorSelector(info_matchers(expr))]
        case _:
            return [selector for child in children(expr) for selector in _selectors(child)]
