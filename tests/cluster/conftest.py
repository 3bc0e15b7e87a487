"""Two real clusters for the whole session, each with a Prometheus and a Loki."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lma.clusters.service_account import NAMESPACE
from tests.cluster import bed, workload
from tests.cluster.bed import needs


@pytest.fixture(scope="session")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[bed.Cluster]]:
    needs.install()
    if reasons := bed.missing():
        pytest.skip("; ".join(reasons))
    with bed.opened(2) as running:
        workload.install(running, tmp_path_factory.mktemp("images"))
        yield running


@pytest.fixture
def one(clusters: list[bed.Cluster]) -> bed.Cluster:
    return _clean(clusters[0])


@pytest.fixture
def other(clusters: list[bed.Cluster]) -> bed.Cluster:
    return _clean(clusters[1])


def _clean(cluster: bed.Cluster) -> bed.Cluster:
    """Return a cluster once what the test before made there is gone: a namespace is deleted after the answer."""
    path = f"/api/v1/namespaces/{NAMESPACE}"
    cluster.api.delete(path)
    cluster.programs.wait_for("the namespace of the test before is gone", lambda: not cluster.api.exists(path), 60)
    return cluster
