"""The directory of clusters: what is registered is what is queried.

Every change is checked, looked at from here (``QueryPlane.inspect``), committed, and handed to the query plane at once.
Changes are made one at a time, so that the plane gets them in the order in which they were committed; the inspection,
which waits for somebody else's network, happens before the turn is taken.

Limits: one process per database. Several would each need to hear of the others' commits; the unique claims of
``models`` already keep their registrations apart.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol

import structlog

from lma.registry.clusters import ClusterRepository
from lma.registry.database import Database
from lma.registry.disjoint import overlap, partition_conflict, require_own_endpoints
from lma.registry.errors import ConflictError, Detail, InvalidClusterError, UnknownClusterError, UnreachableError
from lma.registry.records import (
    ClusterId,
    ClusterRecord,
    ConditionStatus,
    Event,
    Observation,
    Phase,
    observe,
)
from query.app.config import ClusterConfig

Outcome = Literal["created", "changed", "unchanged"]
Revise = Callable[[ClusterConfig], ClusterConfig]
"""Makes the new content of a cluster from the present one; raises ``InvalidClusterError``."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What an inspection saw.

    ``shown_partitions`` maps a signal to the partition value its data shows, if it does; ``twin`` names a cluster that
    takes part in queries and was seen to show the same one.
    """

    observations: tuple[Observation, ...]
    shown_partitions: Mapping[str, str] = field(default_factory=dict)
    twin: str = ""


class QueryPlane(Protocol):
    """What the directory needs of the gateway."""

    async def replace_clusters(self, clusters: Sequence[ClusterConfig]) -> None:
        """Query exactly these clusters from now on."""
        ...

    async def inspect(self, cluster: ClusterConfig) -> Findings:
        """Ask the cluster's endpoints who they are; bounded in time, never raises for what they do."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """A cluster after a request, and what the request did."""

    record: ClusterRecord
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Page:
    """Some clusters by name; ``next_after`` begins the next page, ``None`` on the last."""

    records: tuple[ClusterRecord, ...]
    next_after: str | None


