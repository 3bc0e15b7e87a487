"""What the tests put on a cluster: a Prometheus that scrapes itself, and a Loki with a few lines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from lma import parts
from tests.cluster.bed.cluster import Cluster, load_images
from tests.cluster.bed.images import write_image

NAMESPACE: Final = "monitoring"
PROMETHEUS: Final = "lmabed.local/prometheus:3.16.0"
LOKI: Final = "lmabed.local/loki:3.7.8"
LINES: Final = 3
_CORE: Final = f"/api/v1/namespaces/{NAMESPACE}"
_APPS: Final = f"/apis/apps/v1/namespaces/{NAMESPACE}"
_PROMETHEUS_FILE: Final = """
global: {scrape_interval: 1s}
scrape_configs:
- job_name: prometheus
  static_configs: [{targets: ["127.0.0.1:9090"]}]
"""
_LOKI_FILE: Final = """
auth_enabled: false
server: {http_listen_port: 3100, grpc_listen_port: 9095, log_level: warn}
common:
  ring: {instance_addr: 127.0.0.1, kvstore: {store: inmemory}}
  replication_factor: 1
  path_prefix: /data
schema_config:
  configs:
  - {from: "2024-01-01", store: tsdb, object_store: filesystem, schema: v13, index: {prefix: index_, period: 24h}}
storage_config: {filesystem: {directory: /data/chunks}}
analytics: {reporting_enabled: false}
"""


def install(clusters: Sequence[Cluster], folder: Path) -> None:
    """Put Prometheus and Loki on every cluster, and wait until both answer through the API server."""
    paths = parts.ensure(["prometheus", "loki"])
    tars = [
        write_image(folder / "prometheus.tar", PROMETHEUS, {"/prometheus": paths["prometheus"]}, ["/prometheus"]),
        write_image(folder / "loki.tar", LOKI, {"/loki": paths["loki"]}, ["/loki"]),
    ]
    load_images(list(clusters), tars)
    for cluster in clusters:
        _apply(cluster)
    for cluster in clusters:
        cluster.programs.wait_for("Prometheus answers", partial(_answers, cluster, PROXY_PROMETHEUS, "/-/ready"), 90)
        cluster.programs.wait_for("Loki answers", partial(_answers, cluster, PROXY_LOKI, "/ready"), 90)
        push_lines(cluster)


PROXY_PROMETHEUS: Final = f"{_CORE}/services/prometheus-server:http/proxy"
PROXY_LOKI: Final = f"{_CORE}/services/loki:http-metrics/proxy"


def push_lines(cluster: Cluster) -> None:
    """Write a few lines that tell which cluster they are from."""
    now = time.time_ns()
    values = [[str(now - index), f"line {index} of {cluster.network.namespace}"] for index in range(LINES)]
    stream = {"stream": {"app": "shop", "namespace": "default"}, "values": values}
    cluster.api.post(f"{PROXY_LOKI}/loki/api/v1/push", {"streams": [stream]})


def _answers(cluster: Cluster, proxy: str, path: str) -> bool:
    return cluster.api.exists(f"{proxy}{path}")


def _apply(cluster: Cluster) -> None:
    api = cluster.api
    api.apply(
        f"/api/v1/namespaces/{NAMESPACE}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    )
    for name, image, file, text, arguments, port, port_name in (
        (
            "prometheus-server",
            PROMETHEUS,
            "prometheus.yml",
            _PROMETHEUS_FILE,
            ["--config.file=/etc/app/prometheus.yml", "--storage.tsdb.path=/data"],
            9090,
            "http",
        ),
        ("loki", LOKI, "loki.yaml", _LOKI_FILE, ["-config.file=/etc/app/loki.yaml"], 3100, "http-metrics"),
    ):
        labels = {"app.kubernetes.io/name": name.partition("-")[0]}
        api.apply(f"{_CORE}/configmaps/{name}", _object("v1", "ConfigMap", name, data={file: text}))
        container = {
            "name": "app",
            "image": image,
            "imagePullPolicy": "Never",
            "args": arguments,
            "ports": [{"containerPort": port}],
            "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}, {"name": "data", "mountPath": "/data"}],
        }
        volumes = [{"name": "config", "configMap": {"name": name}}, {"name": "data", "emptyDir": {}}]
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [container], "volumes": volumes, "terminationGracePeriodSeconds": 1},
        }
        spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        api.apply(f"{_APPS}/deployments/{name}", _object("apps/v1", "Deployment", name, spec=spec))
        service = {"selector": labels, "ports": [{"name": port_name, "port": port, "targetPort": port}]}
        api.apply(f"{_CORE}/services/{name}", _object("v1", "Service", name, labels=labels, spec=service))


def _object(version: str, kind: str, name: str, *, labels: dict[str, str] | None = None, **rest: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels or {}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}
