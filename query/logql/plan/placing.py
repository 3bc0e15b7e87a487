"""Makes the leaf for an expression: which clusters hold data for it, and each one's shard."""

from __future__ import annotations

from collections.abc import Iterator

from query.logql.plan.context import PlanContext, hidden_constants
from query.logql.plan.piece import Piece, piece_of
from query.logql.plan.placed import Concat, Shard
from query.logql.syntax.nodes import (
    Binary,
    Expr,
    LabelReplace,
    LogQuery,
    MetricExpr,
    RangeAggregation,
    VectorAggregation,
)
from query.logql.syntax.printer import print_query
from query.model.clusters import Cluster
from query.model.labels import as_labels
from query.model.matchers import Matcher


def holders_of(expr: Expr, clusters: tuple[Cluster, ...]) -> tuple[Cluster, ...]:
    """Return the clusters that may hold data for any selector of the expression."""
    selectors = tuple(selectors_of(expr))
    return tuple(cluster for cluster in clusters if any(cluster.admits(matchers) for matchers in selectors))


def selectors_of(expr: Expr) -> Iterator[tuple[Matcher, ...]]:
    """Yield the matchers of every stream selector in the expression."""
    match expr:
        case LogQuery():
            yield expr.matchers
        case RangeAggregation():
            yield expr.range.query.matchers
        case VectorAggregation() | LabelReplace():
            yield from selectors_of(expr.expr)
        case Binary():
            yield from selectors_of(expr.left)
            yield from selectors_of(expr.right)
        case _:
            return


def pieces_of(expr: MetricExpr, context: PlanContext) -> list[tuple[Cluster, Piece]]:
    """Return the piece for each cluster that may hold data for the expression."""
    holders = holders_of(expr, context.clusters)
    pieces = [(cluster, piece_of(expr, cluster, context, is_alone=len(holders) <= 1)) for cluster in holders]
    filled = [cluster for cluster, piece in pieces if not piece.is_empty]
    if len(filled) == 1 < len(holders):
        return [(cluster, piece_of(expr, cluster, context, is_alone=True)) for cluster in filled]
    return pieces


def blocker_of(pieces: list[tuple[Cluster, Piece]]) -> str | None:
    """Return the first reason why an expression can't be asked cluster by cluster."""
    return next((piece.blocker for _, piece in pieces if piece.blocker and not piece.is_empty), None)


def concat_of(expr: MetricExpr, pieces: list[tuple[Cluster, Piece]], *, is_partial: bool = False) -> Concat:
    """Return the leaf that fetches the pieces; those known to be empty are not asked for."""
    shards = tuple(_shard(cluster, piece) for cluster, piece in pieces if not piece.is_empty)
    return Concat(expr, shards, is_partial=is_partial and len(shards) > 1)


def partials_of(expr: MetricExpr, context: PlanContext) -> Concat:
    """Return the leaf that fetches ``expr`` of every cluster as if it were the only one, to be merged above."""
    holders = holders_of(expr, context.clusters)
    pieces = [(cluster, piece_of(expr, cluster, context, is_alone=True)) for cluster in holders]
    return concat_of(expr, pieces, is_partial=True)


def _shard(cluster: Cluster, piece: Piece) -> Shard:
    hidden = hidden_constants(cluster)
    added = {name: value for name, value in hidden.items() if name in piece.visible}
    return Shard(cluster.name, print_query(piece.expr), as_labels(added), as_labels(hidden))
