"""Run Thanos on loopback: a sidecar beside each Prometheus, and a Query that deduplicates the replicas.

A sidecar needs its Prometheus to have external labels, or it refuses to start. A Query asks its endpoints
who they are every few seconds; right after its start it may know none yet, so wait for ``stores_url`` to
list them before asking anything (``wait_for_stores``).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from lma.demo.errors import DemoError
from lma.demo.ports import LOOPBACK
from lma.demo.processes import POLL_S, Program
from lma.demo.prometheus import Prometheus

GRACE = "1s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """Gives Thanos Query the data of one Prometheus over gRPC."""

    folder: Path
    http_port: int
    grpc_port: int
    prometheus: Prometheus

    @property
    def grpc_address(self) -> str:
        """The address a Query asks."""
        return f"{LOOPBACK}:{self.grpc_port}"

    def program(self, name: str, binary: Path) -> Program:
        """Return the program to start once its Prometheus is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return Program(
            name=name,
            argv=(
                str(binary),
                "sidecar",
                f"--http-address={LOOPBACK}:{self.http_port}",
                f"--grpc-address={self.grpc_address}",
                f"--http-grace-period={GRACE}",
                f"--grpc-grace-period={GRACE}",
                f"--prometheus.url={self.prometheus.url}",
                f"--tsdb.path={self.prometheus.data_folder}",
                "--log.level=warn",
            ),
            log=self.folder / "sidecar.log",
            ready_url=f"http://{LOOPBACK}:{self.http_port}/-/ready",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Answers PromQL over endpoints, merging series that differ only in the replica labels."""

    folder: Path
    http_port: int
    grpc_port: int
    endpoints: tuple[str, ...]
    replica_labels: tuple[str, ...] = ("replica",)
    extra_args: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The address of its Prometheus-compatible API."""
        return f"http://{LOOPBACK}:{self.http_port}"

    def program(self, name: str, binary: Path) -> Program:
        """Write the list of endpoints and return the program to start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        listed = self.folder / "endpoints.yml"
        listed.write_text(
            yaml.safe_dump({"endpoints": [{"address": address} for address in self.endpoints]}), encoding="utf-8"
        )
        return Program(
            name=name,
            argv=(
                str(binary),
                "query",
                f"--http-address={LOOPBACK}:{self.http_port}",
                f"--grpc-address={LOOPBACK}:{self.grpc_port}",
                f"--http-grace-period={GRACE}",
                f"--grpc-grace-period={GRACE}",
                f"--endpoint.sd-config-file={listed}",
                *(f"--query.replica-label={label}" for label in self.replica_labels),
                "--query.metadata.default-time-range=0s",
                "--log.level=warn",
                *self.extra_args,
            ),
            log=self.folder / "query.log",
            ready_url=f"{self.url}/-/ready",
        )

    async def wait_for_stores(self, timeout_s: float = 30.0) -> None:
        """Wait until every endpoint has said who it is; before that, answers would lack its data."""
        deadline = time.monotonic() + timeout_s
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
            while time.monotonic() < deadline:
                try:
                    answer = await http.get(f"{self.url}/api/v1/stores")
                    stores = [store for kind in answer.json()["data"].values() for store in kind]
                except (httpx.HTTPError, ValueError, KeyError, AttributeError):
                    stores = []
                if sum(not store.get("lastError") for store in stores) >= len(self.endpoints):
                    return
                await asyncio.sleep(POLL_S)
        raise DemoError(
            f"{self.url} did not find its {len(self.endpoints)} sidecars within {timeout_s:.0f} s",
            f"read {self.folder / 'query.log'}",
        )
