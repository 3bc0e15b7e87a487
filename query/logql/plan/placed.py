"""The leaves the planner puts into a syntax tree: data that comes from clusters.

A plan is an ordinary tree whose ``Placed`` leaves are fetched and whose other nodes are evaluated at the gateway.
``Concat`` is the only leaf that is fetched; the merging leaves hold ``Concat``.
"""

from __future__ import annotations

from dataclasses import dataclass

from query.logql.syntax.nodes import Grouping, MetricExpr, Placed, RangeAggregation
from query.logql.syntax.printer import print_grouping, print_query
from query.model.clusters import ClusterName
from query.model.labels import NO_LABELS, Labels, show


@dataclass(frozen=True, slots=True)
class Shard:
    """One cluster's part: the query it is sent, and what its answer gets back.

    ``added`` are the constants that the union would show on every result and the backend does not. ``hidden`` are all
    constants the backend is not known to show: a label of that name in its answer, of another value, comes from the
    lines (a parser, or structured metadata), where the union would have called it ``<name>_extracted``.
    """

    cluster: ClusterName
    query: str
    added: Labels = NO_LABELS
    hidden: Labels = NO_LABELS

    def describe(self) -> str:
        """Return ``cluster: query + {added}``."""
        return f"{self.cluster}: {self.query}" + (f" + {show(self.added)}" if self.added else "")


@dataclass(frozen=True, slots=True)
class Concat(Placed):
    """The results of one expression in several clusters, put together. No shard: empty, known without asking.

    With ``is_partial`` equal label sets from several clusters are parts of one result, which the node above merges.
    """

    expr: MetricExpr
    shards: tuple[Shard, ...]
    is_partial: bool = False

    def describe(self) -> str:
        """Return ``concat[a, b](query)``, or ``partials[…](…)`` where results are merged."""
        word = "partials" if self.is_partial else "concat"
        return f"{word}[{', '.join(shard.cluster for shard in self.shards)}]({print_query(self.expr)})"


@dataclass(frozen=True, slots=True)
class MergedMean(Placed):
    """``avg`` over several clusters: sums and counts added up per group, then divided."""

    sums: Concat
    counts: Concat
    grouping: Grouping

    def describe(self) -> str:
        """Return ``mean by (…)(sums, counts)``."""
        return f"mean{print_grouping(self.grouping)}({self.sums.describe()}, {self.counts.describe()})"


@dataclass(frozen=True, slots=True)
class MergedAbsence(Placed):
    """``absent_over_time`` over several clusters: absent where every cluster says so.

    A cluster that does not answer makes the result undecidable: no partial answer is possible.
    """

    parts: Concat
    labels: Labels

    def describe(self) -> str:
        """Return ``absent{labels}(parts)``."""
        return f"absent{show(self.labels)}({self.parts.describe()})"


@dataclass(frozen=True, slots=True)
class Sampled(Placed):
    """A range aggregation over the values of all clusters' lines, computed here; ``shards`` fetch the lines.

    ``needed`` are the labels after which a metric query's parsers would have stopped, empty if they would not;
    with ``skips_errors`` lines whose value does not convert are left out, otherwise they fail the query.
    """

    expr: RangeAggregation
    shards: tuple[Shard, ...]
    needed: frozenset[str]
    skips_errors: bool

    def describe(self) -> str:
        """Return ``lines[a, b](query)``."""
        return f"lines[{', '.join(shard.cluster for shard in self.shards)}]({print_query(self.expr)})"
