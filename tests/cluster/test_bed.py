"""The bed itself: what it gives is what the other tests build on."""

from __future__ import annotations

from tests.cluster import workload
from tests.cluster.bed import Cluster


def test_two_clusters_are_two(one: Cluster, other: Cluster) -> None:
    assert one.uid() != other.uid()
    for cluster in (one, other):
        (node,) = cluster.api.get("/api/v1/nodes")["items"]
        assert node["metadata"]["name"] == cluster.network.namespace
        assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.37.2"


def test_each_answers_with_its_own_lines_through_its_api_server(one: Cluster, other: Cluster) -> None:
    for cluster in (one, other):
        found = cluster.api.get(f'{workload.PROXY_LOKI}/loki/api/v1/query_range?query={{app="shop"}}')
        lines = [line for stream in found["data"]["result"] for _, line in stream["values"]]
        assert sorted(lines) == [f"line {index} of {cluster.network.namespace}" for index in range(workload.LINES)]
