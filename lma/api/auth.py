"""Who may ask: bearer tokens on ``/v1`` always, on the query endpoints where the operator says so.

A missing, malformed, revoked or unknown token gives one and the same answer, made in the same time: whatever was
presented is hashed and compared with every token that is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lma.api.errors import render, unauthorized

OPEN_PATHS: Final = frozenset(
    {"/-/healthy", "/-/ready", "/prometheus/-/healthy", "/prometheus/-/ready", "/metrics", "/docs", "/openapi.json"}
)
CONTROL_PREFIX: Final = "/v1/"
_MAX_TOKEN_LENGTH: Final = 256
_POLICY_VIOLATION: Final = 1008


class Tokens(Protocol):
    """What knows the accepted tokens."""

    def accepts(self, token: str) -> bool:
        """Tell whether the token is valid now."""
        ...


def is_authorized(headers: Iterable[tuple[bytes, bytes]], tokens: Tokens) -> bool:
    """Tell whether the request carries an accepted bearer token."""
    values = [value for name, value in headers if name == b"authorization"]
    scheme, _, token = values[0].decode("latin-1").partition(" ") if len(values) == 1 else ("", "", "")
    presented = token.strip() if scheme.lower() == "bearer" else ""
    return tokens.accepts(presented[:_MAX_TOKEN_LENGTH])


def require_token(request: Request, tokens: Tokens) -> None:
    """Raise the one 401 unless the request is authorized."""
    if not is_authorized(request.scope["headers"], tokens):
        raise unauthorized()


class QueryAuth:
    """ASGI middleware that asks for a token; refuses in the words of the API that was asked.

    Guards every path but ``OPEN_PATHS``, so that a route nobody thought of here is closed. ``/v1`` has its own guard.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or refuse it; see the class."""
        if not _is_guarded(scope) or is_authorized(scope["headers"], self._tokens):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            await _refusal(scope, receive)(scope, receive, send)


def _is_guarded(scope: Scope) -> bool:
    if scope["type"] not in {"http", "websocket"}:
        return False
    path: str = scope["path"]
    return path not in OPEN_PATHS and not path.startswith(CONTROL_PREFIX)


def _refusal(scope: Scope, receive: Receive) -> Response:
    error = unauthorized()
    told = f"{error.message}; {error.remedy}"
    if scope["path"].startswith("/prometheus/"):
        envelope: Mapping[str, str] = {"status": "error", "errorType": "unauthorized", "error": told}
        return Response(
            msgspec.json.encode(envelope), error.status, headers=error.headers, media_type="application/json"
        )
    if scope["path"].startswith("/loki/"):
        return Response(told, error.status, headers=error.headers, media_type="text/plain")
    return render(error, Request(scope, receive))
