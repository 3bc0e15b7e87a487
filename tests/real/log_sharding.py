"""Asks a Loki for averages in the form in which it computes them right (``query.logql.plan.averages``)."""

from __future__ import annotations

from dataclasses import replace

from query.logql.plan.averages import protect_average
from query.logql.syntax import parse_query, print_query
from query.logql.syntax.nodes import (
    Binary,
    LabelReplace,
    LogQuery,
    MetricExpr,
    RangeAggregation,
    VectorAggregation,
)
from query.model.errors import GatewayError


def unsharded(query: str) -> str:
    """Return the query with its averages protected; as it is if there are none."""
    try:
        parsed = parse_query(query)
    except GatewayError:
        return query
    if isinstance(parsed, LogQuery) or "avg_over_time" not in query:
        return query
    return print_query(_protected(parsed))


def _protected(expr: MetricExpr) -> MetricExpr:
    match expr:
        case RangeAggregation(op="avg_over_time"):
            return replace(expr, range=protect_average(expr.range))
        case VectorAggregation() | LabelReplace():
            return replace(expr, expr=_protected(expr.expr))
        case Binary():
            return replace(expr, left=_protected(expr.left), right=_protected(expr.right))
        case _:
            return expr
