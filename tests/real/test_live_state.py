"""Targets, metadata, rules, alerts and exemplars: what running servers know, of all clusters at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.real.gateway import Gateway
from tests.real.live import LIVE_CLUSTERS, LiveFleet

CONSTANTS = {cluster.name: cluster.constants for cluster in LIVE_CLUSTERS}


def _get(http: httpx.Client, base: str, path: str, **parameters: Any) -> Any:
    response = http.get(f"{base}/api/v1/{path}", params=parameters)
    assert response.status_code == 200, response.text[:500]
    return response.json()["data"]


def _kept(item: Mapping[str, Any], *volatile: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in volatile}


def _frozen(value: Any) -> Any:
    """Return a hashable form of JSON, so that lists without a promised order compare as sets."""
    if isinstance(value, dict):
        return tuple(sorted((name, _frozen(inner)) for name, inner in value.items()))
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return value


def _as_set(items: list[Any]) -> set[Any]:
    frozen = [_frozen(item) for item in items]
    assert len(frozen) == len(set(frozen)), "the same twice"
    return set(frozen)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"metric": "shop_wait_seconds"},
        {"metric": "shop_orders"},
        {"metric": "only_seoul"},
        {"metric": "nothing"},
        {"limit_per_metric": "1", "metric": "shop_temperature_celsius"},
    ],
    ids=str,
)
def test_metadata(parameters: dict[str, str], live: LiveFleet, live_gateway: Gateway, http: httpx.Client) -> None:
    expected = _get(http, live.union, "metadata", **parameters)
    got = _get(http, live_gateway.prometheus_url, "metadata", **parameters)
    assert {name: _as_set(entries) for name, entries in got.items()} == {
        name: _as_set(entries) for name, entries in expected.items()
    }


def test_metadata_limits_keep_that_many(live: LiveFleet, live_gateway: Gateway, http: httpx.Client) -> None:
    every = _get(http, live.union, "metadata")
    got = _get(http, live_gateway.prometheus_url, "metadata", limit=2)
    assert len(got) == 2
    assert got.keys() <= every.keys()
    short = _get(http, live_gateway.prometheus_url, "metadata", limit_per_metric=1)
    assert short.keys() == every.keys()
    assert {len(entries) for entries in short.values()} == {1}


@pytest.mark.parametrize("query", ["shop_orders_total", 'shop_wait_seconds_bucket{cluster="tokyo"}', "no_such_metric"])
def test_exemplars(query: str, live: LiveFleet, live_gateway: Gateway, http: httpx.Client) -> None:
    parameters = {"query": query, "start": 0, "end": 2_000_000_000}
    expected = _get(http, live.union, "query_exemplars", **parameters)
    got = _get(http, live_gateway.prometheus_url, "query_exemplars", **parameters)
    assert _as_set(got) == _as_set(expected)


@pytest.mark.parametrize(
    "query",
    [
        "shop_orders_total",
        "sum(shop_orders_total)",
        "count by (cluster, job) (up)",
        'up{job="dead"}',
        "job:shop_orders:sum",
        "ALERTS",
        "sum(rate(shop_wait_seconds_count[1m]))",
    ],
)
def test_live_series_answer(query: str, live_gateway: Gateway, http: httpx.Client) -> None:
    result = _get(http, live_gateway.prometheus_url, "query", query=query)["result"]
    assert result
    if "sum(" not in query:
        assert all("cluster" in row["metric"] for row in result)


_VOLATILE_TARGET = ("lastScrape", "lastScrapeDuration", "lastError", "scrapePool")


@pytest.mark.parametrize("parameters", [{}, {"state": "active"}, {"state": "dropped"}], ids=str)
def test_targets_of_every_cluster_carry_its_labels(
    parameters: dict[str, str], live: LiveFleet, live_gateway: Gateway, http: httpx.Client
) -> None:
    expected = []
    for name, url in live.prometheus.items():
        for target in _get(http, url, "targets", **parameters)["activeTargets"]:
            labels = {**target["labels"], **CONSTANTS[name]}
            expected.append({**_kept(target, *_VOLATILE_TARGET), "labels": labels})
    got = _get(http, live_gateway.prometheus_url, "targets", **parameters)
    assert _as_set([_kept(target, *_VOLATILE_TARGET) for target in got["activeTargets"]]) == _as_set(expected)
    assert got["droppedTargets"] == []


_VOLATILE_ALERT = ("activeAt", "value")


def test_alerts_of_every_cluster_carry_its_labels(live: LiveFleet, live_gateway: Gateway, http: httpx.Client) -> None:
    expected = [
        {**_kept(alert, *_VOLATILE_ALERT), "labels": {**alert["labels"], **CONSTANTS[name]}}
        for name, url in live.prometheus.items()
        for alert in _get(http, url, "alerts")["alerts"]
    ]
    got = _get(http, live_gateway.prometheus_url, "alerts")["alerts"]
    assert len(expected) == 4
    assert _as_set([_kept(alert, *_VOLATILE_ALERT) for alert in got]) == _as_set(expected)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"type": "alert"},
        {"type": "record"},
        {"rule_name[]": "Always"},
        {"rule_group[]": "own-seoul"},
        {"exclude_alerts": "true"},
    ],
    ids=str,
)
def test_rules_of_every_cluster_carry_its_labels(
    parameters: dict[str, str], live: LiveFleet, live_gateway: Gateway, http: httpx.Client
) -> None:
    expected = [
        _rule(group, rule, CONSTANTS[name])
        for name, url in live.prometheus.items()
        for group in _get(http, url, "rules", **parameters)["groups"]
        for rule in group["rules"]
    ]
    got = [
        _rule(group, rule, {})
        for group in _get(http, live_gateway.prometheus_url, "rules", **parameters)["groups"]
        for rule in group["rules"]
    ]
    assert got
    assert _as_set(got) == _as_set(expected)


def _rule(group: Mapping[str, Any], rule: Mapping[str, Any], constants: Mapping[str, str]) -> dict[str, Any]:
    """Return what identifies a rule and what it found, with the cluster's labels on it and on its alerts."""
    kept = _kept(rule, "evaluationTime", "lastEvaluation", "lastError")
    kept["labels"] = {**rule.get("labels", {}), **constants}
    if "alerts" in rule:
        kept["alerts"] = [
            {**_kept(alert, *_VOLATILE_ALERT), "labels": {**alert["labels"], **constants}}
            for alert in rule["alerts"] or []
        ]
    return {"group": group["name"], **kept}


def test_build_information_is_prometheus_shaped(live_gateway: Gateway, http: httpx.Client) -> None:
    info = _get(http, live_gateway.prometheus_url, "status/buildinfo")
    assert {"version", "revision"} <= info.keys()
