"""Structured logs: set up once at the edge of the process, one line for every request.

``configure_logging`` sends our own events and those of the libraries (uvicorn, aiohttp, asyncio) through the same
renderer to one stream: JSON lines for machines, aligned text for a terminal. It is the only thing here that touches
process-wide state, so only the commands call it, never a library function and never a test of the application.

``RequestLog`` is plain ASGI. It gives every request an id (``X-Request-Id``, the caller's if it is sane), returns it
in the answer, binds it to every line logged meanwhile and writes one line at the end. It sees bytes pass and never
holds them, so a streamed answer stays streamed. An exception that nobody handled ends here: one line with the
traceback, and a bare 500 with the request id for the user.

Query strings and headers are never logged: they may hold tokens or what a tenant asked.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TextIO

import msgspec
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]

REQUEST_ID_HEADER: Final = b"x-request-id"
_SANE_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}")
_LOGGED_PATH_LENGTH: Final = 256
_QUIET_PATHS: Final = frozenset(
    {"/-/healthy", "/-/ready", "/metrics", "/prometheus/-/healthy", "/prometheus/-/ready", "/ready"}
)
_LEVELS: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def configure_logging(log_format: LogFormat = "auto", level: LogLevel = "info", stream: TextIO | None = None) -> None:
    """Send every log of this process to ``stream`` (standard error unless given).

    ``auto`` means text on a terminal and JSON lines anywhere else. Libraries are heard from ``warning`` on: what they
    say below that repeats our own events.
    """
    target = sys.stderr if stream is None else stream
    as_text = log_format == "console" or (log_format == "auto" and target.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback)]
        if as_text
        else [
            structlog.processors.format_exc_info,
            _what_and_when_first,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ]
    )
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(), structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(_LEVELS[level], logging.WARNING))


def _what_and_when_first(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Order a line as people read it."""
    first = {key: event.pop(key) for key in ("timestamp", "level", "event", "request_id") if key in event}
    return {**first, **event}


def _to_json(event: Any, **_options: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


@dataclass(frozen=True, slots=True)
class Failure:
    """What a user is told when the program itself failed: status, media type, body."""

    status: int
    media_type: str
    body: bytes


STOPPING: Final = Failure(503, "text/plain; charset=utf-8", b"the server is stopping; ask again\n")
"""What a request is told that did not finish before the server had to end."""

RenderFailure = Callable[[str, str], Failure]
"""Makes the answer to a failed request from its path and its request id."""

ObserveRequest = Callable[[Scope, int, float], None]
"""Is told of every finished request: its scope (with the route that matched), its status, its seconds."""


def internal_error(path: str, request_id: str) -> Failure:
    """Return the gateway's answer to a bug: Prometheus's envelope under /prometheus, text as Loki does elsewhere."""
    told = f"internal error; the log of the gateway has the details under request id {request_id}"
    if path.startswith("/prometheus/"):
        envelope = {"status": "error", "errorType": "internal", "error": told}
        return Failure(500, "application/json", msgspec.json.encode(envelope))
    return Failure(500, "text/plain; charset=utf-8", told.encode())


def request_id_of(scope: Scope) -> str:
    """Return the id ``RequestLog`` gave this request, or an empty string where it is not installed."""
    found: str = scope.get("state", {}).get("request_id", "")
    return found


class RequestLog:
    """ASGI middleware: the request id, the line per request, and the last stop for exceptions.

    Install it as the outermost middleware. Costs about 20 µs a request, nearly all of it writing the line.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        observe: ObserveRequest | None = None,
        render_failure: RenderFailure = internal_error,
    ) -> None:
        self._app = app
        self._observe = observe
        self._render_failure = render_failure
        self._log = structlog.get_logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; see the class."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = _accept_or_make_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        exchange = _Exchange(send, request_id.encode())
        started_s = time.perf_counter()
        error: Exception | None = None
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, exchange.send)
            except Exception as caught:  # noqa: BLE001  the last stop: what is not caught here kills the connection
                error = caught
                await _answer_failure(scope, exchange, self._render_failure(scope["path"], request_id))
            except asyncio.CancelledError:
                # Only the end of the server cancels a request, and its task ends here: uvicorn would log a traceback.
                await _answer_failure(scope, exchange, STOPPING)
                exchange.aborted = True
            finally:
                self._finish(scope, exchange, time.perf_counter() - started_s, error)

    def _finish(self, scope: Scope, exchange: _Exchange, took_s: float, error: Exception | None) -> None:
        if self._observe is not None:
            self._observe(scope, exchange.status, took_s)
        path: str = scope["path"]
        client = scope.get("client")
        line: dict[str, Any] = {
            "method": scope.get("method", "GET"),
            "path": path[:_LOGGED_PATH_LENGTH],
            "status": exchange.status,
            "duration_ms": round(took_s * 1000, 2),
            "bytes": exchange.bytes_sent,
            "client": client[0] if client else "",
        }
        if exchange.aborted or (scope["type"] == "http" and not exchange.complete):
            line["aborted"] = True
        if error is not None:
            self._log.error("request failed", **line, exc_info=error)
        elif path in _QUIET_PATHS:
            self._log.debug("request", **line)
        else:
            self._log.info("request", **line)


async def _answer_failure(scope: Scope, exchange: _Exchange, failure: Failure) -> None:
    if exchange.status or scope["type"] != "http":
        exchange.aborted = True
        return
    headers = [
        (b"content-type", failure.media_type.encode()),
        (b"content-length", str(len(failure.body)).encode()),
    ]
    await exchange.send({"type": "http.response.start", "status": failure.status, "headers": headers})
    await exchange.send({"type": "http.response.body", "body": failure.body})


class _Exchange:
    """What went out for one request: status, bytes, and whether the answer was finished."""

    __slots__ = ("_request_id", "_send", "aborted", "bytes_sent", "complete", "status")

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0
        self.bytes_sent = 0
        self.complete = False
        self.aborted = False

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.body":
            self.bytes_sent += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        elif kind in {"http.response.start", "websocket.http.response.start"}:
            self.status = message["status"]
            message = self._with_id(message)
        elif kind == "websocket.accept":
            self.status = 101
            message = self._with_id(message)
        elif kind == "websocket.send":
            self.bytes_sent += len(message.get("bytes") or b"") or len(message.get("text") or "")
        elif kind in {"websocket.close", "websocket.http.response.body"}:
            self.status = self.status or 403
            self.complete = True
        await self._send(message)

    def _with_id(self, message: Message) -> Message:
        headers = [*message.get("headers", ()), (REQUEST_ID_HEADER, self._request_id)]
        return {**message, "headers": headers}


def _accept_or_make_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == REQUEST_ID_HEADER and _SANE_REQUEST_ID.fullmatch(value):
            accepted: str = value.decode("ascii")
            return accepted
    return secrets.token_hex(8)
