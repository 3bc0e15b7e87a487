"""The list of passes over a metric query, and the plan they make.

Each pass is a pure function from tree to tree in a file of its own, whose docstring says why it is sound. The text of
the tree after each pass is kept, for explaining and for the golden tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from query.logql.plan.context import PlanContext
from query.logql.plan.merge_absence import merge_absence
from query.logql.plan.merge_aggregations import merge_aggregations
from query.logql.plan.merge_ranges import merge_ranges
from query.logql.plan.placed import Concat, MergedAbsence, MergedMean, Sampled, Shard
from query.logql.plan.push_subtrees import push_subtrees
from query.logql.plan.refuse_rest import refuse_rest
from query.logql.plan.sample_ranges import sample_ranges
from query.logql.syntax.nodes import Binary, LabelReplace, MetricExpr, VectorAggregation
from query.logql.syntax.printer import print_query

Pass: TypeAlias = Callable[[MetricExpr, PlanContext], MetricExpr]

PASSES: Final[tuple[Pass, ...]] = (
    push_subtrees,
    merge_ranges,
    merge_aggregations,
    merge_absence,
    sample_ranges,
    refuse_rest,
)


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """A tree whose leaves are data of clusters, and how it came to be."""

    root: MetricExpr
    stages: tuple[tuple[str, str], ...] = ()

    def leaves(self) -> tuple[Concat, ...]:
        """Return every ``Concat`` to fetch, each once, in order of appearance."""
        return tuple(dict.fromkeys(leaf for leaf in leaves_of(self.root) if isinstance(leaf, Concat)))

    def sampled(self) -> tuple[Sampled, ...]:
        """Return every ``Sampled`` to fetch, each once."""
        return tuple(dict.fromkeys(leaf for leaf in leaves_of(self.root) if isinstance(leaf, Sampled)))

    def shards(self) -> Iterator[Shard]:
        """Yield what each cluster is asked."""
        for leaf in leaves_of(self.root):
            yield from leaf.shards

    def describe(self) -> str:
        """Return the tree and, below it, what each cluster is asked; stable text."""
        shards = (shard.describe() for shard in self.shards())
        return "\n".join((print_query(self.root), *(f"  {text}" for text in dict.fromkeys(shards))))


def plan_metric(expr: MetricExpr, context: PlanContext) -> MetricPlan:
    """Return the plan; ``UnsupportedError`` where no exact one is known."""
    stages = [("parsed", print_query(expr))]
    for one in PASSES:
        expr = one(expr, context)
        stages.append((one.__name__, print_query(expr)))
    return MetricPlan(expr, tuple(stages))


def leaves_of(expr: MetricExpr) -> Iterator[Concat | Sampled]:
    """Yield every leaf of the tree that is fetched."""
    match expr:
        case Concat() | Sampled():
            yield expr
        case MergedMean():
            yield expr.sums
            yield expr.counts
        case MergedAbsence():
            yield expr.parts
        case VectorAggregation() | LabelReplace():
            yield from leaves_of(expr.expr)
        case Binary():
            yield from leaves_of(expr.left)
            yield from leaves_of(expr.right)
        case _:
            return
