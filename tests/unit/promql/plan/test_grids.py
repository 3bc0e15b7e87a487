"""When each leaf of a plan is evaluated, and what of its samples each step takes."""

from __future__ import annotations

import pytest

from query.model.clusters import Cluster, ClusterName
from query.model.errors import BadQueryError, LimitExceededError
from query.model.time import Grid
from query.promql.plan.context import PlanContext
from query.promql.plan.leaves import parts_of
from query.promql.plan.nodes import Concat, Repeated, Samples
from query.promql.plan.planner import Plan, plan_query
from query.promql.plan.windows import Extension, Window, subquery_grid
from query.promql.syntax import parse
from query.promql.syntax.nodes import Expr, Subquery
from query.promql.syntax.printer import print_expr

CLUSTERS = tuple(Cluster(ClusterName(name), {"cluster": name}) for name in "ab")
RANGED = PlanContext(CLUSTERS, step_ms=60_000, range_ms=600_000, start_ms=1_000_000)
FROM_SAMPLES = PlanContext(CLUSTERS, step_ms=60_000, range_ms=600_000, start_ms=1_000_000, pushes_down=False)


def asked(plan: Plan) -> list[tuple[str, Grid | None]]:
    """Return what the first cluster is sent, and when it is evaluated."""
    return [(print_expr(leaf.shards[0].expr), leaf.grid) for leaf in plan.leaves()]


def nodes(expr: Expr) -> list[Expr]:
    return [expr, *(node for part in parts_of(expr) for node in nodes(part))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("max_over_time(sum(x)[5m:1m])", [("sum(x)", Grid(720_000, 1_600_000, 60_000))]),
        ("max_over_time(sum(x)[5m:7m])", [("sum(x)", Grid(840_000, 1_600_000, 420_000))]),
        ("max_over_time(sum(x)[5m:1m] offset 90s)", [("sum(x)", Grid(660_000, 1_510_000, 60_000))]),
        ("max_over_time(sum(x)[5m:])", [("sum(x)", Grid(720_000, 1_600_000, 60_000))]),
        ("max_over_time(max_over_time(sum(x)[2m:30s])[5m:1m])", [("sum(x)", Grid(630_000, 1_560_000, 30_000))]),
        ("max_over_time(sum(x)[5m:1m] @ end())", [("sum(x)", Grid(1_320_000, 1_600_000, 60_000))]),
        ("sum(x @ end())", [("sum(x @ 1600.000)", Grid.instant(1_000_000))]),
        ("sum(x offset step())", [("sum(x offset 1m)", None)]),
        ("sum(max_over_time(x[range()] offset -step()))", [("sum(max_over_time(x[10m] offset -1m))", None)]),
    ],
)
def test_what_is_pushed_is_evaluated_on_its_own_grid(query: str, expected: list[tuple[str, Grid | None]]) -> None:
    assert asked(plan_query(parse(query), RANGED)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("rate(x[5m])", [("x[15m]", Grid.instant(1_600_000))]),
        ("rate(x[5m] offset 1m)", [("x[15m]", Grid.instant(1_540_000))]),
        ("rate(x[5m] anchored)", [("x[20m]", Grid.instant(1_600_000))]),
        ("rate(x[5m] smoothed)", [("x[25m]", Grid.instant(1_900_000))]),
        ("rate(x[5m] @ 1200 offset 1m)", [("x[5m]", Grid.instant(1_140_000))]),
        ("predict_linear(x[5m] @ 1200, 60)", [("x[5m]", Grid.instant(1_200_000))]),
        ("sum(x) + abs(x)", [("x", None)]),
        ("sum(x offset 1m)", [("x offset 1m", None)]),
        ("timestamp((x))", [("timestamp((x))", None)]),
        ("max_over_time(rate(x[1m])[5m:1m])", [("x[15m]", Grid.instant(1_560_000))]),
        ("avg_over_time(x[5m:1m])", [("x", Grid(720_000, 1_600_000, 60_000))]),
    ],
)
def test_from_samples_only_selectors_are_asked(query: str, expected: list[tuple[str, Grid | None]]) -> None:
    assert asked(plan_query(parse(query), FROM_SAMPLES)) == expected


def test_windows_are_those_of_the_query() -> None:
    plan = plan_query(parse("rate(x[5m] smoothed @ 1200 offset -1m)"), FROM_SAMPLES)
    (samples,) = (node for node in nodes(plan.root) if isinstance(node, Samples))
    assert samples.window == Window(300_000, -60_000, 1_200_000, Extension.SMOOTHED)
    assert samples.describe() == "samples[a, b](x[5m] smoothed @ 1200.000 offset -1m)"


def test_what_does_not_change_is_computed_once() -> None:
    plan = plan_query(parse("x + on () group_left () topk(scalar(y), x @ 5)"), RANGED)
    (once,) = (node for node in nodes(plan.root) if isinstance(node, Repeated))
    assert once.grid == Grid.instant(1_000_000)
    assert once.describe() == "once(topk(scalar(concat[a, b](y)), concat[a, b](x @ 5.000)))"
    assert [leaf.grid for leaf in plan.leaves()] == [None, Grid.instant(1_000_000), Grid.instant(1_000_000)]


@pytest.mark.parametrize("query", ["predict_linear(x[5m] @ 5, 60)", "timestamp(abs(x @ 5))", "sum(x)", "1 + 2"])
def test_what_changes_is_not(query: str) -> None:
    plan = plan_query(parse(query), FROM_SAMPLES)
    assert not any(isinstance(node, Repeated) and "@" not in node.describe() for node in nodes(plan.root))
    assert not isinstance(plan.root, Repeated)


def test_a_subquery_between_whose_points_the_steps_fall_asks_nothing() -> None:
    plan = plan_query(parse("max_over_time(sum(x)[1s:1h])"), PlanContext(CLUSTERS, start_ms=1_000_000))
    assert [leaf.shards for leaf in plan.leaves()] == [()]


@pytest.mark.parametrize("query", ["max_over_time(sum(x)[1s:1h])", "max_over_time(sum(x)[1m:1m])"])
def test_a_plan_that_is_right_at_one_time_only_says_so(query: str) -> None:
    """The grid of the subquery is empty, or happens to be the query's; a plan without grids would be used again."""
    aligned = PlanContext(CLUSTERS, step_ms=60_000, range_ms=600_000, start_ms=1_200_000)
    assert [leaf.grid is None for leaf in plan_query(parse(query), aligned).leaves()] == [False]


def test_times_before_1970_are_aligned_alike() -> None:
    (subquery,) = (node for node in nodes(parse("x[25s:10s]")) if isinstance(node, Subquery))
    assert subquery_grid(subquery, Grid.instant(-20_000)) == Grid(-40_000, -20_000, 10_000)


def test_a_subquery_of_too_many_points_over_the_whole_range_is_refused() -> None:
    context = PlanContext(CLUSTERS, subquery_points=1000, step_ms=60_000, range_ms=600_000, start_ms=0)
    plan_query(parse("sum(x) + max_over_time(sum(x)[3m:1s])"), context)
    with pytest.raises(LimitExceededError, match="evaluates its expression at 1200 points"):
        plan_query(parse("sum(x) + max_over_time(sum(x)[10m:1s])"), context)


def test_durations_that_can_not_be_are_refused() -> None:
    with pytest.raises(BadQueryError, match="duration must be greater than 0"):
        plan_query(parse("rate(x[step()])"), PlanContext(CLUSTERS))


def test_a_range_vector_alone_is_passed_on() -> None:
    assert isinstance(plan_query(parse("x[5m]"), PlanContext(CLUSTERS)).root, Concat)
