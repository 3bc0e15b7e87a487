"""Which plans are kept, and for whom."""

import pytest

from query.execute.plan_cache import PlanCache, is_timeless
from query.model.clusters import Cluster, ClusterName
from query.promql.plan.context import PlanContext
from query.promql.plan.planner import Plan, plan_query
from query.promql.syntax import parse

CLUSTERS = tuple(Cluster(ClusterName(name), {"cluster": name}) for name in "ab")
MINUTE = 60_000


def planned(query: str, start_ms: int = 10 * MINUTE, step_ms: int = 0) -> Plan:
    range_ms = 30 * MINUTE if step_ms else 0
    return plan_query(parse(query), PlanContext(CLUSTERS, start_ms=start_ms, step_ms=step_ms, range_ms=range_ms))


@pytest.mark.parametrize("step_ms", [0, MINUTE])
@pytest.mark.parametrize(
    "query",
    [
        "x",
        "sum(rate(x[5m]))",
        "sum by (a) (x) / sum(y)",
        "topk(2, x)",
        "avg(x) > 1",
        "absent(x)",
        "x offset 5m",
        "x @ 60",
    ],
)
def test_a_plan_that_is_kept_is_the_same_at_any_start(query: str, step_ms: int) -> None:
    first, later = planned(query, step_ms=step_ms), planned(query, 77 * MINUTE, step_ms)
    assert is_timeless(first)
    assert first.root == later.root


@pytest.mark.parametrize(
    "query",
    ["x @ start()", "sum(x @ end())", "max_over_time(sum(x)[10m:1m])", "quantile_over_time(0.5, sum(x)[10m:1m])"],
)
def test_a_plan_that_names_times_is_not_kept(query: str) -> None:
    assert not is_timeless(planned(query, step_ms=MINUTE))
    cache = PlanCache()
    first = cache.get(query, ("key",), lambda: planned(query, step_ms=MINUTE))
    later = cache.get(query, ("key",), lambda: planned(query, 77 * MINUTE, MINUTE))
    assert first.plan.root != later.plan.root


def test_the_least_used_goes_first_and_the_key_tells_apart() -> None:
    made: list[str] = []

    def make(query: str) -> Plan:
        made.append(query)
        return planned(query)

    cache = PlanCache(entries=2)
    for query, key in (("x", 1), ("y", 1), ("x", 1), ("x", 2), ("y", 1), ("x", 2)):
        cache.get(query, key, lambda query=query: make(query))  # type: ignore[misc]
    assert made == ["x", "y", "x", "y"]


def test_texts_of_a_plan_are_those_printed() -> None:
    found = PlanCache().get("sum(x)", 1, lambda: planned("sum(x)"))
    (leaf,) = found.plan.leaves()
    assert [found.text_of(shard.expr) for shard in leaf.shards] == ["sum(x)", "sum(x)"]
    assert found.text_of(leaf.shards[0].expr) is found.text_of(leaf.shards[0].expr)
