"""Generate PromQL expressions over the data set, from a seed.

A small grammar, weighted towards what federation decides about: matchers on the cluster's labels, aggregations with
and without them, binary operations whose matching keeps or drops the cluster, merges inside merges. Every expression
parses and has the right types; it may still fail on the data, and then must fail everywhere alike.

``topk``/``bottomk`` are made only where no ties can change what is above them: at the top.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.real.dataset import CLUSTERS

MAX_DEPTH: Final = 4

GAUGES: Final = {
    "queue_depth": ("queue",),
    "load_average": ("instance",),
    "temperature_celsius": ("room", "sensor"),
    "container_memory_bytes": ("namespace", "pod", "container"),
    "up": ("job", "instance"),
    "flaky_gauge": ("kind",),
    "seoul_only_gauge": ("shard",),
    "cluster_size": (),
    "kube_pod_info": ("namespace", "pod", "node"),
}
COUNTERS: Final = {
    "http_requests_total": ("job", "instance", "code", "method", "path"),
    "node_cpu_seconds_total": ("instance", "cpu", "mode"),
    "not_in_paris_total": ("topic",),
    "job_runs_total": ("job",),
    "http_request_duration_seconds_bucket": ("job", "instance", "le"),
}
PARTITION: Final = ("cluster", "region", "provider")
VALUES: Final = {
    "cluster": tuple(cluster.name for cluster in CLUSTERS),
    "region": ("ap-northeast-1", "ap-northeast-2"),
    "provider": ("eks",),
    "queue": ("mail", "invoice"),
    "instance": ("a:8080", "node-0"),
    "room": ("lab", "roof"),
    "job": ("shop", "cart"),
    "code": ("200", "500"),
    "mode": ("idle", "user"),
    "namespace": ("default", "team-tokyo"),
}
AGGREGATIONS: Final = ("sum", "sum", "sum", "count", "min", "max", "avg", "avg", "group")
UNMERGEABLE: Final = ("stddev", "stdvar")
COUNTER_RANGES: Final = ("rate", "rate", "increase", "irate")
GAUGE_RANGES: Final = (
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "last_over_time",
    "delta",
    "changes",
    "stddev_over_time",
)
MATH: Final = ("abs", "ceil", "floor", "sgn", "-", "sqrt", "exp")
ARITHMETIC: Final = ("+", "-", "*", "/", "%")
COMPARISONS: Final = (">", "<", ">=", "<=", "==", "!=")
APART: Final = "1.00037"
"""Factor that keeps two compared vectors from being nearly equal, where the last digit of a sum would decide."""


@dataclass(frozen=True, slots=True)
class Vector:
    """The text of an instant vector expression, and the labels its series have beside the cluster's own."""

    text: str
    labels: tuple[str, ...]
    has_cluster: bool = True


