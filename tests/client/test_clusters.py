from __future__ import annotations

import json
from typing import Any

import pytest

from lma.client import Client, Endpoints, InvalidRequestError, NotFoundError, ProtocolError
from tests.client.scripted_server import Reply, ScriptedServer, control_plane_error

PATH = "/v1/clusters"
SEOUL: dict[str, Any] = {
    "id": "3f0c2f3e-0000-4000-8000-000000000001",
    "name": "seoul",
    "labels": {"region": "ap-northeast-2"},
    "endpoints": {
        "metrics": {"url": "http://127.0.0.1:9101", "replicas": ["http://127.0.0.1:9201"]},
        "logs": {"url": "http://127.0.0.1:3101", "tenant": "acme"},
        "alerts": None,
    },
    "created_at": "2026-01-02T15:04:05Z",
    "updated_at": "2026-01-02T15:04:05Z",
    "conditions": [
        {"type": "MetricsReachable", "status": "True", "reason": "Ok", "message": "", "since": "2026-01-02T15:04:05Z"}
    ],
    "warnings": [],
}
ENDPOINTS = Endpoints(
    metrics_url="http://127.0.0.1:9101",
    metrics_replicas=("http://127.0.0.1:9201",),
    logs_url="http://127.0.0.1:3101",
    logs_tenant="acme",
)


def test_registering_sends_the_contracts_body(server: ScriptedServer, client: Client) -> None:
    server.reply(PATH, Reply(json.dumps({**SEOUL, "result": "created"}), 201))
    cluster = client.clusters.register("seoul", ENDPOINTS, {"region": "ap-northeast-2"})
    asked = server.only()
    assert asked.method == "POST"
    assert asked.json() == {
        "name": "seoul",
        "labels": {"region": "ap-northeast-2"},
        "endpoints": {
            "metrics": {"url": "http://127.0.0.1:9101", "replicas": ["http://127.0.0.1:9201"]},
            "logs": {"url": "http://127.0.0.1:3101", "tenant": "acme"},
        },
    }
    assert (cluster.outcome, cluster.endpoints, cluster.conditions[0].kind) == (
        "created",
        ENDPOINTS,
        "MetricsReachable",
    )
    assert cluster.details["id"] == cluster.id


def test_what_is_not_set_is_not_sent() -> None:
    assert Endpoints(alerts_url="http://a", logs_url="http://l").as_body() == {
        "alerts": {"url": "http://a"},
        "logs": {"url": "http://l"},
    }
    assert Endpoints(metrics_url="http://m").as_body() == {"metrics": {"url": "http://m"}}


def test_listing_reads_every_page(server: ScriptedServer, client: Client) -> None:
    server.reply(
        PATH,
        Reply(json.dumps({"clusters": [SEOUL], "next_cursor": "c1"})),
        Reply(json.dumps({"clusters": [{**SEOUL, "name": "tokyo"}], "next_cursor": None})),
    )
    assert [cluster.name for cluster in client.clusters.list()] == ["seoul", "tokyo"]
    assert [dict(asked.values) for asked in server.asked] == [{}, {"cursor": ["c1"]}]


def test_a_server_that_repeats_its_cursor_does_not_hold_us_for_ever(server: ScriptedServer, client: Client) -> None:
    server.reply(PATH, Reply(json.dumps({"clusters": [SEOUL], "next_cursor": "same"})))
    assert len(client.clusters.list()) == 2


def test_a_change_is_a_merge_patch(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{PATH}/seoul", Reply(json.dumps({**SEOUL, "result": "changed"})))
    client.clusters.change("seoul", labels={"a": "b", "region": None}, endpoints={"logs": None})
    client.clusters.change("seoul", endpoints=Endpoints(metrics_url="http://m"))
    assert [asked.method for asked in server.asked] == ["PATCH", "PATCH"]
    assert server.asked[0].json() == {"labels": {"a": "b", "region": None}, "endpoints": {"logs": None}}
    assert server.asked[1].json() == {"endpoints": {"metrics": {"url": "http://m"}}}


def test_removing(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{PATH}/a%2Fb", Reply("", 204))
    server.reply(f"{PATH}/a/b", Reply("", 204))
    client.clusters.remove("a/b")
    assert (server.only().method, server.only().path) == ("DELETE", f"{PATH}/a%2Fb")


def test_an_unknown_cluster(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{PATH}/x", control_plane_error(404, "not_found", "no cluster is named x", "see the list"))
    with pytest.raises(NotFoundError, match="see the list"):
        client.clusters.show("x")


def test_nothing_to_send_is_refused(server: ScriptedServer, client: Client) -> None:
    with pytest.raises(InvalidRequestError, match="nothing to change"):
        client.clusters.change("x")
    with pytest.raises(InvalidRequestError, match="empty"):
        client.clusters.show("")
    assert server.asked == []


def test_a_cluster_without_a_name_is_a_protocol_error(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{PATH}/x", Reply('{"name": ""}'))
    with pytest.raises(ProtocolError):
        client.clusters.show("x")
