"""Jobs under leases: done once by whoever holds them, resumed when a worker is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lma.registry.database import Database
from lma.registry.directory import Directory, Findings
from lma.registry.jobs import Jobs
from lma.registry.migrate import migrate
from lma.registry.records import ClusterId
from query.app.config import ClusterConfig


class _Plane:
    async def replace_clusters(self, clusters: object) -> None:
        """Nothing is queried here."""

    async def inspect(self, cluster: ClusterConfig) -> Findings:  # noqa: ARG002  the protocol's
        return Findings(())


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.opened(tmp_path / "lma.db") as opened:
        await migrate(opened)
        yield opened


@pytest.fixture
async def clusters(database: Database) -> list[ClusterId]:
    directory = Directory(database, _Plane(), "cluster")
    return [(await directory.begin(name, {}, "kubeconfig", {})).record.id for name in ("a", "b")]


async def test_each_job_is_claimed_once_by_many_workers(database: Database, clusters: list[ClusterId]) -> None:
    one, two = Jobs(database, "one"), Jobs(database, "two")
    submitted = {await one.submit(cluster, "connect", {"n": 1}) for cluster in clusters}
    claimed = await asyncio.gather(*(jobs.claim() for jobs in (one, two) * 5))
    assert {job.id for job in claimed if job is not None} == submitted
    assert sum(job is not None for job in claimed) == 2


async def test_of_one_cluster_one_job_runs_at_a_time(database: Database, clusters: list[ClusterId]) -> None:
    jobs = Jobs(database, "one")
    await jobs.submit(clusters[0], "connect", {})
    await jobs.submit(clusters[0], "rotate", {})
    first = await jobs.claim()
    assert first is not None
    assert await jobs.claim() is None
    assert await jobs.finish(first)
    second = await jobs.claim()
    assert second is not None
    assert second.kind == "rotate"


async def test_a_worker_that_is_gone_loses_its_job_and_can_not_finish_it(
    database: Database, clusters: list[ClusterId]
) -> None:
    dead, alive = Jobs(database, "dead", lease_s=0.0), Jobs(database, "alive")
    await dead.submit(clusters[0], "connect", {"exchange": True})
    lost = await dead.claim()
    again = await alive.claim()
    assert lost is not None
    assert again is not None
    assert (again.id, again.attempt, again.payload) == (lost.id, 2, {"exchange": True})
    assert not await dead.prolong(lost)
    assert not await dead.finish(lost)
    assert await alive.finish(again)
    assert await alive.claim() is None


async def test_what_is_put_off_is_due_later(database: Database, clusters: list[ClusterId]) -> None:
    jobs = Jobs(database, "one")
    await jobs.submit(clusters[0], "connect", {})
    job = await jobs.claim()
    assert job is not None
    assert await jobs.put_off(job, 60, "unreachable")
    assert await jobs.claim() is None
    await jobs.submit(clusters[1], "connect", {})
    job = await jobs.claim()
    assert job is not None
    await jobs.put_off(job, 0, "unreachable")
    again = await jobs.claim()
    assert again is not None
    assert again.attempt == 2


async def test_a_newer_job_replaces_one_that_has_not_begun(database: Database, clusters: list[ClusterId]) -> None:
    jobs = Jobs(database, "one")
    await jobs.submit(clusters[0], "connect", {"n": 1})
    await jobs.submit(clusters[0], "connect", {"n": 2})
    job = await jobs.claim()
    assert job is not None
    assert job.payload == {"n": 2}
    await jobs.finish(job)
    assert await jobs.claim() is None
