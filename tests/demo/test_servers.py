"""The real servers, as the building blocks start them: they answer, and only this machine can ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from lma.demo.loki import Loki
from lma.demo.ports import LOOPBACK, Ports
from lma.demo.processes import ProcessGroup
from lma.demo.prometheus import Prometheus, ScrapeJob, Target
from lma.demo.thanos import Query, Sidecar
from tests.demo.watching import is_loopback, listening_addresses


async def ask(url: str, **params: Any) -> Any:
    async with httpx.AsyncClient(timeout=10.0) as http:
        return (await http.get(url, params=params)).json()["data"]["result"]


async def ask_until(count: int, url: str, **params: Any) -> Any:
    deadline = time.monotonic() + 30
    while len(result := await ask(url, **params)) != count:
        assert time.monotonic() < deadline, result
        await asyncio.sleep(0.1)
    return result


def assert_loopback_only(group: ProcessGroup) -> None:
    for running in group.running:
        addresses = listening_addresses(running.pid)
        assert addresses, f"{running.program.name} listens somewhere"
        assert all(map(is_loopback, addresses)), (running.program.name, addresses)


async def test_two_replicas_are_one_behind_thanos_query(
    group: ProcessGroup, ports: Ports, binaries: Mapping[str, Path], tmp_path: Path
) -> None:
    port = ports.take()
    sidecars = []
    for replica, own_port in (("a", port), ("b", ports.take())):
        server = Prometheus(
            folder=tmp_path / replica,
            port=own_port,
            external_labels={"cluster": "seoul", "replica": replica},
            jobs=(ScrapeJob("self", (Target(f"{LOOPBACK}:{port}", {"pod": "prometheus-0"}),)),),
            rule_groups=({"name": "g", "rules": [{"record": "up:sum", "expr": "sum(up)"}]},),
            scrape_interval="1s",
        )
        await group.start(server.program(f"prometheus-{replica}", binaries["prometheus"]))
        sidecar = Sidecar(folder=tmp_path / replica, http_port=ports.take(), grpc_port=ports.take(), prometheus=server)
        await group.start(sidecar.program(f"sidecar-{replica}", binaries["thanos"]))
        sidecars.append(sidecar)
    query = Query(
        folder=tmp_path / "query",
        http_port=ports.take(),
        grpc_port=ports.take(),
        endpoints=tuple(sidecar.grpc_address for sidecar in sidecars),
    )
    await group.start(query.program("query", binaries["thanos"]))
    await query.wait_for_stores()
    (one,) = await ask_until(1, f"{query.url}/api/v1/query", query="up")
    assert one["metric"] == {
        "__name__": "up",
        "cluster": "seoul",
        "instance": f"{LOOPBACK}:{port}",
        "job": "self",
        "pod": "prometheus-0",
    }
    await ask_until(1, f"{query.url}/api/v1/query", query="up:sum")
    assert_loopback_only(group)


async def test_loki_is_ready_soon_and_takes_lines(
    group: ProcessGroup, ports: Ports, binaries: Mapping[str, Path], tmp_path: Path
) -> None:
    loki = Loki(folder=tmp_path, http_port=ports.take(), grpc_port=ports.take())
    await group.start(loki.program("loki", binaries["loki"]), timeout_s=30)
    now = time.time_ns()
    body = {"streams": [{"stream": {"app": "shop"}, "values": [[str(now), "hello", {"trace_id": "1"}]]}]}
    async with httpx.AsyncClient(timeout=10.0) as http:
        answer = await http.post(f"{loki.url}/loki/api/v1/push", json=body)
    assert answer.status_code == 204, answer.text
    (stream,) = await ask_until(1, f"{loki.url}/loki/api/v1/query_range", query='{app="shop"}')
    assert [value[:2] for value in stream["values"]] == [[str(now), "hello"]]
    assert_loopback_only(group)


async def test_prepared_data_is_served_without_scraping(
    group: ProcessGroup, ports: Ports, binaries: Mapping[str, Path], tmp_path: Path
) -> None:
    text = tmp_path / "data.om"
    text.write_text("# TYPE x gauge\nx 1 1600000000\nx 2 1600000015\n# EOF\n", encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        binaries["promtool"], "tsdb", "create-blocks-from", "openmetrics", "--quiet", text, tmp_path / "data"
    )
    assert await process.wait() == 0
    server = Prometheus(folder=tmp_path / "server", port=ports.take(), data=tmp_path / "data")
    await group.start(server.program("prometheus", binaries["prometheus"]))
    (sample,) = await ask(f"{server.url}/api/v1/query", query="x", time=1600000020)
    assert sample["value"][1] == "2"
