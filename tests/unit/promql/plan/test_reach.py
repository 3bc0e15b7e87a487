"""How far a query reads; the expected spans are those Prometheus asks its storage for, a millisecond wider."""

import pytest

from query.model.matchers import Matcher, MatchOp
from query.model.time import Grid
from query.promql.plan.reach import Span, reach
from query.promql.syntax import parse

S = 1_000
M = 60 * S
RANGE = Grid(100 * M, 200 * M, 10 * M)
INSTANT = Grid.instant(100 * M)


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ("x", 95, 200),
        ("x[10m]", 90, 200),
        ("rate(x[10m] offset 30m)", 60, 170),
        ("rate(x[10m] offset -30m)", 120, 230),
        ("x @ 600", 5, 10),
        ("x @ 600 offset 5m", 0, 5),
        ("x @ start()", 95, 100),
        ("x @ end()", 195, 200),
        ("rate(x[10m] anchored)", 85, 200),
        ("rate(x[10m] smoothed)", 85, 205),
        ("x smoothed", 95, 205),
        ("max_over_time(x[30m:1m])", 65, 200),
        ("max_over_time(rate(x[10m])[30m:1m])", 60, 200),
        ("max_over_time(x[30m:1m] @ 3600)", 25, 60),
        ("max_over_time(x[30m:1m] offset 20m)", 45, 180),
        ("max_over_time(x[30m:1m] @ start() offset 10m)", 55, 90),
        ("max_over_time(max_over_time(x[20m:1m])[30m:1m])", 45, 200),
        ("max_over_time((x @ end())[30m:1m])", 195, 200),
        ("rate(x[1h - 30m])", 70, 200),
        ("rate(x[step()])", 90, 200),
        ("rate(x[range()])", 0, 200),
        ("x + y offset 1h", 35, 200),
        ("sum by (a) (x) / on (a) group_left () (y offset -1h)", 95, 260),
        ("topk(scalar(k offset 1h), x)", 35, 200),
        ("info(x offset -10m)", 95, 210),
        ("absent_over_time(x[10m])", 90, 200),
    ],
)
def test_a_range_query(query: str, start: int, end: int) -> None:
    assert reach(parse(query), RANGE) == Span(start * M, end * M)


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [("x", 95, 100), ("x[10m]", 90, 100), ("x offset 1m", 94, 99), ("x @ end() offset 1m", 94, 99)],
)
def test_an_instant_query(query: str, start: int, end: int) -> None:
    assert reach(parse(query), INSTANT) == Span(start * M, end * M)


@pytest.mark.parametrize("query", ["1", "time()", "vector(1) + 2", '"text"', "hour()"])
def test_a_query_without_data_reads_nothing(query: str) -> None:
    assert reach(parse(query), INSTANT) is None


def test_lookback_is_the_requests() -> None:
    assert reach(parse("x"), INSTANT, lookback_ms=1 * M) == Span(99 * M, 100 * M)
    assert reach(parse("rate(x[1m])"), INSTANT, lookback_ms=20 * M) == Span(99 * M, 100 * M)


def test_selectors_that_reach_nothing_here_do_not_count() -> None:
    elsewhere = Matcher("cluster", MatchOp.EQUAL, "b")
    query = parse('x or y{cluster="b"} offset 1h')
    assert reach(query, INSTANT, admits=lambda matchers: elsewhere not in tuple(matchers)) == Span(95 * M, 100 * M)
    assert reach(query, INSTANT) == Span(35 * M, 100 * M)
