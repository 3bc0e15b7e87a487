"""The asynchronous client: the same methods as the synchronous one, over the same calls."""

from __future__ import annotations

import asyncio
import inspect
import json
import socket

import pytest

from lma.client import AsyncClient, BadQueryError, Client, TimedOutError, UnreachableError, Vector
from lma.client.async_client import AsyncClusters
from lma.client.client import Clusters
from tests.client.scripted_server import Reply, ScriptedServer, streams, success, vector


def public(kind: type) -> dict[str, inspect.Signature]:
    methods = inspect.getmembers(kind, inspect.isfunction)
    return {name: inspect.signature(method) for name, method in methods if not name.startswith("_")}


@pytest.mark.parametrize(("sync", "asynchronous"), [(Client, AsyncClient), (Clusters, AsyncClusters)])
def test_both_clients_have_the_same_methods(sync: type, asynchronous: type) -> None:
    ours, theirs = public(sync), public(asynchronous)
    assert list(ours) == list(theirs)
    for name, signature in ours.items():
        assert signature.parameters == theirs[name].parameters, name
        if name != "tail":
            assert signature.return_annotation == theirs[name].return_annotation, name
        method, other = getattr(sync, name), getattr(asynchronous, name)
        if name != "tail":
            assert method.__doc__ == other.__doc__, name


async def test_metrics_and_logs_at_once(server: ScriptedServer) -> None:
    server.reply("/prometheus/api/v1/query", Reply(success(vector(({"a": "b"}, "1"))).body, delay_s=0.05))
    server.reply("/loki/api/v1/query_range", success(streams(({}, [(1, "x")]))))
    async with AsyncClient(server.url, token="t") as client:
        metrics, logs = await asyncio.gather(client.query("up"), client.logs("{}"))
    assert isinstance(metrics, Vector)
    assert metrics[0].labels == {"a": "b"}
    assert logs.lines()[0].line == "x"
    assert all(asked.headers["Authorization"] == "Bearer t" for asked in server.asked)


async def test_errors_are_the_same(server: ScriptedServer) -> None:
    body = json.dumps({"status": "error", "errorType": "bad_data", "error": "1:2: parse error: no"})
    server.reply("/prometheus/api/v1/query", Reply(body, 400))
    server.reply("/prometheus/api/v1/labels", Reply("{}", delay_s=5))
    async with AsyncClient(server.url, timeout_s=0.3) as client:
        with pytest.raises(BadQueryError):
            await client.query("x")
        with pytest.raises(TimedOutError):
            await client.labels()
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        async with AsyncClient(f"http://127.0.0.1:{unheard.getsockname()[1]}") as client:
            with pytest.raises(UnreachableError):
                await client.rules()


async def test_clusters_are_listed_page_by_page(server: ScriptedServer) -> None:
    first = Reply(json.dumps({"clusters": [{"name": "a"}], "next_cursor": "n"}))
    server.reply("/v1/clusters", first, Reply(json.dumps({"clusters": [{"name": "b"}], "next_cursor": None})))
    async with AsyncClient(server.url) as client:
        assert [cluster.name for cluster in await client.clusters.list()] == ["a", "b"]