class Directory:
    """Registers, shows, changes and removes clusters."""

    def __init__(self, database: Database, plane: QueryPlane, partition_label: str) -> None:
        self._database = database
        self._plane = plane
        self.partition_label = partition_label
        self._turn = asyncio.Lock()
        self._log = structlog.get_logger()

    async def start(self) -> int:
        """Hand what is registered to the query plane; return how many clusters that are."""
        async with self._turn:
            return await self._publish()

    async def register(self, config: ClusterConfig, *, require_reachable: bool) -> Change:
        """Add a cluster; the same content again is no change, other content a ``ConflictError``.

        An endpoint that does not answer is registered with a condition that says so: the cluster may be down just now.
        """
        present = await self._present_or_free(config)
        if present is not None:
            return Change(present, "unchanged")
        findings = await self._inspect(config, require_reachable=require_reachable)
        async with self._turn:
            present = await self._present_or_free(config)
            if present is not None:
                return Change(present, "unchanged")
            now = datetime.now(UTC)
            blank = ClusterRecord(ClusterId(uuid.uuid4()), config, created_at=now, updated_at=now)
            record = await self._refuse_overlap(blank, findings, now)
            async with self._database.write() as session:
                await ClusterRepository(session).add(record)
            await self._publish()
        self._log.info("cluster registered", cluster=config.name, warnings=record.warnings())
        return Change(record, "created")

    async def begin(self, name: str, labels: Mapping[str, str], kind: str, connection: Mapping[str, Any]) -> Change:
        """Note that a cluster is being connected: a new one without endpoints, or one that is connected again.

        ``ConflictError`` if the name belongs to a cluster of another kind.
        """
        async with self._turn, self._database.write() as session:
            clusters = ClusterRepository(session)
            present = await clusters.find(name)
            now = datetime.now(UTC)
            if present is None:
                config = ClusterConfig(name=name, labels=dict(labels))
                require_own_endpoints(config, [], self.partition_label)
                record = ClusterRecord(
                    ClusterId(uuid.uuid4()),
                    config,
                    created_at=now,
                    updated_at=now,
                    kind=kind,
                    phase=Phase.REGISTERING,
                    connection=connection,
                )
                await clusters.add(record)
                return Change(record, "created")
            if present.kind != kind:
                raise ConflictError(
                    f"cluster {name!r} is registered already, by {present.kind}",
                    f"remove it first, or register {kind} under another name",
                    other=name,
                )
            if present.config.labels != labels:
                raise ConflictError(
                    f"cluster {name!r} is registered already, with other labels",
                    f"change them with PATCH /v1/clusters/{name}, or give the same",
                    other=name,
                    details=(Detail("labels", "differs from what is registered"),),
                )
            record = replace(present, phase=Phase.REGISTERING)
            await clusters.change(record)
            return Change(record, "unchanged")

    async def settle(self, cluster: ClusterId, revise: Callable[[ClusterRecord], ClusterRecord]) -> Change:
        """Make a connected cluster what ``revise`` makes of it, and query it so from now on.

        ``ConflictError`` if it is another cluster by its natural key, endpoints or data.
        """
        before = await self.get(cluster)
        findings = await self._plane.inspect(revise(before).config)
        async with self._turn:
            current = await self.get(cluster)
            now = datetime.now(UTC)
            revised = revise(current)
            same = replace(revised, phase=current.phase, connection=current.connection) == current
            if not same:
                revised = replace(revised, updated_at=now)
            await self._require_own_uid(revised)
            require_own_endpoints(revised.config, await self._others(revised.config.name), self.partition_label)
            record = await self._refuse_overlap(revised, findings, now)
            async with self._database.write() as session:
                await ClusterRepository(session).change(record)
            await self._publish()
        return Change(record, "unchanged" if same else "changed")

    async def put_phase(self, cluster: ClusterId, phase: Phase) -> None:
        """Note how far a cluster is; nothing if it is gone."""
        async with self._turn, self._database.write() as session:
            clusters = ClusterRepository(session)
            present = await clusters.get(cluster)
            if present is not None:
                await clusters.change(replace(present, phase=phase))

    async def get(self, cluster: ClusterId) -> ClusterRecord:
        """Return a cluster by its id; ``UnknownClusterError``."""
        async with self._database.read() as session:
            record = await ClusterRepository(session).get(cluster)
        if record is None:
            raise UnknownClusterError(str(cluster))
        return record

    async def tell(
        self, cluster: ClusterId, reason: str, message: str, *, status: Literal["ok", "warning", "error"] = "ok"
    ) -> None:
        """Add to a cluster's timeline and to the log; nothing if it is gone."""
        async with self._database.write() as session:
            clusters = ClusterRepository(session)
            record = await clusters.get(cluster)
            if record is None:
                return
            await clusters.tell(cluster, Event(datetime.now(UTC), status, reason, message))
        say = {"ok": self._log.info, "warning": self._log.warning, "error": self._log.error}[status]
        say("cluster event", cluster=record.config.name, reason=reason, message=message)

    async def timeline(self, name: str, *, after: int = 0) -> list[Event]:
        """Return a cluster's timeline; ``UnknownClusterError``."""
        record = await self.show(name)
        async with self._database.read() as session:
            return await ClusterRepository(session).timeline(record.id, after=after)

    async def require_own_uid(self, cluster: ClusterId, uid: str) -> None:
        """Raise ``ConflictError`` if another cluster is known by this natural key."""
        await self._require_own_uid(replace(await self.get(cluster), uid=uid))

    async def all(self) -> list[ClusterRecord]:
        """Return every cluster."""
        return await self._all()

    async def change(self, name: str, revise: Revise, *, require_reachable: bool) -> Change:
        """Replace the content of a cluster by what ``revise`` makes of it; its name can't change."""
        before = await self.show(name)
        config = revise(before.config)
        if config == before.config:
            return Change(before, "unchanged")
        _require_same_name(before.config, config)
        require_own_endpoints(config, await self._others(name), self.partition_label)
        findings = await self._inspect(config, require_reachable=require_reachable)
        async with self._turn:
            current = await self.show(name)
            if current.id != before.id or current.config != before.config:
                raise ConflictError(
                    f"cluster {name!r} was changed by somebody else meanwhile",
                    f"look at it with GET /v1/clusters/{name} and repeat the request",
                    other=name,
                )
            require_own_endpoints(config, await self._others(name), self.partition_label)
            now = datetime.now(UTC)
            revised = replace(current, config=config, updated_at=now, shown_partitions={})
            record = await self._refuse_overlap(revised, findings, now)
            async with self._database.write() as session:
                await ClusterRepository(session).change(record)
            await self._publish()
        self._log.info("cluster changed", cluster=name, warnings=record.warnings())
        return Change(record, "changed")

    async def remove(self, name: str) -> None:
        """Forget a cluster; from now on no query asks it. Nothing happens in the cluster itself."""
        async with self._turn:
            async with self._database.write() as session:
                removed = await ClusterRepository(session).remove(name)
            if not removed:
                raise UnknownClusterError(name)
            await self._publish()
        self._log.info("cluster removed", cluster=name)

    async def inspect(self, name: str) -> ClusterRecord:
        """Look at a cluster again and keep what was seen; an overlap that has appeared becomes a condition."""
        before = await self.show(name)
        findings = await self._plane.inspect(before.config)
        async with self._turn:
            current = await self.show(name)
            if current.config != before.config:
                return current
            conflict = await self._overlap(name, findings)
            record = _seen(current, findings, conflict, datetime.now(UTC))
            if record != current:
                async with self._database.write() as session:
                    await ClusterRepository(session).keep_seen(record)
        self._log_transitions(current, record)
        return record

    async def names(self) -> list[str]:
        """Return the name of every cluster."""
        return [record.config.name for record in await self._all()]

    async def show(self, name: str) -> ClusterRecord:
        """Return one cluster; ``UnknownClusterError``."""
        async with self._database.read() as session:
            record = await ClusterRepository(session).find(name)
        if record is None:
            raise UnknownClusterError(name)
        return record

    async def page(self, *, limit: int, after: str = "", labels: Mapping[str, str] | None = None) -> Page:
        """Return up to ``limit`` clusters sorting after ``after`` that carry all of ``labels``."""
        wanted = (labels or {}).items()
        records = [record for record in await self._all(after=after) if wanted <= record.config.labels.items()]
        more = len(records) > limit
        return Page(tuple(records[:limit]), records[limit - 1].config.name if more else None)

    def _log_transitions(self, before: ClusterRecord, after: ClusterRecord) -> None:
        known = {item.type: item.status for item in before.conditions}
        for item in after.conditions:
            if known.get(item.type) is not item.status:
                say = self._log.info if item.status is ConditionStatus.TRUE else self._log.warning
                say(
                    "cluster condition changed",
                    cluster=after.config.name,
                    type=item.type,
                    status=item.status.value,
                    reason=item.reason,
                    message=item.message,
                )

    async def _all(self, *, after: str = "") -> list[ClusterRecord]:
        async with self._database.read() as session:
            return await ClusterRepository(session).all(after=after)

    async def _require_own_uid(self, record: ClusterRecord) -> None:
        async with self._database.read() as session:
            other = None if record.uid is None else await ClusterRepository(session).with_uid(record.uid)
        if other is not None and other.id != record.id:
            raise ConflictError(
                f"this is the cluster {other.config.name!r}, which is registered already: its namespace kube-system "
                f"has the UID {record.uid}",
                f"register it as {other.config.name!r} again, or remove that first",
                other=other.config.name,
            )

    async def _others(self, name: str) -> list[ClusterRecord]:
        return [record for record in await self._all() if record.config.name != name]

    async def _publish(self) -> int:
        configs = [record.config for record in await self._all()]
        await self._plane.replace_clusters(configs)
        return len(configs)

    async def _present_or_free(self, config: ClusterConfig) -> ClusterRecord | None:
        """Return the cluster if it is registered with just this content; raise if anything stands in its way."""
        async with self._database.read() as session:
            present = await ClusterRepository(session).find(config.name)
        if present is None:
            require_own_endpoints(config, await self._others(config.name), self.partition_label)
        elif present.config != config:
            raise ConflictError(
                f"cluster {config.name!r} is registered already, with other content",
                f"change it with PATCH /v1/clusters/{config.name}, or remove it first",
                other=config.name,
                details=_differences(present.config, config),
            )
        return present

    async def _inspect(self, config: ClusterConfig, *, require_reachable: bool) -> Findings:
        findings = await self._plane.inspect(config)
        silent = [
            item
            for item in findings.observations
            if item.type in _REACHABLE and item.status is not ConditionStatus.TRUE
        ]
        if require_reachable and silent:
            raise UnreachableError(
                f"cluster {config.name!r} does not answer: {'; '.join(item.message for item in silent)}",
                "bring the endpoint up or correct its URL; without require_reachable it is accepted with a warning",
                tuple(Detail(_REACHABLE[item.type], item.message) for item in silent),
            )
        return findings

    async def _refuse_overlap(self, record: ClusterRecord, findings: Findings, now: datetime) -> ClusterRecord:
        """Return the record with what was seen, or raise if it shows another cluster's partition value."""
        conflict = await self._overlap(record.config.name, findings)
        if conflict is not None:
            raise conflict
        return _seen(record, findings, None, now)

    async def _overlap(self, name: str, findings: Findings) -> ConflictError | None:
        others = await self._others(name)
        found = partition_conflict(name, findings.shown_partitions, others, self.partition_label)
        if found is None and findings.twin in {other.config.name for other in others}:
            return overlap(name, findings.twin, f"both show the same value of {self.partition_label!r}", "metrics")
        return found


