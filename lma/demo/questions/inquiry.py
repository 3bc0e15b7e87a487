"""What a question has in its hands: the service's URLs, the real clients, and the clusters themselves to compare."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from lma.demo.cluster import Cluster
from lma.demo.service import Service

CLIENT_TIMEOUT_S = 30.0
Labels = Mapping[str, str]
Vector = dict[tuple[tuple[str, str], ...], float]


class WrongAnswer(Exception):  # noqa: N818 - it is not an error of the program that asks
    """The answer is not what it must be; ``str()`` says what was seen and what was wanted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A body in the API's envelope, with its HTTP status."""

    status: int
    body: Mapping[str, Any]

    @property
    def data(self) -> Any:
        """The payload of a successful answer."""
        if self.body.get("status") != "success":
            raise WrongAnswer(f"HTTP {self.status}: {str(self.body)[:300]}")
        return self.body["data"]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the answer says about itself."""
        return tuple(self.body.get("warnings") or ())

    def vector(self) -> Vector:
        """Return an instant vector as ``{sorted label pairs: value}``."""
        return {tuple(sorted(sample["metric"].items())): float(sample["value"][1]) for sample in self.data["result"]}

    def by(self, label: str) -> dict[str, float]:
        """Return an instant vector keyed by the value of one label."""
        return {dict(labels).get(label, ""): value for labels, value in self.vector().items()}


@dataclass(slots=True)
class Inquiry:
    """Asks the service, the clusters, and the command-line clients."""

    service: Service
    clusters: tuple[Cluster, ...]
    binaries: Mapping[str, Path]
    http: httpx.AsyncClient
    began_s: float = field(default_factory=time.time)

    def cluster(self, name: str) -> Cluster:
        """Return the cluster of that name."""
        return next(cluster for cluster in self.clusters if cluster.name == name)

    @property
    def names(self) -> set[str]:
        """The names of all clusters."""
        return {cluster.name for cluster in self.clusters}

    async def prometheus(self, path: str, **params: Any) -> Answer:
        """Ask the Prometheus API of the service (``path`` behind ``/api/v1/``)."""
        return await self._get(f"{self.service.prometheus_url}/api/v1/{path}", params)

    async def loki(self, path: str, **params: Any) -> Answer:
        """Ask the Loki API of the service (``path`` behind ``/loki/api/v1/``)."""
        return await self._get(f"{self.service.url}/loki/api/v1/{path}", params)

    async def directly(self, cluster: Cluster, path: str, **params: Any) -> Answer:
        """Ask one cluster's own Thanos Query, to know what it knows."""
        return await self._get(f"{cluster.query.url}/api/v1/{path}", params)

    async def promtool(self, *args: str) -> str:
        """Run ``promtool query …`` and return what it printed."""
        return await self._run("promtool", "query", *args)

    async def logcli(self, *args: str) -> str:
        """Run ``logcli --addr=… …`` and return what it printed."""
        return await self._run("logcli", f"--addr={self.service.url}", "--quiet", *args)

    async def _get(self, url: str, params: Mapping[str, Any]) -> Answer:
        answer = await self.http.get(url, params=dict(params))
        try:
            body = answer.json()
        except ValueError:
            body = {"status": "error", "error": answer.text}
        return Answer(answer.status_code, body)

    async def _run(self, binary: str, *args: str) -> str:
        process = await asyncio.create_subprocess_exec(
            self.binaries[binary],
            *args,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(CLIENT_TIMEOUT_S):
                output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            said = (errors or output).decode(errors="replace").strip()[:400]
            raise WrongAnswer(f"{binary} ended with exit code {process.returncode}: {said}")
        return output.decode(errors="replace")


Question = Callable[[Inquiry], Awaitable[str]]


def title(question: Question) -> str:
    """Return a question's title: the first line of its docstring."""
    return (question.__doc__ or "").partition("\n")[0].rstrip(".")


def expect(claim: bool, seen: object, wanted: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise WrongAnswer unless the claim holds."""
    if not claim:
        raise WrongAnswer(f"saw {str(seen)[:400]}; wanted {wanted}")


def table(values: Mapping[str, float], unit: str = "") -> str:
    """Write values in one line: ``frankfurt 7.1, oregon 4.0, seoul 11.8``."""
    return ", ".join(f"{name} {value:.4g}{unit}" for name, value in sorted(values.items()))
