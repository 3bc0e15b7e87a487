"""Grafana's own Prometheus backend as a client: what its front end gets is what it gets of one server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import lma.parts
from tests.real.dataset import END_S, MIDDLE_S, START_S
from tests.real.fleet import Fleet
from tests.real.gateway import Gateway
from tests.real.live import LiveFleet

CLIENT_TIMEOUT_S = 120
HEALTH_OK = 1
Asked = Mapping[str, Any]
SOURCES: tuple[Mapping[str, Any], ...] = (
    {"httpMethod": "POST"},
    {"httpMethod": "GET"},
    {"httpMethod": "POST", "customQueryParameters": "partial_response=true&lookback_delta=5m", "queryTimeout": "30s"},
)
"""What people set in Grafana's form."""

EXPRESSIONS = (
    "queue_depth",
    "sum by (cluster) (queue_depth)",
    "rate(http_requests_total[5m])",
    "topk(2, sum by (queue) (queue_depth))",
    "histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[10m])))",
    "cluster_size > on (cluster) group_left () (cluster_size - 1)",
    "no_such_metric",
    "1 + 1",
    "time()",
    "sum(",
    "queue_depth[5m]",
    "rate(queue_depth)",
)


def _query(expr: str, *, instant: bool) -> Asked:
    one = {"refId": "A", "expr": expr, "instant": instant, "range": not instant, "step_ms": 60_000}
    return {"queries": [{**one, "from_ms": (MIDDLE_S - 1800) * 1000, "to_ms": (MIDDLE_S + 1800) * 1000}]}


def _resource(path: str, query: str = "", *, method: str = "GET", body: str = "") -> Asked:
    return {"resource": {"method": method, "path": path, "query": query, "body": body}}


BOUNDS = f"start={START_S}&end={END_S}"
RESOURCES: tuple[Asked, ...] = (
    _resource("api/v1/labels", BOUNDS),
    _resource("api/v1/labels", method="POST", body=f"match[]=queue_depth&{BOUNDS}"),
    _resource("api/v1/label/__name__/values", f"{BOUNDS}&limit=40000"),
    _resource("api/v1/label/queue/values", f"match[]=queue_depth%7Bcluster%3D%22tokyo%22%7D&{BOUNDS}"),
    _resource("api/v1/label/U__queue/values", BOUNDS),
    _resource("api/v1/label/cluster/values", BOUNDS),
    _resource("api/v1/metadata", "limit=5"),
    _resource("api/v1/query", f"query=sort(cluster_size)&time={MIDDLE_S}"),
    _resource("api/v1/query", method="POST", body=f"query=sum(cluster_size)&time={MIDDLE_S}"),
    _resource("api/v1/rules"),
    _resource("api/v1/alerts"),
    _resource("api/v1/format_query", "query=sum(up)by(a)"),
    _resource("api/v1/parse_query", "query=sum(up)by(a)"),
    _resource("api/v1/series", "match[]={}"),
    _resource("api/v1/nosuch"),
    _resource(
        "suggestions",
        method="POST",
        body=json.dumps({"labelName": "queue", "queries": ["queue_depth"], "start": str(START_S), "end": str(END_S)}),
    ),
)


@pytest.fixture(scope="session")
def promlib() -> Path:
    return lma.parts.ensure(["grafana_promlib"])["grafana_promlib"]


def _grafana(binary: Path, url: str, asked: Sequence[Asked], source: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what Grafana's backend makes of each request."""
    lines = "".join(json.dumps({"url": url, "jsonData": source, **one}) + "\n" for one in asked)
    done = subprocess.run([binary], input=lines, capture_output=True, text=True, timeout=CLIENT_TIMEOUT_S, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(asked), done.stderr
    return told


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_the_health_check_is_green(source: Mapping[str, Any], promlib: Path, bare_gateway: Gateway) -> None:
    (told,) = _grafana(promlib, bare_gateway.prometheus_url, [{"health": {}}], source)
    assert (told["status"], told["message"]) == (HEALTH_OK, "Successfully queried the Prometheus API.")
    assert told["details"]["application"] == "Prometheus"


@pytest.mark.parametrize("source", SOURCES, ids=str)
@pytest.mark.parametrize("instant", [True, False])
def test_panels_show_what_they_show_of_one_server(
    instant: bool,  # noqa: FBT001 - a parameter of the test
    source: Mapping[str, Any],
    promlib: Path,
    fleet: Fleet,
    bare_gateway: Gateway,
) -> None:
    asked = [_query(expr, instant=instant) for expr in EXPRESSIONS]
    expected = _grafana(promlib, fleet.union, asked, source)
    got = _grafana(promlib, bare_gateway.prometheus_url, asked, source)
    for expr, one, other in zip(EXPRESSIONS, got, expected, strict=True):
        assert _panel(one) == _panel(other), expr
    assert sum("error" not in one["queries"]["A"] for one in got) >= len(EXPRESSIONS) - 4


def _panel(told: dict[str, Any]) -> Any:
    """Return the frames in an order of their own, numbers to what a sum over clusters promises.

    The first frame alone tells the query that was sent; which is first is not promised of an instant vector.
    """
    answer = told["queries"]["A"]
    frames = answer.pop("frames", None) or []
    sent = [frame["schema"].get("meta", {}).pop("executedQueryString", None) for frame in frames]
    return answer, sorted(json.dumps(_rounded(frame), sort_keys=True) for frame in frames), sent


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_the_query_editor_is_told_what_it_is_told_of_one_server(
    source: Mapping[str, Any], promlib: Path, fleet: Fleet, bare_gateway: Gateway
) -> None:
    expected = _grafana(promlib, fleet.union, RESOURCES, source)
    got = _grafana(promlib, bare_gateway.prometheus_url, RESOURCES, source)
    for asked, one, other in zip(RESOURCES, got, expected, strict=True):
        assert _resource_told(one) == _resource_told(other), asked


def _resource_told(told: dict[str, Any]) -> Any:
    try:
        body = json.loads(told.get("body", ""))
    except ValueError:
        body = told.get("body", "")
    return told.get("status"), told.get("error"), body


def test_exemplars_are_drawn(promlib: Path, live: LiveFleet, live_gateway: Gateway) -> None:
    query = {"refId": "A", "expr": "shop_orders_total", "exemplar": True, "range": True, "step_ms": 15_000}
    asked = [{"queries": [{**query, "from_ms": 1_749_999_000_000, "to_ms": 1_750_001_000_000}]}]
    expected = _grafana(promlib, live.union, asked, SOURCES[0])
    got = _grafana(promlib, live_gateway.prometheus_url, asked, SOURCES[0])
    assert _panel(got[0]) == _panel(expected[0])
