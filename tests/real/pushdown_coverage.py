"""What share of the usual Kubernetes monitoring is computed in the clusters: by queries, and by cost.

``python -m tests.real.pushdown_coverage`` prints it; ``coverage()`` gives the numbers, ``summary_lines()`` Markdown for
a report. Nothing is asked: queries are planned for three clusters that hide their labels, and the work is estimated.

The cost of a node is the samples it touches: the samples a selector reads (a range selector reads a sample every 30 s),
then for every operation the samples it is given, times the points of the subquery it is in. How many series a metric
has, and how many values a label, is a rough model of a cluster of 50 nodes and 1,000 pods (``SERIES``, ``VALUES``).
Work below a leaf of the plan is the clusters', work above it the gateway's.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

from query.model.clusters import Cluster, ClusterName
from query.promql.plan.context import PlanContext
from query.promql.plan.leaves import parts_of
from query.promql.plan.nodes import Concat
from query.promql.plan.planner import plan_query
from query.promql.plan.windows import DEFAULT_LOOKBACK_MS
from query.promql.syntax import parse
from query.promql.syntax.nodes import (
    Aggregate,
    Binary,
    Cardinality,
    Expr,
    MatrixSelector,
    Placed,
    Subquery,
    VectorSelector,
)
from query.promql.syntax.resolve import resolve_duration
from query.promql.syntax.tree import children
from tests.real.corpus import read_corpus

EXPRESSIONS: Final = "kubernetes_expressions.txt"
SCRAPE_MS: Final = 30_000
STEP_MS: Final = 60_000
CONTEXT: Final = PlanContext(
    (
        Cluster(ClusterName("a"), {"cluster": "a", "region": "eu"}),
        Cluster(ClusterName("b"), {"cluster": "b", "region": "us"}),
        Cluster(ClusterName("c"), {"cluster": "c", "region": "eu"}),
    ),
    step_ms=STEP_MS,
    range_ms=60 * STEP_MS,
    start_ms=1_750_000_000_000,
    lookback_ms=DEFAULT_LOOKBACK_MS,
)
"""A range query of an hour, as a dashboard asks; the share does not depend on the number of its steps."""

SERIES: Final[tuple[tuple[re.Pattern[str], int], ...]] = tuple(
    (re.compile(pattern), series)
    for pattern, series in (
        (r"ALERTS", 30),
        (r".*:.*", 1_000),
        (r"apiserver_.*_bucket", 20_000),
        (r"kubelet_.*_bucket", 5_000),
        (r".*_bucket", 1_000),
        (r"apiserver_.*", 2_000),
        (r"container_.*", 3_000),
        (r"node_cpu_seconds_total", 6_400),
        (r"(node|kubelet|machine)_.*", 200),
        (r"kube_pod_status_phase", 5_000),
        (r"kube_pod_.*", 1_500),
        (r"kube_.*", 300),
        (r"up", 300),
        (r"http_requests_total", 2_000),
        (r".*", 100),
    )
)
VALUES: Final = {
    "cluster": 1, "region": 1, "namespace": 40, "pod": 1_000, "container": 50, "node": 50, "instance": 50, "le": 20,
    "cpu": 16, "mode": 8, "verb": 8, "code": 6, "job": 10,
}  # fmt: skip
OTHER_VALUES: Final = 10


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression: the samples touched in the clusters and here, and whether it is pushed ``whole``.

    ``merged``: not whole, but the clusters give partial results or aggregates only, no series as they are stored.
    """

    query: str
    in_clusters: float
    at_gateway: float
    is_whole: bool
    is_merged: bool

    @property
    def pushed(self) -> float:
        """The share of the cost that is computed in the clusters."""
        return self.in_clusters / (self.in_clusters + self.at_gateway)


@dataclass(frozen=True, slots=True)
class Coverage:
    """All expressions together; shares are from 0 to 1."""

    expressions: tuple[Expression, ...]

    @property
    def by_cost(self) -> float:
        """The share of all samples touched that is touched in the clusters."""
        inside = sum(one.in_clusters for one in self.expressions)
        return inside / (inside + sum(one.at_gateway for one in self.expressions))

    @property
    def by_expression(self) -> float:
        """The mean over the expressions of the share of their cost, each counting the same."""
        return sum(one.pushed for one in self.expressions) / len(self.expressions)

    @property
    def whole(self) -> float:
        """The share of expressions that are pushed whole."""
        return sum(one.is_whole for one in self.expressions) / len(self.expressions)

    @property
    def whole_or_merged(self) -> float:
        """The share of expressions of which no stored series comes to the gateway."""
        return sum(one.is_whole or one.is_merged for one in self.expressions) / len(self.expressions)


