"""Three Lokis with a cluster's logs each, and one that holds all of them with the clusters' labels on every stream.

Each cluster's Loki has its logs twice, for two tenants: without the cluster's labels, as a bare Loki has them, and with
them, as where the collector writes them on every stream.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from lma.demo.loki import Loki
from tests.real.dataset import CLUSTERS, DataCluster
from tests.real.log_answers import LogAnswer, read_log_answer
from tests.real.logs_dataset import NS, SPAN_S, entry_count, push_bodies
from tests.real.supervisor import Supervisor

LOADED_WITHIN_S = 30.0
HIDDEN, SHOWN = "hidden", "shown"
"""Tenants: their streams lack, or carry, the cluster's labels."""


@dataclass(frozen=True, slots=True)
class LogFleet:
    """The running Lokis' URLs, and the time (Unix seconds, a whole minute) their data begin."""

    loki: Mapping[str, str]
    union: str
    base_s: int

    @property
    def end_s(self) -> int:
        """The second after the last entry."""
        return self.base_s + SPAN_S

    def clusters(self, *tenants: str) -> list[dict[str, Any]]:
        """Return the clusters of a gateway file, the first asked as the first tenant and so on."""
        return [
            {
                "name": cluster.name,
                "labels": dict(cluster.extra),
                "logs": {"url": self.loki[cluster.name], "tenant": tenant},
            }
            for cluster, tenant in zip(CLUSTERS, tenants, strict=True)
        ]


def start_log_fleet(supervisor: Supervisor, binary: Path, folder: Path, http: httpx.Client) -> LogFleet:
    """Start the servers side by side and push the logs."""
    ports = supervisor.ports
    servers = {
        name: Loki(folder=folder / name, http_port=ports.take(), grpc_port=ports.take(), multi_tenant=name != "union")
        for name in (*(cluster.name for cluster in CLUSTERS), "union")
    }
    supervisor.start(*(server.program(f"loki-{name}", binary) for name, server in servers.items()))
    base_s = (int(time.time()) - 3_000) // 60 * 60
    for cluster in CLUSTERS:
        _push(http, servers[cluster.name].url, base_s, (cluster,), HIDDEN, with_constants=False)
        _push(http, servers[cluster.name].url, base_s, (cluster,), SHOWN, with_constants=True)
    _push(http, servers["union"].url, base_s, CLUSTERS, "", with_constants=True)
    fleet = LogFleet({cluster.name: servers[cluster.name].url for cluster in CLUSTERS}, servers["union"].url, base_s)
    for cluster in CLUSTERS:
        for tenant in (HIDDEN, SHOWN):
            _wait_loaded(http, fleet.loki[cluster.name], fleet, entry_count(base_s, (cluster,)), tenant)
    _wait_loaded(http, fleet.union, fleet, entry_count(base_s), "")
    return fleet


def _push(
    http: httpx.Client, url: str, base_s: int, clusters: tuple[DataCluster, ...], tenant: str, *, with_constants: bool
) -> None:
    for body in push_bodies(base_s, clusters, with_constants=with_constants):
        answer = http.post(f"{url}/loki/api/v1/push", json=body, headers={"X-Scope-OrgID": tenant})
        if answer.status_code != httpx.codes.NO_CONTENT:
            raise RuntimeError(f"{url} refused the logs: {answer.status_code} {answer.text[:500]}")


def _wait_loaded(http: httpx.Client, url: str, fleet: LogFleet, count: int, tenant: str) -> None:
    """Wait until the server counts every entry."""
    parameters = {"query": f'sum(count_over_time({{env=~".+"}}[{SPAN_S + 60}s]))', "time": str(fleet.end_s * NS)}
    deadline = time.monotonic() + LOADED_WITHIN_S
    while True:
        answer = http.get(f"{url}/loki/api/v1/query", params=parameters, headers={"X-Scope-OrgID": tenant})
        result = answer.json()["data"]["result"] if answer.status_code == httpx.codes.OK else []
        seen = int(result[0]["value"][1]) if result else 0
        if seen == count:
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"{url} counts {seen} of {count} entries: {answer.text[:300]}")
        time.sleep(0.1)


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """How a LogQL query is asked; times are seconds after the data's begin. Instant where ``start_s`` is ``None``."""

    name: str
    start_s: float | None
    end_s: float
    direction: str = "backward"
    limit: int = 100
    step_s: int = 60

    def parameters(self, base_s: int) -> dict[str, str]:
        """Return the HTTP parameters for data that begin at ``base_s``."""
        end = round((base_s + self.end_s) * NS)
        shared = {"direction": self.direction, "limit": str(self.limit)}
        if self.start_s is None:
            return {"time": str(end), **shared}
        start = round((base_s + self.start_s) * NS)
        return {"start": str(start), "end": str(end), "step": str(self.step_s), **shared}


@dataclass(slots=True)
class LogAsker:
    """A client of one Loki-compatible server; remembers answers when told to."""

    base_url: str
    client: httpx.Client
    base_s: int
    remembers: bool = False
    _known: dict[tuple[str, LogQuestion], LogAnswer] = field(default_factory=dict, repr=False)

    def ask(self, query: str, question: LogQuestion) -> LogAnswer:
        """Return the answer to a log or metric query."""
        key = (query, question)
        if key in self._known:
            return self._known[key]
        path = "query" if question.start_s is None else "query_range"
        parameters = {"query": query, **question.parameters(self.base_s)}
        answer = read_log_answer(self.client.get(f"{self.base_url}/loki/api/v1/{path}", params=parameters))
        if self.remembers:
            self._known[key] = answer
        return answer
