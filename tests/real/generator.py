"""Generate PromQL expressions over the data set, and questions about them, from a seed.

A small grammar, weighted towards what federation decides about: matchers on the cluster's labels, aggregations with
and without them, binary operations whose matching keeps or drops the cluster, merges inside merges, subqueries over
merges. Every expression parses and has the right types; it may still fail on the data, and then must fail everywhere
alike.

The last digit of a sum may differ, and an operation that jumps (``ceil``, ``==``, a difference of equals) would make
anything of that. So a vector knows whether it ``is_exact``, and only exact ones are given to such operations. In the
same spirit ``topk``/``bottomk`` are made only at the top, where no ties can change what is above them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tests.real.asking import EVERY
from tests.real.fleet import Topology
from tests.real.generator_words import (
    APART,
    ARITHMETIC,
    COMPARISONS,
    COUNTER_RANGES,
    COUNTERS,
    DEVIATIONS,
    GAUGE_RANGES,
    GAUGES,
    HISTOGRAM_READERS,
    HISTOGRAMS,
    INEXACT,
    MERGEABLE,
    NO_COUNTERS,
    PARTITION,
    SMOOTH_ARITHMETIC,
    SMOOTH_MATH,
    SMOOTH_RANGES,
    STEPPED_MATH,
    VALUES,
)
from tests.real.suite import Case

MAX_DEPTH: Final = 4


@dataclass(frozen=True, slots=True)
class Vector:
    """The text of an instant vector expression, and the labels its series have beside the cluster's own."""

    text: str
    labels: tuple[str, ...]
    has_cluster: bool = True
    is_exact: bool = True


def generated_cases(seed: int, topologies: Sequence[Topology]) -> Iterator[Case]:
    """Yield questions without end: an expression, and where, when and how it is asked."""
    generator, chance = Generator(seed), random.Random(seed)  # noqa: S311 - test data
    while True:
        pushed = chance.random() < 0.6
        yield Case(generator.query(), chance.choice(topologies), chance.choice(EVERY), is_pushed=pushed)


