"""Metric queries against the plans made of them."""

from __future__ import annotations

# ruff: noqa: E501 - a plan is a line
import pytest

from query.logql.plan import PlanContext
from query.logql.plan.metric import PASSES
from query.logql.syntax import print_query
from query.model.errors import UnsupportedError
from tests.unit.logql.fleet import SEOUL, TOKYO, metric

X = '{app="x"}'
ALL = "[seoul, tokyo, lima]"


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        # C: asked cluster by cluster and put together
        (f"rate({X}[5m])", f"concat{ALL}(rate({X}[5m]))"),
        (f"sum by (cluster, a)(rate({X}[5m]))", f"concat{ALL}(sum by (cluster,a)(rate({X}[5m])))"),
        (f"sum without (a)(rate({X}[5m]))", f"concat{ALL}(sum without (a)(rate({X}[5m])))"),
        (f"topk by (cluster)(2,rate({X}[5m]))", f"concat{ALL}(topk by (cluster)(2,rate({X}[5m])))"),
        (f"(rate({X}[5m]) > 5)", f"concat{ALL}((rate({X}[5m]) > 5))"),
        (f"quantile_over_time(0.5,{X} | unwrap y[5m]) by (cluster)", f"concat{ALL}(quantile_over_time(0.5,{X} | unwrap y[5m]) by (cluster))"),
        # M: known merges
        (f"sum(rate({X}[5m]))", f"sum(partials{ALL}(sum(rate({X}[5m]))))"),
        (f"count by (a)(rate({X}[5m]))", f"sum by (a)(partials{ALL}(count by (a)(rate({X}[5m]))))"),
        (f"max without (cluster)(rate({X}[5m]))", f"max without (cluster)(partials{ALL}(max without (cluster)(rate({X}[5m]))))"),
        (f"avg by (a)(rate({X}[5m]))", f"mean by (a)(partials{ALL}(sum by (a)(rate({X}[5m]))), partials{ALL}(count by (a)(rate({X}[5m]))))"),
        (f"topk(2,rate({X}[5m]))", f"topk(2,partials{ALL}(topk(2,rate({X}[5m]))))"),
        (f"stddev(rate({X}[5m]))", f"stddev(concat{ALL}(rate({X}[5m])))"),
        (f"sort_desc(rate({X}[5m]))", f"sort_desc(concat{ALL}(rate({X}[5m])))"),
        (f"sum(sum by (a)(rate({X}[5m])))", f"sum(sum by (a)(partials{ALL}(sum by (a)(rate({X}[5m])))))"),
        (f"count_over_time({X} | drop cluster[5m])", f"sum without ()(partials{ALL}(count_over_time({X} | drop cluster[5m])))"),
        (f"max_over_time({X} | unwrap y[5m]) by (a)", f"max without ()(partials{ALL}(max_over_time({X} | unwrap y[5m]) by (a)))"),
        (f"sum(count_over_time({X} | keep a[5m]))", f"sum(partials{ALL}(sum(count_over_time({X} | keep a[5m]))))"),
        (f"absent_over_time({X}[5m])", f'absent{{app="x"}}(partials{ALL}(absent_over_time({X}[5m])))'),
        # computed here, of the clusters' lines
        (f"avg_over_time({X} | unwrap y[5m]) by (a)", f"lines{ALL}(avg_over_time({X} | unwrap y[5m]) by (a))"),
        (f"sum(quantile_over_time(0.9,{X} | unwrap y[5m]) by (a))", f"sum(lines{ALL}(quantile_over_time(0.9,{X} | unwrap y[5m]) by (a)))"),
        (f"stddev_over_time({X} | keep a | unwrap y[5m])", f"lines{ALL}(stddev_over_time({X} | keep a | unwrap y[5m]))"),
        (f"rate_counter({X} | drop cluster | unwrap y[5m])", f"lines{ALL}(rate_counter({X} | drop cluster | unwrap y[5m]))"),
        (f"(last_over_time({X} | unwrap y[5m]) without (cluster) + sum(rate({X}[5m])))", f"(lines{ALL}(last_over_time({X} | unwrap y[5m]) without (cluster)) + sum(partials{ALL}(sum(rate({X}[5m])))))"),
        # one cluster holds everything: pushed whole
        ('avg(rate({app="x", cluster="seoul"}[5m]))', 'concat[seoul](avg(rate({app="x", cluster="seoul"}[5m])))'),
        ('avg_over_time({app="x", cluster="seoul"} | unwrap y[5m]) by (a)', 'concat[seoul](avg_over_time({app="x", cluster="seoul"} | unwrap y[5m]) by (a))'),
        ('sum(rate({cluster="none", app="x"}[5m]))', 'concat[](sum(rate({cluster="none", app="x"}[5m])))'),
        # binary operations
        (f"(sum(rate({X}[5m])) / 5)", f"(sum(partials{ALL}(sum(rate({X}[5m])))) / 5)"),
        (f"(rate({X}[5m]) / rate({X}[1m]))", f"concat{ALL}((rate({X}[5m]) / rate({X}[1m])))"),
        (f"(rate({X}[5m]) / on (cluster,a) group_left rate({X}[1m]))", f"concat{ALL}((rate({X}[5m]) / on (cluster,a) group_left rate({X}[1m])))"),
        (f"(rate({X}[5m]) / on (a) rate({X}[1m]))", f"(concat{ALL}(rate({X}[5m])) / on (a) concat{ALL}(rate({X}[1m])))"),
        (f"(rate({X}[5m]) / ignoring (cluster) rate({X}[1m]))", f"(concat{ALL}(rate({X}[5m])) / ignoring (cluster) concat{ALL}(rate({X}[1m])))"),
        (f"(rate({X}[5m]) / on (a) group_left (cluster) rate({X}[1m]))", f"(concat{ALL}(rate({X}[5m])) / on (a) group_left (cluster) concat{ALL}(rate({X}[1m])))"),
        (f"(sum(rate({X}[5m])) or vector(0))", f"(sum(partials{ALL}(sum(rate({X}[5m])))) or vector(0.000000))"),
        ("(vector(1) + vector(1))", "(vector(1.000000) + vector(1.000000))"),
        ('(rate({app="x", cluster="seoul"}[5m]) or rate({app="y", cluster="lima"}[5m]))', 'concat[seoul, lima]((rate({app="x", cluster="seoul"}[5m]) or rate({app="y", cluster="lima"}[5m])))'),
        ('(rate({app="x"}[5m]) unless rate({app="y", cluster="lima"}[5m]))', 'concat[seoul, tokyo, lima]((rate({app="x"}[5m]) unless rate({app="y", cluster="lima"}[5m])))'),
        # labels written at the gateway
        (f'label_replace(rate({X}[5m]),"a","$1","b","(.*)")', f'concat{ALL}(label_replace(rate({X}[5m]),"a","$1","b","(.*)"))'),
        (f'label_replace(rate({X}[5m]),"cluster","$1","a","(.*)")', f'label_replace(concat{ALL}(rate({X}[5m])),"cluster","$1","a","(.*)")'),
        (f'label_replace(rate({X}[5m]),"a","$1","cluster","(.*)")', f'label_replace(concat{ALL}(rate({X}[5m])),"a","$1","cluster","(.*)")'),
    ],
)  # fmt: skip
def test_plan(text: str, plan: str) -> None:
    assert print_query(metric(text).root) == plan


