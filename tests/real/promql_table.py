"""Every function and operator in every position that the planner treats differently, as a list of queries.

A position is where an expression stands with respect to the clusters: pushed whole, under an aggregation that drops or
keeps the cluster, over a merged aggregate, inside a subquery over either, as one leg of a join inside a cluster or
across clusters, moved in time. What is special about one function (its odd arguments, its errors) is written by hand
in ``promql_corpus.txt``; this table makes sure that none was forgotten anywhere.

The subjects are chosen so that every answer is exact: sums of eighths and of whole numbers round nowhere, and
``load_average`` never ties.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tests.real.generator_words import NO_COUNTERS


@dataclass(frozen=True, slots=True)
class Section:
    """Queries of one kind."""

    name: str
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a function is applied to: a selector, and a label to group by that several clusters share."""

    selector: str
    by: str

    def bind(self, template: str) -> str:
        """Fill the template's ``<x>`` (the selector), ``<x{…}>`` (with more matchers) and ``<by>``."""
        name, _, inside = self.selector.partition("{")
        matchers = inside.rstrip("}")
        for more in ('cluster="seoul"', 'cluster!="tokyo"', 'cluster=~"seoul|paris"'):
            joined = f"{matchers},{more}" if matchers else more
            template = template.replace(f"<x{{{more}}}>", f"{name}{{{joined}}}")
        return template.replace("<x>", self.selector).replace("<by>", self.by)


ROOMS: Final = Subject('temperature_celsius{sensor="s2"}', "room")
LOADS: Final = Subject("load_average", "instance")
QUEUES: Final = Subject("queue_depth", "queue")
REQUESTS: Final = Subject('http_requests_total{job="shop"}', "code")
FLAKY: Final = Subject("flaky_gauge", "kind")
LATENCIES: Final = Subject('request_latency_seconds{job="shop"}', "instance")
PAYLOADS: Final = Subject("payload_megabytes", "job")
POOLS: Final = Subject("pool_balance", "pool")
MIXED: Final = Subject("mixed_group", "kind")

OF_INSTANT: Final = (
    *("abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "deg", "exp", "floor", "ln"),
    *("log10", "log2", "rad", "sgn", "sin", "sinh", "sqrt", "tan", "tanh", "timestamp", "day_of_month", "day_of_week"),
    *("day_of_year", "days_in_month", "hour", "minute", "month", "year"),
)
INSTANT_CALLS: Final = (
    *(f"{name}(#)" for name in OF_INSTANT),
    *("clamp(#, -5, 5)", "clamp_max(#, 3)", "clamp_min(#, 3)", "round(#)", "round(#, 0.5)", "(-#)", "sort_desc(#)"),
    'label_replace(#, "copy", "$1", "<by>", "(.).*")',
    'label_join(#, "joined", "-", "<by>", "<by>")',
    "absent(#)",
    "vector(scalar(#))",
    "histogram_quantile(0.5, #)",
)
INSTANT_POSITIONS: Final = (
    "f(<x>)",
    'f(<x{cluster=~"seoul|paris"}> offset 2m)',
    "f(<x> @ end())",
    "sum by (<by>) (f(<x>))",
    "max by (cluster) (f(<x>))",
    "f(sum by (<by>) (<x>))",
    "f(avg(<x>))",
    "max_over_time(f(<x>)[5m:1m])",
    "avg_over_time(f(sum by (<by>) (<x>))[5m:1m])",
    "f(<x>) * on (cluster) group_left () cluster_size",
    "f(<x>) - on (<by>) group_left () f(max by (<by>) (<x>))",
)
"""Where a function of an instant vector stands; ``f(…)`` is the call."""

GAUGE_CALLS: Final = (
    *("avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "last_over_time"),
    *("first_over_time", "present_over_time", "stddev_over_time", "stdvar_over_time", "mad_over_time", "changes"),
    *("delta", "idelta", "deriv", "absent_over_time"),
    *("ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time", "integral"),
)
COUNTER_CALLS: Final = ("rate", "increase", "irate", "resets")
RANGE_CALLS: Final = (
    *((f"{name}(#)", QUEUES) for name in GAUGE_CALLS),
    *((f"{name}(#)", REQUESTS) for name in COUNTER_CALLS),
    ("quantile_over_time(0.75, #)", QUEUES),
    ("predict_linear(#, 300)", QUEUES),
    ("double_exponential_smoothing(#, 0.5, 0.25)", QUEUES),
    ("last_over_time(#)", FLAKY),
    ("rate(#)", LATENCIES),
    ("sum_over_time(#)", POOLS),
    ("avg_over_time(#)", POOLS),
)
RANGE_POSITIONS: Final = (
    "f(<x>[5m])",
    'f(<x{cluster!="tokyo"}>[5m] offset 3m)',
    "f(<x>[5m] @ end())",
    "sum by (<by>) (f(<x>[5m]))",
    "max by (cluster) (f(<x>[5m]))",
    "count(f(<x>[5m]))",
    "f(<x>[10m:1m])",
    "f(sum by (<by>) (<x>)[10m:1m])",
    "f(sum by (<by>) (<x>)[5m:45s] @ start() offset 1m)",
    "max_over_time(f(<x>[4m])[6m:2m])",
    "sum_over_time(sum by (<by>) (f(<x>[4m]))[6m:2m])",
    "f(<x>[5m]) * on (cluster) group_left () cluster_size",
    "f(<x>[5m]) - on (<by>) group_left () max by (<by>) (f(<x>[5m]))",
)

AGGREGATIONS: Final = (
    *("sum", "count", "min", "max", "avg", "group", "stddev", "stdvar"),
    *("quantile 0.75", 'count_values "value"', "topk 2", "bottomk 2", "limit_ratio 0.5", "limit_ratio -0.5"),
)
AGGREGATION_POSITIONS: Final = (
    "A() (<x>)",
    "A(by (<by>)) (<x>)",
    "A(by (region)) (<x>)",
    "A(without (cluster, region, provider)) (<x>)",
    "A(by (cluster, <by>)) (<x>)",
    "A(without (<by>)) (<x>)",
    "A() (sum by (<by>) (<x>))",
    "A(by (<by>)) (max by (cluster, <by>) (<x>))",
    "A(by (<by>)) (<x> > 0.5)",
    "A(by (<by>)) (<x> offset 5m)",
    "A(by (<by>)) (<x> @ end())",
    "A(by (<by>)) (max_over_time(<x>[5m]))",
    "A(by (<by>)) (<x> * on (cluster) group_left () cluster_size)",
    "A(by (cluster)) (<x>) / on (cluster) group_left () cluster_size",
    "max(A(by (<by>)) (<x>))",
    "max_over_time(A(by (<by>)) (<x>)[4m:1m])",
    "A() (no_such_metric)",
    'A(by (<by>)) (<x{cluster="seoul"}>)',
)

ARITHMETIC: Final = ("+", "-", "*", "/", "%", "^", "atan2")
COMPARISONS: Final = ("==", "!=", ">", "<", ">=", "<=")
BINARY_POSITIONS: Final = (
    "<x> @@ 2",
    "2 @@ <x>",
    "<x> @@ <x> offset 5m",
    "<x> @@ on (cluster, <by>) <x> offset 5m",
    "sum by (<by>) (<x>) @@ avg by (<by>) (<x>)",
    "sum by (<by>) (<x>) @@ 2",
    "sum(<x> @@ 2)",
    "<x> @@ on (<by>) group_left () sum by (<by>) (<x>)",
    "sum by (<by>) (<x>) @@ on (<by>) group_right () <x>",
    'sum by (<by>) (<x{cluster="seoul"}>) @@ sum by (<by>) (<x{cluster!="tokyo"}>)',
    "sum by (<by>) (<x> @@ on (cluster, <by>) <x> offset 1m)",
    "<x> @@ scalar(sum(cluster_size))",
    "<x> @@ on (cluster) group_left () cluster_size",
    "<x> @@ ignoring (<by>, sensor) group_left (region) cluster_size",
    "max_over_time((<x> @@ 2)[4m:1m])",
    "max_over_time((sum by (<by>) (<x>) @@ 2)[4m:1m])",
    'sum by (<by>) (<x>) @@ fill(1) sum by (<by>) (<x{cluster="seoul"}> > 3)',
    "<x> @@ on (cluster) group_left () fill_right(0) (cluster_size > 1)",
)
BOOL_POSITIONS: Final = (
    "<x> @@ bool 2",
    "2 @@ bool <x>",
    "sum by (<by>) (<x>) @@ bool 20",
    "sum(<x> @@ bool 2)",
    "<x> @@ bool on (<by>) group_left () avg by (<by>) (<x>)",
    "2 @@ bool 3",
)
SET_POSITIONS: Final = (
    "<x> @@ <x> > 2",
    "<x> @@ cluster_size",
    "<x> @@ on (cluster) cluster_size > 1",
    '<x> @@ on (<by>) <x{cluster="seoul"}> > 2',
    "<x> @@ on () vector(1)",
    "<x> @@ ignoring (<by>) cluster_size",
    "sum by (<by>) (<x>) @@ sum by (<by>) (<x>) > 9",
    "sum by (<by>) (<x>) @@ <x>",
    "count(<x> @@ on (cluster) seoul_only_gauge)",
    "sum by (cluster) (<x> @@ on (cluster) seoul_only_gauge)",
    "max_over_time((<x> @@ on (<by>) sum by (<by>) (<x>) > 9)[4m:1m])",
    "no_such_metric @@ <x>",
    "<x> @@ no_such_metric",
)

HISTOGRAM_CALLS: Final = (
    *("histogram_count(#)", "histogram_sum(#)", "histogram_avg(#)", "histogram_stddev(#)", "histogram_stdvar(#)"),
    *("histogram_quantile(0.9, #)", "histogram_fraction(0.1, 1, #)", 'histogram_quantiles(#, "q", 0.5, 0.9)'),
    *("(-#)", "timestamp(#)", "absent(#)", 'label_replace(#, "copy", "$1", "<by>", "(.*)")', "abs(#)"),
)
HISTOGRAM_POSITIONS: Final = (
    "f(<x>)",
    "f(rate(<x>[5m]))",
    "f(sum by (<by>) (<x>))",
    "f(sum by (<by>) (rate(<x>[5m])))",
    "f(sum by (cluster, <by>) (rate(<x>[5m])))",
    "max by (<by>) (f(<x>))",
    "max_over_time(f(sum by (<by>) (<x>))[4m:1m])",
    "f(avg(<x> offset 2m))",
)
_READS_COUNTS: Final = re.compile(r"\bhistogram_(count|sum|avg)\(.*\brate\(")

HISTOGRAM_OPERATIONS: Final = (
    "<x> + <x> offset 1m",
    "<x> - <x> offset 1m",
    "<x> * 2",
    "<x> / 4",
    "2 * <x>",
    "<x> == <x>",
    "<x> != <x> offset 5m",
    "<x> > 1",
    "<x> + 1",
    "<x> </ 0.5",
    "<x> >/ 0.5",
    "sum by (<by>) (<x>) </ 0.5",
    "sum by (<by>) (<x>) + sum by (<by>) (<x>)",
    "sum by (<by>) (<x>) / on (<by>) group_left () count by (<by>) (<x>)",
    "<x> / on (<by>) group_left () count by (<by>) (<x>)",
    "sum by (<by>) (<x> / 2)",
    "<x> and on (cluster) cluster_size",
    "sum by (<by>) (<x>) or vector(1)",
)


def sections() -> tuple[Section, ...]:
    """Return the whole table; the same queries in the same order every time, none twice."""
    return tuple(
        Section(name, tuple(dict.fromkeys(queries)))
        for name, queries in {
            "function of an instant vector": _calls(INSTANT_CALLS, INSTANT_POSITIONS, (ROOMS,)),
            "function of a range vector": _range_calls(),
            "aggregation": _aggregations(AGGREGATIONS, (LOADS,)),
            "aggregation, with ties": _aggregations(AGGREGATIONS[:10], (QUEUES,), AGGREGATION_POSITIONS[:8]),
            "arithmetic": _operators(ARITHMETIC, BINARY_POSITIONS, ROOMS),
            "comparison": _operators(COMPARISONS, (*BINARY_POSITIONS, *BOOL_POSITIONS), QUEUES),
            "set operator": _operators(("and", "or", "unless"), SET_POSITIONS, QUEUES),
            "function of native histograms": itertools.filterfalse(
                _finds_other_resets, _calls(HISTOGRAM_CALLS, HISTOGRAM_POSITIONS, (LATENCIES, PAYLOADS, POOLS))
            ),
            "aggregation of native histograms": (
                *_aggregations(AGGREGATIONS[:10], (LATENCIES, MIXED), AGGREGATION_POSITIONS[:13]),
                *_aggregations(("sum", "avg", "count"), (PAYLOADS, POOLS)),
            ),
            "operation on native histograms": tuple(
                subject.bind(template)
                for subject in (LATENCIES, PAYLOADS, POOLS, MIXED)
                for template in HISTOGRAM_OPERATIONS
            ),
        }.items()
    )


def _calls(calls: Iterable[str], positions: Iterable[str], subjects: Iterable[Subject]) -> Iterator[str]:
    positions = tuple(positions)
    for subject in subjects:
        for call in calls:
            yield from (subject.bind(_applied(call, position)) for position in positions)


def _finds_other_resets(query: str) -> bool:
    """Tell whether Prometheus looks for counter resets in the counts alone of a histogram that is no counter.

    It reads counts and sums only below these functions, and so finds other resets than there are in the buckets.
    """
    return _READS_COUNTS.search(query) is not None and any(metric in query for metric in NO_COUNTERS)


def _range_calls() -> Iterator[str]:
    for call, subject in RANGE_CALLS:
        for position in RANGE_POSITIONS:
            yield subject.bind(_applied(call, position))


def _applied(call: str, position: str) -> str:
    """Put the call in the place of every ``f(…)`` of the position."""
    before, found, rest = position.partition("f(")
    while found and before and (before[-1].isalnum() or before[-1] == "_"):
        more, found, rest = rest.partition("f(")
        before += "f(" + more
    if not found:
        return position
    depth, end = 1, 0
    while depth:
        depth += {"(": 1, ")": -1}.get(rest[end], 0)
        end += 1
    return before + call.replace("#", rest[: end - 1]) + _applied(call, rest[end:])


def _aggregations(
    operators: Iterable[str], subjects: Iterable[Subject], positions: Iterable[str] = AGGREGATION_POSITIONS
) -> Iterator[str]:
    positions = tuple(positions)
    for subject in subjects:
        for operator in operators:
            name, _, parameter = operator.partition(" ")
            for position in positions:
                yield subject.bind(_aggregated(name, parameter, position))


def _aggregated(name: str, parameter: str, position: str) -> str:
    """Put the aggregation in the place of ``A(clause)``: ``A(by (x)) (y)`` becomes ``topk by (x) (2, y)``."""
    before, _, rest = position.partition("A(")
    depth, end = 1, 0
    while depth:
        depth += {"(": 1, ")": -1}.get(rest[end], 0)
        end += 1
    clause, operand = rest[: end - 1], rest[end:]
    operand = operand.replace(" (", f" ({parameter}, ", 1) if parameter else operand
    return f"{before}{name} {clause}{operand}".replace(f"{name}  (", f"{name}(")


def _operators(operators: Iterable[str], positions: Iterable[str], subject: Subject) -> Iterator[str]:
    positions = tuple(positions)
    for operator in operators:
        yield from (subject.bind(position.replace("@@", operator)) for position in positions)
