"""The real servers every test here shares: started once a run, when first needed, and stopped at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

import lma.parts
from tests.real.asking import REQUEST_TIMEOUT_S, Asker
from tests.real.dataset import CLUSTERS
from tests.real.fleet import SUITE, TOPOLOGIES, Fleet, start_fleet, widen
from tests.real.gateway import Gateway
from tests.real.live import LIVE_CLUSTERS, LiveFleet, live_fleet, wait_until_settled
from tests.real.log_fleet import HIDDEN, SHOWN, LogFleet, start_log_fleet
from tests.real.oracle import Oracle
from tests.real.running import start_gateways
from tests.real.supervisor import Supervisor

TIME_LIMIT_S = 240
"""Per test: the first one may wait for all the servers to come up on a busy machine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/real/" in item.path.as_posix() and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TIME_LIMIT_S))


@pytest.fixture(scope="session")
def binaries() -> Mapping[str, Path]:
    return lma.parts.ensure(["prometheus", "promtool", "thanos", "loki", "logcli"])


@pytest.fixture(scope="session")
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as running:
        yield running


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=REQUEST_TIMEOUT_S, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def fleet(supervisor: Supervisor, binaries: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return start_fleet(supervisor, binaries, tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="session")
def oracle(fleet: Fleet, http: httpx.Client) -> Oracle:
    return Oracle(Asker(fleet.union, http, remembers=True), Asker(fleet.thanos_union, http, remembers=True))


StartGateway = Callable[..., Gateway]


@pytest.fixture(scope="session")
def start_gateway(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> StartGateway:
    """Return a function that starts a gateway process over the given clusters."""

    def start(name: str, clusters: list[dict[str, Any]], **settings: Any) -> Gateway:
        folder = tmp_path_factory.mktemp(f"gateway-{name}")
        gateway = Gateway(folder=folder, port=supervisor.ports.take(), clusters=clusters, settings=settings)
        supervisor.start(gateway.program(f"gateway-{name}"))
        return gateway

    return start


@pytest.fixture(scope="session")
def metrics_gateways(fleet: Fleet, start_gateway: StartGateway) -> Mapping[str, Gateway]:
    """Return a gateway over the whole fleet for each topology."""
    return {
        topology: start_gateway(topology, fleet.gateway_clusters(CLUSTERS, kinds))
        for topology, kinds in TOPOLOGIES.items()
    }


@pytest.fixture(scope="session")
def bare_gateway(metrics_gateways: Mapping[str, Gateway]) -> Gateway:
    return metrics_gateways["bare"]


@pytest.fixture(scope="session")
def live(
    supervisor: Supervisor, binaries: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory, http: httpx.Client
) -> Iterator[LiveFleet]:
    with live_fleet(supervisor, binaries["prometheus"], tmp_path_factory.mktemp("live")) as fleet:
        wait_until_settled(http, fleet)
        yield fleet


@pytest.fixture(scope="session")
def live_gateway(live: LiveFleet, start_gateway: StartGateway) -> Gateway:
    clusters = [
        {"name": cluster.name, "labels": dict(cluster.extra), "metrics": {"url": live.prometheus[cluster.name]}}
        for cluster in LIVE_CLUSTERS
    ]
    return start_gateway("live", clusters)


@pytest.fixture(scope="session")
def suite_fleet(
    fleet: Fleet, supervisor: Supervisor, binaries: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Fleet:
    return widen(supervisor, binaries, tmp_path_factory.mktemp("wide"), fleet)


@pytest.fixture(scope="session")
def suite_gateways(
    suite_fleet: Fleet, supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """Return the URL of a gateway over each topology of the differential suite."""
    return start_gateways(supervisor, tmp_path_factory.mktemp("suite"), suite_fleet, SUITE)


@pytest.fixture(scope="session")
def log_fleet(
    supervisor: Supervisor, binaries: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory, http: httpx.Client
) -> LogFleet:
    return start_log_fleet(supervisor, binaries["loki"], tmp_path_factory.mktemp("logs"), http)


@pytest.fixture(scope="session")
def logs_gateway(log_fleet: LogFleet, start_gateway: StartGateway) -> Gateway:
    """Return a gateway over Lokis whose streams lack the clusters' labels."""
    return start_gateway("logs", log_fleet.clusters(HIDDEN, HIDDEN, HIDDEN))


@pytest.fixture(scope="session")
def mixed_logs_gateway(log_fleet: LogFleet, start_gateway: StartGateway) -> Gateway:
    """Return a gateway over Lokis of which two show the clusters' labels on their streams and one does not."""
    return start_gateway("logs-mixed", log_fleet.clusters(SHOWN, HIDDEN, SHOWN))
