"""One cluster of the demo: its workload, and the monitoring a real one would have.

::

    shop, payments, node_exporter  ← traffic
      ↑ scraped by            ↓ log files
    Prometheus a, b           shipper → Loki
      ↑ read by
    sidecar a, b ← Thanos Query (replica label dropped)

Everything that does not need another to be ready starts at the same time; a semaphore shared by the
clusters bounds how many do, because on two cores forty processes starting at once are all late.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lma.demo.loki import Loki
from lma.demo.ports import LOOPBACK, Ports
from lma.demo.processes import ProcessGroup, Program
from lma.demo.prometheus import Prometheus, ScrapeJob, Target
from lma.demo.shapes import RULE_GROUPS, Shape
from lma.demo.thanos import Query, Sidecar

BINARIES = ("prometheus", "promtool", "thanos", "loki", "logcli", "node_exporter")
RETENTION = "6h"
REPLICAS = ("a", "b")
_NODE_COLLECTORS = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "time", "uname")


@dataclass(frozen=True, slots=True)
class Workload:
    """The ports of what is scraped."""

    shop: tuple[int, ...]
    payments: tuple[int, ...]
    node: int


class Cluster:
    """The programs of one cluster; ``start`` brings them up in ``group``, which stops them."""

    def __init__(
        self, shape: Shape, folder: Path, ports: Ports, group: ProcessGroup, binaries: Mapping[str, Path]
    ) -> None:
        self.shape = shape
        self._folder = folder
        self._group = group
        self._binaries = binaries
        self._workload = Workload(
            shop=tuple(ports.take() for _ in range(shape.shop_instances)),
            payments=(ports.take(),) if shape.payments_per_s else (),
            node=ports.take(),
        )
        self.replicas = tuple(
            Prometheus(
                folder=folder / f"prometheus-{replica}",
                port=ports.take(),
                external_labels={"cluster": shape.name, "replica": replica},
                jobs=self._jobs(),
                rule_groups=RULE_GROUPS,
                rules_file=folder / "rules.yml",
                retention=RETENTION,
                features=("exemplar-storage",),
            )
            for replica in REPLICAS
        )
        self._sidecars = tuple(
            Sidecar(
                folder=folder / f"sidecar-{replica}",
                http_port=ports.take(),
                grpc_port=ports.take(),
                prometheus=server,
            )
            for replica, server in zip(REPLICAS, self.replicas, strict=True)
        )
        self.query = Query(
            folder=folder / "thanos-query",
            http_port=ports.take(),
            grpc_port=ports.take(),
            endpoints=tuple(sidecar.grpc_address for sidecar in self._sidecars),
        )
        self.loki = Loki(folder=folder / "loki", http_port=ports.take(), grpc_port=ports.take())

    @property
    def name(self) -> str:
        """The cluster's name, as registered."""
        return self.shape.name

    @property
    def query_is_running(self) -> bool:
        """Tell whether its Thanos Query was started and not stopped since."""
        return any(running.program.name == self._query_name for running in self._group.running)

    async def start(self, limit: asyncio.Semaphore) -> None:
        """Bring everything up; return when the last part is ready."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._start_workload(limit))
            tasks.create_task(self._start_logs(limit))
            tasks.create_task(self._start_metrics(limit))

    async def start_query(self) -> None:
        """Start Thanos Query (again) and wait until it knows its sidecars."""
        program = self.query.program(self._query_name, self._binaries["thanos"])
        await self._group.start(program)
        await self.query.wait_for_stores()

    async def stop_query(self) -> None:
        """Stop Thanos Query: the cluster's metrics can't be asked until it is back."""
        await self._group.stop(self._query_name)

    def registration(self) -> dict[str, object]:
        """Return the body that registers this cluster with the service."""
        return {
            "name": self.name,
            "labels": dict(self.shape.labels),
            "endpoints": {
                "metrics": {"url": self.query.url, "replicas": [server.url for server in self.replicas]},
                "logs": {"url": self.loki.url, "tenant": None},
                "alerts": None,
            },
        }

    async def _start_workload(self, limit: asyncio.Semaphore) -> None:
        shape, work = self.shape, self._workload
        async with asyncio.TaskGroup() as tasks:
            for program in (
                self._node_exporter(),
                self._shop("shop", work.shop),
                *([self._shop("payments", work.payments)] if work.payments else []),
            ):
                tasks.create_task(self._start(program, limit))
        await self._start(self._traffic("shop", work.shop, shape.requests_per_s), limit)
        if work.payments:
            await self._start(self._traffic("payments", work.payments, shape.payments_per_s), limit)

    async def _start_logs(self, limit: asyncio.Semaphore) -> None:
        await self._start(self.loki.program(self._named("loki"), self._binaries["loki"]), limit)
        await self._start(self._shipper(), limit)

    async def _start_metrics(self, limit: asyncio.Semaphore) -> None:
        async with asyncio.TaskGroup() as tasks:
            for replica, server, sidecar in zip(REPLICAS, self.replicas, self._sidecars, strict=True):
                tasks.create_task(self._start_replica(replica, server, sidecar, limit))
        async with limit:
            await self.start_query()

    async def _start_replica(
        self, replica: str, server: Prometheus, sidecar: Sidecar, limit: asyncio.Semaphore
    ) -> None:
        prometheus = server.program(self._named(f"prometheus-{replica}"), self._binaries["prometheus"])
        await self._start(prometheus, limit)
        await self._start(sidecar.program(self._named(f"sidecar-{replica}"), self._binaries["thanos"]), limit)

    async def _start(self, program: Program, limit: asyncio.Semaphore) -> None:
        async with limit:
            await self._group.start(program)

    def _jobs(self) -> tuple[ScrapeJob, ...]:
        work = self._workload
        jobs = [ScrapeJob("node", (Target(f"{LOOPBACK}:{work.node}"),))]
        for service, ports in (("shop", work.shop), ("payments", work.payments)):
            if ports:
                targets = tuple(
                    Target(f"{LOOPBACK}:{port}", {"pod": f"{service}-{number}"}) for number, port in enumerate(ports)
                )
                jobs.append(ScrapeJob(service, targets))
        return tuple(jobs)

    def _node_exporter(self) -> Program:
        address = f"{LOOPBACK}:{self._workload.node}"
        return Program(
            name=self._named("node-exporter"),
            argv=(
                str(self._binaries["node_exporter"]),
                f"--web.listen-address={address}",
                "--collector.disable-defaults",
                *(f"--collector.{name}" for name in _NODE_COLLECTORS),
                "--log.level=warn",
            ),
            log=self._folder / "node-exporter.log",
            ready_url=f"http://{address}/",
        )

    def _shop(self, service: str, ports: tuple[int, ...]) -> Program:
        shape = self.shape
        return self._workload_program(
            service,
            "shop",
            f"--service={service}",
            *(f"--port={port}" for port in ports),
            f"--logs={self._logs_folder}",
            f"--log-format={shape.log_format}",
            f"--version={shape.shop_version}",
            f"--error-ratio={shape.error_ratio}",
            f"--latency-ms={shape.latency_ms}",
            f"--promotions={shape.promotions if service == 'shop' else 0}",
            ready_url=f"http://{LOOPBACK}:{ports[-1]}/-/ready",
        )

    def _traffic(self, service: str, ports: tuple[int, ...], rate: float) -> Program:
        targets = (f"http://{LOOPBACK}:{port}" for port in ports)
        return self._workload_program(
            f"{service}-traffic", "traffic", f"--service={service}", f"--rate={rate}", *targets
        )

    def _shipper(self) -> Program:
        cluster = (f"--label=cluster={self.name}",) if self.shape.logs_carry_cluster else ()
        return self._workload_program(
            "log-shipper",
            "ship",
            f"--loki={self.loki.url}",
            f"--logs={self._logs_folder}",
            "--label=namespace=shop",
            *cluster,
        )

    def _workload_program(self, name: str, *args: str, ready_url: str | None = None) -> Program:
        return Program(
            name=self._named(name),
            argv=(sys.executable, "-m", "lma.demo.workload", *args),
            log=self._folder / f"{name}.log",
            ready_url=ready_url,
        )

    @property
    def _query_name(self) -> str:
        return self._named("thanos-query")

    @property
    def _logs_folder(self) -> Path:
        return self._folder / "logs"

    def _named(self, part: str) -> str:
        return f"{self.name}/{part}"
