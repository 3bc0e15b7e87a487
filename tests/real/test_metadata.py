"""Labels, label values and series: the union of the clusters', as one Prometheus lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.real.dataset import END_S, MIDDLE_S, START_S
from tests.real.fleet import TOPOLOGIES, Fleet
from tests.real.gateway import Gateway

Parameters = Mapping[str, str | list[str]]

SECOND_BLOCK = {"start": str(MIDDLE_S + 600), "end": str(END_S)}
NOWHERE = {"start": str(START_S - 90_000), "end": str(START_S - 80_000)}

MATCHES: tuple[Parameters, ...] = (
    {"match[]": "queue_depth"},
    {"match[]": "seoul_only_gauge"},
    {"match[]": 'queue_depth{cluster="tokyo"}'},
    {"match[]": 'queue_depth{cluster!="tokyo"}'},
    {"match[]": 'queue_depth{cluster=~"s.*|p.*",queue="mail"}'},
    {"match[]": 'queue_depth{region=""}'},
    {"match[]": '{cluster="paris",__name__=~"queue.*|up"}'},
    {"match[]": '{region="ap-northeast-1",queue!=""}'},
    {"match[]": "no_such_metric"},
    {"match[]": 'queue_depth{cluster="nowhere"}'},
    {"match[]": ["seoul_only_gauge", "cluster_size"]},
    {"match[]": ['queue_depth{cluster="seoul"}', 'queue_depth{cluster="tokyo",queue="mail"}', "queue_depth"]},
    {"match[]": "odd_labels"},
    {"match[]": 'odd_labels{text="quote \\" inside"}'},
    {"match[]": '{__name__=~"http_.*",job="shop"}'},
)
LABELS: tuple[Parameters, ...] = ({}, SECOND_BLOCK, NOWHERE, *MATCHES, {**SECOND_BLOCK, "match[]": "queue_depth"})
NAMES = ("__name__", "cluster", "region", "provider", "queue", "job", "text", "le", "nosuchlabel")
LIMITS = ("0", "1", "3", "1000")


@pytest.fixture(params=["bare", "mixed"])
def gateway_url(request: pytest.FixtureRequest, metrics_gateways: Mapping[str, Gateway]) -> str:
    assert request.param in TOPOLOGIES
    return metrics_gateways[request.param].prometheus_url


def _get(http: httpx.Client, base: str, path: str, parameters: Parameters) -> dict[str, Any]:
    response = http.get(f"{base}/api/v1/{path}", params=dict(parameters))
    assert response.status_code == 200, response.text[:500]
    body: dict[str, Any] = response.json()
    return body


@pytest.mark.parametrize("parameters", LABELS, ids=str)
def test_label_names(parameters: Parameters, gateway_url: str, fleet: Fleet, http: httpx.Client) -> None:
    assert _get(http, gateway_url, "labels", parameters) == _get(http, fleet.union, "labels", parameters)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("parameters", LABELS, ids=str)
def test_label_values(name: str, parameters: Parameters, gateway_url: str, fleet: Fleet, http: httpx.Client) -> None:
    path = f"label/{name}/values"
    assert _get(http, gateway_url, path, parameters) == _get(http, fleet.union, path, parameters)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("path", ["labels", "label/__name__/values", "label/queue/values", "label/cluster/values"])
def test_a_limit_keeps_as_many_as_upstream_keeps(
    path: str, limit: str, gateway_url: str, fleet: Fleet, http: httpx.Client
) -> None:
    every = _get(http, fleet.union, path, {})["data"]
    expected = _get(http, fleet.union, path, {"limit": limit})
    got = _get(http, gateway_url, path, {"limit": limit})
    assert len(got["data"]) == len(expected["data"])
    assert set(got["data"]) <= set(every), "an upstream takes the first of its index, which nothing orders"
    assert got["data"] == sorted(got["data"])
    assert got.get("warnings") == expected.get("warnings")


def test_an_escaped_label_name_is_unescaped(gateway_url: str, fleet: Fleet, http: httpx.Client) -> None:
    path = "label/U__queue/values"
    assert _get(http, gateway_url, path, {}) == _get(http, fleet.union, path, {})
    assert _get(http, gateway_url, path, {})["data"]


@pytest.mark.parametrize("parameters", [*MATCHES, {**SECOND_BLOCK, "match[]": "flaky_gauge"}], ids=str)
def test_series(parameters: Parameters, gateway_url: str, fleet: Fleet, http: httpx.Client) -> None:
    expected = _get(http, fleet.union, "series", parameters)
    got = _get(http, gateway_url, "series", parameters)
    assert sorted(map(_pairs, got["data"])) == sorted(map(_pairs, expected["data"]))
    assert got.get("warnings") == expected.get("warnings")


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_of_series_keeps_that_many(limit: str, gateway_url: str, fleet: Fleet, http: httpx.Client) -> None:
    parameters = {"match[]": "queue_depth"}
    every = {_pairs(item) for item in _get(http, fleet.union, "series", parameters)["data"]}
    expected = _get(http, fleet.union, "series", {**parameters, "limit": limit})
    got = _get(http, gateway_url, "series", {**parameters, "limit": limit})
    kept = [_pairs(item) for item in got["data"]]
    assert len(kept) == len(set(kept)) == len(expected["data"])
    assert set(kept) <= every
    assert got.get("warnings") == expected.get("warnings")


@pytest.mark.parametrize("path", ["labels", "series"])
def test_a_post_is_a_get(path: str, gateway_url: str, http: httpx.Client) -> None:
    parameters = {"match[]": ["queue_depth", "up"], **SECOND_BLOCK}
    url = f"{gateway_url}/api/v1/{path}"
    posted = http.post(url, data=parameters)
    assert posted.json() == http.get(url, params=parameters).json()
    assert posted.json()["data"]


def _pairs(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))
