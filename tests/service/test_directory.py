"""What several people do at once, and what becomes of a cluster over time; over an in-memory query plane."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from lma.registry.database import Database
from lma.registry.directory import Directory, Findings
from lma.registry.errors import ConflictError, DatabaseError, UnknownClusterError
from lma.registry.migrate import migrate
from lma.registry.records import ConditionStatus, Observation
from lma.registry.watch import inspect_all, watched
from query.app.config import ClusterConfig, LogsEndpoint, MetricsEndpoint

WELL = Findings((Observation("MetricsReachable", ConditionStatus.TRUE, "Answered", "answers"),))
DOWN = Findings((Observation("MetricsReachable", ConditionStatus.FALSE, "Unreachable", "connection refused"),))


class InMemoryPlane:
    """A query plane that remembers what it was given and sees what a test tells it to see."""

    def __init__(self) -> None:
        self.published: list[list[str]] = []
        self.findings: dict[str, Findings | Exception] = {}
        self.gate: asyncio.Event | None = None
        self.waiting = asyncio.Event()

    async def replace_clusters(self, clusters: Sequence[ClusterConfig]) -> None:
        self.published.append([cluster.name for cluster in clusters])

    async def inspect(self, cluster: ClusterConfig) -> Findings:
        if self.gate is not None:
            self.waiting.set()
            await self.gate.wait()
        found = self.findings.get(cluster.name, WELL)
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.opened(tmp_path / "lma.db") as opened:
        await migrate(opened)
        yield opened


@pytest.fixture
def plane() -> InMemoryPlane:
    return InMemoryPlane()


@pytest.fixture
def directory(database: Database, plane: InMemoryPlane) -> Directory:
    return Directory(database, plane, "cluster")


def cluster(name: str, url: str = "") -> ClusterConfig:
    return ClusterConfig(name=name, metrics=MetricsEndpoint(url=url or f"http://{name}:9090"))


def relabelled(region: str) -> ClusterConfig:
    return cluster("seoul").model_copy(update={"labels": {"region": region}})


async def register(directory: Directory, *names: str) -> None:
    for name in names:
        await directory.register(cluster(name), require_reachable=False)


async def test_the_plane_gets_every_change_in_the_order_of_the_commits(
    directory: Directory, plane: InMemoryPlane
) -> None:
    names = [f"c{number:02}" for number in range(20)]
    await asyncio.gather(*(register(directory, name) for name in names))
    await asyncio.gather(*(directory.remove(name) for name in names[::2]))
    sizes = [len(published) for published in plane.published]
    assert sizes == [*range(1, 21), *range(19, 9, -1)]
    assert plane.published[-1] == names[1::2]


async def test_a_slow_inspection_keeps_nobody_else_waiting(directory: Directory, plane: InMemoryPlane) -> None:
    await register(directory, "seoul")
    plane.gate = asyncio.Event()
    slow = asyncio.create_task(directory.register(cluster("tokyo"), require_reachable=False))
    await asyncio.wait_for(plane.waiting.wait(), 5)
    await asyncio.wait_for(directory.remove("seoul"), 5)
    plane.gate.set()
    assert (await slow).outcome == "created"
    assert plane.published[-1] == ["tokyo"]


async def test_of_two_changes_at_once_the_second_is_told(directory: Directory, plane: InMemoryPlane) -> None:
    await register(directory, "seoul")
    plane.gate = asyncio.Event()
    first, second = (
        asyncio.create_task(
            directory.change("seoul", lambda _present, region=region: relabelled(region), require_reachable=False)  # type: ignore[misc]
        )
        for region in ("r1", "r2")
    )
    await asyncio.wait_for(plane.waiting.wait(), 5)
    plane.gate.set()
    done = await asyncio.gather(first, second, return_exceptions=True)
    refused = [item for item in done if isinstance(item, ConflictError)]
    assert len(refused) == 1
    assert "somebody else" in str(refused[0])


async def test_a_change_of_what_was_removed_and_made_again_is_refused(
    directory: Directory, plane: InMemoryPlane
) -> None:
    await register(directory, "seoul")
    plane.gate = asyncio.Event()
    late = asyncio.create_task(directory.change("seoul", lambda _: relabelled("r1"), require_reachable=False))
    await asyncio.wait_for(plane.waiting.wait(), 5)
    gate, plane.gate = plane.gate, None
    await directory.remove("seoul")
    await register(directory, "seoul")
    gate.set()
    with pytest.raises(ConflictError):
        await late
    assert (await directory.show("seoul")).config.labels == {}


async def test_an_inspection_of_what_changed_meanwhile_is_dropped(directory: Directory, plane: InMemoryPlane) -> None:
    await register(directory, "seoul")
    plane.findings["seoul"] = DOWN
    plane.gate = asyncio.Event()
    late = asyncio.create_task(directory.inspect("seoul"))
    await asyncio.wait_for(plane.waiting.wait(), 5)
    gate, plane.gate = plane.gate, None
    plane.findings["seoul"] = WELL
    await directory.change("seoul", lambda _: relabelled("r1"), require_reachable=False)
    plane.findings["seoul"] = DOWN
    gate.set()
    await late
    assert (await directory.show("seoul")).conditions[0].status is ConditionStatus.TRUE


async def test_what_was_seen_before_still_counts_while_a_cluster_is_down(
    directory: Directory, plane: InMemoryPlane
) -> None:
    plane.findings["seoul"] = replace(WELL, shown_partitions={"metrics": "prod"})
    await register(directory, "seoul")
    plane.findings["seoul"] = DOWN
    await directory.inspect("seoul")
    plane.findings["tokyo"] = replace(WELL, shown_partitions={"metrics": "prod"})
    with pytest.raises(ConflictError, match="'seoul'"):
        await register(directory, "tokyo")


async def test_what_an_old_address_showed_is_forgotten_with_it(directory: Directory, plane: InMemoryPlane) -> None:
    plane.findings["seoul"] = replace(WELL, shown_partitions={"metrics": "prod"})
    await register(directory, "seoul")
    plane.findings["seoul"] = DOWN
    await directory.change("seoul", lambda _: cluster("seoul", "http://moved:9090"), require_reachable=False)
    plane.findings["tokyo"] = replace(WELL, shown_partitions={"metrics": "prod"})
    await register(directory, "tokyo")
    assert plane.published[-1] == ["seoul", "tokyo"]


async def test_metrics_and_logs_may_show_the_same_value(directory: Directory, plane: InMemoryPlane) -> None:
    plane.findings["seoul"] = replace(WELL, shown_partitions={"metrics": "seoul", "logs": "seoul"})
    config = ClusterConfig(name="seoul", metrics=MetricsEndpoint(url="http://m"), logs=LogsEndpoint(url="http://l"))
    change = await directory.register(config, require_reachable=True)
    assert {item.type: item.status for item in change.record.conditions}["PartitionUnique"] is ConditionStatus.TRUE


async def test_the_order_of_conditions_and_what_they_say_survive(directory: Directory, plane: InMemoryPlane) -> None:
    plane.findings["seoul"] = Findings(
        tuple(Observation(f"C{number}", ConditionStatus.UNKNOWN, "R", f"m{number}") for number in (3, 1, 2))
    )
    made = await directory.register(cluster("seoul"), require_reachable=False)
    assert await directory.show("seoul") == made.record
    assert [item.type for item in made.record.conditions] == ["C3", "C1", "C2"]
    assert made.record.created_at.utcoffset() == timedelta(0)
    plane.findings["seoul"] = Findings((Observation("C1", ConditionStatus.TRUE, "R", "now"),))
    seen = await directory.inspect("seoul")
    assert await directory.show("seoul") == seen
    assert [(item.type, item.message) for item in seen.conditions] == [("C1", "now")]


async def test_the_watch_finds_what_changed_and_logs_only_that(directory: Directory, plane: InMemoryPlane) -> None:
    await register(directory, "seoul", "tokyo")
    plane.findings["seoul"] = DOWN
    with capture_logs() as lines:
        await inspect_all(directory)
        await inspect_all(directory)
    assert [(line["event"], line["cluster"], line["status"]) for line in lines] == [
        ("cluster condition changed", "seoul", "False")
    ]
    assert (await directory.show("seoul")).warnings() == ["connection refused"]
    assert (await directory.show("tokyo")).warnings() == []


async def test_one_surprise_does_not_end_the_watch_over_the_others(directory: Directory, plane: InMemoryPlane) -> None:
    await register(directory, "seoul", "tokyo")
    plane.findings["seoul"] = RuntimeError("a bug")
    plane.findings["tokyo"] = DOWN
    with capture_logs() as lines:
        await inspect_all(directory)
    assert {line["event"] for line in lines} == {"cluster not inspected", "cluster condition changed"}
    assert (await directory.show("tokyo")).conditions[0].status is ConditionStatus.FALSE


async def test_the_watch_runs_by_itself_and_ends_with_its_block(directory: Directory, plane: InMemoryPlane) -> None:
    await register(directory, "seoul")
    plane.gate = asyncio.Event()
    async with watched(directory, 0.01):
        await asyncio.wait_for(plane.waiting.wait(), 5)
    assert len(asyncio.all_tasks()) == 1


async def test_a_cluster_that_is_not_there_is_told_everywhere(directory: Directory) -> None:
    for asked in (
        directory.show("x"),
        directory.remove("x"),
        directory.inspect("x"),
        directory.change("x", lambda present: present, require_reachable=False),
    ):
        with pytest.raises(UnknownClusterError, match="'x'"):
            await asked


async def test_the_database_itself_refuses_a_second_owner_of_an_endpoint(
    database: Database, directory: Directory, plane: InMemoryPlane
) -> None:
    other_process = Directory(database, plane, "cluster")
    plane.gate = asyncio.Event()
    tasks = [
        asyncio.create_task(place.register(cluster(name, "http://same:9090"), require_reachable=False))
        for place, name in ((directory, "seoul"), (other_process, "tokyo"))
    ]
    await asyncio.wait_for(plane.waiting.wait(), 5)
    plane.gate.set()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert sorted(type(item).__name__ for item in done) == ["Change", "ConflictError"]
    assert len(await directory.names()) == 1


async def test_a_row_of_another_version_is_told_by_name(database: Database, directory: Directory) -> None:
    await register(directory, "seoul")
    async with database.exclusive() as connection:
        await connection.exec_driver_sql("UPDATE clusters SET endpoints = '{\"traces\": {}}'")
    with pytest.raises(DatabaseError, match=r"'seoul' that this version can't use: traces"):
        await directory.start()


async def test_a_database_that_fails_is_told_and_nothing_is_published(
    database: Database, directory: Directory, plane: InMemoryPlane
) -> None:
    await register(directory, "seoul")
    async with database.exclusive() as connection:
        await connection.exec_driver_sql("ALTER TABLE endpoint_claims RENAME TO moved")
    published = len(plane.published)
    with pytest.raises(DatabaseError, match="can't be used") as refused:
        await register(directory, "tokyo")
    assert "tokyo:9090" not in str(refused.value)
    assert len(plane.published) == published
    assert await directory.names() == ["seoul"]
