"""A service that is killed at any moment of registering a cluster finishes the work when it is started again."""

from __future__ import annotations

import asyncio
import random
import signal
from pathlib import Path

import httpx
import pytest

from tests.cluster.bed import Cluster
from tests.cluster.offers import offered, settled
from tests.service.process import running

ROUNDS = 10


@pytest.mark.timeout(400)
async def test_ten_kills_end_in_a_cluster_that_answers(one: Cluster, tmp_path: Path) -> None:
    moments = random.Random(20_261_123)  # noqa: S311  repeatable, not secret
    for number in range(ROUNDS):
        state = tmp_path / f"state-{number}"
        async with running(state) as service, service.client() as client:
            answer = await client.put("/v1/clusters/one/connection", json=offered(one))
            assert answer.status_code == 202, answer.text
            await asyncio.sleep(moments.uniform(0, 0.6))
            service.process.send_signal(signal.SIGKILL)
            await service.process.wait()
        async with running(state) as service, service.client() as client:
            events = await settled(client, "one")
            assert events[-1]["reason"] in {"Registered", "Unchanged"}, events
            await _answers(client)
    async with running(state) as service, service.client() as client:
        assert (await client.delete("/v1/clusters/one", timeout=30)).status_code == 204


async def _answers(client: httpx.AsyncClient) -> None:
    found = (await client.get("/prometheus/api/v1/query", params={"query": "count(up)"}, timeout=30)).json()
    assert found["data"]["result"][0]["value"][1] == "1"
