"""``/prometheus/api/v1/read``: remote read, by which a Prometheus (or Thanos sidecar) evaluates over all clusters.

Samples are answered in one message; the streamed form is not offered, and a client that takes nothing else is told so,
in upstream's words. ``partial_response=true`` in the URL accepts an answer without some of the clusters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from query.api.endpoints import Endpoint
from query.api.errors import missing_headers, status_of
from query.api.params import Params, parse_flag, read_body
from query.api.respond import completeness_headers, unless_gone
from query.execute.options import QueryOptions
from query.execute.remote_read import RemoteRead
from query.execute.settings import ExecuteSettings
from query.model.errors import GatewayError
from query.wire.protobuf import ProtobufError
from query.wire.remote_read import SAMPLES, read_request, unpack

MOST_BYTES: Final = 16 << 20
TYPES: Final = {0: "SAMPLES", 1: "STREAMED_XOR_CHUNKS"}


def remote_read_endpoints(remote: RemoteRead, settings: ExecuteSettings) -> tuple[Endpoint, ...]:
    """Return the one endpoint."""

    async def read(request: Request) -> Response:
        try:
            return await _read(request, remote, settings)
        except GatewayError as error:
            return _refused(status_of(error)[0], str(error), missing_headers(error))

    return (Endpoint("read", read, "Remote read over all clusters", ("POST",)),)


async def _read(request: Request, remote: RemoteRead, settings: ExecuteSettings) -> Response:
    url = Params.of_url(request)
    allow_partial = parse_flag("partial_response", url.get("partial_response"), default=False)
    try:
        asked = read_request(unpack(await read_body(request), MOST_BYTES))
    except ProtobufError as error:
        return _refused(400, str(error))
    if asked.accepted and SAMPLES not in asked.accepted:
        names = " ".join(TYPES.get(one, str(one)) for one in asked.accepted)
        told = f"server does not support any of the requested response types: [{names}]; supported: map[SAMPLES:{{}}]"
        return _refused(400, told)
    options = QueryOptions(allow_partial=allow_partial, timeout_s=settings.query_timeout_s)
    answer = await unless_gone(request, remote.read(asked.queries, options))
    headers = {
        "Content-Encoding": "snappy",
        "Content-Type": "application/x-protobuf",
        **completeness_headers(answer.completeness),
    }
    return Response(answer.body, headers=headers)


def _refused(status: int, told: str, headers: Mapping[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{told}\n", status, headers={"X-Content-Type-Options": "nosniff", **(headers or {})})
