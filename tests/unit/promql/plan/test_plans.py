"""Golden plans: expression -> what is pushed, merged and evaluated.

The file has blocks of a query and, indented, its plan. Clusters: a and b carry the extra label region, c does not; b's
backend shows the partition label, the others hide it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from query.model.clusters import Cluster, ClusterName
from query.model.errors import UnsupportedError
from query.promql.plan.context import PlanContext
from query.promql.plan.nodes import Concat
from query.promql.plan.planner import plan_query
from query.promql.syntax import parse
from query.promql.syntax.printer import print_expr

CONTEXT = PlanContext(
    (
        Cluster(ClusterName("a"), {"cluster": "a", "region": "eu"}),
        Cluster(ClusterName("b"), {"cluster": "b", "region": "us"}, frozenset({"cluster"})),
        Cluster(ClusterName("c"), {"cluster": "c"}),
    )
)
GOLDEN = Path(__file__).with_name("plans.txt")


def blocks() -> Iterator[tuple[str, str]]:
    query = ""
    plan: list[str] = []
    for line in [*GOLDEN.read_text(encoding="utf-8").splitlines(), "end"]:
        if line.startswith("    "):
            plan.append(line.strip())
        elif line and not line.startswith("#"):
            if query:
                yield query, "\n".join(plan)
            query, plan = line, []


def shown(query: str) -> str:
    """Return the plan and, for each leaf, what each cluster is sent and which labels its results get."""
    try:
        plan = plan_query(parse(query), CONTEXT)
    except UnsupportedError as error:
        return f"refused: {error.node}: {error.reason}"
    lines = [print_expr(plan.root)]
    for leaf in plan.leaves():
        for shard in leaf.shards:
            added = ", ".join(f"{name}={value}" for name, value in shard.added)
            lines.append(f"{shard.cluster}: {print_expr(shard.expr)} + {{{added}}}")
    return "\n".join(lines)


@pytest.mark.parametrize(("query", "expected"), list(blocks()), ids=lambda text: text[:60])
def test_the_plan_is_the_golden_one(query: str, expected: str) -> None:
    assert shown(query) == expected


def test_with_one_cluster_everything_is_pushed() -> None:
    context = PlanContext((Cluster(ClusterName("a"), {"cluster": "a"}),))
    for query in ("quantile(0.5, x)", "absent(x)", "sum(x) / scalar(y)", "max_over_time(sum(x)[1h:1m])", "sort(x)"):
        assert isinstance(plan_query(parse(query), context).root, Concat), query


def test_a_plan_keeps_its_text_after_every_pass() -> None:
    stages = plan_query(parse("sum(x)"), CONTEXT).stages
    assert [name for name, _ in stages] == [
        "parsed",
        "pin_times",
        "bound_subqueries",
        "fetch_info",
        "push_subtrees",
        "merge_absence",
        "merge_aggregations",
        "place_on_grids",
        "refuse_rest",
    ]
    assert stages[0][1] == "sum(x)"
    assert stages[6][1] == "sum(concat[a, b, c](sum(x)))"
