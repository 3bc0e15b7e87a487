"""``/loki/api/v1/push`` and ``/otlp/v1/logs``: logs written through the gateway to the cluster the writer names."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from query.api.respond import unless_gone
from query.execute.logs_writes import LogsWrites
from query.model.errors import BadRequestError

CLUSTER_HEADER: Final = "X-LMA-Cluster"
MOST_BYTES: Final = 16 << 20
PUSH: Final = "/loki/api/v1/push"
OTLP: Final = "/otlp/v1/logs"


class LokiWritesApi:
    """One method a route."""

    def __init__(self, writes: LogsWrites) -> None:
        self._writes = writes

    async def push(self, request: Request) -> Response:
        """Take Loki's own format, JSON or protobuf."""
        return await self._write(request, PUSH)

    async def otlp(self, request: Request) -> Response:
        """Take OTLP."""
        return await self._write(request, OTLP)

    async def _write(self, request: Request, path: str) -> Response:
        cluster = request.headers.get(CLUSTER_HEADER) or request.query_params.get("cluster", "")
        if not cluster:
            raise BadRequestError(
                "cluster",
                "logs are kept in one cluster, and the writer says in which: send the header "
                f"{CLUSTER_HEADER}: NAME, or ?cluster=NAME",
            )
        body = await _body(request)
        if body is None:
            text = f"the body exceeds {MOST_BYTES} bytes; send smaller batches"
            return Response(text, status_code=413, media_type="text/plain")
        written = await unless_gone(request, self._writes.write(cluster, path, body, request.headers))
        return Response(written.body, status_code=written.status, headers=dict(written.headers))


async def _body(request: Request) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES:
            return None
        parts.append(chunk)
    return b"".join(parts)
