"""The fleet under test: one Prometheus per cluster, Thanos in front of each, and the oracles beside them.

Every cluster's Prometheus serves both kinds of backend. Asked directly it *hides* the cluster's labels (they are its
``external_labels``, which its own API does not show); asked through its sidecar and Thanos Query it *shows* them.

Two oracles hold everything: ``union`` is a Prometheus with all series, ``thanos_union`` a Thanos Query over all
sidecars. They agree but for what :mod:`tests.real.oracle` lists.

Three clusters are enough for most tests. :func:`widen` adds two whose data tell where they come from, and oracles for
fleets of other sizes; :data:`SUITE` names what the differential suite runs over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import httpx

from lma.demo.prometheus import Prometheus
from lma.demo.thanos import Query, Sidecar
from tests.real.dataset import CLUSTERS, FIVE_CLUSTERS, DataCluster, Series
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
OWN_LABELS: Final[Mapping[str, Mapping[str, str]]] = {
    "osaka": {"cluster": "osaka", "region": "ap-northeast-1"},
    "lima": {"cluster": "lima-before-it-was-registered"},
}
"""Labels that a cluster's own series carry: the registered ones, or one that its registration overrides."""


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
class Topology:
    """A fleet of the first clusters of ``dataset.FIVE_CLUSTERS``, each behind a backend of its kind."""

    name: str
    kinds: tuple[Kind, ...]

    @property
    def clusters(self) -> tuple[DataCluster, ...]:
        """The clusters it is made of."""
        return FIVE_CLUSTERS[: len(self.kinds)]


_BARE, _THANOS = Kind.BARE, Kind.THANOS
SUITE: Final = (
    Topology("1 bare", (_BARE,)),
    Topology("1 thanos", (_THANOS,)),
    Topology("2 bare", (_BARE,) * 2),
    Topology("2 thanos", (_THANOS,) * 2),
    Topology("2 mixed", (_THANOS, _BARE)),
    Topology("3 bare", (_BARE,) * 3),
    Topology("3 thanos", (_THANOS,) * 3),
    Topology("3 mixed", (_BARE, _THANOS, _BARE)),
    Topology("5 bare", (_BARE,) * 5),
    Topology("5 thanos", (_THANOS,) * 5),
    Topology("5 mixed", (_BARE, _THANOS, _BARE, _THANOS, _BARE)),
)
"""What the differential suite runs over."""


@dataclass(frozen=True, slots=True)
class Oracles:
    """The URLs of the two servers that hold everything of a number of clusters."""

    prometheus: str
    thanos: str


@dataclass(frozen=True, slots=True)
class Fleet:
    """The URLs of the running servers, those of clusters by cluster name, oracles by the number of clusters."""

    prometheus: Mapping[str, str]
    thanos: Mapping[str, str]
    stores: Mapping[str, str]
    oracles: Mapping[int, Oracles]

    @property
    def union(self) -> str:
        """The Prometheus with the series of ``dataset.CLUSTERS``."""
        return self.oracles[len(CLUSTERS)].prometheus

    @property
    def thanos_union(self) -> str:
        """The Thanos Query over ``dataset.CLUSTERS``."""
        return self.oracles[len(CLUSTERS)].thanos

    def metrics_url(self, cluster: str, kind: Kind) -> str:
        """Return the URL a gateway is given for that cluster."""
        return (self.prometheus if kind is Kind.BARE else self.thanos)[cluster]

    def gateway_clusters(self, clusters: Sequence[DataCluster], kinds: Sequence[Kind]) -> list[dict[str, Any]]:
        """Return the clusters of a gateway file, each served by a backend of its kind."""
        return [
            {
                "name": cluster.name,
                "labels": dict(cluster.extra),
                "metrics": {"url": self.metrics_url(cluster.name, kind)},
            }
            for cluster, kind in zip(clusters, kinds, strict=True)
        ]


def start_fleet(supervisor: Supervisor, binaries: Mapping[str, Path], folder: Path) -> Fleet:
    """Start the servers of ``dataset.CLUSTERS`` and both oracles, and write their series."""
    starter = _Starter(supervisor, binaries, folder)
    fleet = starter.add_clusters(Fleet({}, {}, {}, {}), CLUSTERS)
    return starter.add_oracles(fleet, (len(CLUSTERS),))


