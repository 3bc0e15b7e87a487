"""What the tests send to connect a cluster, and waiting for the end of it."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import httpx

from lma.clusters.kubeconfig import folder_reader, reduce_kubeconfig, render
from tests.cluster.bed import Cluster

WAIT_S: Final = 60.0


def offered(cluster: Cluster, user: str = "admin") -> dict[str, Any]:
    """Return what the command line would send."""
    text = cluster.kubeconfig(user).read_text()
    return {"kubeconfig": render(reduce_kubeconfig(text, read_file=folder_reader(cluster.folder)).access)}


async def connected(client: httpx.AsyncClient, name: str, offer: dict[str, Any]) -> list[dict[str, Any]]:
    """Connect a cluster and return the events until that is over."""
    before = await client.get(f"/v1/clusters/{name}/events")
    last = before.json()["events"][-1]["id"] if before.status_code == 200 else 0
    answer = await client.put(f"/v1/clusters/{name}/connection", json=offer)
    assert answer.status_code == 202, answer.text
    return await settled(client, name, last)


async def settled(client: httpx.AsyncClient, name: str, after: int = 0) -> list[dict[str, Any]]:
    """Wait until a cluster is no longer being connected; return the events since ``after``."""
    events: list[dict[str, Any]] = []
    until, seen = time.monotonic() + WAIT_S, after
    while time.monotonic() < until:
        found = (await client.get(f"/v1/clusters/{name}/events", params={"after": seen})).json()
        events += found["events"]
        seen = events[-1]["id"] if events else after
        if found["phase"] != "registering" and not found["events"]:
            return events
        await asyncio.sleep(0.1)
    raise AssertionError(events)


def reasons(events: list[dict[str, Any]]) -> list[str]:
    """Return the events' reasons."""
    return [event["reason"] for event in events]
