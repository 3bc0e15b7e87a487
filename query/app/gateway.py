"""The gateway as an object: holds connections and members, gives out routers.

Everything is built when it is entered and released when it is left; nothing is global. Clusters can be replaced at any
time; queries that run keep the members they began with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import aiohttp
import msgspec
from fastapi import APIRouter
from prometheus_client import CollectorRegistry

from query.api.loki import loki_router
from query.api.prometheus import prometheus_router
from query.app.config import ClusterConfig, FederationConfig, check_disjoint
from query.app.inspection import EndpointInspection, Inspection
from query.backends.base import Backend, BackendError, Deadline, Failure, Request, read_all
from query.backends.guards import guarded
from query.backends.http import HttpBackend, open_session
from query.backends.metered import BackendMetrics, Metered
from query.backends.service_proxy import ServiceProxied
from query.backends.transport import Transport
from query.backends.watched import Watched
from query.execute.budget import Budget, MemoryPool
from query.execute.discover import Discovered, LabelProbe, discover, first_error
from query.execute.fanout import Member, Replica
from query.execute.label_probes import LokiProbe, PrometheusProbe
from query.execute.logs import LogsQueries
from query.execute.membership import Membership
from query.execute.metadata_ask import MetadataAsker
from query.execute.metrics import MetricsQueries
from query.execute.remote_read import RemoteRead
from query.execute.settings import ExecuteSettings
from query.model.certificate import Exactness
from query.model.clusters import Cluster, ClusterName
from query.model.errors import ConfigError
from query.syntax.limits import Limits

INSPECT_TIMEOUT_S: Final = 5.0
REVISION: Final = "lma-federation"
REPLICA_HEALTH: Final = "/-/healthy"


@dataclass(frozen=True, slots=True)
class _Built:
    """A cluster's configuration and the members made of it."""

    config: ClusterConfig
    transport: Transport | None
    metrics: Member | None
    logs: Member | None


