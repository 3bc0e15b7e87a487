"""The whole demo: clusters, and the service over them, as one async context manager.

::

    async with Playground(folder, port=9090, binaries=parts.ensure(BINARIES)) as playground:
        await playground.start(report=print)

Clusters come up side by side, each in a process group of its own; leaving the block stops the service
first, then the clusters side by side. ``processes.json`` in the folder lists every process with its
command, so that a curious person can stop or freeze one (``kill -STOP``) and watch what the answers say.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from lma.demo.cluster import Cluster
from lma.demo.ports import Ports
from lma.demo.processes import ProcessGroup, Running
from lma.demo.service import Service
from lma.demo.shapes import SHAPES, Shape

STARTS_AT_ONCE = 8
Report = Callable[[str], None]


class Playground:
    """Clusters as processes, the service on top; see the module's docstring."""

    def __init__(
        self, folder: Path, *, port: int, binaries: Mapping[str, Path], shapes: tuple[Shape, ...] = SHAPES
    ) -> None:
        self.folder = folder
        self.binaries = binaries
        self.service = Service(folder=folder / "service", port=port)
        self._ports = Ports()
        self._service_group = ProcessGroup()
        self._groups = [ProcessGroup() for _ in shapes]
        self.clusters = tuple(
            Cluster(shape, folder / shape.name, self._ports, group, binaries)
            for shape, group in zip(shapes, self._groups, strict=True)
        )
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._stack.callback(self._ports.close)
        for group in self._groups:
            await self._stack.enter_async_context(group)
        self._stack.push_async_callback(self._stop_clusters)
        await self._stack.enter_async_context(self._service_group)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def processes(self) -> tuple[Running, ...]:
        """Every process that was started and not stopped since."""
        return tuple(running for group in (*self._groups, self._service_group) for running in group.running)

    async def start(self, report: Report) -> None:
        """Bring everything up and register the clusters; ``report`` is told each step."""
        began = time.monotonic()
        limit = asyncio.Semaphore(STARTS_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for cluster in self.clusters:
                tasks.create_task(self._start_cluster(cluster, limit, report, began))
            tasks.create_task(self._start_service(limit))
        for cluster in self.clusters:
            await self.service.register(cluster.registration())
            report(f"{cluster.name}: registered ({time.monotonic() - began:.1f} s)")
        self._write_process_list()

    async def _start_cluster(self, cluster: Cluster, limit: asyncio.Semaphore, report: Report, began: float) -> None:
        await cluster.start(limit)
        report(f"{cluster.name}: up ({time.monotonic() - began:.1f} s)")

    async def _start_service(self, limit: asyncio.Semaphore) -> None:
        self.service.folder.mkdir(parents=True, exist_ok=True)
        async with limit:
            await self._service_group.start(self.service.program())

    async def _stop_clusters(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for group in self._groups:
                tasks.create_task(group.stop_all())

    def _write_process_list(self) -> None:
        listed = [
            {
                "name": running.program.name,
                "pid": running.pid,
                "argv": running.program.argv,
                "log": str(running.program.log),
            }
            for running in self.processes
        ]
        (self.folder / "processes.json").write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