@pytest.mark.parametrize(
    ("text", "shards"),
    [
        (f"sum by (cluster)(rate({X}[5m]))", [f'seoul: sum(rate({X}[5m])) + {{cluster="seoul"}}', f'tokyo: sum(rate({X}[5m])) + {{cluster="tokyo"}}', f"lima: sum by (cluster)(rate({X}[5m]))"]),
        (f"sum by (region)(rate({X}[5m]))", [f'seoul: sum(rate({X}[5m])) + {{region="kr"}}', f'tokyo: sum(rate({X}[5m])) + {{region="jp"}}', f"lima: sum by (region)(rate({X}[5m]))"]),
        (f"sum without (cluster)(rate({X}[5m]))", [f'seoul: sum without ()(rate({X}[5m])) + {{region="kr"}}', f'tokyo: sum without ()(rate({X}[5m])) + {{region="jp"}}', f"lima: sum without (cluster)(rate({X}[5m]))"]),
        (f"count_over_time({X} | drop cluster, region[5m])", [f"seoul: count_over_time({X}[5m])", f"tokyo: count_over_time({X}[5m])", f"lima: count_over_time({X} | drop cluster,region[5m])"]),
        ('rate({app="x", cluster="seoul"}[5m]) / on (cluster) sum by (cluster)(rate({app="x"}[5m]))', ['seoul: (rate({app="x"}[5m]) / on () sum(rate({app="x"}[5m]))) + {cluster="seoul"}']),
        ('rate({app="x", cluster="seoul"}[5m]) or rate({app="y"}[5m])', ['seoul: (rate({app="x"}[5m]) or rate({app="y"}[5m])) + {cluster="seoul", region="kr"}', 'tokyo: rate({app="y"}[5m]) + {cluster="tokyo", region="jp"}', 'lima: rate({app="y"}[5m])']),
        ('sum by (cluster, s)(rate({app="x", cluster="seoul"} | json | region="kr"[5m]))', ['seoul: sum by (s,__lma_absent__)(rate({app="x"} | json | __lma_absent__=""[5m])) + {cluster="seoul"}']),
        ('avg_over_time({app="x", cluster=~"seoul|lima"} | unwrap y[5m]) by (cluster)', ['seoul: avg_over_time({app="x"} | y!="" | unwrap y[5m]) by (__lma_absent__) + {cluster="seoul"}', 'lima: avg_over_time({app="x", cluster=~"seoul|lima"} | y!="" | unwrap y[5m]) by (cluster)']),
        ('count_over_time({app="x", cluster=~"seoul|tokyo"} | cluster="tokyo"[5m])', ['tokyo: count_over_time({app="x"}[5m]) + {cluster="tokyo", region="jp"}']),
    ],
)  # fmt: skip
def test_shards(text: str, shards: list[str]) -> None:
    assert [shard.describe() for leaf in metric(text).leaves() for shard in leaf.shards] == shards


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        # left shows cluster and region, right only region: a backend that hides both would find a match that is none
        (f"(rate({X}[5m]) / sum by (region)(rate({X}[5m])))", '(concat[seoul, tokyo, lima](rate({app="x"}[5m])) / sum by (region)(partials[seoul, tokyo, lima](sum by (region)(rate({app="x"}[5m])))))'),
        # alone, but the sides differ in a hidden label that is matched on
        ('(sum(rate({app="x", cluster="seoul"}[5m])) + sum by (cluster)(rate({app="x", cluster="seoul"}[5m])))', '(concat[seoul](sum(rate({app="x", cluster="seoul"}[5m]))) + concat[seoul](sum by (cluster)(rate({app="x", cluster="seoul"}[5m]))))'),
        # empty in every cluster, but series of different clusters meet
        ('(sum by (cluster)(rate({app="x", cluster="seoul"}[5m])) / ignoring (cluster) sum by (cluster)(rate({app="x", cluster="lima"}[5m])))', '(concat[seoul](sum by (cluster)(rate({app="x", cluster="seoul"}[5m]))) / ignoring (cluster) concat[lima](sum by (cluster)(rate({app="x", cluster="lima"}[5m]))))'),
    ],
)  # fmt: skip
def test_matching_across_clusters_is_done_at_the_gateway(text: str, plan: str) -> None:
    assert print_query(metric(text).root) == plan


