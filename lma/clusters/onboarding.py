"""Connecting a cluster, step by step; each step may be cut off by a crash and is then simply done again.

    offered ─► reached ─► identified ─► found ─► exchanged ─► answering ─► registered

``register`` notes what was offered and returns; ``run`` is the job that does the rest, and writes each step to the
cluster's timeline. Ways to the data are chosen by asking: every candidate is queried through the API server's service
proxy, and the first that answers as it should is taken, with the reason in the timeline.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from lma.clusters import preflight, service_account
from lma.clusters.connection import Connection
from lma.clusters.connections import SYSTEM_PATH, Connections
from lma.clusters.detect import SIGNALS, Service, Signal, candidates
from lma.clusters.errors import ConnectorError, KubernetesError
from lma.clusters.kubeconfig import Reduced
from lma.clusters.preflight import Check, Verdict
from lma.clusters.standing import StandingCredentials, no_credential
from lma.registry.directory import Change, Directory
from lma.registry.errors import RegistryError, UnknownClusterError
from lma.registry.jobs import Job, Jobs
from lma.registry.records import ClusterId, ClusterRecord, Phase
from query.app.config import AlertsEndpoint, ClusterConfig, LogsEndpoint, MetricsEndpoint
from query.backends.transport import Transport

KUBECONFIG: Final = "kubeconfig"
CONNECT: Final = "connect"
ATTEMPTS: Final = 4
"""How often a job is tried when what stands in its way may pass by itself."""


class Prober(Protocol):
    """Asks one endpoint of a cluster whether it answers as its signal should."""

    async def probe(self, config: ClusterConfig, transport: Transport) -> str:
        """Return why not, empty if it does."""
        ...


@dataclass(frozen=True, slots=True)
class _Chosen:
    service: Service
    url: str
    why: str


class Onboarding:
    """Registers, connects and removes clusters that are reached through their API server."""

    def __init__(
        self,
        directory: Directory,
        credentials: StandingCredentials,
        connections: Connections,
        jobs: Jobs,
        prober: Prober,
    ) -> None:
        self._directory = directory
        self._credentials = credentials
        self._connections = connections
        self._jobs = jobs
        self._prober = prober

    async def register(
        self, name: str, labels: Mapping[str, str], offered: Reduced, *, keeps_credential: bool = False
    ) -> Change:
        """Note a cluster and what was offered for it, and have it connected; the rest is in its timeline."""
        access = offered.access
        access.tls()
        shown = {"server": access.server, "exchange": not keeps_credential}
        change = await self._directory.begin(name, labels, KUBECONFIG, shown)
        cluster = change.record.id
        subject = f"{access.form} of context {offered.context}"
        await self._credentials.offer(cluster, access, subject, offered.expires_at)
        await self._directory.tell(cluster, "Offered", f"{subject}, for {access.server}; sealed")
        await self._jobs.submit(cluster, CONNECT, {"exchange": not keeps_credential})
        return change

    async def load(self) -> None:
        """Open what was kept, at the start; resume what was under way when the service stopped."""
        for record in await self._directory.all():
            if record.kind == "endpoints":
                continue
            name = record.config.name
            try:
                connection = await self._credentials.standing(record.id)
            except RegistryError as error:
                self._connections.put_broken(name, f"{error.message}; {error.remedy}")
                continue
            if connection is not None:
                self._connections.put(name, connection, record.uid)
            if record.phase is Phase.REGISTERING:
                await self._jobs.submit(record.id, CONNECT, {"exchange": _exchanges(record)})

    async def run(self, job: Job) -> float | None:
        """Do a job; return after how many seconds to try again, ``None`` if it is over either way."""
        try:
            await self._connect(job.cluster, exchanges=bool(job.payload.get("exchange", True)))
        except UnknownClusterError:
            return None  # removed meanwhile
        except ConnectorError as error:
            if error.is_transient and job.attempt < ATTEMPTS:
                await self._directory.tell(
                    job.cluster, error.reason, f"{error.message}; trying again", status="warning"
                )
                return float(2 ** (job.attempt - 1))
            await self._fail(job.cluster, error.reason, error)
        except RegistryError as error:
            await self._fail(job.cluster, "Refused", error)
        return None

    async def remove(self, name: str, *, force: bool = False) -> None:
        """Delete what we made in the cluster, then forget it; ``force`` forgets also where the cluster is away."""
        record = await self._directory.show(name)
        connection = self._connections.get(name)
        if record.kind != "endpoints" and connection is not None and _exchanges(record):
            try:
                await service_account.remove(connection)
            except ConnectorError as error:
                if not force:
                    raise ConnectorError(
                        "CleanupFailed",
                        f"what was made in the cluster could not be removed: {error.message}",
                        "bring the cluster back and repeat; or forget it with force, and later run there: "
                        f"kubectl delete namespace {service_account.NAMESPACE}",
                    ) from error
        await self._directory.remove(name)
        self._connections.drop(name)

    async def preflight(self, name: str, offered: Reduced | None = None) -> list[tuple[Check, Verdict]]:
        """Look at what stands in the way of a cluster: one that is offered, or the registered one of that name."""
        clusters = await self._directory.all()
        if offered is not None:
            return await preflight.run(Connection(offered.access), name, clusters)
        record = await self._directory.show(name)
        connection = self._connections.get(name)
        if connection is None:
            raise ConnectorError(
                "NotConnected",
                f"cluster {name!r} has no connection to its API server",
                "preflight is for clusters with one: give a kubeconfig, or register it with one",
            )
        return await preflight.run(connection, name, clusters, is_account=_exchanges(record))

    async def reconnect(self, record: ClusterRecord) -> None:
        """Look for the ways to a cluster's data again."""
        await self._jobs.submit(record.id, CONNECT, {"exchange": _exchanges(record)})

    async def rotate(self, name: str) -> None:
        """Replace a cluster's token; the old one is invalid from now on."""
        record, connection = await self._account(name)
        token = await service_account.rotate(connection)
        await self._credentials.keep_account(record.id, connection.access, token)
        await self._use(record, self._credentials.of_account(record.id, connection.access, token))
        await self._directory.tell(record.id, "CredentialRotated", "a new token is used; the old one is invalid")

    async def revoke(self, name: str) -> None:
        """Make a cluster's token invalid in the cluster; it answers nothing until it is registered again."""
        record, connection = await self._account(name)
        await service_account.revoke(connection)
        await self._directory.tell(
            record.id, "CredentialRevoked", "its token is invalid; register it again to query it", status="warning"
        )

    async def _connect(self, cluster: ClusterId, *, exchanges: bool) -> None:
        began = time.monotonic()
        record = await self._directory.get(cluster)
        offered = await self._credentials.offered(cluster)
        connection = offered or await self._credentials.standing(cluster)
        if connection is None:
            raise no_credential()
        uid, version, items = await self._look(cluster, connection)
        if record.uid is not None and record.uid != uid:
            raise ConnectorError(
                "IdentityChanged",
                f"this is another cluster: its UID is {uid}, that of cluster {record.config.name!r} is {record.uid}",
                "register it under a name of its own",
            )
        await self._directory.require_own_uid(cluster, uid)
        found = candidates(items)
        await self._directory.tell(
            cluster, "Found", f"{len(items)} services, of these may answer: {', '.join(map(str, found)) or 'none'}"
        )
        if offered is not None:
            connection = await self._take_over(cluster, offered, found, exchanges=exchanges)
        chosen = await self._choose(cluster, record.config, connection, found)
        await self._use(replace(record, uid=uid), connection)
        config = _with_endpoints(record.config, chosen)
        shown = {
            "server": connection.access.server,
            "exchange": exchanges,
            "routes": {signal: f"service proxy: {one.why}" for signal, one in chosen.items()},
        }
        change = await self._directory.settle(
            cluster,
            lambda current: replace(
                current,
                config=config,
                uid=uid,
                connection=shown,
                capabilities={"kubernetes": version, **{signal: one.service.product for signal, one in chosen.items()}},
            ),
        )
        elapsed = f"{time.monotonic() - began:.1f} s"
        if change.outcome == "unchanged":
            await self._directory.tell(cluster, "Unchanged", f"registered already, nothing changed ({elapsed})")
        else:
            await self._directory.tell(cluster, "Registered", f"takes part in queries, connected in {elapsed}")
        # Last, because who waits for it wants to have seen everything that was told before.
        await self._directory.put_phase(cluster, Phase.READY)

    async def _look(self, cluster: ClusterId, connection: Connection) -> tuple[str, str, Sequence[Mapping[str, Any]]]:
        """Return the natural key, the version and the services of the cluster."""
        began = time.monotonic()
        async with connection.api() as api:
            version = str((await api.get("/version")).get("gitVersion", ""))
            elapsed_ms = (time.monotonic() - began) * 1000
            await self._directory.tell(
                cluster, "Reached", f"{connection.access.server}, Kubernetes {version}, {elapsed_ms:.0f} ms"
            )
            uid = str((await api.get(SYSTEM_PATH))["metadata"]["uid"])
            await self._directory.tell(cluster, "Identified", f"UID {uid}")
            items = (await api.get("/api/v1/services", limit="5000")).get("items") or []
        return uid, version, items

    async def _take_over(
        self, cluster: ClusterId, offered: Connection, found: Sequence[Service], *, exchanges: bool
    ) -> Connection:
        """Return the connection that stays: as our own account, or as what was offered if that was asked for."""
        if not exchanges:
            await self._credentials.accept(cluster, offered.access, "the kubeconfig's user", offered.expires_at)
            await self._directory.tell(
                cluster,
                "CredentialKept",
                f"the {offered.access.form} that was offered stays in use, sealed",
                status="warning",
            )
            return await self._credentials.standing(cluster) or offered
        try:
            token = await service_account.exchange(offered, found)
        except KubernetesError as error:
            if error.reason != "Forbidden":
                raise
            raise ConnectorError(
                "ExchangeForbidden",
                f"the kubeconfig's user may not make the service account this service would use: {error.message}",
                "give a user who may make namespaces, roles and bindings; or, to use this user as it is, register with "
                "--keep-credential",
            ) from error
        await self._credentials.keep_account(cluster, offered.access, token)
        ends = f"{token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expires_at else "no end"
        await self._directory.tell(
            cluster,
            "Exchanged",
            f"for {service_account.SUBJECT} (token until {ends}, renewed in time); what was offered is deleted",
        )
        return self._credentials.of_account(cluster, offered.access, token)

    async def _choose(
        self, cluster: ClusterId, config: ClusterConfig, connection: Connection, found: Sequence[Service]
    ) -> dict[Signal, _Chosen]:
        chosen: dict[Signal, _Chosen] = {}
        for signal in SIGNALS:
            failures: list[str] = []
            for service in [one for one in found if one.signal == signal]:
                url = f"{connection.access.server}{service.proxy_path}"
                asked = _with_endpoints(_bare(config), {signal: _Chosen(service, url, "")})
                why_not = await self._prober.probe(asked, connection.transport)
                if not why_not:
                    passed = f"; passed over: {'; '.join(failures)}" if failures else ""
                    chosen[signal] = _Chosen(service, url, f"{service} answers{passed}")
                    break
                failures.append(f"{service}: {why_not}")
            if signal in chosen:
                await self._directory.tell(cluster, f"{signal.capitalize()}Route", chosen[signal].why)
            elif signal != "alerts":
                told = "; ".join(failures) or "no service looks like it"
                await self._directory.tell(cluster, f"No{signal.capitalize()}", told, status="warning")
        return chosen

    async def _use(self, record: ClusterRecord, connection: Connection) -> None:
        self._connections.put(record.config.name, connection, record.uid)
        await self._directory.start()

    async def _account(self, name: str) -> tuple[ClusterRecord, Connection]:
        record = await self._directory.show(name)
        connection = self._connections.get(name)
        if connection is None or not _exchanges(record):
            raise ConnectorError(
                "NoAccount",
                f"cluster {name!r} is not reached as a service account of ours",
                "register it again without --keep-credential",
            )
        return record, connection

    async def _fail(self, cluster: ClusterId, reason: str, error: RegistryError) -> None:
        await self._directory.tell(cluster, reason, f"{error.message}; {error.remedy}", status="error")
        await self._credentials.withdraw(cluster)
        record = await self._directory.get(cluster)
        was_ready = self._connections.get(record.config.name) is not None and record.uid is not None
        await self._directory.put_phase(cluster, Phase.READY if was_ready else Phase.FAILED)


def _exchanges(record: ClusterRecord) -> bool:
    return bool((record.connection or {}).get("exchange", True))


def _bare(config: ClusterConfig) -> ClusterConfig:
    return ClusterConfig(name=config.name, labels=config.labels)


def _with_endpoints(config: ClusterConfig, chosen: Mapping[Signal, _Chosen]) -> ClusterConfig:
    """Return the configuration with these ways; what was given by hand and not found anew stays."""
    metrics, logs, alerts = (chosen.get(signal) for signal in SIGNALS)
    return ClusterConfig(
        name=config.name,
        labels=config.labels,
        metrics=MetricsEndpoint(url=metrics.url) if metrics else config.metrics,
        logs=LogsEndpoint(url=logs.url) if logs else config.logs,
        alerts=AlertsEndpoint(url=alerts.url) if alerts else config.alerts,
    )


def require_credential(reduced: Reduced) -> None:
    """Raise unless the context's credential is at hand: a plugin can't be run here."""
    if reduced.plugin is not None:
        raise ConnectorError(
            "ExecNotRun",
            f"its user runs the program {reduced.plugin.command[:200]!r}; the service runs none that a request names",
            "register with `lma cluster register --kubeconfig`, which runs allowed ones where you are",
        )
