"""The list of passes, and the plan they make.

Each pass is a pure function from tree to tree in a file of its own, whose docstring says why it is sound. The text of
the tree after each pass is kept, for explaining and for the golden tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from query.promql.plan.bound_subqueries import bound_subqueries
from query.promql.plan.context import PlanContext
from query.promql.plan.merge_absence import merge_absence
from query.promql.plan.merge_aggregations import merge_aggregations
from query.promql.plan.nodes import Concat, MergedAbsence, MergedMean
from query.promql.plan.push_subtrees import push_subtrees
from query.promql.plan.refuse_rest import refuse_rest
from query.promql.syntax.nodes import Expr
from query.promql.syntax.printer import print_expr
from query.promql.syntax.tree import children

Pass: TypeAlias = Callable[[Expr, PlanContext], Expr]

PASSES: Final[tuple[Pass, ...]] = (
    bound_subqueries,
    push_subtrees,
    merge_absence,
    merge_aggregations,
    refuse_rest,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A tree whose leaves are data of clusters, and how it came to be."""

    root: Expr
    stages: tuple[tuple[str, str], ...] = ()

    def leaves(self) -> tuple[Concat, ...]:
        """Return every ``Concat`` to fetch, each once, in order of appearance."""
        return tuple(dict.fromkeys(_leaves(self.root)))


def plan_query(expr: Expr, context: PlanContext) -> Plan:
    """Return the plan; ``UnsupportedError`` where no exact one is known."""
    stages: list[tuple[str, str]] = [("parsed", print_expr(expr))]
    for one in PASSES:
        expr = one(expr, context)
        stages.append((one.__name__, print_expr(expr)))
    return Plan(expr, tuple(stages))


def _leaves(expr: Expr) -> Iterator[Concat]:
    match expr:
        case Concat():
            yield expr
        case MergedMean():
            yield expr.sums
            yield expr.counts
        case MergedAbsence():
            yield expr.present
        case _:
            for child in children(expr):
                yield from _leaves(child)
