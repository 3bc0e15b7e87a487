"""A gateway's Loki API over backends that answer from a script, in this process and without a network."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx
from fastapi import FastAPI

from query.api.loki import loki_router
from query.backends.base import Backend, BackendError, Deadline, Request
from query.execute.fanout import Member
from query.execute.label_probes import LokiProbe
from query.execute.logs import LogsQueries
from query.execute.membership import Membership
from query.execute.settings import ExecuteSettings
from query.model.clusters import Cluster, ClusterName

Answer = Callable[[Request], "tuple[int, Any] | BackendError"]


@dataclass(slots=True)
class ScriptedReply:
    """A reply whose body is known."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self.body

    async def aclose(self) -> None:
        return


@dataclass(slots=True)
class ScriptedBackend:
    """Answers each path from a script and keeps what it was asked."""

    script: dict[str, Answer]
    asked: list[Request] = field(default_factory=list)

    async def send(self, request: Request, deadline: Deadline) -> ScriptedReply:
        del deadline
        self.asked.append(request)
        answer = self.script.get(request.path.removeprefix("/loki/api/v1/"))
        if answer is None:
            return ScriptedReply(200, b'{"status":"success"}')
        given = answer(request)
        if isinstance(given, BackendError):
            raise given
        status, body = given
        return ScriptedReply(status, body if isinstance(body, bytes) else json.dumps(body).encode())

    async def aclose(self) -> None:
        return

    def queries(self, path: str) -> list[str]:
        """Return the queries asked at a path."""
        return [dict(one.form or one.params)["query"] for one in self.asked if one.path.endswith(f"/{path}")]


def streams(*found: tuple[dict[str, str], list[tuple[int, str]]]) -> Answer:
    """Answer with streams."""
    result = [{"stream": labels, "values": [[str(at), line] for at, line in entries]} for labels, entries in found]
    return lambda _: (200, {"status": "success", "data": {"resultType": "streams", "result": result, "stats": {}}})


def vector(*found: tuple[dict[str, str], float]) -> Answer:
    """Answer with an instant vector, at the time asked for."""

    def answer(request: Request) -> tuple[int, Any]:
        time_s = int(dict(request.form or ())["time"]) / 1e9
        result = [{"metric": labels, "value": [time_s, str(value)]} for labels, value in found]
        return 200, {"status": "success", "data": {"resultType": "vector", "result": result, "stats": {"lines": 1}}}

    return answer


def fails(error: BackendError) -> Answer:
    """Do not answer."""
    return lambda _: error


def says(status: int, body: Any) -> Answer:
    """Answer with this body."""
    return lambda _: (status, body)


class LokiFleet:
    """Clusters ``seoul`` and ``tokyo``, whose backends hide their labels, behind one API."""

    def __init__(self, settings: ExecuteSettings | None = None, **scripts: dict[str, Answer]) -> None:
        self._build(scripts, settings or ExecuteSettings())

    @classmethod
    def of(cls, scripts: Mapping[str, dict[str, Answer]]) -> LokiFleet:
        """Return a fleet with the default settings."""
        fleet = cls.__new__(cls)
        fleet._build(scripts, ExecuteSettings())
        return fleet

    def _build(self, scripts: Mapping[str, dict[str, Answer]], settings: ExecuteSettings) -> None:
        self.backends = {name: ScriptedBackend(script) for name, script in scripts.items()}
        membership = Membership(LokiProbe(), settings.partition_label, settings.cluster_timeout_s)
        membership.replace(_member(name, backend) for name, backend in self.backends.items())
        self.queries = LogsQueries(membership, settings)
        self.app = FastAPI()
        self.app.include_router(loki_router(self.queries, settings, "test"))
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://gateway")

    async def get(self, path: str, **params: str) -> httpx.Response:
        """GET a path below ``/loki/api/v1/``."""
        return await self._client.get(f"/loki/api/v1/{path}", params=params)

    async def post(self, path: str, form: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """POST an encoded form."""
        return await self._client.post(f"/loki/api/v1/{path}", data=dict(parse_qsl(form)), headers=headers)

    async def write(self, path: str, content: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """POST bytes."""
        return await self._client.post(f"/loki/api/v1/{path}", content=content, headers=headers)


def _member(name: str, backend: Backend) -> Member:
    return Member(Cluster(ClusterName(name), {"cluster": name}), backend)
