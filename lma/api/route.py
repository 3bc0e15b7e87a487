"""The route class of ``/v1``: token first, then the body, and every failure in the one error shape.

FastAPI reads and parses a body before it looks at dependencies, so a token checked there would let anybody make the
service parse. And its exception handlers belong to the whole application, whose other half speaks Prometheus's and
Loki's error shapes. A route class keeps both matters inside the control plane.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match

from lma.api.auth import Tokens, require_token
from lma.api.errors import ApiError, render, translate

MAX_BODY_BYTES: Final = 256 << 10
_BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
_ALL_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def control_route(tokens: Tokens) -> type[APIRoute]:
    """Return the route class that asks ``tokens`` who may come in."""

    class ControlRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                try:
                    require_token(request, tokens)
                    _require_usable_body(request)
                    return await handle(_BoundedRequest(request.scope, request.receive))
                except Exception as error:
                    refused = translate(error)
                    if refused is None:
                        raise
                    return render(refused, request)

            return guarded

    return ControlRoute


class _BoundedRequest(Request):
    """A request whose body ends the reading when it grows too large, whatever length it claims."""

    async def stream(self) -> AsyncGenerator[bytes, None]:
        size = 0
        async for chunk in super().stream():
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            yield chunk


def add_fallback(router: APIRouter) -> None:
    """Answer what no route of ``router`` takes: 405 for a known path, else 404. Add it last."""
    known = list(router.routes)

    async def fallback(request: Request) -> Response:
        scope = dict(request.scope)
        allowed: set[str] = set()
        for route in known:
            match, _ = route.matches(scope)
            if match is Match.PARTIAL:
                allowed |= getattr(route, "methods", set())
        if allowed:
            raise ApiError(
                405,
                "method_not_allowed",
                f"{request.method} is not possible here",
                f"use {' or '.join(sorted(allowed))}",
                headers={"Allow": ", ".join(sorted(allowed))},
            )
        raise ApiError(404, "not_found", f"there is no {request.url.path[:200]}", "the endpoints are listed at /docs")

    router.add_api_route("/{rest:path}", fallback, methods=_ALL_METHODS, include_in_schema=False)


def _require_usable_body(request: Request) -> None:
    """Refuse a body by its head: what is too large, or no JSON."""
    headers = request.headers
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    has_body = length not in {"", "0"} or "transfer-encoding" in headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method in _BODY_METHODS and has_body and kind != "application/json" and not kind.endswith("+json"):
        raise ApiError(
            415,
            "unsupported_media_type",
            f"the body is {kind or 'of no stated type'}, not JSON",
            "send it as `Content-Type: application/json`",
        )