class Generator:
    """An endless, reproducible supply of queries."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - test data

    def query(self) -> str:
        """Return the next expression."""
        if self._chance(0.12):
            inner = self._vector(MAX_DEPTH - 1)
            chooser = self._pick(("topk", "bottomk"))
            return f"{chooser}{self._grouping(inner)[0]} ({self._random.randint(1, 4)}, {inner.text})"
        if self._chance(0.05):
            return f"sort_desc({self._vector(MAX_DEPTH - 1).text})"
        return self._vector(MAX_DEPTH).text

    def _vector(self, depth: int) -> Vector:
        if depth <= 0 or self._chance(0.08):
            return self._leaf()
        makers: Sequence[tuple[Callable[[int], Vector], int]] = (
            (self._aggregation, 9),
            (self._binary, 4),
            (self._with_scalar, 3),
            (self._set_operation, 2),
            (self._mathematics, 2),
            (self._subquery, 1),
            (self._histogram, 1),
            (self._or_zero, 1),
            (lambda _: self._leaf(), 5),
        )
        make = self._random.choices([maker for maker, _ in makers], [weight for _, weight in makers])[0]
        return make(depth)

    def _leaf(self) -> Vector:
        if self._chance(0.45):
            metric = self._pick(tuple(COUNTERS))
            inner = f"{metric}{self._matchers(COUNTERS[metric])}[{self._pick(('2m', '5m', '10m'))}]"
            return Vector(f"{self._pick(COUNTER_RANGES)}({inner}{self._shift()})", COUNTERS[metric])
        metric = self._pick(tuple(GAUGES))
        selector = f"{metric}{self._matchers(GAUGES[metric])}"
        if self._chance(0.3):
            function = self._pick(GAUGE_RANGES)
            return Vector(f"{function}({selector}[{self._pick(('1m', '3m', '10m'))}]{self._shift()})", GAUGES[metric])
        return Vector(selector + self._shift(), GAUGES[metric])

    def _shift(self) -> str:
        if not self._chance(0.12):
            return ""
        return self._pick((" offset 5m", " offset -3m", " @ 1750003200", " @ end()", " @ start() offset 1m"))

    def _matchers(self, labels: tuple[str, ...]) -> str:
        known = [name for name in (*PARTITION, *labels) if name in VALUES]
        chosen = [name for name in known if self._chance(0.2)]
        return "{" + ",".join(self._matcher(name) for name in chosen) + "}" if chosen else ""

    def _matcher(self, name: str) -> str:
        value, other = self._pick(VALUES[name]), self._pick(VALUES[name])
        return name + self._pick(
            (
                f'="{value}"',
                f'!="{value}"',
                f'=~"{value}|{other}"',
                f'!~"{value}.*"',
                f'=~"{value[:2]}.*"',
                '!=""',
                '=""',
                '=~".*"',
            )
        )

    def _grouping(self, vector: Vector) -> tuple[str, tuple[str, ...], bool]:
        """Return a grouping clause, the labels it leaves, and whether the cluster is left."""
        if self._chance(0.15):
            return "", (), False
        partition = [name for name in PARTITION if self._chance(0.4)]
        own = [name for name in vector.labels if self._chance(0.45)]
        names = [*partition, *own]
        self._random.shuffle(names)
        if self._chance(0.3):
            left = tuple(name for name in vector.labels if name not in own)
            return f" without ({', '.join(names)})", left, vector.has_cluster and "cluster" not in partition
        return f" by ({', '.join(names)})", tuple(own), vector.has_cluster and "cluster" in partition

    def _aggregation(self, depth: int) -> Vector:
        inner = self._vector(depth - 1)
        clause, labels, has_cluster = self._grouping(inner)
        if self._chance(0.06):
            return Vector(f"quantile{clause} (0.5, {inner.text})", labels, has_cluster)
        name = self._pick(UNMERGEABLE) if self._chance(0.05) else self._pick(AGGREGATIONS)
        return Vector(f"{name}{clause} ({inner.text})", labels, has_cluster)

    def _binary(self, depth: int) -> Vector:
        left, right = self._vector(depth - 1), self._vector(depth - 1)
        operator = self._pick(ARITHMETIC) if self._chance(0.7) else self._pick(COMPARISONS)
        if self._chance(0.3):
            right = left
        shared = [name for name in left.labels if name in right.labels]
        keys = [*(["cluster"] if left.has_cluster and right.has_cluster and self._chance(0.8) else []), *shared]
        clause = self._pick(("", f" on ({', '.join(keys)})", f" on ({', '.join(keys)})"))
        if clause and self._chance(0.5):
            right = Vector(f"sum by ({', '.join(keys)}) ({right.text})", tuple(shared), "cluster" in keys)
            clause += " group_left ()"
        factor = f" * {APART}" if operator in COMPARISONS else ""
        return Vector(f"({left.text}) {operator}{clause} (({right.text}){factor})", left.labels, left.has_cluster)

    def _set_operation(self, depth: int) -> Vector:
        left, right = self._vector(depth - 1), self._vector(depth - 1)
        clause = self._pick(("", "", " on (cluster)", " on ()", " ignoring (cluster)"))
        operator = self._pick(("and", "or", "unless"))
        return Vector(f"({left.text}) {operator}{clause} ({right.text})", left.labels, left.has_cluster)

    def _with_scalar(self, depth: int) -> Vector:
        inner = self._vector(depth - 1)
        number = self._pick(("0", "1.003", "2.503", "100.07", "-1.003"))
        if self._chance(0.5):
            boolean = self._pick(("", " bool"))
            return Vector(
                f"({inner.text}) {self._pick(COMPARISONS)}{boolean} {number}", inner.labels, inner.has_cluster
            )
        text = f"({inner.text}) {self._pick(ARITHMETIC)} {number}"
        return Vector(text, inner.labels, inner.has_cluster)

    def _mathematics(self, depth: int) -> Vector:
        inner = self._vector(depth - 1)
        return Vector(f"{self._pick(MATH)}({inner.text})", inner.labels, inner.has_cluster)

    def _subquery(self, depth: int) -> Vector:
        inner = self._vector(min(depth - 1, 1))
        function = self._pick(("max_over_time", "min_over_time", "avg_over_time", "count_over_time"))
        return Vector(f"{function}(({inner.text})[{self._pick(('5m:1m', '4m:30s'))}])", inner.labels, inner.has_cluster)

    def _histogram(self, _depth: int) -> Vector:
        keys = ["le", *(name for name in ("cluster", "job", "region") if self._chance(0.4))]
        buckets = f"rate(http_request_duration_seconds_bucket{self._matchers(('job',))}[5m])"
        labels = tuple(name for name in keys if name == "job")
        return Vector(f"histogram_quantile(0.9, sum by ({', '.join(keys)}) ({buckets}))", labels, "cluster" in keys)

    def _or_zero(self, depth: int) -> Vector:
        inner = self._vector(depth - 1)
        return Vector(f"sum({inner.text}) or vector(0)", (), has_cluster=False)

    def _pick(self, options: Sequence[str]) -> str:
        return self._random.choice(options)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability
