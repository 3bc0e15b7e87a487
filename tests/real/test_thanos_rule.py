"""A real ruler evaluates recording and alerting rules through the gateway, over all clusters."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.real.gateway import Gateway
from tests.real.live import LIVE_CLUSTERS, LiveFleet
from tests.real.supervisor import Supervisor
from tests.real.thanos_rule import Rule, by_config, by_url, start_rule

WAIT_S = 40.0
GROUPS: tuple[Mapping[str, Any], ...] = (
    {
        "name": "across",
        "interval": "1s",
        "rules": [
            {"record": "kind:shop_orders:sum", "expr": "sum by (kind) (shop_orders_total)"},
            {"record": "cluster:up:count", "expr": 'count by (cluster) (up{job="shop"} == 1)'},
            {"record": "temperature:avg", "expr": "avg(shop_temperature_celsius)", "labels": {"of": "all"}},
            {
                "record": "wait:p50",
                "expr": "histogram_quantile(0.5, sum by (le) (shop_wait_seconds_bucket))",
            },
        ],
    },
    {
        "name": "alerts",
        "interval": "1s",
        "rules": [
            {
                "alert": "ClusterOpen",
                "expr": 'sum by (cluster) (up{job="shop"}) > 0',
                "labels": {"severity": "page"},
                "annotations": {
                    "summary": "{{ $labels.cluster }} has {{ $value }}",
                    "total": '{{ with query "sum(shop_orders_total)" }}{{ . | first | value }}{{ end }}',
                },
            },
            {"alert": "AllClosed", "expr": 'absent(up{job="shop"} == 1)'},
            {"alert": "TooWarm", "expr": "max(shop_temperature_celsius) > 100"},
            {"alert": "Pending", "expr": "count(only_seoul) == 1", "for": "1h"},
        ],
    },
    {
        "name": "broken",
        "interval": "1s",
        "rules": [{"record": "broken", "expr": "shop_orders_total * on (kind) shop_temperature_celsius"}],
    },
)


@pytest.fixture(scope="module", params=["url", "config"])
def rule(
    request: pytest.FixtureRequest,
    supervisor: Supervisor,
    binaries: Mapping[str, Path],
    live_gateway: Gateway,
    tmp_path_factory: pytest.TempPathFactory,
) -> Rule:
    arguments = (
        by_url(live_gateway.prometheus_url) if request.param == "url" else by_config(live_gateway.url, "/prometheus")
    )
    folder = tmp_path_factory.mktemp(f"rule-{request.param}")
    return start_rule(supervisor, binaries["thanos"], folder, GROUPS, arguments)


def _data(http: httpx.Client, base: str, path: str, **parameters: str) -> Any:
    response = http.get(f"{base}/api/v1/{path}", params=parameters)
    assert response.status_code == 200, response.text[:500]
    return response.json()["data"]


def _until(read: Callable[[], Any], is_enough: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + WAIT_S
    while not is_enough(found := read()):
        assert time.monotonic() < deadline, f"not within {WAIT_S:g} s; last: {str(found)[:1500]}"
        time.sleep(0.2)
    return found


def _rules(http: httpx.Client, rule: Rule) -> dict[str, Any]:
    groups = _data(http, rule.url, "rules")["groups"]
    return {one["name"]: one for group in groups for one in group["rules"]}


def test_every_rule_is_evaluated(rule: Rule, http: httpx.Client) -> None:
    found = _until(lambda: _rules(http, rule), lambda rules: all(one["health"] != "unknown" for one in rules.values()))
    told = {name: (one["health"], one.get("lastError", "")) for name, one in found.items() if name != "broken"}
    assert told == dict.fromkeys(told, ("ok", ""))
    assert len(told) == 8


def test_a_rule_that_fails_is_shown_as_failed_and_records_nothing(rule: Rule, http: httpx.Client) -> None:
    found = _until(lambda: _rules(http, rule)["broken"], lambda one: one["health"] == "err")
    assert found["lastError"] == "no query API server reachable", "the ruler's own words for any failure"
    assert _data(http, rule.storage_url, "query", query="broken")["result"] == []


def test_alerts_fire_per_cluster(rule: Rule, http: httpx.Client) -> None:
    def alerts() -> dict[tuple[str, str], Any]:
        listed = [alert for one in _rules(http, rule).values() for alert in one.get("alerts") or []]
        return {(alert["labels"]["alertname"], alert["labels"].get("cluster", "")): alert for alert in listed}

    found = _until(alerts, lambda them: len(them) >= 3)
    states = {key: alert["state"] for key, alert in found.items()}
    assert states == {
        ("ClusterOpen", "seoul"): "firing",
        ("ClusterOpen", "tokyo"): "firing",
        ("Pending", ""): "pending",
    }
    seoul = found["ClusterOpen", "seoul"]
    assert seoul["annotations"] == {"summary": "seoul has 1", "total": "42"}
    assert seoul["labels"]["severity"] == "page"


@pytest.mark.parametrize(
    "record",
    ["kind:shop_orders:sum", "cluster:up:count", "temperature:avg", "wait:p50"],
)
def test_what_is_recorded_is_what_one_server_would_record(
    record: str, rule: Rule, live: LiveFleet, http: httpx.Client
) -> None:
    definition = next(one for one in GROUPS[0]["rules"] if one["record"] == record)
    expected = {
        (tuple(sorted({**item["metric"], **definition.get("labels", {})}.items())), float(item["value"][1]))
        for item in _data(http, live.union, "query", query=definition["expr"])["result"]
    }
    result = _until(
        lambda: _data(http, rule.storage_url, "query", query=record)["result"], lambda series: len(series) > 0
    )
    got = {
        (
            tuple(sorted((name, value) for name, value in item["metric"].items() if name not in {"__name__", "ruler"})),
            float(item["value"][1]),
        )
        for item in result
    }
    assert got == expected
    assert all(item["metric"]["ruler"] == "a" for item in result)
    assert {cluster.name for cluster in LIVE_CLUSTERS} == {"seoul", "tokyo"}