class Gateway:
    """Federates the clusters it is given. Use as an async context manager."""

    def __init__(self, config: FederationConfig, registry: CollectorRegistry) -> None:
        limits = config.limits
        self._config = config
        self._metrics = BackendMetrics(registry)
        self.settings = ExecuteSettings(
            partition_label=config.partition_label,
            allow_partial=config.partial_response,
            pushes_down=config.pushdown,
            exactness=Exactness[config.exactness.upper()],
            query_timeout_s=limits.query_timeout_s,
            cluster_timeout_s=limits.cluster_timeout_s,
            response_bytes=limits.response_bytes,
            budget=Budget(limits.series_per_query, limits.samples_per_query, limits.bytes_per_query),
            points_per_series=limits.points_per_series,
            subquery_points=limits.subquery_points,
            evaluation_cells=limits.evaluation_cells,
            log_lines=limits.log_lines,
            sample_lines=limits.sample_lines,
            syntax=Limits(max_bytes=limits.query_bytes),
        )
        self._prometheus_probe: LabelProbe = PrometheusProbe()
        self._loki_probe: LabelProbe = LokiProbe()
        self._pool = MemoryPool(limits.memory_bytes)
        label, timeout_s = config.partition_label, limits.cluster_timeout_s
        self.metrics = Membership(self._prometheus_probe, label, timeout_s, self._pool)
        self.logs = Membership(self._loki_probe, label, timeout_s, self._pool)
        self._session: aiohttp.ClientSession | None = None
        self._built: dict[str, _Built] = {}
        self._is_open = False

    @property
    def is_ready(self) -> bool:
        """True between entering and leaving."""
        return self._is_open

    @property
    def clusters(self) -> tuple[ClusterConfig, ...]:
        """The clusters that take part right now."""
        return tuple(built.config for built in self._built.values())

    async def __aenter__(self) -> Self:
        self._session = open_session(self._config.limits.connect_timeout_s)
        self._is_open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        await self.metrics.aclose()
        await self.logs.aclose()
        if self._session is not None:
            await self._session.close()

    async def replace_clusters(
        self, clusters: Sequence[ClusterConfig], transports: Mapping[str, Transport] | None = None
    ) -> None:
        """Make these the clusters, from the next query on; ``ConfigError`` if they overlap, changing nothing.

        ``transports`` are by cluster name; a cluster without one is reached by its URLs alone. A cluster of which
        nothing changed keeps its connections and what is known about it.
        """
        ways = transports or {}
        try:
            check_disjoint(clusters, self._config.partition_label)
        except ValueError as error:
            raise ConfigError(str(error)) from error
        built: dict[str, _Built] = {}
        for cluster in clusters:
            old, way = self._built.get(cluster.name), ways.get(cluster.name)
            is_same = old is not None and old.config == cluster and old.transport is way
            built[cluster.name] = old if old is not None and is_same else self._build(cluster, way)
        for gone in self._built.keys() - built.keys():
            self._metrics.forget(gone, "metrics")
            self._metrics.forget(gone, "logs")
            self._metrics.forget(gone, "replica")
        self._built = built
        self.metrics.replace(one.metrics for one in built.values() if one.metrics is not None)
        self.logs.replace(one.logs for one in built.values() if one.logs is not None)

    async def inspect(self, config: ClusterConfig, transport: Transport | None = None) -> Inspection:
        """Ask every endpoint of a cluster, which need not take part yet, what it is and which labels it shows."""
        cluster = self._cluster_of(config)
        async with asyncio.TaskGroup() as group:
            metrics = config.metrics and group.create_task(
                self._inspect_endpoint(
                    cluster,
                    self._http(config.metrics.url, transport),
                    config.metrics.url,
                    "/api/v1/status/buildinfo",
                    self._prometheus_probe,
                )
            )
            logs = config.logs and group.create_task(
                self._inspect_endpoint(
                    cluster,
                    self._http(config.logs.url, transport, _tenant_header(config.logs.tenant)),
                    config.logs.url,
                    "/loki/api/v1/status/buildinfo",
                    self._loki_probe,
                )
            )
            alerts = config.alerts and group.create_task(
                self._inspect_endpoint(
                    cluster, self._http(config.alerts.url, transport), config.alerts.url, "/api/v2/status", None
                )
            )
        found = Inspection(
            metrics=metrics.result() if metrics else None,
            logs=logs.result() if logs else None,
            alerts=alerts.result() if alerts else None,
        )
        return Inspection(found.metrics, found.logs, found.alerts, twin=await self._twin_of(config, found))

    def routers(self) -> list[APIRouter]:
        """Return the routers of the federated APIs."""
        queries = MetricsQueries(self.metrics, self.settings, self._pool)
        asker = MetadataAsker(self.metrics, self.settings)
        return [
            prometheus_router(
                queries, asker, RemoteRead(self.metrics, self.settings, self._pool), self.settings, REVISION
            ),
            loki_router(LogsQueries(self.logs, self.settings), self.settings, REVISION),
        ]

    def _cluster_of(self, config: ClusterConfig) -> Cluster:
        return Cluster(ClusterName(config.name), {**config.labels, self._config.partition_label: config.name})

    def _build(self, config: ClusterConfig, transport: Transport | None) -> _Built:
        cluster = self._cluster_of(config)
        metrics = logs = None
        if config.metrics is not None:
            metrics = Member(
                cluster,
                self._guarded(config.name, "metrics", self._http(config.metrics.url, transport)),
                tuple(self._replica(config.name, url, transport) for url in config.metrics.replicas),
            )
        if config.logs is not None:
            backend = self._http(config.logs.url, transport, _tenant_header(config.logs.tenant))
            logs = Member(cluster, self._guarded(config.name, "logs", backend))
        return _Built(config, transport, metrics, logs)

    def _replica(self, cluster: str, url: str, transport: Transport | None) -> Replica:
        # A connection that broke may mean a restart, and a restart a gap: the query goes elsewhere instead of back.
        watched = Watched(self._http(url, transport), REPLICA_HEALTH)
        return Replica(url, self._guarded(cluster, "replica", watched, retries=False))

    def _http(self, url: str, transport: Transport | None, headers: dict[str, str] | None = None) -> Backend:
        """Return the bare backend of a URL; the transport, and its credential, only where the URL is its server's."""
        if transport is None or not transport.covers(url):
            return HttpBackend(self._open_session, url, headers)
        return ServiceProxied(HttpBackend(self._open_session, url, headers, transport))

    def _guarded(self, cluster: str, signal: str, backend: Backend, *, retries: bool = True) -> Backend:
        limits = self._config.limits
        return Metered(
            guarded(
                backend,
                concurrency=limits.concurrency_per_cluster,
                breaker_failures=limits.breaker_failures,
                breaker_open_s=limits.breaker_open_s,
                full_timeout_s=limits.cluster_timeout_s,
                retries=retries,
            ),
            self._metrics,
            cluster,
            signal,
        )

    @property
    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the gateway has not been entered")
        return self._session

    async def _inspect_endpoint(
        self, cluster: Cluster, backend: Backend, url: str, version_path: str, probe: LabelProbe | None
    ) -> EndpointInspection:
        deadline = Deadline.after(INSPECT_TIMEOUT_S)
        version = await _version(backend, version_path, deadline)
        found = Discovered()
        error: BackendError | None = None
        try:
            if probe is not None:
                found = await discover(probe, cluster, backend, deadline)
            elif isinstance(version, BackendError):
                raise version
        except* BackendError as group:
            error = first_error(group)
        if error is not None:
            return EndpointInspection(url, is_reachable=False, detail=error.detail, failure=error.failure)
        known = version if isinstance(version, str) else ""
        return EndpointInspection(
            url,
            is_reachable=True,
            detail=f"answers{f', version {known}' if known else ''}",
            version=known,
            conflict=found.conflict,
            values=dict(found.values),
        )

    async def _twin_of(self, config: ClusterConfig, found: Inspection) -> str:
        """Return another cluster whose backend shows the partition value that one of these endpoints shows."""
        label = self._config.partition_label
        deadline = Deadline.after(INSPECT_TIMEOUT_S)
        for part, membership in ((found.metrics, self.metrics), (found.logs, self.logs)):
            value = part.values.get(label) if part is not None else None
            if value is None:
                continue
            others = [member for member in membership.members if member.cluster.name != config.name]
            await membership.settle(others, deadline)
            for name, known in membership.discovered().items():
                if name != config.name and known.values.get(label) == value:
                    return name
        return ""


def _tenant_header(tenant: str | None) -> dict[str, str]:
    return {"X-Scope-OrgID": tenant} if tenant else {}


async def _version(backend: Backend, path: str, deadline: Deadline) -> str | BackendError:
    """Return the version an endpoint gives, empty if it gives none, or why it could not be asked."""
    try:
        reply = await backend.send(Request(path), deadline)
        body = await read_all(reply, deadline, 1 << 20)
        if reply.status >= 400:  # noqa: PLR2004
            return BackendError(Failure.REFUSED, f"HTTP {reply.status} from {path}")
        decoded = msgspec.json.decode(body)
    except BackendError as error:
        return error
    except msgspec.MsgspecError as error:
        return BackendError(Failure.NOT_UNDERSTOOD, f"{path} does not answer JSON: {error}")
    if not isinstance(decoded, dict):
        return ""
    for holder in (decoded.get("data"), decoded.get("versionInfo"), decoded):
        if isinstance(holder, dict) and isinstance(holder.get("version"), str):
            return str(holder["version"])
    return ""
