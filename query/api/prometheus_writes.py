"""What a federated view does not take: samples, and administration of a storage it does not have.

Upstream's own answers for a server that has these switched off, with what to do instead.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from query.api.endpoints import GET_OR_POST, Endpoint
from query.api.respond import error_response

ADMIN: Final = ("delete_series", "clean_tombstones", "snapshot")
SEARCH: Final = ("metric_names", "label_names", "label_values")
WRITE_TOLD: Final = "receivers are not offered here: the gateway stores nothing; write to a cluster's own Prometheus\n"
ADMIN_TOLD: Final = "admin APIs disabled: the gateway stores nothing; use those of a cluster's own Prometheus"
SEARCH_TOLD: Final = "search API disabled"


def write_endpoints() -> tuple[Endpoint, ...]:
    """Return the endpoints."""
    return (
        Endpoint("write", _no_receiver, "Remote write is not offered", ("POST",)),
        Endpoint("otlp/v1/metrics", _no_receiver, "OTLP is not offered", ("POST",)),
        *(
            Endpoint(f"admin/tsdb/{name}", _no_admin, "Administration is not offered", ("POST", "PUT"))
            for name in ADMIN
        ),
        *(Endpoint(f"search/{name}", _no_search, "Search is not offered", GET_OR_POST) for name in SEARCH),
    )


async def _no_receiver(_: Request) -> Response:
    return PlainTextResponse(WRITE_TOLD, 404, headers={"X-Content-Type-Options": "nosniff"})


async def _no_admin(_: Request) -> Response:
    return error_response(500, "unavailable", ADMIN_TOLD)


async def _no_search(_: Request) -> Response:
    return error_response(500, "unavailable", SEARCH_TOLD)