def widen(supervisor: Supervisor, binaries: Mapping[str, Path], folder: Path, fleet: Fleet) -> Fleet:
    """Return the fleet with all of ``dataset.FIVE_CLUSTERS`` and the oracles that :data:`SUITE` needs."""
    starter = _Starter(supervisor, binaries, folder)
    fleet = starter.add_clusters(fleet, FIVE_CLUSTERS[len(CLUSTERS) :])
    sizes = {len(topology.kinds) for topology in SUITE} - fleet.oracles.keys()
    return starter.add_oracles(fleet, sorted(sizes))


class _Starter:
    """Starts servers below a folder."""

    def __init__(self, supervisor: Supervisor, binaries: Mapping[str, Path], folder: Path) -> None:
        self._supervisor, self._binaries, self._folder = supervisor, binaries, folder

    def add_clusters(self, fleet: Fleet, clusters: Sequence[DataCluster]) -> Fleet:
        ports = self._supervisor.ports
        servers = {
            cluster.name: self._prometheus(cluster.name, OWN_EVALUATION_INTERVAL, cluster.constants)
            for cluster in clusters
        }
        self._start_loaded([(servers[cluster.name], _own_series(cluster)) for cluster in clusters])
        sidecars = {
            name: Sidecar(
                folder=self._folder / f"{name}-sidecar",
                http_port=ports.take(),
                grpc_port=ports.take(),
                prometheus=server,
            )
            for name, server in servers.items()
        }
        self._supervisor.start(
            *(sidecar.program(f"sidecar-{name}", self._binaries["thanos"]) for name, sidecar in sidecars.items())
        )
        stores = {name: sidecar.grpc_address for name, sidecar in sidecars.items()}
        return replace(
            fleet,
            prometheus={**fleet.prometheus, **{name: server.url for name, server in servers.items()}},
            thanos={**fleet.thanos, **self._queries({name: (address,) for name, address in stores.items()})},
            stores={**fleet.stores, **stores},
        )

    def add_oracles(self, fleet: Fleet, sizes: Sequence[int]) -> Fleet:
        unions = {size: self._prometheus(f"union-{size}", DEFAULT_EVALUATION_INTERVAL, {}) for size in sizes}
        self._start_loaded([(server, union_of(FIVE_CLUSTERS[:size])) for size, server in unions.items()])
        addresses = {
            f"union-{size}": tuple(fleet.stores[cluster.name] for cluster in FIVE_CLUSTERS[:size]) for size in sizes
        }
        queries = self._queries(addresses)
        added = {size: Oracles(unions[size].url, queries[f"union-{size}"]) for size in sizes}
        return replace(fleet, oracles={**fleet.oracles, **added})

    def _prometheus(self, name: str, interval: str, external_labels: Mapping[str, str]) -> Prometheus:
        return Prometheus(
            folder=self._folder / name,
            port=self._supervisor.ports.take(),
            external_labels=external_labels,
            scrape_interval=interval,
            features=FEATURES,
            extra_args=RECEIVER,
        )

    def _start_loaded(self, loads: Sequence[tuple[Prometheus, Sequence[Series]]]) -> None:
        binary = self._binaries["prometheus"]
        self._supervisor.start(*(server.program(f"prometheus-{server.folder.name}", binary) for server, _ in loads))
        with httpx.Client(timeout=LOAD_TIMEOUT_S, trust_env=False) as http:
            for server, written in loads:
                write_series(http, server.url, written)

    def _queries(self, endpoints: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        ports = self._supervisor.ports
        queries = [
            Query(
                folder=self._folder / f"{name}-thanos",
                http_port=ports.take(),
                grpc_port=ports.take(),
                endpoints=addresses,
                extra_args=(f"--enable-feature={FEATURES[0]}",),
            )
            for name, addresses in endpoints.items()
        ]
        self._supervisor.start(*(query.program(query.folder.name, self._binaries["thanos"]) for query in queries))
        for query in queries:
            self._supervisor.run(query.wait_for_stores())
        return {name: query.url for name, query in zip(endpoints, queries, strict=True)}


def _own_series(cluster: DataCluster) -> list[Series]:
    own = OWN_LABELS.get(cluster.name, {})
    return [replace(series, labels={**series.labels, **own}) for series in series_of(cluster)]
