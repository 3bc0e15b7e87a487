"""Several aggregates of one expression in one request: legs, told apart by a label.

A cluster is sent ``label_replace(sum(x), "__lma_leg__", "sum", "", "") or label_replace(count(x), …)``. Sound because
``or`` leaves out an element of its right side only if the left has one of the same labels, and the legs never do.
One request instead of several: the cluster evaluates all legs at one state of its data, and one answer can't fail
without the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Final

from query.promql.syntax.nodes import Aggregate, Binary, Call, Cardinality, Expr, Matching, StringLiteral

LEG_LABEL: Final = "__lma_leg__"
"""No series carries it: Prometheus drops labels that begin with two underscores when it scrapes."""


def legs_of(aggregate: Aggregate, operators: Sequence[str]) -> Expr:
    """Return one expression that gives each of the aggregations, its results labelled with the operator."""
    legs: list[Expr] = [with_label(replace(aggregate, op=op), LEG_LABEL, op) for op in operators]
    return reduce(_either, legs)


def with_label(expr: Expr, name: str, value: str) -> Expr:
    """Return an expression that sets a label of every series, or removes it if ``value`` is empty."""
    literal = value.replace("$", "$$")
    return Call("label_replace", (expr, *map(StringLiteral, (name, literal, "", ""))))


def _either(left: Expr, right: Expr) -> Expr:
    return Binary("or", left, right, Matching(cardinality=Cardinality.MANY_TO_MANY))
