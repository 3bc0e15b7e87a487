"""What Kubernetes monitoring asks is computed in the clusters."""

from __future__ import annotations

import pytest

from tests.real.corpus import read_corpus
from tests.real.pushdown_coverage import EXPRESSIONS, coverage, measured, summary_lines

QUERIES = [entry.query for entry in read_corpus(EXPRESSIONS)]
JOINED_IN_CLUSTERS = [
    query for query in QUERIES if "group_left" in query and ("cluster, " in query or ", cluster)" in query)
]


def test_nearly_all_of_the_cost_is_pushed() -> None:
    found = coverage()
    assert len(found.expressions) >= 150
    assert found.by_cost >= 0.95, "\n".join(summary_lines(found))
    assert found.by_expression >= 0.95, "\n".join(summary_lines(found))
    assert found.whole_or_merged >= 0.95, "\n".join(summary_lines(found))


@pytest.mark.parametrize("query", JOINED_IN_CLUSTERS, ids=lambda query: query[:80])
def test_a_join_on_the_cluster_stays_in_the_clusters(query: str) -> None:
    found = measured(query)
    assert found.is_whole or found.is_merged
    assert found.pushed > 0.95


@pytest.mark.parametrize(
    ("query", "is_whole", "is_merged"),
    [
        ("sum by (cluster) (kube_pod_info)", True, True),
        ("sum(kube_pod_info)", False, True),
        ("kube_pod_info", True, False),
        ("kube_pod_info * on (pod) kube_pod_owner", False, False),
        ("topk(3, kube_pod_info)", False, True),
    ],
)
def test_what_counts_as_pushed(query: str, is_whole: bool, is_merged: bool) -> None:  # noqa: FBT001
    found = measured(query)
    assert (found.is_whole, found.is_merged) == (is_whole, is_merged)


def test_work_here_counts_against_it() -> None:
    join = measured("kube_pod_info * on (pod) kube_pod_owner")
    assert join.pushed == pytest.approx(0.5)
    assert measured("sum(rate(container_cpu_usage_seconds_total[5m]))").pushed > 0.99


def test_one_cluster_costs_a_third() -> None:
    everywhere, one = measured("sum(up)"), measured('sum(up{cluster="a"})')
    assert everywhere.in_clusters == 3 * one.in_clusters
