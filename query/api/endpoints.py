"""Endpoints of the Prometheus API as a table, and what every one of them does alike.

Known paths answer other methods with 405 and the methods there are, unknown ones with 404, each as plain text, and
OPTIONS anywhere with 204; a browser's page may read all answers (upstream's default ``--web.cors.origin``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import compile_path

from query.api.errors import prometheus_error
from query.api.respond import Handler, guarded

ANY_METHOD: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
GET_OR_POST: Final = ("GET", "POST")
CORS_HEADERS: Final = {
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, Origin",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Expose-Headers": "Date",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path, below the API's prefix, and what answers it."""

    path: str
    handler: Handler
    summary: str
    methods: tuple[str, ...] = ("GET",)


def add_endpoints(router: APIRouter, prefix: str, endpoints: Iterable[Endpoint]) -> None:
    """Add the endpoints under the router's ``prefix``, and answers for everything else below it. Call it last."""
    known: list[tuple[re.Pattern[str], tuple[str, ...]]] = []
    for endpoint in endpoints:
        known.append((compile_path(f"{router.prefix}{prefix}/{endpoint.path}")[0], endpoint.methods))
        router.add_api_route(
            f"{prefix}/{endpoint.path}",
            cross_origin(guarded(endpoint.handler, prometheus_error)),
            methods=list(endpoint.methods),
            summary=endpoint.summary,
            response_model=None,
        )

    async def rest(request: Request) -> Response:
        is_api = request.url.path.startswith(f"{router.prefix}{prefix}/")
        if request.method == "OPTIONS" and is_api:
            return _with_cors(Response(status_code=204), request)
        allowed = next((methods for path, methods in known if path.match(request.url.path)), None)
        if allowed is None:
            return _plain("404 page not found\n", 404)
        methods = ", ".join(sorted({*allowed, "OPTIONS"}))
        return _plain("Method Not Allowed\n", 405, {"Allow": methods})

    router.add_api_route("/{rest:path}", rest, methods=list(ANY_METHOD), include_in_schema=False, response_model=None)


def cross_origin(handler: Handler) -> Handler:
    """Return the handler, its answers readable by the pages of any origin."""

    async def answer(request: Request) -> Response:
        return _with_cors(await handler(request), request)

    return answer


def _with_cors(response: Response, request: Request) -> Response:
    response.headers.add_vary_header("Origin")
    origin = request.headers.get("origin")
    if origin:
        response.headers.update({**CORS_HEADERS, "Access-Control-Allow-Origin": origin})
    return response


def _plain(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(text, status, headers={"X-Content-Type-Options": "nosniff", **(headers or {})})