_REACHABLE: Final = {
    "MetricsReachable": "endpoints.metrics",
    "LogsReachable": "endpoints.logs",
    "AlertsReachable": "endpoints.alerts",
}
"""The conditions that tell of an endpoint's answer, and where that endpoint stands in the content."""


def _seen(record: ClusterRecord, findings: Findings, conflict: ConflictError | None, now: datetime) -> ClusterRecord:
    observations = list(findings.observations)
    if conflict is not None:
        observations.append(
            Observation("PartitionUnique", ConditionStatus.FALSE, "PartitionConflict", conflict.message)
        )
    elif findings.shown_partitions:
        observations.append(
            Observation("PartitionUnique", ConditionStatus.TRUE, "NoOverlap", "no other cluster's data shows its value")
        )
    return replace(
        record,
        conditions=observe(record.conditions, tuple(observations), now),
        shown_partitions={**_not_seen_now(record, findings), **findings.shown_partitions},
    )


def _not_seen_now(record: ClusterRecord, findings: Findings) -> dict[str, str]:
    """Return the partition values of signals that did not answer: what they showed before still counts."""
    silent = {item.type for item in findings.observations if item.status is not ConditionStatus.TRUE}
    return {
        signal: value
        for signal, value in record.shown_partitions.items()
        if f"{signal.capitalize()}Reachable" in silent
    }


def _require_same_name(before: ClusterConfig, after: ClusterConfig) -> None:
    if before.name != after.name:
        raise InvalidClusterError(
            f"cluster {before.name!r} can't be renamed: its name is part of every series it ever answered with",
            "remove it and register it under the new name",
            (Detail("name", "may not change"),),
        )


def _differences(present: ClusterConfig, asked: ClusterConfig) -> tuple[Detail, ...]:
    found: list[Detail] = []
    for part in ("labels", "metrics", "logs", "alerts"):
        if getattr(present, part) != getattr(asked, part):
            place = part if part == "labels" else f"endpoints.{part}"
            found.append(Detail(place, "differs from what is registered"))
    return tuple(found)
