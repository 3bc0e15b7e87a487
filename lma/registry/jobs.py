"""Jobs with leases: work that is done by one instance of the service at a time, and resumed by another after a crash.

A worker claims the oldest job that is due, holds it by a lease that it keeps prolonging, and finishes it. A worker that
was killed stops prolonging; the lease runs out, and the next claim gets the job again. So every kind of job must be
able to begin anew where it was cut off. Of one cluster's jobs one runs at a time.

On SQLite a writing transaction holds the only write lock; on PostgreSQL rows are skipped that another worker looks at.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from lma.registry.database import Database
from lma.registry.models import JobRow
from lma.registry.records import ClusterId

LEASE_S: Final = 5.0
KEPT_FINISHED: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Job:
    """A job that was claimed; ``attempt`` is 1 the first time."""

    id: UUID
    cluster: ClusterId
    kind: str
    payload: Mapping[str, Any]
    attempt: int


class Jobs:
    """The jobs of one database, for the worker that calls itself ``owner``."""

    def __init__(self, database: Database, owner: str, *, lease_s: float = LEASE_S) -> None:
        self._database = database
        self._owner = owner
        self._lease = timedelta(seconds=lease_s)
        self.submitted = asyncio.Event()

    async def submit(self, cluster: ClusterId, kind: str, payload: Mapping[str, Any]) -> UUID:
        """Add a job, due at once; one of that kind that has not begun is replaced, for the newer one knows better."""
        now = datetime.now(UTC)
        job = uuid.uuid4()
        async with self._database.write() as session:
            await session.execute(
                sa.delete(JobRow).where(
                    JobRow.cluster_id == cluster, JobRow.kind == kind, JobRow.state == "waiting", JobRow.attempt == 0
                )
            )
            await session.execute(sa.delete(JobRow).where(JobRow.finished_at < now - KEPT_FINISHED))
            session.add(
                JobRow(
                    id=job,
                    cluster_id=cluster,
                    kind=kind,
                    state="waiting",
                    payload=dict(payload),
                    attempt=0,
                    due_at=now,
                    created_at=now,
                    error="",
                )
            )
        self.submitted.set()
        return job

    async def claim(self) -> Job | None:
        """Take the oldest job that is due and whose cluster has none running; ``None`` if there is none."""
        now = datetime.now(UTC)
        other = aliased(JobRow)
        is_free = sa.or_(JobRow.state == "waiting", sa.and_(JobRow.state == "running", JobRow.lease_until < now))
        is_alone = ~sa.exists().where(
            other.cluster_id == JobRow.cluster_id,
            other.id != JobRow.id,
            other.state == "running",
            other.lease_until >= now,
        )
        due = sa.select(JobRow).where(is_free, JobRow.due_at <= now, is_alone).order_by(JobRow.due_at).limit(1)
        async with self._database.read() as session:
            if await session.scalar(due.with_only_columns(JobRow.id)) is None:
                return None  # the usual case, and no reason to take the write lock
        async with self._database.write() as session:
            row = await session.scalar(due.with_for_update(skip_locked=True))
            if row is None:
                return None
            row.state = "running"
            row.attempt += 1
            row.lease_owner, row.lease_until = self._owner, now + self._lease
            return Job(row.id, ClusterId(row.cluster_id), row.kind, row.payload, row.attempt)

    async def prolong(self, job: Job) -> bool:
        """Hold a job for another lease; ``False`` if it is no longer ours, and then the work must stop."""
        return await self._settle(job, lease_until=datetime.now(UTC) + self._lease)

    async def finish(self, job: Job, error: str = "") -> bool:
        """Mark a job as done, or as failed for good."""
        state = "failed" if error else "done"
        return await self._settle(job, state=state, error=error, finished_at=datetime.now(UTC), lease_until=None)

    async def put_off(self, job: Job, delay_s: float, error: str) -> bool:
        """Give a job back, to be tried again after ``delay_s``."""
        due = datetime.now(UTC) + timedelta(seconds=delay_s)
        return await self._settle(job, state="waiting", error=error, due_at=due, lease_until=None)

    async def _settle(self, job: Job, **values: object) -> bool:
        async with self._database.write() as session:
            found = await session.scalar(
                sa.update(JobRow)
                .where(JobRow.id == job.id, JobRow.lease_owner == self._owner, JobRow.state == "running")
                .where(JobRow.attempt == job.attempt)
                .values(**values)
                .returning(JobRow.id)
            )
            return found is not None
