"""Reading and writing clusters inside a session that the caller opened and will commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from lma.registry.errors import ConflictError, DatabaseError
from lma.registry.models import ClusterRow, ConditionRow, EndpointClaimRow, EventRow
from lma.registry.records import ClusterId, ClusterRecord, Condition, ConditionStatus, Event, Phase
from query.app.config import ClusterConfig, endpoints

KEPT_EVENTS: Final = 200


class ClusterRepository:
    """The clusters of one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, name: str) -> ClusterRecord | None:
        """Return the cluster of that name."""
        row = await self._row(ClusterRow.name == name)
        return None if row is None else _record(row)

    async def all(self, *, after: str = "") -> list[ClusterRecord]:
        """Return every cluster whose name sorts after ``after``, by name."""
        rows = await self._session.scalars(
            sa.select(ClusterRow).where(ClusterRow.name > after).order_by(ClusterRow.name)
        )
        return [_record(row) for row in rows]

    async def add(self, record: ClusterRecord) -> None:
        """Insert; ``ConflictError`` if its name or an endpoint was taken meanwhile."""
        row = ClusterRow(id=record.id, name=record.config.name)
        self._session.add(row)
        _fill(row, record)
        row.claims = _claims(record.config)
        await self._flush(record.config.name)

    async def change(self, record: ClusterRecord) -> None:
        """Replace content, claims and conditions of the row with this id."""
        row = await self._session.get_one(ClusterRow, record.id)
        _fill(row, record)
        await self._session.execute(sa.delete(EndpointClaimRow).where(EndpointClaimRow.cluster_id == record.id))
        self._session.add_all(_claims(record.config, record.id))
        await self._flush(record.config.name)

    async def get(self, cluster: ClusterId) -> ClusterRecord | None:
        """Return the cluster with that id."""
        row = await self._row(ClusterRow.id == cluster)
        return None if row is None else _record(row)

    async def keep_seen(self, record: ClusterRecord) -> None:
        """Replace what was seen of a cluster: its conditions and shown partition values."""
        row = await self._session.get_one(ClusterRow, record.id)
        row.shown_partitions = dict(record.shown_partitions)
        row.conditions = _condition_rows(record.conditions)
        await self._session.flush()

    async def remove(self, name: str) -> bool:
        """Delete; tell whether there was such a cluster."""
        found = await self._session.scalar(
            sa.delete(ClusterRow).where(ClusterRow.name == name).returning(ClusterRow.id)
        )
        return found is not None

    async def with_uid(self, uid: str) -> ClusterRecord | None:
        """Return the cluster that is known by this natural key."""
        row = await self._row(ClusterRow.uid == uid)
        return None if row is None else _record(row)

    async def tell(self, cluster: ClusterId, event: Event) -> None:
        """Add an entry to a cluster's timeline; the oldest beyond ``KEPT_EVENTS`` go."""
        self._session.add(
            EventRow(cluster_id=cluster, at=event.at, status=event.status, reason=event.reason, message=event.message)
        )
        await self._session.flush()
        of_cluster = sa.select(EventRow.id).where(EventRow.cluster_id == cluster)
        kept = of_cluster.order_by(EventRow.id.desc()).limit(KEPT_EVENTS)
        oldest = sa.select(sa.func.min(kept.subquery().c.id)).scalar_subquery()
        await self._session.execute(sa.delete(EventRow).where(EventRow.cluster_id == cluster, EventRow.id < oldest))

    async def timeline(self, cluster: ClusterId, *, after: int = 0) -> list[Event]:
        """Return the entries of a cluster's timeline that follow ``after``, the oldest first."""
        of_cluster = sa.select(EventRow).where(EventRow.cluster_id == cluster, EventRow.id > after)
        rows = await self._session.scalars(of_cluster.order_by(EventRow.id))
        return [Event(row.at, row.status, row.reason, row.message, row.id) for row in rows]

    async def _row(self, condition: sa.ColumnElement[bool]) -> ClusterRow | None:
        found: ClusterRow | None = await self._session.scalar(sa.select(ClusterRow).where(condition))
        return found

    async def _flush(self, name: str) -> None:
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise ConflictError(
                f"cluster {name!r} or one of its endpoints was registered at the same moment",
                "look at GET /v1/clusters and repeat the request",
                other=name,
            ) from error


def _fill(row: ClusterRow, record: ClusterRecord) -> None:
    row.labels = dict(record.config.labels)
    row.endpoints = record.config.model_dump(mode="json", include={"metrics", "logs", "alerts"}, exclude_none=True)
    row.created_at = record.created_at
    row.updated_at = record.updated_at
    row.shown_partitions = dict(record.shown_partitions)
    row.conditions = _condition_rows(record.conditions)
    row.kind = record.kind
    row.phase = record.phase.value
    row.uid = record.uid
    row.connection = None if record.connection is None else dict(record.connection)
    row.capabilities = dict(record.capabilities)


def _claims(config: ClusterConfig, cluster: UUID | None = None) -> list[EndpointClaimRow]:
    claimed = dict.fromkeys(endpoints(config))
    owner: dict[str, Any] = {} if cluster is None else {"cluster_id": cluster}
    return [EndpointClaimRow(signal=signal, identity=identity, **owner) for signal, identity in claimed]


def _condition_rows(conditions: Iterable[Condition]) -> list[ConditionRow]:
    return [
        ConditionRow(
            type=condition.type,
            position=position,
            status=condition.status.value,
            reason=condition.reason,
            message=condition.message,
            since=condition.since,
        )
        for position, condition in enumerate(conditions)
    ]


def _config(row: ClusterRow) -> ClusterConfig:
    try:
        return ClusterConfig.model_validate({"name": row.name, "labels": row.labels, **row.endpoints})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DatabaseError(
            f"the database holds a cluster {row.name!r} that this version can't use: {place}: {first['msg']}",
            "run the version that wrote it, change or remove the cluster there, and upgrade again",
        ) from error


def _record(row: ClusterRow) -> ClusterRecord:
    return ClusterRecord(
        id=ClusterId(row.id),
        config=_config(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
        shown_partitions=row.shown_partitions,
        conditions=tuple(
            Condition(item.type, ConditionStatus(item.status), item.reason, item.message, item.since)
            for item in row.conditions
        ),
        kind=row.kind,
        phase=Phase(row.phase),
        uid=row.uid,
        connection=row.connection,
        capabilities=row.capabilities,
    )
