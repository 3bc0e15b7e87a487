"""The fleet under test: one Prometheus per cluster, Thanos in front of each, and the oracles beside them.

Every cluster's Prometheus serves both kinds of backend. Asked directly it *hides* the cluster's labels (they are its
``external_labels``, which its own API does not show); asked through its sidecar and Thanos Query it *shows* them.

Two oracles hold everything: ``union`` is a Prometheus with all series, ``thanos_union`` a Thanos Query over all
sidecars. They agree but for what :mod:`tests.real.oracle` lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx

from lma.demo.prometheus import Prometheus
from lma.demo.thanos import Query, Sidecar
from tests.real.dataset import CLUSTERS
from tests.real.dataset_series import series_of, union_of
from tests.real.remote_write import write_series
from tests.real.supervisor import Supervisor

LOAD_TIMEOUT_S = 60.0
FEATURES = (
    "promql-experimental-functions",
    "promql-duration-expr",
    "promql-extended-range-selectors",
    "promql-binop-fill-modifiers",
)
"""Every experimental part of the language; a Thanos Query knows the first only."""
RECEIVER = ("--web.enable-remote-write-receiver",)
DEFAULT_EVALUATION_INTERVAL = "1m"
"""Prometheus's default, so what ``[5m:]`` means where nobody configured anything; the union has it."""
OWN_EVALUATION_INTERVAL = "20s"
"""What the clusters are configured with: a ``[5m:]`` that reaches them with its step left out shows."""


class Kind(StrEnum):
    """What a cluster's metrics URL points at."""

    BARE = "bare"
    THANOS = "thanos"


TOPOLOGIES: Mapping[str, tuple[Kind, ...]] = {
    "bare": (Kind.BARE, Kind.BARE, Kind.BARE),
    "thanos": (Kind.THANOS, Kind.THANOS, Kind.THANOS),
    "mixed": (Kind.BARE, Kind.THANOS, Kind.BARE),
}
"""Per topology the kind of each of ``dataset.CLUSTERS``, in order."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The URLs of the running servers, those of clusters by cluster name."""

    prometheus: Mapping[str, str]
    thanos: Mapping[str, str]
    union: str
    thanos_union: str

    def metrics_url(self, cluster: str, kind: Kind) -> str:
        """Return the URL a gateway is given for that cluster."""
        return (self.prometheus if kind is Kind.BARE else self.thanos)[cluster]


def start_fleet(supervisor: Supervisor, binaries: Mapping[str, Path], folder: Path) -> Fleet:
    """Start every server and write its series."""
    ports = supervisor.ports
    prometheus = {
        cluster.name: Prometheus(
            folder=folder / cluster.name,
            port=ports.take(),
            external_labels=cluster.constants,
            scrape_interval=OWN_EVALUATION_INTERVAL,
            features=FEATURES,
            extra_args=RECEIVER,
        )
        for cluster in CLUSTERS
    }
    union = Prometheus(
        folder=folder / "union",
        port=ports.take(),
        scrape_interval=DEFAULT_EVALUATION_INTERVAL,
        features=FEATURES,
        extra_args=RECEIVER,
    )
    supervisor.start(
        *(server.program(f"prometheus-{name}", binaries["prometheus"]) for name, server in prometheus.items()),
        union.program("prometheus-union", binaries["prometheus"]),
    )
    with httpx.Client(timeout=LOAD_TIMEOUT_S, trust_env=False) as http:
        for cluster in CLUSTERS:
            write_series(http, prometheus[cluster.name].url, series_of(cluster))
        write_series(http, union.url, union_of(CLUSTERS))
    sidecars = {
        name: Sidecar(
            folder=folder / f"{name}-sidecar", http_port=ports.take(), grpc_port=ports.take(), prometheus=server
        )
        for name, server in prometheus.items()
    }
    supervisor.start(*(side.program(f"sidecar-{name}", binaries["thanos"]) for name, side in sidecars.items()))
    stores: dict[str, tuple[str, ...]] = {name: (side.grpc_address,) for name, side in sidecars.items()}
    stores["union"] = tuple(side.grpc_address for side in sidecars.values())
    queries = {
        name: Query(
            folder=folder / f"{name}-thanos",
            http_port=ports.take(),
            grpc_port=ports.take(),
            endpoints=endpoints,
            extra_args=(f"--enable-feature={FEATURES[0]}",),
        )
        for name, endpoints in stores.items()
    }
    supervisor.start(*(query.program(f"thanos-{name}", binaries["thanos"]) for name, query in queries.items()))
    for query in queries.values():
        supervisor.run(query.wait_for_stores())
    return Fleet(
        prometheus={name: server.url for name, server in prometheus.items()},
        thanos={cluster.name: queries[cluster.name].url for cluster in CLUSTERS},
        union=union.url,
        thanos_union=queries["union"].url,
    )
