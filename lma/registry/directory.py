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
from typing import Final, Literal, Protocol

import structlog

from lma.registry.clusters import ClusterRepository
from lma.registry.database import Database
from lma.registry.disjoint import overlap, partition_conflict, require_own_endpoints
from lma.registry.errors import ConflictError, Detail, InvalidClusterError, UnknownClusterError, UnreachableError
from lma.registry.records import ClusterId, ClusterRecord, ConditionStatus, Observation, observe
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
        self._partition_label = partition_label
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

    async def change(self, name: str, revise: Revise, *, require_reachable: bool) -> Change:
        """Replace the content of a cluster by what ``revise`` makes of it; its name can't change."""
        before = await self.show(name)
        config = revise(before.config)
        if config == before.config:
            return Change(before, "unchanged")
        _require_same_name(before.config, config)
        require_own_endpoints(config, await self._others(name), self._partition_label)
        findings = await self._inspect(config, require_reachable=require_reachable)
        async with self._turn:
            current = await self.show(name)
            if current.id != before.id or current.config != before.config:
                raise ConflictError(
                    f"cluster {name!r} was changed by somebody else meanwhile",
                    f"look at it with GET /v1/clusters/{name} and repeat the request",
                    other=name,
                )
            require_own_endpoints(config, await self._others(name), self._partition_label)
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
            require_own_endpoints(config, await self._others(config.name), self._partition_label)
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
        found = partition_conflict(name, findings.shown_partitions, others, self._partition_label)
        if found is None and findings.twin in {other.config.name for other in others}:
            return overlap(name, findings.twin, f"both show the same value of {self._partition_label!r}", "metrics")
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