@pytest.mark.parametrize(
    ("text", "node", "reason"),
    [
        (f'avg_over_time({X} | unwrap y | __error__!=""[5m]) by (a)', "avg_over_time", '"cluster" is dropped'),
        (f'rate_counter({X} | keep a | unwrap y | __error__=~".+"[5m])', "rate_counter", "counter resets"),
        (f"approx_topk(2,sum by (a)(rate({X}[5m])))", "approx_topk", "sketches"),
        (f"sum by (cluster_extracted)(rate({X} | json[5m]))", "by (cluster_extracted)", "does not show 'cluster'"),
        (f"rate({X} | unwrap cluster[5m])", "unwrap cluster", "computes with the label 'cluster'"),
    ],
)
def test_refusals_name_node_and_reason(text: str, node: str, reason: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        metric(text)
    assert caught.value.node == node
    assert reason in caught.value.reason


def test_the_text_after_each_pass_is_kept() -> None:
    plan = metric(f"max(count_over_time({X} | drop cluster[5m]))")
    assert [name for name, _ in plan.stages] == ["parsed", *(one.__name__ for one in PASSES)]
    assert plan.stages[1][1] == f"max(count_over_time({X} | drop cluster[5m]))"
    assert plan.stages[2][1] == f"max(sum without ()(partials{ALL}(count_over_time({X} | drop cluster[5m]))))"


def test_equal_leaves_are_fetched_once() -> None:
    leaves = metric(f"sum(rate({X}[5m])) / sum(rate({X}[5m]))").leaves()
    assert len(leaves) == 1


def test_the_partition_label_can_have_another_name() -> None:
    context = PlanContext((SEOUL, TOKYO), partition_label="region")
    assert print_query(metric(f"sum by (cluster)(rate({X}[5m]))", context).root).startswith("sum by (cluster)(partials")


def test_lines_are_asked_for_with_the_filters_behind_unwrap() -> None:
    (leaf,) = metric(
        'avg_over_time({app="x"} | json | unwrap y | __error__="" | b>2[5m]) by (a,cluster_name)'
    ).sampled()
    assert [shard.describe() for shard in leaf.shards] == [
        'seoul: {app="x"} | json | __error__="" | b>2 + {cluster="seoul", region="kr"}',
        'tokyo: {app="x"} | json | __error__="" | b>2 + {cluster="tokyo", region="jp"}',
        'lima: {app="x"} | json | __error__="" | b>2',
    ]
    assert leaf.skips_errors
    assert leaf.needed == {"y", "b", "__error__", "a", "cluster_name"}


def test_averages_are_asked_for_in_a_form_that_loki_shards_right() -> None:
    (leaf,) = metric(
        'avg_over_time({app="x", cluster="lima"} | json | unwrap duration(y) | __error__="" [5m]) by (a)'
    ).leaves()
    assert leaf.shards[0].query == (
        'avg_over_time({app="x", cluster="lima"} | json | y!="" | ( y>=0s or y<0s ) | __error__="" '
        '| unwrap duration(y) | __error__=""[5m]) by (a)'
    )


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ('rate({app="x"} | json | line_format "{{.cluster}}"[5m])', 'rate({app="x"} | json[5m])'),
        ('rate({app="x"} | line_format "{{.cluster}}" | json[5m])', 'rate({app="x"} | line_format "{{\\"seoul\\"}}" | json | __lma_absent__=""[5m])'),
        ('rate({app="x"} | line_format "{{.cluster}}" |= "a"[5m])', 'rate({app="x"} | line_format "{{\\"seoul\\"}}" |= "a"[5m])'),
        ('bytes_rate({app="x"} | line_format "{{.cluster}}"[5m])', 'bytes_rate({app="x"} | line_format "{{\\"seoul\\"}}"[5m])'),
    ],
)  # fmt: skip
def test_templates_that_nothing_reads_are_left_out_as_loki_leaves_them_out(text: str, sent: str) -> None:
    assert metric(text).leaves()[0].shards[0].query == sent
