"""Expressions over raw samples: every function of range vectors, subqueries, times that are fixed or moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from query.promql.evaluate.ranges import RANGE_FUNCTIONS

_WITH_ARGUMENTS: Final = {
    "quantile_over_time": ("0.3, {}", "scalar(choice) - 1, {}"),
    "predict_linear": ("{}, 3600", "{}, scalar(choice)"),
    "double_exponential_smoothing": ("{}, 0.3, 0.7",),
    "integral": ("{}", "{}, 0", "{}, 1", "{}, scalar(choice)"),
}
_RANGES: Final = (
    "served_total[2m]", "served_total[37s]", "requests[5m]", "odd[1m]", "gaps[3m]", "latency_bucket[4m]", "wide[90s]",
    "served_total[2m] offset 1m", "requests[5m] offset -45s", "gaps[10m] @ end()", "served_total[3m] @ start()",
    "served_total[2m] @ 1700000900.5", "nothing[5m]", "named[1m]", "fast[20s]", "uneven_total[2m]",
)  # fmt: skip
_SUBQUERIES: Final = (
    "sum by (job) (requests)[5m:30s]", "served_total[4m:45s] offset 17s", "rate(served_total[1m])[5m:]",
    "(gaps > 20)[10m:1m] @ end()", "max_over_time(wide[1m:10s])[3m:30s]", "requests[1m:5m]",
    "(requests @ 1700000600)[2m:20s]", "vector(time())[3m:40s]", "vector(1)[3m:1m]", "sum(odd)[2m:15s]",
)  # fmt: skip


def _calls(range_vector: str) -> Iterator[str]:
    for function in (*RANGE_FUNCTIONS, "absent_over_time"):
        for arguments in _WITH_ARGUMENTS.get(function, ("{}",)):
            yield f"{function}({arguments.format(range_vector)})"


_OTHERS: Final = (
    "sum by (job) (rate(served_total[2m])) / sum by (job) (increase(served_total[4m]))",
    "topk(scalar(choice), requests @ 1700000600)",
    "quantile(scalar(choice) / 5, requests @ end())",
    "sort_desc(requests @ 1700000600)",
    "timestamp(requests)",
    "timestamp((requests))",
    "timestamp(requests offset 40s)",
    "timestamp(requests @ 1700000600)",
    "timestamp(abs(requests @ 1700000600))",
    "timestamp(sum(requests))",
    "start_timestamp(requests)",
    "start_timestamp(-requests)",
    'absent(requests{job="none"})',
    'absent((requests{job="api", code=~"9.."}))',
    'absent(sum(requests{job="none"}))',
    "absent(requests)",
    'absent(gaps{n="5"})',
    'absent_over_time(gaps{n="5"}[1m])',
    'absent_over_time(nothing{n="5", x!="y"}[1m])',
    'absent_over_time(sum(gaps{n="5"})[1m:20s])',
    'absent_over_time(gaps{n="5"}[1m] offset 10m)',
    "requests offset 5m - requests",
    "requests @ start() - requests @ end()",
    "min_over_time((requests - requests offset 1m)[3m:20s])",
    "sum_over_time(sort(requests)[2m:30s])",
    "max_over_time(sum_over_time(rate(served_total[1m])[2m:10s])[3m:20s] offset 1m)",
    "rate(served_total[range() / 4 + 1m])",
    "end() - start() + 0 * requests",
    "count_over_time(requests[2m:1ms] @ 1700000600)",
    "avg_over_time(vector(time())[5m:13s])",
    "label_replace(rate(served_total[2m]), 'job', 'x', 'job', '.*')",
    "label_replace(last_over_time(served_total[2m]), '__name__', 'x', '', '')",
    "rate({__name__=~'same_.*'}[5m])",
    "last_over_time({__name__=~'same_.*'}[5m])",
    "sum without (n) (changes(gaps[10m])) > 1",
    "double_exponential_smoothing(requests[5m], 1, 0.5)",
    "double_exponential_smoothing(requests[5m], 0.5, scalar(choice) - 2)",
    "double_exponential_smoothing(nothing[5m], 1, 0.5)",
    "quantile_over_time(2, requests[1m])",
    "rate(requests[5m] anchored)",
    "avg_over_time(requests[5m] anchored)",
    "changes(requests[5m] smoothed)",
    "absent_over_time(requests[5m] smoothed)",
    "sum_over_time(requests[5m:1m] @ start())",
    "predict_linear(requests[5m] @ 1700000900, 60)",
    "predict_linear(requests[5m:30s] @ 1700000900 offset 1m, 60)",
    "quantile_over_time(scalar(choice) / 5, requests[5m] @ 1700000900)",
    "scalar(sum(requests)) + requests",
)


_INFOS: Final = (
    "info(about)",
    "info(about_total)",
    "info(rate(about_total[2m]))",
    "info(about, {version='2'})",
    "info(about, {version=~'.*'})",
    "info(about, {version!=''})",
    "info(about, {region='eu', version=~'1|2'})",
    "info(about, {nothing=~'.*'})",
    "info(about, {__name__='build_info'})",
    "info(about, {__name__=~'.+_info', build!=''})",
    "info(about, {__name__=~'(target|build)_info'})",
    "info(about, {__name__=~'(target|build)_info', region=~'.*'})",
    "info(about, {__name__!='clash_info'})",
    "info(about, {__name__=~'clash_info'})",
    "info(about{n='0'}, {__name__=~'clash_info'})",
    "info(about offset 5m)",
    "info(about @ 1700000600)",
    "info(about @ start() offset -10m, {version=~'.+'})",
    "info(about + about offset 1m)",
    "info(sum by (instance, job) (about))",
    "info(sum by (job) (about))",
    "info(max_over_time(about[2m:20s] offset 3m))",
    "info(target_info)",
    "info({__name__=~'about|target_info'})",
    "info(info(about), {__name__='build_info'})",
    "info(vector(1))",
    "info(nothing)",
    "sum by (version) (info(about) * 2)",
    "max_over_time(info(about)[3m:30s])",
    "info(requests)",
)

MATRICES: Final = (
    "sum(requests)[2m:20s]",
    "(requests[2m:7s] @ 1700000900)",
    "(gaps > 20)[10m:1m] offset 90s",
    "vector(1)[1m:5m]",
    "rate(served_total[1m])[3m:]",
)
"""Range vectors that are computed; for instant queries."""


def _extended() -> Iterator[str]:
    for function in ("rate", "increase", "delta", "changes", "resets"):
        for vector in ("served_total[2m]", "gaps[3m]", "odd[1m]", "uneven_total[75s]", "requests[40s] offset 7s"):
            yield _modified(function, vector, "anchored")
    for function in ("rate", "increase", "delta"):
        for vector in ("served_total[2m]", "gaps[3m]", "odd[1m]", "uneven_total[75s]", "requests[40s] offset 7s"):
            yield _modified(function, vector, "smoothed")


def _modified(function: str, vector: str, modifier: str) -> str:
    selector, bracket, rest = vector.partition("]")
    return f"{function}({selector}{bracket} {modifier}{rest})"


RANGE_EXPRESSIONS: Final = tuple(
    dict.fromkeys((
        *(call for vector in (*_RANGES, *_SUBQUERIES) for call in _calls(vector)),
        *_extended(),
        *_OTHERS,
        *_INFOS,
    ))
)  # fmt: skip
