"""Clusters registered by kubeconfig, asked through the gateway, and removed without a trace."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import yaml

from lma.service.app import create_app
from lma.service.config import ServiceConfig
from lma.service.runtime import Service
from tests.cluster.bed import Cluster
from tests.cluster.offers import connected, offered, reasons

WATCHED = (
    "/api/v1/namespaces",
    "/api/v1/serviceaccounts",
    "/api/v1/secrets",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/rbac.authorization.k8s.io/v1/roles",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings",
)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with Service.opened(ServiceConfig(state_dir=tmp_path / "state")) as opened:
        yield opened


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {service.new_admin_token}"}
    transport = httpx.ASGITransport(app=create_app(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://lma.test", headers=headers) as client:
        yield client


def objects(cluster: Cluster) -> set[str]:
    found = set()
    for path in WATCHED:
        for item in cluster.api.get(path)["items"]:
            metadata = item["metadata"]
            found.add(f"{path} {metadata.get('namespace', '')}/{metadata['name']}")
    return found


async def test_a_cluster_is_registered_asked_and_removed_without_a_trace(
    one: Cluster, client: httpx.AsyncClient
) -> None:
    before = objects(one)
    events = await connected(client, "one", offered(one))
    assert reasons(events) == [
        "Offered",
        "Reached",
        "Identified",
        "Found",
        "Exchanged",
        "MetricsRoute",
        "LogsRoute",
        "Registered",
    ], events
    shown = (await client.get("/v1/clusters/one")).json()
    assert (shown["kind"], shown["phase"], shown["uid"]) == ("kubeconfig", "ready", one.uid())
    assert {item["type"]: item["status"] for item in shown["conditions"]} == {
        "Connected": "True",
        "CredentialValid": "True",
        "MetricsReachable": "True",
        "LogsReachable": "True",
        "LabelsConsistent": "True",
    }

    up = (await client.post("/prometheus/api/v1/query", data={"query": "count by (cluster) (up)"})).json()
    assert [(item["metric"], item["value"][1]) for item in up["data"]["result"]] == [({"cluster": "one"}, "1")]
    lines = (await client.get("/loki/api/v1/query_range", params={"query": '{app="shop"}'})).json()
    assert sorted(line for stream in lines["data"]["result"] for _, line in stream["values"]) == [
        f"line {index} of {one.network.namespace}" for index in range(3)
    ]

    made = objects(one) - before
    again = await connected(client, "one", offered(one))
    assert reasons(again)[-1] == "Unchanged", again
    assert objects(one) - before == made

    ledger = (await client.get("/v1/credentials")).json()["credentials"]
    assert [(item["cluster"], item["purpose"], item["form"]) for item in ledger] == [
        ("one", "standing", "service account token")
    ]
    assert ledger[0]["expires_at"] is not None
    assert ledger[0]["last_used_at"] is not None

    assert (await client.delete("/v1/clusters/one")).status_code == 204
    one.programs.wait_for("all that was made is gone", lambda: objects(one) == before, 60)


async def test_preflight_passes_before_and_after(one: Cluster, client: httpx.AsyncClient) -> None:
    before = (await client.post("/v1/preflight", json={**offered(one), "name": "one"})).json()
    assert [check["name"] for check in before["checks"] if check["outcome"] == "fail"] == [], before
    assert len(before["checks"]) >= 20
    await connected(client, "one", offered(one))
    after = (await client.get("/v1/clusters/one/preflight")).json()
    found = {check["name"]: check["outcome"] for check in after["checks"]}
    assert "fail" not in found.values(), after
    assert (found["metrics"], found["logs"], found["query-services"]) == ("pass", "pass", "pass")
    twin = (await client.post("/v1/preflight", json={**offered(one), "name": "twin"})).json()
    assert [check["name"] for check in twin["checks"] if check["outcome"] == "fail"] == ["identity"]
    assert (await client.delete("/v1/clusters/one")).status_code == 204


async def test_preflight_tells_a_weak_user_what_is_missing(one: Cluster, client: httpx.AsyncClient) -> None:
    one.add_user("nobody")
    found = (await client.post("/v1/preflight", json=offered(one, "nobody"))).json()
    told = {check["name"]: check for check in found["checks"]}
    assert (found["outcome"], told["list-services"]["outcome"], told["identity"]["outcome"]) == ("fail", "fail", "fail")
    assert "forbidden" in told["nodes"]["message"]


async def test_two_clusters_answer_one_question(one: Cluster, other: Cluster, client: httpx.AsyncClient) -> None:
    for name, cluster in (("one", one), ("two", other)):
        events = await connected(client, name, offered(cluster))
        assert reasons(events)[-1] == "Registered", events
    up = (await client.get("/prometheus/api/v1/query", params={"query": "sum by (cluster) (up)"})).json()
    assert sorted(item["metric"]["cluster"] for item in up["data"]["result"]) == ["one", "two"]
    for name in ("one", "two"):
        assert (await client.delete(f"/v1/clusters/{name}")).status_code == 204


async def test_one_cluster_under_two_names_is_refused(one: Cluster, client: httpx.AsyncClient) -> None:
    await connected(client, "one", offered(one))
    events = await connected(client, "twin", offered(one))
    assert (events[-1]["reason"], events[-1]["status"]) == ("Refused", "error"), events
    assert "this is the cluster 'one'" in events[-1]["message"]
    assert (await client.get("/v1/clusters/twin")).json()["phase"] == "failed"
    await client.delete("/v1/clusters/twin")
    assert (await client.delete("/v1/clusters/one")).status_code == 204


async def test_another_cluster_under_the_same_name_is_refused(
    one: Cluster, other: Cluster, client: httpx.AsyncClient
) -> None:
    await connected(client, "one", offered(one))
    events = await connected(client, "one", offered(other))
    assert events[-1]["reason"] == "IdentityChanged", events
    up = (await client.get("/prometheus/api/v1/query", params={"query": "count(up)"})).json()
    assert up["data"]["result"][0]["value"][1] == "1"
    assert (await client.delete("/v1/clusters/one")).status_code == 204


async def test_a_user_without_rights_is_told_which_are_missing(one: Cluster, client: httpx.AsyncClient) -> None:
    one.add_user("nobody")
    events = await connected(client, "weak", offered(one, "nobody"))
    assert events[-1]["reason"] == "Forbidden"
    assert 'namespaces "kube-system" is forbidden' in events[-1]["message"]
    assert (await client.get("/v1/credentials")).json()["credentials"] == []
    assert (await client.delete("/v1/clusters/weak")).status_code == 204


async def becomes(client: httpx.AsyncClient, url: str, params: dict[str, str]) -> int:
    """Ask until the answer is no longer 200: an API server remembers for ten seconds that a token is valid."""
    status = 200
    for _ in range(50):
        status = (await client.get(url, params=params)).status_code
        if status != 200:
            break
        await asyncio.sleep(0.5)
    return status


async def test_rotating_and_revoking_take_effect_in_the_cluster(
    one: Cluster, client: httpx.AsyncClient, service: Service
) -> None:
    await connected(client, "one", offered(one))
    connection = service.onboarding._connections.get("one")
    assert connection is not None
    old = connection.token_value
    ask = {"query": "count(up)"}
    assert (await client.post("/v1/clusters/one/credential/rotate")).status_code == 200
    assert (await client.get("/prometheus/api/v1/query", params=ask)).status_code == 200
    async with httpx.AsyncClient(verify=connection.access.tls(), headers={"Authorization": f"Bearer {old}"}) as direct:
        assert await becomes(direct, f"{one.server}/api", {}) == 401
    assert (await client.post("/v1/clusters/one/credential/revoke")).status_code == 200
    assert await becomes(client, "/prometheus/api/v1/query", ask) == 503
    events = await connected(client, "one", offered(one))
    assert reasons(events)[-1] in {"Unchanged", "Registered"}, events
    assert (await client.get("/prometheus/api/v1/query", params=ask)).status_code == 200
    assert (await client.delete("/v1/clusters/one")).status_code == 204


async def test_a_restarted_service_asks_at_once(one: Cluster, tmp_path: Path) -> None:
    settings = ServiceConfig(state_dir=tmp_path / "state")
    async with Service.opened(settings) as first:
        token = first.new_admin_token
        async with _client(first, token) as client:
            assert reasons(await connected(client, "one", offered(one)))[-1] == "Registered"
    async with Service.opened(settings) as second, _client(second, token) as client:
        found = (await client.get("/prometheus/api/v1/query", params={"query": "count(up)"})).json()
        assert found["data"]["result"][0]["value"][1] == "1"
        one.restart_api_server(new_certificate=True)
        found = (await client.get("/prometheus/api/v1/query", params={"query": "count(up)"})).json()
        assert found["status"] == "success", found
        assert (await client.delete("/v1/clusters/one")).status_code == 204


async def test_nothing_secret_is_in_the_state_or_the_answers(
    one: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    offer = offered(one)
    user = yaml.safe_load(offer["kubeconfig"])["users"][0]["user"]
    secrets = [user["client-key-data"][40:120], *one.admin.key.decode().splitlines()[1:-1]]
    answers: list[str] = []
    async with Service.opened(ServiceConfig(state_dir=tmp_path / "state")) as service:
        async with _client(service, service.new_admin_token) as client:
            answers.append(json.dumps(await connected(client, "one", offer)))
            connection = service.onboarding._connections.get("one")
            assert connection is not None
            secrets += [connection.token_value, connection.token_value.rsplit(".", 1)[1]]
            paths = ("/v1/clusters", "/v1/clusters/one", "/v1/credentials", "/metrics", "/v1/clusters/one/events")
            answers.extend([(await client.get(path)).text for path in paths])
            bad = {**offer, "kubeconfig": offer["kubeconfig"].replace("https://", "http://")}
            answers.append((await client.put("/v1/clusters/one/connection", json=bad)).text)
            answers.append((await client.put("/v1/clusters/one/connection", json={**offer, "x": 1})).text)
            assert (await client.delete("/v1/clusters/one")).status_code == 204
        stored = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    out, err = capfd.readouterr()
    everything = "\n".join([*answers, out, err, caplog.text, stored.decode("latin-1")])
    found = [secret[:12] for secret in secrets if secret in everything]
    assert found == []


def _client(service: Service, token: str | None) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=create_app(service)),
        base_url="http://lma.test",
        headers={"Authorization": f"Bearer {token}"},
    )
