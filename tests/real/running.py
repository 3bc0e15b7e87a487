"""Start the whole differential suite's servers outside of pytest, for the commands that run for long."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp

import lma.parts
from tests.real.fleet import Fleet, Topology, start_fleet, widen
from tests.real.gateway import Gateway
from tests.real.suite import UNDER_WAY, Suite
from tests.real.supervisor import Supervisor

PARTS = ("prometheus", "thanos")


@contextmanager
def running_fleet(topologies: Sequence[Topology]) -> Iterator[tuple[Fleet, Mapping[str, str]]]:
    """Run clusters, oracles and a gateway for each topology; yield the fleet and the gateways' URLs by topology."""
    binaries = lma.parts.ensure(PARTS)
    with Supervisor() as supervisor, tempfile.TemporaryDirectory(prefix="lma-suite-") as temporary:
        folder = Path(temporary)
        fleet = widen(supervisor, binaries, folder, start_fleet(supervisor, binaries, folder))
        yield fleet, start_gateways(supervisor, folder, fleet, topologies)


def start_gateways(
    supervisor: Supervisor, folder: Path, fleet: Fleet, topologies: Sequence[Topology]
) -> Mapping[str, str]:
    """Start a gateway for each topology; return their Prometheus URLs by the topology's name."""
    gateways = {
        topology.name: Gateway(
            folder=folder / f"gateway-{topology.name.replace(' ', '-')}",
            port=supervisor.ports.take(),
            clusters=fleet.gateway_clusters(topology.clusters, topology.kinds),
        )
        for topology in topologies
    }
    supervisor.start(*(gateway.program(gateway.folder.name) for gateway in gateways.values()))
    return {name: gateway.prometheus_url for name, gateway in gateways.items()}


@asynccontextmanager
async def asking(fleet: Fleet, gateways: Mapping[str, str]) -> AsyncIterator[Suite]:
    """Yield a suite with connections of its own."""
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=2 * UNDER_WAY)
    async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
        yield Suite(fleet, gateways, session)
