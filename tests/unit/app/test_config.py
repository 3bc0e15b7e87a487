"""A configuration that can't be used says where, why and what to do."""

from pathlib import Path

import pytest

from query.app.config import AnsweringCluster, ClusterConfig, GatewayConfig, check_disjoint, load_config
from query.model.errors import ConfigError

GOOD = """\
listen: 127.0.0.1:9090
partition_label: cluster
clusters:
  - name: seoul
    labels: {region: ap-northeast-2, provider: eks}
    metrics:
      url: http://127.0.0.1:9101
      replicas: [http://127.0.0.1:9201, http://127.0.0.1:9202]
    logs: {url: http://127.0.0.1:3101, tenant: acme}
    alerts: {url: http://127.0.0.1:9093}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "gateway.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_documented_file_is_understood(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD))
    seoul = config.clusters[0]
    assert (seoul.name, seoul.labels["region"]) == ("seoul", "ap-northeast-2")
    assert seoul.metrics is not None
    assert seoul.metrics.replicas == ("http://127.0.0.1:9201", "http://127.0.0.1:9202")
    assert seoul.logs is not None
    assert seoul.logs.tenant == "acme"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("    alerts:", "    alert:"), r"gateway.yaml:10: unknown key 'clusters.0.alert'; known here: .*alerts"),
        (("tenant:", "tennant:"), r"gateway.yaml:9: unknown key 'clusters.0.logs.tennant'; known here: tenant, url"),
        (("url: http://127.0.0.1:9101", "url: 127.0.0.1:9101"), r"gateway.yaml:7: clusters.0.metrics.url: .*http or"),
        (("name: seoul", "name: 'se oul'"), r"gateway.yaml:4: clusters.0.name: .*is no cluster name"),
        (("{region:", "{cluster: x, region:"), r"gateway.yaml:\d+: .*is the partition label"),
        (("{region:", "{__region:"), r"gateway.yaml:5: clusters.0.labels.__region.*is no label name"),
        (("listen: 127.0.0.1:9090", "listen: 9090"), r"gateway.yaml:1: listen"),
        (("listen: 127.0.0.1:9090", "listen: host:70000"), r"gateway.yaml:1: listen: .*no listen address"),
        (
            ("partition_label: cluster", "partition_label: cluster\npartition_label: x"),
            r"gateway.yaml:3: .*given twice",
        ),
        (("clusters:", "clusters: ["), r"gateway.yaml:\d+:\d+: not YAML"),
        (
            ("clusters:", "limits: {query_timeout_s: -1}\nclusters:"),
            r"gateway.yaml:3: limits.query_timeout_s: .*greater",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(ConfigError, match=message):
        load_config(written(tmp_path, GOOD.replace(*change)))


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("tenant:", "tennant:").replace("name: seoul", "name: ''")
    with pytest.raises(ConfigError) as caught:
        load_config(written(tmp_path, text))
    assert len(str(caught.value).splitlines()) == 2


def test_a_missing_file_is_no_stack_trace(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_config(tmp_path / "none.yaml")


def cluster(name: str, port: int, **labels: str) -> ClusterConfig:
    return ClusterConfig.model_validate(
        {"name": name, "labels": labels, "metrics": {"url": f"http://127.0.0.1:{port}"}}
    )


@pytest.mark.parametrize(
    ("clusters", "why"),
    [
        ([cluster("a", 1), cluster("a", 2)], "given 2 times"),
        ([cluster("a", 1), cluster("b", 1)], "share the metrics endpoint"),
        ([cluster("a", 1, cluster="x")], "partition label"),
    ],
)
def test_clusters_that_would_be_counted_twice_are_refused(clusters: list[ClusterConfig], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_disjoint(clusters, "cluster")


def test_one_loki_may_serve_two_tenants() -> None:
    url = "http://127.0.0.1:3100"
    clusters = [
        ClusterConfig.model_validate({"name": tenant, "logs": {"url": url, "tenant": tenant}}) for tenant in ("a", "b")
    ]
    check_disjoint(clusters, "cluster")


def test_a_cluster_that_answers_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one of metrics, logs and alerts"):
        AnsweringCluster.model_validate({"name": "a"})


def test_the_defaults_listen_on_loopback_only() -> None:
    assert GatewayConfig().listen.startswith("127.0.0.1:")
