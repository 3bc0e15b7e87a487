"""The leaves the planner puts into a syntax tree: data that comes from clusters.

A plan is an ordinary syntax tree whose ``Placed`` leaves are fetched and whose other nodes are evaluated at the
gateway. ``Concat`` is the only leaf that is fetched; the merging leaves hold several of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from query.model.clusters import ClusterName
from query.model.labels import Labels
from query.model.matchers import Matcher
from query.model.time import Grid
from query.promql.plan.names import NameSet
from query.promql.plan.windows import Window
from query.promql.syntax.nodes import Expr, Placed, ValueType
from query.promql.syntax.printer import print_expr

MEAN: Final = ("sum", "count")
SAFE_MEAN: Final = ("sum", "count", "avg")
"""The legs a mean is merged of: the latter also where a sum overflows."""
MOMENTS: Final = ("count", "avg", "stdvar")
"""The legs a variance is merged of, in the order the kernel takes them."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One cluster's part of a pushed expression: what it is sent, and which labels its results get back.

    ``constants`` are the cluster's; of these ``visible`` are carried by every result series in the union and override
    labels of the same name. The others are aggregated away by ``expr``.
    """

    cluster: ClusterName
    expr: Expr
    constants: Labels
    visible: NameSet

    @property
    def added(self) -> Labels:
        """The labels that results get."""
        return tuple(pair for pair in self.constants if pair[0] in self.visible)


@dataclass(frozen=True, slots=True)
class Concat(Placed):
    """The concatenation of what the shards answer. No shard: the empty vector, known without asking.

    ``expr`` is the expression as the user wrote it, before a cluster's constants were taken out. ``are_partials``: the
    results are about to be merged, so clusters may answer with equal label sets. ``grid`` is when the expression is
    evaluated, None for when the query is; inside a subquery it is another.
    """

    expr: Expr
    shards: tuple[Shard, ...]
    value_type: ValueType = ValueType.VECTOR
    are_partials: bool = False
    grid: Grid | None = None

    def describe(self) -> str:
        """Return ``concat[a, b](query)``."""
        names = ", ".join(shard.cluster for shard in self.shards)
        return f"concat[{names}]({print_expr(self.expr)})"


@dataclass(frozen=True, slots=True)
class Samples(Placed):
    """A range vector whose raw samples come from clusters, for a function that is computed at the gateway.

    ``source`` is fetched at one instant with a range that covers the windows of all steps; ``selector`` is the range
    selector as written, for its labels.
    """

    source: Concat
    window: Window
    selector: Expr

    @property
    def value_type(self) -> ValueType:
        """A range vector."""
        return ValueType.MATRIX

    def describe(self) -> str:
        """Return ``samples[a, b](selector)``."""
        names = ", ".join(shard.cluster for shard in self.source.shards)
        return f"samples[{names}]({print_expr(self.selector)})"


@dataclass(frozen=True, slots=True)
class Repeated(Placed):
    """An expression that is the same at every step: evaluated once, at ``grid``, the first step, and repeated."""

    expr: Expr
    grid: Grid

    def describe(self) -> str:
        """Return ``once(expression)``."""
        return f"once({print_expr(self.expr)})"


@dataclass(frozen=True, slots=True)
class InfoSeries(Placed):
    """The series that ``info()`` joins: where there are some, ``present``, and of when their ``samples`` are.

    ``names`` are the matchers on their names; of their other labels only those in ``data`` are added, if there are any.
    """

    present: Concat
    samples: Concat | Samples
    names: tuple[Matcher, ...]
    data: tuple[Matcher, ...]

    def describe(self) -> str:
        """Return ``infos (present)``."""
        return f"infos ({self.present.describe()})"


@dataclass(frozen=True, slots=True)
class MergedMean(Placed):
    """``avg`` over several clusters, from the legs of each: ``MEAN``, or where that fails ``SAFE_MEAN``.

    Legs are partial results of one request, told apart by a label: see ``query.promql.plan.legs``.
    """

    legs: Concat
    operators: tuple[str, ...] = MEAN
    grouping: tuple[str, ...] = ()
    without: bool = False

    def describe(self) -> str:
        """Return ``mean by|without (…) (legs)``."""
        return f"mean {_clause(self.grouping, without=self.without)} ({self.legs.describe()})"


@dataclass(frozen=True, slots=True)
class MergedVariance(Placed):
    """``stdvar``, or ``stddev`` if ``is_deviation``, from the ``MOMENTS`` of each cluster."""

    legs: Concat
    is_deviation: bool
    grouping: tuple[str, ...] = ()
    without: bool = False

    def describe(self) -> str:
        """Return ``deviation|variance by|without (…) (legs)``."""
        word = "deviation" if self.is_deviation else "variance"
        return f"{word} {_clause(self.grouping, without=self.without)} ({self.legs.describe()})"


@dataclass(frozen=True, slots=True)
class Multiset(Placed):
    """The values of an expression without their series: each as often as ``counts``, its ``count_values``, tells.

    ``label`` is where ``counts`` carries the value; the other labels name the group.
    """

    counts: Concat
    label: str

    def describe(self) -> str:
        """Return ``values (counts)``."""
        return f"values ({self.counts.describe()})"


@dataclass(frozen=True, slots=True)
class MergedAbsence(Placed):
    """``absent`` over several clusters: 1 with ``labels`` at the steps where no cluster is ``present``.

    A cluster that does not answer makes it undecidable, so there is no partial answer.
    """

    present: Concat
    labels: Labels

    def describe(self) -> str:
        """Return ``absence (present)``."""
        return f"absence ({self.present.describe()})"


def _clause(grouping: tuple[str, ...], *, without: bool) -> str:
    return f"{'without' if without else 'by'} ({', '.join(grouping)})"
