"""Labels, values, series and statistics of streams: the union of the clusters', as one Loki lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.real.gateway import Gateway
from tests.real.log_fleet import LogFleet
from tests.real.logs_dataset import NS

Parameters = Mapping[str, str | list[str]]

MATCHES: tuple[Parameters, ...] = (
    {"match[]": '{app="shop"}'},
    {"match[]": '{cluster="tokyo"}'},
    {"match[]": '{cluster!="tokyo",app="clock"}'},
    {"match[]": '{cluster=~"s.*",app=~"shop|cart"}'},
    {"match[]": '{region="ap-northeast-1"}'},
    {"match[]": '{app="billing"}'},
    {"match[]": '{app="none"}'},
    {"match[]": ['{app="billing"}', '{app="odd"}', '{cluster="paris",app="clock"}']},
    {},
)
QUERIES = ("", '{app="shop"}', '{app="billing"}', '{cluster="seoul"}', '{region!="",env="prod"}', '{app="none"}')
NAMES = ("cluster", "region", "app", "level", "text", "pod", "nosuchlabel")


@pytest.fixture
def spans(log_fleet: LogFleet) -> Mapping[str, Mapping[str, str]]:
    return {
        "whole": {"start": str(log_fleet.base_s * NS), "end": str(log_fleet.end_s * NS)},
        "before": {"start": str((log_fleet.base_s - 900) * NS), "end": str((log_fleet.base_s - 600) * NS)},
    }


def _get(http: httpx.Client, base: str, path: str, parameters: Parameters) -> Any:
    response = http.get(f"{base}/loki/api/v1/{path}", params=dict(parameters))
    assert response.status_code == 200, response.text[:500]
    body = response.json()
    assert body["status"] == "success"
    return body.get("data") or []


@pytest.mark.parametrize("span", ["whole", "before"])
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("path", ["labels", *(f"label/{name}/values" for name in NAMES)])
def test_labels_and_values(
    path: str,
    query: str,
    span: str,
    spans: Mapping[str, Mapping[str, str]],
    log_fleet: LogFleet,
    logs_gateway: Gateway,
    http: httpx.Client,
) -> None:
    parameters = {**spans[span], **({"query": query} if query else {})}
    expected = _get(http, log_fleet.union, path, parameters)
    assert _get(http, logs_gateway.url, path, parameters) == expected


@pytest.mark.parametrize("span", ["whole", "before"])
@pytest.mark.parametrize("parameters", MATCHES, ids=str)
def test_series(
    parameters: Parameters,
    span: str,
    spans: Mapping[str, Mapping[str, str]],
    log_fleet: LogFleet,
    logs_gateway: Gateway,
    http: httpx.Client,
) -> None:
    asked = {**spans[span], **parameters}
    expected = _get(http, log_fleet.union, "series", asked)
    got = _get(http, logs_gateway.url, "series", asked)
    assert sorted(sorted(item.items()) for item in got) == sorted(sorted(item.items()) for item in expected)
    if span == "whole" and "none" not in str(parameters):
        assert got


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("query_range", {}),
        ("query_range", {"query": "{app="}),
        ("query_range", {"query": '{app="shop"} | nosuchstage'}),
        ("query_range", {"query": '{app="shop"}', "limit": "x"}),
        ("query_range", {"query": '{app="shop"}', "limit": "-1"}),
        ("query_range", {"query": '{app="shop"}', "limit": "0"}),
        ("query_range", {"query": '{app="shop"}', "limit": "100000"}),
        ("query_range", {"query": '{app="shop"}', "direction": "sideways"}),
        ("query_range", {"query": '{app="shop"}', "start": "200", "end": "100"}),
        ("query_range", {"query": '{app="shop"}', "start": "never"}),
        ("query_range", {"query": 'rate({app="shop"}[1m])', "step": "0"}),
        ("query_range", {"query": 'rate({app="shop"}[1m])', "step": "-1"}),
        ("query_range", {"query": 'rate({app="shop"}[1m])', "step": "0.001"}),
        ("query", {"query": '{app="shop"}'}),
        ("query", {"query": "rate({app"}),
        ("series", {"match[]": "{app"}),
        ("labels", {"start": "x"}),
        ("labels", {"query": "{app"}),
        ("label/app/values", {"end": "x"}),
    ],
    ids=str,
)
def test_refused_as_loki_refuses(
    path: str, parameters: Parameters, log_fleet: LogFleet, logs_gateway: Gateway, http: httpx.Client
) -> None:
    expected = http.get(f"{log_fleet.union}/loki/api/v1/{path}", params=dict(parameters))
    got = http.get(f"{logs_gateway.url}/loki/api/v1/{path}", params=dict(parameters))
    assert got.status_code == expected.status_code, f"{got.text[:300]}\nexpected {expected.text[:300]}"
    assert "Traceback" not in got.text
    if got.status_code >= 400:
        assert got.text.strip()