def coverage(queries: Iterable[str] | None = None) -> Coverage:
    """Return the coverage of the queries, of ``EXPRESSIONS`` if none are given."""
    listed = [entry.query for entry in read_corpus(EXPRESSIONS)] if queries is None else list(queries)
    return Coverage(tuple(map(measured, listed)))


def measured(query: str) -> Expression:
    """Plan one expression and estimate the work."""
    plan = plan_query(parse(query), CONTEXT)
    leaves = plan.leaves()
    clusters, gateway = _Work(), _Work()
    for leaf in leaves:
        for shard in leaf.shards:
            clusters.take(shard.expr)
    gateway.take(plan.root)
    is_whole = isinstance(plan.root, Concat)
    is_merged = all(leaf.are_partials or _is_aggregated(leaf.expr) for leaf in leaves)
    return Expression(query, clusters.samples, gateway.samples, is_whole, is_merged)


def summary_lines(found: Coverage) -> list[str]:
    """Return the result as Markdown."""
    least = sorted(found.expressions, key=lambda one: one.pushed)[:5]
    return [
        f"{len(found.expressions)} expressions of Kubernetes rules, alerts and dashboards, over three clusters:",
        "",
        "| | share |",
        "|---|---|",
        f"| of the cost (samples touched) computed in the clusters | {found.by_cost:.1%} |",
        f"| the same, every expression counting alike | {found.by_expression:.1%} |",
        f"| of the expressions pushed whole | {found.whole:.1%} |",
        f"| of the expressions pushed whole or merged from aggregates | {found.whole_or_merged:.1%} |",
        "",
        "The least of it is pushed of:",
        "",
        *(f"- {one.pushed:.0%} `{one.query}`" for one in least),
    ]


class _Work:
    """Adds up the samples that are touched; a leaf of the plan touches none here, its series come from elsewhere."""

    def __init__(self) -> None:
        self.samples = 0.0

    def take(self, expr: Expr, points: float = 1.0) -> float:
        """Add the work of an expression evaluated at so many points; return how many series it gives."""
        match expr:
            case Concat():
                quiet = _Work()
                return sum(quiet.take(shard.expr) for shard in expr.shards)
            case VectorSelector():
                series = _series_of(expr)
                self.samples += series * points
                return series
            case MatrixSelector():
                series = _series_of(expr.selector)
                self.samples += series * points * max(1.0, _ms(expr) / SCRAPE_MS)
                return series
            case Subquery():
                step_ms = resolve_duration(expr.step, step_ms=0, range_ms=0) if expr.step else STEP_MS
                return self.take(expr.expr, points * max(1.0, _ms(expr) / step_ms))
            case Placed():
                return self._over([self.take(part, points) for part in parts_of(expr)], expr, points)
            case _:
                return self._over([self.take(child, points) for child in children(expr)], expr, points)

    def _over(self, given: Sequence[float], expr: Expr, points: float) -> float:
        self.samples += sum(given) * points
        match expr:
            case Aggregate():
                return _groups(expr, given[-1])
            case Binary(op="or"):
                return sum(given)
            case Binary(matching=matching) if matching and matching.cardinality is Cardinality.ONE_TO_MANY:
                return given[1]
            case _:
                return max(given, default=0.0)


def _groups(expr: Aggregate, series: float) -> float:
    kept = prod(VALUES.get(name, OTHER_VALUES) for name in expr.grouping)
    groups = max(1.0, series / kept) if expr.without else min(series, kept)
    return min(series, groups * 3) if expr.op in {"topk", "bottomk", "limitk"} else groups


def _series_of(selector: VectorSelector) -> float:
    if any(matcher.value == "" and matcher.name == "__name__" for matcher in selector.matchers):
        return 0.0
    name = next((matcher.value for matcher in selector.matchers if matcher.name == "__name__"), "")
    return next(float(series) for pattern, series in SERIES if pattern.fullmatch(name))


def _ms(expr: MatrixSelector | Subquery) -> int:
    return resolve_duration(expr.range, step_ms=0, range_ms=0)


def _is_aggregated(expr: Expr) -> bool:
    """Tell whether no series comes out as it is stored."""
    match expr:
        case Aggregate():
            return expr.op not in {"topk", "bottomk", "limitk", "limit_ratio"} or _is_aggregated(expr.expr)
        case VectorSelector() | MatrixSelector():
            return False
        case _:
            below = [child for child in children(expr) if any(True for _ in _selectors(child))]
            return bool(below) and all(map(_is_aggregated, below))


def _selectors(expr: Expr) -> Iterable[VectorSelector]:
    if isinstance(expr, VectorSelector):
        yield expr
    for child in children(expr):
        yield from _selectors(child)


if __name__ == "__main__":
    sys.stdout.write("\n".join(summary_lines(coverage())) + "\n")
