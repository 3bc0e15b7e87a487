"""What Grafana's Logs Drilldown and older clients ask beside queries: the union's answer, field by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.real.gateway import Gateway
from tests.real.log_fleet import LogFleet
from tests.real.logs_dataset import NS

Parameters = Mapping[str, str]
SELECTORS = (
    '{app="shop"}',
    '{app="cart"}',
    '{app="clock"}',
    '{app="odd"}',
    '{app="billing"}',
    '{app="nothing"}',
    '{cluster="seoul"}',
    '{cluster=~"seoul|paris", app="cart"}',
    '{region="ap-northeast-1", app="shop"}',
)
PIPELINES = (
    '{app="shop"} | logfmt',
    '{app="shop"} |= "status=500"',
    '{app="shop"} | logfmt | status=500',
    '{app="cart"} | json',
    '{app="cart"} | json | user_plan="pro"',
    '{app="cart"} | json status="status"',
    '{app="clock"} | pattern "<kind> <count>"',
    '{app="shop"} | cluster="tokyo"',
    '{app="clock"} | label_format where="{{.cluster}}"',
)
FIELDS = (
    "status",
    "region",
    "region_extracted",
    "level_extracted",
    "took",
    "user_plan",
    "duration",
    "trace_id",
    "none",
)
STATISTICS = frozenset({"stats", "statistics"})


@pytest.fixture
def span(log_fleet: LogFleet) -> dict[str, str]:
    return {"start": str(log_fleet.base_s * NS), "end": str(log_fleet.end_s * NS)}


@pytest.fixture
def ask(logs_gateway: Gateway, log_fleet: LogFleet, http: httpx.Client) -> Any:
    """Return a function that gives the bodies of the union and of the gateway."""

    def asked(path: str, parameters: Parameters, prefix: str = "/loki/api/v1") -> tuple[Any, Any]:
        bodies = []
        for base in (log_fleet.union, logs_gateway.url):
            answer = http.get(f"{base}{prefix}/{path}", params=dict(parameters))
            assert answer.status_code == 200, f"{base} {answer.status_code} {answer.text[:300]}"
            bodies.append(answer.json())
        return bodies[0], bodies[1]

    return asked


@pytest.mark.parametrize("query", SELECTORS[:-3] + SELECTORS[-2:])
@pytest.mark.parametrize("step", ["10s", "60s", "300s"])
def test_patterns_add_up(query: str, step: str, span: dict[str, str], ask: Any) -> None:
    expected, got = ask("patterns", {"query": query, "step": step, **span})
    assert got.keys() == expected.keys()
    # Loki finds a pattern by what it saw before, so what a cluster finds differs; that lines are counted does not
    totals = [sum(count for series in body["data"] for _, count in series["samples"]) for body in (expected, got)]
    assert totals[1] == pytest.approx(totals[0], rel=0.05)
    assert all(series.keys() == {"pattern", "level", "samples"} for series in got["data"])
    levels = [Counter({series["level"]: 1 for series in body["data"]}) for body in (expected, got)]
    assert levels[0] == levels[1]


@pytest.mark.parametrize("lines", ["17", "100", "1000"])
@pytest.mark.parametrize("query", SELECTORS + PIPELINES)
def test_detected_fields(query: str, lines: str, span: dict[str, str], ask: Any) -> None:
    expected, got = ask("detected_fields", {"query": query, "line_limit": lines, **span})
    assert got.get("limit") == expected.get("limit")
    want = {field["label"]: field for field in expected.get("fields", ())}
    have = {field["label"]: field for field in got.get("fields", ())}
    assert have.keys() == want.keys()
    for name, field in have.items():
        cardinality = want[name].pop("cardinality")
        if query not in _TIED:
            assert field.pop("cardinality") == pytest.approx(cardinality, rel=0.03, abs=1.1)
        field.pop("cardinality", None)
        assert sorted(field.pop("parsers") or ()) == sorted(want[name].pop("parsers") or ())
        assert field == want[name]


_TIED = frozenset({'{cluster="seoul"}'})
"""Queries of which the last lines are chosen among many of one instant."""


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("query", ['{app="shop"}', '{app="cart"}', '{app="cart"} | json', '{app="shop"} | logfmt'])
def test_detected_field_values(name: str, query: str, span: dict[str, str], ask: Any) -> None:
    expected, got = ask(f"detected_field/{name}/values", {"query": query, "line_limit": "2000", **span})
    assert got.get("limit") == expected.get("limit")
    assert sorted(got.get("values", ())) == sorted(expected.get("values", ()))


@pytest.mark.parametrize("query", SELECTORS)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"limit": "2"},
        {"targetLabels": "app"},
        {"targetLabels": "cluster,env"},
        {"targetLabels": "level"},
        {"aggregateBy": "series", "limit": "5000"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["index/volume", "index/volume_range"])
def test_volumes(path: str, query: str, more: Parameters, span: dict[str, str], ask: Any) -> None:
    step = {"step": "600s"} if path.endswith("range") else {}
    expected, got = ask(path, {"query": query, **more, **step, **span})
    want, have = (
        {str(sorted(row["metric"].items())): row for row in body["data"]["result"]} for body in (expected, got)
    )
    assert have.keys() == want.keys()
    for key, row in have.items():
        pairs = zip(_volumes(row), _volumes(want[key]), strict=True)
        # a stream's share of a chunk's bytes is rounded
        assert all(mine == pytest.approx(theirs, rel=0.02, abs=8) for mine, theirs in pairs)


def _volumes(row: Mapping[str, Any]) -> list[float]:
    samples = row["values"] if "values" in row else [row["value"]]
    return [float(value) for _, value in samples]


@pytest.mark.parametrize(("start", "end"), [("epoch", "epoch"), ("float", "float"), ("iso", "iso"), ("iso", "epoch")])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_times_as_grafana_writes_them(
    start: str, end: str, method: str, log_fleet: LogFleet, logs_gateway: Gateway, http: httpx.Client
) -> None:
    def written(seconds: int, how: str) -> str:
        if how == "iso":
            return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return f"{seconds}.250" if how == "float" else str(seconds)

    asked = {
        "query": '{app="cart"} | json',
        "start": written(log_fleet.base_s + 300, start),
        "end": written(log_fleet.base_s + 900, end),
    }
    for path in ("query_range", "labels", "series", "detected_fields", "detected_labels", "patterns", "index/volume"):
        if path in {"patterns", "index/volume", "labels", "series", "detected_labels"}:
            asked["query"] = '{app="cart"}'
            asked["match[]"] = '{app="cart"}'
        bodies = [
            http.get(f"{base}/loki/api/v1/{path}", params=asked)
            if method == "GET"
            else http.post(f"{base}/loki/api/v1/{path}", data=asked)
            for base in (log_fleet.union, logs_gateway.url)
        ]
        assert [answer.status_code for answer in bodies] == [200, 200], path
        assert _bare(bodies[0].json()).keys() == _bare(bodies[1].json()).keys()


def _bare(body: Any) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in STATISTICS}


def test_the_first_api(span: dict[str, str], ask: Any) -> None:
    expected, got = ask("query", {"query": '{app="odd"}', "limit": "50", **span}, "/api/prom")
    assert _legacy(got) == _legacy(expected)
    expected, got = ask("query", {"query": '{app="clock"}', "regexp": "tick 1[0-9]", **span}, "/api/prom")
    assert _legacy(got) == _legacy(expected)
    expected, got = ask("label", span, "/api/prom")
    assert got == expected
    expected, got = ask("series", {"match[]": '{app="clock"}', **span}, "/api/prom")
    series = [sorted(sorted(labels.items()) for labels in body["data"]) for body in (expected, got)]
    assert series[0] == series[1] != []


def _legacy(body: Any) -> dict[str, Counter[tuple[str, str]]]:
    return {
        stream["labels"]: Counter((entry["ts"], entry["line"]) for entry in stream["entries"])
        for stream in body["streams"]
    }


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("patterns", {"query": '{app="shop"} | json'}),
        ("patterns", {"query": 'rate({app="shop"}[1m])'}),
        ("patterns", {"query": '{app="shop"}', "step": "0"}),
        ("patterns", {"query": ""}),
        ("detected_fields", {"query": ""}),
        ("detected_fields", {"query": 'rate({app="shop"}[1m])'}),
        ("detected_fields", {"query": '{app="shop"}', "line_limit": "-1"}),
        ("detected_fields", {"query": '{app="shop"}', "line_limit": "100000"}),
        ("detected_fields", {"query": '{app="shop"}', "limit": "0"}),
        ("detected_field/x/values", {"query": "{app"}),
        ("index/shards", {"query": '{app="shop"}'}),
        ("index/shards", {"query": '{app="shop"}', "targetBytesPerShard": "x"}),
        ("index/volume", {"query": '{app="shop"} | json'}),
        ("index/volume", {"query": '{app="shop"}', "limit": "-1"}),
    ],
    ids=str,
)
def test_refused_as_loki_refuses(
    path: str, parameters: Parameters, log_fleet: LogFleet, logs_gateway: Gateway, http: httpx.Client
) -> None:
    expected = http.get(f"{log_fleet.union}/loki/api/v1/{path}", params=dict(parameters))
    got = http.get(f"{logs_gateway.url}/loki/api/v1/{path}", params=dict(parameters))
    assert got.status_code == expected.status_code, f"{got.text[:300]}\nexpected {expected.text[:300]}"


def test_shards_cover_every_stream(logs_gateway: Gateway, http: httpx.Client, span: dict[str, str]) -> None:
    asked = {"query": '{app="shop"}', "targetBytesPerShard": "100KB", **span}
    shards = http.get(f"{logs_gateway.url}/loki/api/v1/index/shards", params=asked).json()["shards"]
    assert shards[0]["bounds"]["min"] == 0
    assert shards[-1]["bounds"]["max"] == 2**64 - 1
    assert all(one["bounds"]["max"] + 1 == after["bounds"]["min"] for one, after in pairwise(shards))


def test_what_is_pushed_through_the_gateway_is_in_the_named_cluster(
    logs_gateway: Gateway, log_fleet: LogFleet, http: httpx.Client
) -> None:
    body = {"streams": [{"stream": {"app": "pushed"}, "values": [[str((log_fleet.base_s - 60) * NS), "hello"]]}]}
    push = f"{logs_gateway.url}/loki/api/v1/push"
    assert http.post(push, json=body).status_code == 400
    assert http.post(push, json=body, params={"cluster": "nowhere"}).status_code == 404
    assert (
        http.post(
            push, content=b"{", headers={"Content-Type": "application/json", "X-LMA-Cluster": "paris"}
        ).status_code
        == 400
    )
    assert http.post(push, json=body, headers={"X-LMA-Cluster": "paris"}).status_code == 204
    otlp = {
        "resourceLogs": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "pushed"}}]},
                "scopeLogs": [
                    {
                        "logRecords": [
                            {
                                "timeUnixNano": str((log_fleet.base_s - 59) * NS),
                                "body": {"stringValue": "hello by OTLP"},
                            }
                        ]
                    }
                ],
            }
        ]
    }
    assert http.post(f"{logs_gateway.url}/otlp/v1/logs", json=otlp, params={"cluster": "paris"}).status_code == 204
    for labels in ({"app": "pushed", "cluster": "paris"}, {"service_name": "pushed", "cluster": "paris"}):
        # the union of what the clusters hold stays the union
        stream = {"stream": labels, "values": body["streams"][0]["values"]}
        assert http.post(f"{log_fleet.union}/loki/api/v1/push", json={"streams": [stream]}).status_code == 204
    asked = {
        "query": '{service_name="pushed"}',
        "start": str((log_fleet.base_s - 120) * NS),
        "end": str(log_fleet.base_s * NS),
    }
    result = http.get(f"{logs_gateway.url}/loki/api/v1/query_range", params=asked).json()["data"]["result"]
    assert sorted((stream["stream"]["cluster"], line) for stream in result for _, line in stream["values"]) == [
        ("paris", "hello"),
        ("paris", "hello by OTLP"),
    ]
