"""The list of passes, and the plan they make.

Each pass is a pure function from tree to tree in a file of its own, whose docstring says why it is sound. The text of
the tree after each pass is kept, for explaining and for the golden tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from query.promql.plan.bound_subqueries import bound_subqueries
from query.promql.plan.context import PlanContext
from query.promql.plan.fetch_info import fetch_info
from query.promql.plan.leaves import sources
from query.promql.plan.merge_absence import merge_absence
from query.promql.plan.merge_aggregations import merge_aggregations
from query.promql.plan.nodes import Concat
from query.promql.plan.pin_times import pin_times
from query.promql.plan.place_on_grids import place_on_grids
from query.promql.plan.push_selectors import push_selectors
from query.promql.plan.push_subtrees import push_subtrees
from query.promql.plan.refuse_rest import refuse_rest
from query.promql.syntax.nodes import Expr
from query.promql.syntax.printer import print_expr

Pass: TypeAlias = Callable[[Expr, PlanContext], Expr]

PASSES: Final[tuple[Pass, ...]] = (
    pin_times,
    bound_subqueries,
    fetch_info,
    push_subtrees,
    merge_absence,
    merge_aggregations,
    place_on_grids,
    refuse_rest,
)

WITHOUT_PUSH_DOWN: Final[tuple[Pass, ...]] = (
    pin_times,
    bound_subqueries,
    fetch_info,
    push_selectors,
    place_on_grids,
    refuse_rest,
)
"""Passes of a plan in which clusters only give samples: a second way to the same answer."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A tree whose leaves are data of clusters, and how it came to be."""

    root: Expr
    stages: tuple[tuple[str, str], ...] = ()

    def leaves(self) -> tuple[Concat, ...]:
        """Return every ``Concat`` to fetch, each once, in order of appearance."""
        return tuple(dict.fromkeys(sources(self.root)))


def plan_query(expr: Expr, context: PlanContext) -> Plan:
    """Return the plan; ``UnsupportedError`` where no exact one is known."""
    stages: list[tuple[str, str]] = [("parsed", print_expr(expr))]
    for one in PASSES if context.pushes_down else WITHOUT_PUSH_DOWN:
        expr = one(expr, context)
        stages.append((one.__name__, print_expr(expr)))
    return Plan(expr, tuple(stages))
