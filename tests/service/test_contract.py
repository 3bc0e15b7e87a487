"""The shapes others rely on. A change here is a change of the public contract: say so in the changelog."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lma.api.docs import content_policy
from lma.service.config import ServiceConfig
from query.app.config import LimitsConfig
from tests.service.scripted import endpoint

OPERATIONS = {
    ("GET", "/v1/clusters"): {"200", "401", "422"},
    ("POST", "/v1/clusters"): {"200", "201", "401", "409", "422"},
    ("GET", "/v1/clusters/{name}"): {"200", "401", "404"},
    ("PATCH", "/v1/clusters/{name}"): {"200", "401", "404", "409", "422"},
    ("DELETE", "/v1/clusters/{name}"): {"204", "401", "404", "422"},
    ("PUT", "/v1/clusters/{name}/connection"): {"202", "401", "409", "422"},
    ("GET", "/v1/clusters/{name}/events"): {"200", "401", "404", "422"},
    ("POST", "/v1/clusters/{name}/credential/rotate"): {"200", "401", "404", "422"},
    ("POST", "/v1/clusters/{name}/credential/revoke"): {"200", "401", "404", "422"},
    ("GET", "/v1/credentials"): {"200", "401", "422"},
    ("POST", "/v1/preflight"): {"200", "401", "422"},
    ("GET", "/v1/clusters/{name}/preflight"): {"200", "401", "404", "422"},
    ("POST", "/v1/credentials/reseal"): {"200", "401", "503"},
    ("POST", "/v1/clusters/{name}/inspect"): {"200", "401", "404"},
}


async def test_a_registered_cluster_reads_like_this(client: httpx.AsyncClient) -> None:
    async with endpoint() as place:
        content = {
            "name": "seoul",
            "labels": {"region": "ap-northeast-2"},
            "endpoints": {
                "metrics": {"url": place.url, "replicas": [f"{place.url}/replica"]},
                "logs": {"url": place.url, "tenant": "acme"},
                "alerts": {"url": place.url},
            },
        }
        answer = await client.post("/v1/clusters", json=content)
    shape: dict[str, Any] = answer.json()
    assert {name: shape[name] for name in content} == content
    assert list(shape) == [
        "id",
        "name",
        "labels",
        "endpoints",
        "created_at",
        "updated_at",
        "conditions",
        "warnings",
        "kind",
        "phase",
        "uid",
        "connection",
        "capabilities",
        "result",
    ]
    UUID(shape["id"])
    for name in ("created_at", "updated_at"):
        assert datetime.fromisoformat(shape[name]).utcoffset() == timedelta(0)
        assert shape[name].endswith("Z")
    assert [item["type"] for item in shape["conditions"]] == [
        "MetricsReachable",
        "LogsReachable",
        "AlertsReachable",
        "LabelsConsistent",
    ]
    for item in shape["conditions"]:
        assert list(item) == ["type", "status", "reason", "message", "since"]
        assert (item["status"], item["since"]) == ("True", shape["created_at"])
    assert (shape["warnings"], shape["result"]) == ([], "created")
    shown = (await client.get("/v1/clusters/seoul")).json()
    assert shown == {name: value for name, value in shape.items() if name != "result"}
    listed = (await client.get("/v1/clusters")).json()
    assert listed == {"clusters": [shown], "next_cursor": None}


async def test_parts_that_were_not_given_are_null(client: httpx.AsyncClient, dead_url: str) -> None:
    answer = await client.post("/v1/clusters", json={"name": "seoul", "endpoints": {"logs": {"url": dead_url}}})
    assert answer.json()["labels"] == {}
    assert answer.json()["endpoints"] == {"metrics": None, "logs": {"url": dead_url, "tenant": None}, "alerts": None}


async def test_the_document_lists_every_operation_of_the_control_plane(anonymous: httpx.AsyncClient) -> None:
    document = (await anonymous.get("/openapi.json")).json()
    found = {
        (method.upper(), path): set(operation["responses"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if path.startswith("/v1")
    }
    assert found == OPERATIONS
    assert document["info"]["title"] == "LMA Federation"
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"


async def test_the_document_is_complete_and_consistent(anonymous: httpx.AsyncClient) -> None:
    document = (await anonymous.get("/openapi.json")).json()
    operations = [item[method] for item in document["paths"].values() for method in item]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z]+_[A-Za-z0-9_]*[A-Za-z0-9]", name) for name in ids)
    assert all(operation.get("summary") for operation in operations)
    assert {"/-/healthy", "/-/ready", "/metrics", "/prometheus/api/v1/query", "/loki/api/v1/query_range"} <= set(
        document["paths"]
    )
    for operation in (item[method] for path, item in document["paths"].items() if "/v1/cl" in path for method in item):
        assert operation["security"] == [{"HTTPBearer": []}]
        for status, response in operation["responses"].items():
            if status >= "400":
                schema = response["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}
    for reference in re.findall(r"#/components/schemas/(\w+)", str(document)):
        assert reference in document["components"]["schemas"]


async def test_the_example_of_the_document_is_accepted(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    example = document["components"]["schemas"]["ClusterContent"]["examples"][0]
    assert (await client.post("/v1/clusters", json=example)).status_code == 201
    patch = document["components"]["schemas"]["ClusterPatch"]["examples"][0]
    assert (await client.patch("/v1/clusters/seoul", json=patch)).status_code == 200


async def test_the_page_needs_nothing_from_elsewhere(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/docs")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert re.findall(r"https?://|//[a-z]+\.|<link|<img|<iframe| src=", answer.text) == []
    assert set(re.findall(r'(?:fetch\(|href=|href: )"([^"]*)"', answer.text)) == {"openapi.json"}
    policy = answer.headers["content-security-policy"]
    assert policy == content_policy(answer.text)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert " on" + "click" not in answer.text


async def test_the_metrics_tell_of_process_and_requests(client: httpx.AsyncClient) -> None:
    await client.get("/v1/clusters")
    await client.get("/v1/clusters/unknown")
    await client.get("/v1/nowhere/at/all")
    answer = await client.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert {"process_cpu_seconds", "python_info", "lma_http_requests", "lma_http_request_duration_seconds"} <= set(
        families
    )
    seen = {
        (sample.labels["method"], sample.labels["route"], sample.labels["code"]): sample.value
        for sample in families["lma_http_requests"].samples
        if sample.name.endswith("_total")
    }
    assert seen["GET", "/v1/clusters", "200"] == 1
    assert seen["GET", "/v1/clusters/{name}", "404"] == 1
    assert not any("unknown" in route or "nowhere" in route for _, route, _ in seen)


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready", "/prometheus/-/healthy", "/prometheus/-/ready"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_probes_of_load_balancers_and_promtool_answer(
    anonymous: httpx.AsyncClient, method: str, path: str
) -> None:
    assert (await anonymous.request(method, path)).status_code == 200


def test_every_setting_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    for name in ServiceConfig.model_fields:
        assert f"`{name}`" in text, name


def test_every_limit_is_documented_with_its_default() -> None:
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    for name, value in LimitsConfig().model_dump().items():
        assert f"| `{name}` | {int(value)} |" in text, name
