"""Start what is measured: the clusters' Prometheus servers, sidecars with one Thanos Query over them, the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.contenders import Contender
from bench.data import load_cluster
from lma.demo.ports import Ports
from lma.demo.processes import ProcessGroup
from lma.demo.prometheus import Prometheus
from lma.demo.thanos import Query, Sidecar
from tests.real.gateway import Gateway


@dataclass(frozen=True, slots=True)
class Field:
    """The running contenders, the processes of the clusters behind them, and every process by name."""

    contenders: Sequence[Contender]
    cluster_pids: Sequence[int]
    pids: Mapping[str, int]


async def start(
    group: ProcessGroup, ports: Ports, binaries: Mapping[str, Path], folder: Path, clusters: int, series: int
) -> Field:
    """Generate and load the data of every cluster, then start every process."""
    names = [f"cluster-{number}" for number in range(clusters)]
    await asyncio.gather(
        *(
            asyncio.to_thread(load_cluster, binaries["promtool"], folder / name, seed, series)
            for seed, name in enumerate(names)
        )
    )
    servers = {
        name: Prometheus(folder=folder / name, port=ports.take(), external_labels={"cluster": name}) for name in names
    }
    pids = {}
    for name, server in servers.items():
        pids[f"prometheus {name}"] = (await group.start(server.program(name, binaries["prometheus"]))).pid
    cluster_pids = tuple(pids.values())
    thanos = await _start_thanos(group, ports, binaries["thanos"], folder, servers, pids)
    gateway = Gateway(
        folder=folder / "gateway",
        port=ports.take(),
        clusters=[{"name": name, "metrics": {"url": server.url}} for name, server in servers.items()],
    )
    pids["gateway"] = (await group.start(gateway.program("gateway"))).pid
    contenders = (
        Contender("bare client", [server.url for server in servers.values()], ()),
        Contender("gateway", [gateway.prometheus_url], (pids["gateway"],)),
        Contender("thanos query", [thanos], tuple(pid for name, pid in pids.items() if "thanos" in name)),
    )
    return Field(contenders, cluster_pids, pids)


async def _start_thanos(
    group: ProcessGroup,
    ports: Ports,
    binary: Path,
    folder: Path,
    servers: Mapping[str, Prometheus],
    pids: dict[str, int],
) -> str:
    endpoints = []
    for name, server in servers.items():
        sidecar = Sidecar(
            folder=folder / f"{name}-sidecar", http_port=ports.take(), grpc_port=ports.take(), prometheus=server
        )
        started = await group.start(sidecar.program(f"{name}-sidecar", binary))
        pids[f"thanos sidecar {name}"] = started.pid
        endpoints.append(sidecar.grpc_address)
    query = Query(folder=folder / "thanos", http_port=ports.take(), grpc_port=ports.take(), endpoints=tuple(endpoints))
    pids["thanos query"] = (await group.start(query.program("thanos-query", binary))).pid
    await query.wait_for_stores()
    return query.url
