"""Which services are asked, and in which order: names and labels of the charts people use."""

from __future__ import annotations

from typing import Any

import pytest

from lma.clusters.detect import candidates


def service(called: str, ports: dict[str, int], **labels: str) -> dict[str, Any]:
    known = {"name": "app.kubernetes.io/name", "component": "app.kubernetes.io/component", "app": "app"}
    return {
        "metadata": {
            "name": called,
            "namespace": "monitoring",
            "labels": {known[key]: value for key, value in labels.items()},
        },
        "spec": {"ports": [{"name": key, "port": value} for key, value in ports.items()]},
    }


KUBE_PROMETHEUS = [
    service(
        "kps-kube-prometheus-stack-prometheus",
        {"http-web": 9090, "reloader-web": 8080},
        app="kube-prometheus-stack-prometheus",
    ),
    service("prometheus-operated", {"http-web": 9090, "grpc": 10901}),
    service("kps-kube-prometheus-stack-operator", {"https": 443}, app="kube-prometheus-stack-operator"),
    service("kps-kube-prometheus-stack-alertmanager", {"http-web": 9093}, app="kube-prometheus-stack-alertmanager"),
    service("alertmanager-operated", {"http-web": 9093}),
    service("kps-kube-state-metrics", {"http": 8080}, name="kube-state-metrics"),
    service("kps-prometheus-node-exporter", {"http-metrics": 9100}, name="prometheus-node-exporter"),
    service("kps-grafana", {"http-web": 80}, name="grafana"),
]


def test_the_operators_chart() -> None:
    found = candidates(KUBE_PROMETHEUS)
    assert [(one.signal, one.proxy_name) for one in found] == [
        ("metrics", "kps-kube-prometheus-stack-prometheus:http-web"),
        ("alerts", "kps-kube-prometheus-stack-alertmanager:http-web"),
    ]


def test_thanos_query_comes_before_prometheus() -> None:
    thanos = service("thanos-query", {"http": 10902, "grpc": 10901}, name="thanos-query")
    store = service("thanos-storegateway", {"http": 10902}, name="thanos", component="storegateway")
    found = candidates([*KUBE_PROMETHEUS, store, thanos])
    assert [one.product for one in found if one.signal == "metrics"] == ["Thanos Query", "Prometheus"]


def test_the_query_components_of_thanos_by_label() -> None:
    found = candidates(
        [
            service("lma-query", {"http": 9090}, name="thanos", component="query"),
            service("lma-query-frontend", {"http": 9090}, name="thanos", component="query-frontend"),
            service("lma-compactor", {"http": 9090}, name="thanos", component="compactor"),
        ]
    )
    assert [one.name for one in found] == ["lma-query-frontend", "lma-query"]


SINGLE_LOKI = [
    service("loki", {"http-metrics": 3100, "grpc": 9095}, name="loki"),
    service("loki-headless", {"http-metrics": 3100}, name="loki"),
    service("loki-canary", {"http-metrics": 3500}, name="loki", component="canary"),
]
SCALABLE_LOKI = [
    service("loki-read", {"http-metrics": 3100}, name="loki", component="read"),
    service("loki-write", {"http-metrics": 3100}, name="loki", component="write"),
    service("loki-gateway", {"http": 80}, name="loki", component="gateway"),
]


@pytest.mark.parametrize(
    ("services", "names"),
    [
        (SINGLE_LOKI, ["loki:http-metrics"]),
        (SCALABLE_LOKI, ["loki-gateway:http", "loki-read:http-metrics"]),
        ([service("loki-memberlist", {"tcp": 7946}, name="loki")], []),
    ],
)
def test_loki(services: list[dict[str, Any]], names: list[str]) -> None:
    assert [one.proxy_name for one in candidates(services)] == names


def test_a_port_without_a_name_is_named_by_its_number() -> None:
    bare = {"metadata": {"name": "prometheus", "namespace": "x"}, "spec": {"ports": [{"port": 9090}]}}
    (found,) = candidates([bare])
    assert found.proxy_path == "/api/v1/namespaces/x/services/prometheus:9090/proxy"


def test_what_is_elsewhere_or_answers_no_such_port_is_left_out() -> None:
    outside = service("prometheus", {"http": 9090})
    outside["spec"]["type"] = "ExternalName"
    assert candidates([outside, service("prometheus", {"grpc": 10901}), {"metadata": {}, "spec": {}}]) == []