class Generator:
    """An endless, reproducible supply of queries."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - test data

    def query(self) -> str:
        """Return the next expression."""
        kind = self._random.random()
        if kind < 0.1:
            inner = self._vector(MAX_DEPTH - 1)
            chooser = self._pick(("topk", "bottomk", "limitk"))
            return f"{chooser}{self._grouping(inner)[0]} ({self._random.randint(1, 4)}, {inner.text})"
        if kind < 0.14:
            return f"sort_desc({self._vector(MAX_DEPTH - 1).text})"
        if kind < 0.22:
            return self._histograms()
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
            (self._subquery, 3),
            (self._histogram_reader, 2),
            (self._buckets, 1),
            (self._or_zero, 1),
            (self._absence, 1),
            (self._relabelled, 1),
            (lambda _: self._leaf(), 5),
        )
        make = self._random.choices([maker for maker, _ in makers], [weight for _, weight in makers])[0]
        return make(depth)

    def _leaf(self) -> Vector:
        if self._chance(0.45):
            metric = self._pick(tuple(COUNTERS))
            selector = f"{metric}{self._matchers(COUNTERS[metric])}[{self._pick(('2m', '5m', '10m'))}]"
            function, smoothing = self._pick(COUNTER_RANGES), ""
            if function in {"rate", "increase"} and self._chance(0.12):
                smoothing = self._pick((" anchored", " smoothed"))
            exact = function in {"resets", "changes", "last_over_time"}
            text = f"{function}({selector}{smoothing}{self._shift()})"
            return Vector(text, COUNTERS[metric], is_exact=exact)
        metric = self._pick(tuple(GAUGES))
        selector, exact = f"{metric}{self._matchers(GAUGES[metric])}", metric not in INEXACT
        if self._chance(0.3):
            function = self._pick(GAUGE_RANGES)
            exact = exact and function not in {"avg_over_time", "deriv", "stddev_over_time"}
            exact = exact and not function.startswith("ts_of_")  # their deviations are small beside them, and round
            text = f"{function}({selector}[{self._pick(('1m', '3m', '10m'))}]{self._shift()})"
            return Vector(text, GAUGES[metric], is_exact=exact)
        return Vector(selector + self._shift(), GAUGES[metric], is_exact=exact)

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
            return Vector(f"quantile{clause} (0.5, {inner.text})", labels, has_cluster, is_exact=False)
        if inner.is_exact and self._chance(0.06):
            parameter = self._pick(('count_values{} ("value", ', "limit_ratio{} (0.5, ", "limit_ratio{} (-0.4, "))
            if parameter.startswith("limit"):
                return replace(inner, text=f"{parameter.format(clause)}{inner.text})")
            return Vector(f"{parameter.format(clause)}{inner.text})", (*labels, "value"), has_cluster)
        deviates = inner.is_exact and self._chance(0.1)
        name = self._pick(DEVIATIONS if deviates else MERGEABLE)
        exact = name in {"count", "group"} or (inner.is_exact and name in {"sum", "min", "max"})
        return Vector(f"{name}{clause} ({inner.text})", labels, has_cluster, exact)

    def _binary(self, depth: int) -> Vector:
        left, right = self._vector(depth - 1), self._vector(depth - 1)
        if self._chance(0.3):
            right = left
        exact = left.is_exact and right.is_exact
        compares = self._chance(0.3)
        operator = self._pick(COMPARISONS if compares else ARITHMETIC if exact else SMOOTH_ARITHMETIC)
        shared = [name for name in left.labels if name in right.labels]
        keys = [*(["cluster"] if left.has_cluster and right.has_cluster and self._chance(0.8) else []), *shared]
        clause = self._pick(("", f" on ({', '.join(keys)})", f" on ({', '.join(keys)})"))
        if clause and self._chance(0.5):
            right = Vector(f"sum by ({', '.join(keys)}) ({right.text})", tuple(shared), "cluster" in keys)
            clause += " group_left ()"
        elif self._chance(0.1):
            clause += self._pick((" fill(1)", " fill_left(0)", " fill_right(2)"))
        factor = f" * {APART}" if compares else ""
        text = f"({left.text}) {operator}{clause} (({right.text}){factor})"
        settled = exact and (compares or operator in {"+", "-", "*"})
        return Vector(text, left.labels, left.has_cluster, settled and left.is_exact)

    def _set_operation(self, depth: int) -> Vector:
        left, right = self._vector(depth - 1), self._vector(depth - 1)
        clause = self._pick(("", "", " on (cluster)", " on ()", " ignoring (cluster)"))
        operator = self._pick(("and", "or", "unless"))
        exact = left.is_exact and right.is_exact
        return Vector(f"({left.text}) {operator}{clause} ({right.text})", left.labels, left.has_cluster, exact)

    def _with_scalar(self, depth: int) -> Vector:
        inner = self._vector(depth - 1)
        number = self._pick(("0", "1.003", "2.503", "100.07", "-1.003")) if inner.is_exact else "100.07"
        if self._chance(0.5):
            boolean = self._pick(("", " bool"))
            return replace(inner, text=f"({inner.text}) {self._pick(COMPARISONS)}{boolean} {number}")
        operator = self._pick(ARITHMETIC if inner.is_exact else SMOOTH_ARITHMETIC)
        return replace(inner, text=f"({inner.text}) {operator} {number}", is_exact=False)

    def _mathematics(self, depth: int) -> Vector:
        inner = self._vector(depth - 1)
        function = self._pick((*SMOOTH_MATH, *STEPPED_MATH) if inner.is_exact else SMOOTH_MATH)
        return replace(
            inner, text=f"{function}({inner.text})", is_exact=inner.is_exact and function not in {"atan", "timestamp"}
        )

    def _relabelled(self, depth: int) -> Vector:
        inner = self._vector(depth - 1)
        source = self._pick((*inner.labels, "cluster", "region"))
        target = self._pick(("copy", source, "cluster"))
        pattern = self._pick(("(.*)", "(.).*", "(s|t).*", "nothing"))
        return replace(inner, text=f'label_replace({inner.text}, "{target}", "$1", "{source}", "{pattern}")')

    def _subquery(self, depth: int) -> Vector:
        inner = self._vector(min(depth - 1, 2))
        function = self._pick(GAUGE_RANGES if inner.is_exact else SMOOTH_RANGES)
        window = self._pick(("[5m:1m]", "[4m:30s]", "[3m:45s]", "[5m:]"))
        exact = inner.is_exact and function in {"max_over_time", "min_over_time", "count_over_time", "last_over_time"}
        return replace(inner, text=f"{function}(({inner.text}){window}{self._shift()})", is_exact=exact)

    def _histograms(self) -> str:
        """Return an expression whose value is native histograms."""
        inner = self._histogram_leaf()
        clause = self._grouping(inner)[0]
        is_call = inner.text.endswith(")")  # offset is for selectors only
        return self._pick(
            (
                f"{self._pick(('sum', 'avg'))}{clause} ({inner.text})",
                f"{self._pick(('sum', 'avg', 'count', 'max'))}{clause} ({inner.text})",
                f"({inner.text}) * 2",
                inner.text if is_call else f"({inner.text}) - ({inner.text} offset 1m)",
                f"sum{clause} ({inner.text}) / 4",
                f"topk(2, {inner.text})",
            )
        )

    def _histogram_leaf(self) -> Vector:
        metric = self._pick(tuple(HISTOGRAMS))
        selector = f"{metric}{self._matchers(HISTOGRAMS[metric])}"
        if self._chance(0.5):
            counting = () if metric in NO_COUNTERS else ("rate", "increase")
            function = self._pick((*counting, "last_over_time", "sum_over_time", "avg_over_time"))
            return Vector(f"{function}({selector}[{self._pick(('2m', '5m'))}])", HISTOGRAMS[metric], is_exact=False)
        return Vector(selector, HISTOGRAMS[metric], is_exact=False)

    def _histogram_reader(self, _depth: int) -> Vector:
        inner = self._histogram_leaf()
        reader = self._pick(HISTOGRAM_READERS)
        if self._chance(0.6):
            clause, labels, has_cluster = self._grouping(inner)
            text = f"{self._pick(('sum', 'sum', 'avg'))}{clause} ({inner.text})"
            return Vector(reader.replace("#", text), labels, has_cluster, is_exact=False)
        return replace(inner, text=reader.replace("#", inner.text))

    def _buckets(self, _depth: int) -> Vector:
        keys = ["le", *(name for name in ("cluster", "job", "region") if self._chance(0.4))]
        buckets = f"rate(http_request_duration_seconds_bucket{self._matchers(('job',))}[5m])"
        labels = tuple(name for name in keys if name == "job")
        text = f"histogram_quantile(0.9, sum by ({', '.join(keys)}) ({buckets}))"
        return Vector(text, labels, "cluster" in keys, is_exact=False)

    def _or_zero(self, depth: int) -> Vector:
        inner = self._vector(depth - 1)
        return Vector(f"sum({inner.text}) or vector(0)", (), has_cluster=False, is_exact=inner.is_exact)

    def _absence(self, depth: int) -> Vector:
        inner = self._vector(depth - 1)
        if self._chance(0.5):
            return Vector(f"absent({inner.text})", (), has_cluster=False)
        return Vector(f"vector(scalar({inner.text}))", (), has_cluster=False, is_exact=inner.is_exact)

    def _pick(self, options: Sequence[str]) -> str:
        return self._random.choice(options)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability
