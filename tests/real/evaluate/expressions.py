"""Expressions to compare: a list by theme, and a generator that mixes them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Final

_AGGREGATIONS: Final = ("sum", "avg", "count", "min", "max", "group", "stddev", "stdvar")
_SAMPLE_FUNCTIONS: Final = (
    "abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "rad", "deg", "sgn",
)  # fmt: skip
_DATE_FUNCTIONS: Final = (
    "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year",
)  # fmt: skip
_ARITHMETIC: Final = ("+", "-", "*", "/", "%", "^", "atan2")
_COMPARISON: Final = ("==", "!=", ">", "<", ">=", "<=")
_VECTORS: Final = (
    "requests", "errors", "cores", "owner", "tied", "stepped", "odd", "gaps", "wide", "pod_on_node", "same_one",
    "same_two", "named", 'requests{job="api"}', 'errors{cluster!="b"}', "rate(requests[2m])", "nothing",
)  # fmt: skip
_CLAUSES: Final = (
    "", "by (cluster)", "by (job, code)", "by (nothing)", "by (__name__)", "by (__name__, job)", "without (code)",
    "without (cluster, job)", "without ()", "by (g)", "without (n)",
)  # fmt: skip


def _aggregations() -> Iterator[str]:
    for op, clause in itertools.product(_AGGREGATIONS, _CLAUSES):
        yield f"{op} {clause} (requests)"
    for op, vector in itertools.product(_AGGREGATIONS, ("odd", "gaps", "wide", "tied", "nothing", "named", "errors")):
        yield f"{op}({vector})"
    for op in _AGGREGATIONS:
        yield f"{op} by (side) (odd)"
        yield f'{op}(odd{{kind=~"huge|alsohuge"}})'
        yield f'{op}(odd{{kind=~"huge|alsohuge|minus"}} * -1)'
        yield f'{op}(odd{{kind=~"inf|huge"}})'
        yield f'{op}(odd{{kind=~"nan|sometimes"}})'
        yield f'{op}(odd{{kind=~"negzero"}})'
        yield f'{op}(odd{{kind=~"big|one|third|tiny"}})'
        yield f'{op}({{__name__=~"same_.*"}})'
        yield f"{op} without (x) ({{__name__=~'same_.*|named'}})"
        yield f"{op}(time() + vector(1))"


def _quantiles() -> Iterator[str]:
    for phi in ("0", "0.1", "0.5", "0.99", "1", "-0.5", "1.5", "NaN", "scalar(choice) / 3", "-scalar(choice)"):
        yield f"quantile({phi}, requests)"
        yield f"quantile by (side) ({phi}, odd)"
        yield f"quantile without (n) ({phi}, gaps)"
        yield f"histogram_quantile({phi}, latency_bucket)"
        yield f"histogram_quantile({phi}, sum by (le) (latency_bucket{{kind=~'plain|falling'}}))"
        yield f"histogram_fraction({phi}, 1, latency_bucket)"
        yield f"histogram_fraction(-1, {phi}, latency_bucket)"
    yield "histogram_quantile(0.9, requests)"
    yield "histogram_quantile(0.9, nothing)"
    yield 'histogram_quantile(2, latency_bucket{kind="falling"})'
    yield 'histogram_quantile(0.5, latency_bucket{kind="falling"} or latency_bucket{kind="gaps"} * 2)'
    yield 'histogram_quantile(0.5, latency_bucket or label_replace(latency_bucket * 2, "__name__", "other", "", ""))'
    yield "histogram_fraction(-Inf, Inf, latency_bucket)"
    yield "histogram_fraction(1, 0.1, latency_bucket)"
    yield "histogram_fraction(0.5, 2, rate(latency_bucket[5m]))"
    yield "histogram_quantile(0.3, rate(latency_bucket[5m]))"


def _choices() -> Iterator[str]:
    limits = (
        "1",
        "2",
        "3",
        "5",
        "100",
        "0",
        "-1",
        "2.9",
        "scalar(choice)",
        "scalar(choice) - 1",
        "NaN",
        "1e300",
        "-1e300",
    )
    for op, k in itertools.product(("topk", "bottomk"), limits):
        yield f"{op}({k}, requests)"
        yield f"{op} by (g) ({k}, tied)"
        yield f"{op}({k}, stepped)"
        yield f"{op}({k}, odd)"
        yield f"{op} without (n) ({k}, gaps)"
        yield f"{op}({k}, wide)"
    for k in limits:
        yield f"limitk({k}, requests)"
        yield f"limitk by (cluster) ({k}, errors)"
        yield f"limitk({k}, wide)"
    yield "topk(2, nothing)"
    yield "topk(2, topk(3, requests))"
    yield "topk(3, sort(requests))"
    yield "topk(2, requests) * 2"
    yield "sum(topk by (job) (2, requests))"
    yield "topk(NaN, nothing)"
    yield "topk(scalar(nothing), requests)"


def _count_values() -> Iterator[str]:
    for clause in ("", "by (g)", "without (n)", "by (value)", "without (value)", "by (g, value)", "without (g)"):
        yield f'count_values {clause} ("value", tied)'
        yield f'count_values {clause} ("n", tied)'
    yield 'count_values("v", odd)'
    yield 'count_values without (kind) ("v", odd)'
    yield 'count_values("__name__", tied)'
    yield 'count_values without (n) ("__name__", tied)'
    yield 'count_values("weird name", tied)'
    yield 'count_values("", tied)'
    yield 'count_values("v", nothing)'


def _scalars() -> Iterator[str]:
    for op in _ARITHMETIC:
        yield f"requests {op} 2.5"
        yield f"-3 {op} requests"
        yield f"odd {op} 0.3"
        yield f"0 {op} odd"
        yield f"odd {op} scalar(choice)"
        yield f"7 {op} -2"
        yield f"time() {op} 3"
        yield f"odd {op} Inf"
        yield f"NaN {op} odd"
    for op in _COMPARISON:
        yield f"requests {op} 50"
        yield f"50 {op} requests"
        yield f"requests {op} bool 50"
        yield f"odd {op} 1"
        yield f"1 {op} odd"
        yield f"odd {op} bool NaN"
        yield f"odd {op} bool Inf"
        yield f"scalar(choice) {op} bool 2"
        yield f"tied {op} scalar(choice)"
    yield "-requests"
    yield "+requests"
    yield "-(-odd)"
    yield "-scalar(choice)"
    yield '-{__name__=~"same_.*"}'
    yield '{__name__=~"same_.*"} * 2'
    yield '{__name__=~"same_.*"} > 3'
    yield '{__name__=~"same_.*"} > bool 3'
    yield "2 ^ 3 ^ 2"
    yield "1 / 0"
    yield "-1 % 0"


def _matchings() -> Iterator[str]:
    for op in (*_ARITHMETIC, *_COMPARISON):
        yield f"requests {op} errors"
        yield f"errors {op} ignoring (code) group_left requests{{code='200'}}"
        yield f"requests {op} on (cluster, job) group_left cores"
        yield f"cores {op} on (cluster, job) group_right (code) requests{{code='200'}}"
        yield f"odd {op} odd"
        yield f"odd {op} on () group_left odd{{kind='third'}}"
        yield f"odd{{kind='minus'}} {op} on () group_right odd"
    for op in _COMPARISON:
        yield f"requests {op} bool errors"
        yield f"requests {op} bool on (cluster, job) group_left cores"
        yield f"cores {op} on (cluster, job) group_right requests"
    yield "requests * on (job) group_left (team) owner"
    yield "owner * on (job) group_right (team) requests"
    yield "requests * on (job) group_left (team, cluster) owner"
    yield "requests * on (job) group_left (code) owner"
    yield "requests > on (job) group_left (team) owner"
    yield "pod_on_node + ignoring (node) group_left (node) pod_on_node"
    yield "vector(1) * on () group_left pod_on_node"
    yield 'label_replace(vector(1), "pod", "p", "", "") + on (pod) group_left (node) pod_on_node'
    yield 'label_replace(vector(1), "pod", "p", "", "") + on (pod) pod_on_node'
    yield "pod_on_node + on (pod) pod_on_node"
    yield "left_dup * on (x) right_dup"
    yield "left_dup * on (x) group_left right_dup"
    yield "left_dup * on (x) group_left (m) right_dup"
    yield "left_dup * on (x) group_right right_dup"
    yield "left_dup * on (x) group_right (n) right_dup"
    yield "left_dup * ignoring (n) group_left same_one"
    yield "left_dup * ignoring (n) same_one"
    yield "same_one + same_two"
    yield "same_one * ignoring (x) same_two"
    yield '{__name__=~"same_.*"} * ignoring () same_two'
    yield '{__name__=~"same_.*"} * on (x) group_left same_two'
    yield '{__name__=~"same_.*"} > on (x) group_left same_two'
    yield '{__name__=~"same_.*"} > bool on (x) group_left same_two'
    yield 'same_one * on (x) {__name__=~"same_.*"}'
    yield "requests + nothing"
    yield "nothing + requests"
    yield "named * named"
    yield "named > named - 1"
    yield "named * on (n) named"
    yield "named * on (__type__) named"
    yield "named == ignoring (n) group_left named"
    yield "requests / ignoring (code) group_left sum without (code) (requests)"
    yield "sum by (job) (requests) / count by (job) (requests)"
    yield 'label_replace(tied, "n", "odd\\"quote\\n", "n", "0[0-3]") + on (g) tied'


def _fills() -> Iterator[str]:
    for op in ("+", "-", ">", "== bool"):
        yield f"requests {op} fill (0) errors"
        yield f"requests {op} fill_left (1) errors"
        yield f"errors {op} fill_right (2) requests"
        yield f"errors {op} on (cluster, job) group_left fill (3) cores"
        yield f"cores {op} on (cluster, job) group_right fill_left (NaN) errors"
        yield f"errors {op} on (cluster, job, code) fill (7) requests"
        yield f"requests {op} on (job) group_left (team) fill_right (9) owner{{job='api'}}"
        yield f"same_one {op} fill (1) same_two"
        yield f"gaps {op} ignoring (g) fill (1) tied"
        yield f"left_dup {op} on (x) fill_right (1) right_dup"


def _sets() -> Iterator[str]:
    for op, matching in itertools.product(
        ("and", "or", "unless"), ("", "on (job)", "on ()", "ignoring (code)", "on (cluster, job)", "ignoring (x, n, m)")
    ):
        yield f"requests {op} {matching} errors"
        yield f"errors {op} {matching} cores"
        yield f"left_dup {op} {matching} right_dup"
        yield f"gaps {op} {matching} pod_on_node"
    for op in ("and", "or", "unless"):
        yield f"requests {op} nothing"
        yield f"nothing {op} requests"
        yield f"same_one {op} same_two"
        yield f"gaps {op} gaps > 30"
        yield f'{{__name__=~"same_.*"}} {op} same_one'
        yield f"odd {op} odd == odd"
        yield f"named {op} on (n) gaps"
    yield "sum(same_one) or sum(same_two) or vector(0)"
    yield "(errors or requests * 0) and requests"


def _functions() -> Iterator[str]:
    for function in _SAMPLE_FUNCTIONS:
        yield f"{function}(odd)"
        yield f"{function}(requests)"
        yield f"{function}(wide)"
    yield 'abs({__name__=~"same_.*"})'
    yield 'abs({__name__=~"same_one|named"})'
    yield "abs(named)"
    for function in _DATE_FUNCTIONS:
        yield f"{function}()"
        yield f"{function}(moment)"
        yield f"{function}(vector(time() - 1e6))"
    for bound in ("0", "-1", "3.5", "NaN", "Inf", "-Inf", "scalar(choice)"):
        yield f"clamp_min(odd, {bound})"
        yield f"clamp_max(odd, {bound})"
        yield f"clamp(odd, {bound}, 3)"
        yield f"clamp(odd, 2, {bound})"
        yield f"round(odd, {bound})"
        yield f"round(requests, {bound})"
        yield f"max_of({bound}, 1)"
        yield f"min_of({bound}, 1)"
    yield "round(odd)"
    yield "round(wide, 0.1)"
    yield "vector(scalar(choice))"
    yield "scalar(requests)"
    yield "scalar(same_one{x='1'})"
    yield "scalar(nothing)"
    yield "time()"
    yield "pi()"
    yield "vector(time())"
    yield "start() + 0"
    yield "end() + 0"
    yield "range() + 0"
    yield "step() + 0"
    yield "timestamp(sum(requests))"
    yield "timestamp(-gaps)"
    yield "absent(vector(1))"
    yield "absent(vector(time()) > 1700000900)"


def _orders() -> Iterator[str]:
    for vector in ("requests", "odd", "tied", "errors", "wide", "nothing", "stepped"):
        yield f"sort({vector})"
        yield f"sort_desc({vector})"
    yield "-sort(odd)"
    yield "sort(odd) * 2"
    yield "2 - sort_desc(requests)"
    yield "abs(sort(odd))"
    yield "sort(sum by (job) (requests))"
    for function in ("sort_by_label", "sort_by_label_desc"):
        yield f'{function}(natural, "v")'
        yield f'{function}(natural, "w", "v")'
        yield f'{function}(natural, "nothing")'
        yield f"{function}(requests)"
        yield f'{function}(requests, "code", "job")'
    yield "sort((requests))"
    yield "sort(nothing) or requests"


def _labels() -> Iterator[str]:
    replacements = (
        ("new", "$1", "job", "(.*)"), ("new", "$1-$2", "job", "(a)(.*)"), ("new", "${1}x", "job", "(.+)i"),
        ("new", "$1x", "job", "(.+)i"), ("job", "", "job", "api"), ("job", "$0", "code", ".*"),
        ("new", "$first and $second$", "job", "(?P<first>.)(?P<second>.*)"), ("new", "$$1 $", "job", "(.*)"),
        ("new", "${nope", "job", "(.*)"), ("new", "${first}", "job", "(?P<first>a|w).*"), ("cluster", "x", "", ""),
        ("new", "value", "nothing", ""), ("new", "value", "nothing", ".+"), ("__name__", "renamed_$1", "job", "(a.*)"),
        ("new", "$2", "job", "(a)|(w)eb"), ("new", "$01 $1", "job", "(.*)"), ("new", "$é", "job", "(.*)"),
        ("code", "same", "code", ".*"), ("weird name", "x", "job", "api"), ("", "x", "job", "api"),
        ("new", "$1", "job", "([a-w]*)(x*)"), ("new", "$1234567890123", "job", "(.*)"),
    )  # fmt: skip
    for target, replacement, source, pattern in replacements:
        yield f'label_replace(requests, "{target}", "{replacement}", "{source}", "{pattern}")'
    yield 'label_replace(requests, "new", "$1", "job", "(unclosed")'
    yield 'label_replace(gaps, "n", "1", "n", "[0-4]")'
    yield 'label_replace({__name__=~"same_.*"}, "__name__", "same", "", "")'
    yield 'label_replace(left_dup, "n", "", "", "")'
    yield 'label_replace(nothing, "a", "b", "c", "d")'
    for arguments in (
        '"new", "-", "cluster", "job"', '"new", "", "cluster"', '"new", ", "', '"job", "/", "job", "nothing", "code"',
        '"cluster", "", "nothing"', '"__name__", "_", "job", "code"', '"", "", "job"', '"new", "", ""',
    ):  # fmt: skip
        yield f"label_join(requests, {arguments})"
    yield 'label_join(left_dup, "n", "-", "x")'


def _themes() -> tuple[Callable[[], Iterator[str]], ...]:
    return (
        _aggregations, _quantiles, _choices, _count_values, _scalars, _matchings, _fills, _sets, _functions, _orders,
        _labels,
    )  # fmt: skip


EXPRESSIONS: Final = tuple(dict.fromkeys(query for theme in _themes() for query in theme()))


def generated(seed: int, count: int) -> list[str]:
    """Return expressions put together at random, the same for the same seed.

    What chooses among series (topk …) is only applied to selectors: the order of computed series, which decides ties,
    is random upstream.
    """
    chance = random.Random(seed)  # noqa: S311 - a test, not a secret
    return [_vector(chance, 4) for _ in range(count)]


def _vector(chance: random.Random, depth: int) -> str:
    if depth == 0 or chance.random() < 0.15:
        return chance.choice(_VECTORS)

    def inner() -> str:
        return _vector(chance, depth - 1)

    match chance.randrange(9):
        case 0 | 1:
            return f"{chance.choice(_AGGREGATIONS)} {chance.choice(_CLAUSES)} ({inner()})"
        case 2:
            return f"{chance.choice(_SAMPLE_FUNCTIONS[:3])}({inner()})"
        case 3:
            return f"({inner()}) {_operator(chance)} {_scalar(chance)}"
        case 4:
            return f"{_scalar(chance)} {_operator(chance)} ({inner()})"
        case 5:
            return f"({inner()}) {chance.choice(('and', 'or', 'unless'))} {_matching(chance)} ({inner()})"
        case 6:
            return f"({inner()}) {_operator(chance)} {_matching(chance)} ({inner()})"
        case 7:
            chosen = f"{chance.choice(('topk', 'bottomk', 'limitk'))} {chance.choice(_CLAUSES)}"
            return f"{chosen} ({chance.randrange(6)}, {chance.choice(_VECTORS)})"
        case _:
            return f"-({inner()})"


def _operator(chance: random.Random) -> str:
    op = chance.choice((*_ARITHMETIC[:5], *_COMPARISON))
    return f"{op} bool" if op in _COMPARISON and chance.random() < 0.3 else op


def _scalar(chance: random.Random) -> str:
    return chance.choice(("2", "0.5", "-1", "0", "scalar(choice)", "(2 * 3)"))


def _matching(chance: random.Random) -> str:
    return chance.choice(("", "on (job)", "on (cluster, job)", "ignoring (code)", "on ()", "ignoring (n)"))
