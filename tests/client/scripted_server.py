"""A real HTTP server that says what a test tells it to, and remembers what it was asked.

It runs in a thread of its own, so that synchronous and asynchronous clients, and whole processes, can talk to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

JSON = "application/json"
WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; ``delay_s`` is waited before it, ``cut_at`` closes the connection after so many bytes."""

    body: str | bytes = b""
    status: int = 200
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    cut_at: int | None = None

    @property
    def content(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else self.body


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came; ``values`` are the parameters of URL and form together."""

    method: str
    path: str
    values: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def value(self, name: str) -> str:
        return self.values[name][0]

    def json(self) -> Any:
        return json.loads(self.body)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def success(data: Any, *, headers: Mapping[str, str] | None = None, **beside: Any) -> Reply:
    """A success envelope of the Prometheus API."""
    return Reply(json.dumps({"status": "success", "data": data, **beside}), headers=headers or {})


def vector(*samples: tuple[Mapping[str, str], str], time_s: float = 1_700_000_000.123) -> dict[str, Any]:
    result = [{"metric": labels, "value": [time_s, value]} for labels, value in samples]
    return {"resultType": "vector", "result": result}


def streams(*entries: tuple[Mapping[str, str], list[tuple[int, str]]]) -> dict[str, Any]:
    result = [{"stream": labels, "values": [[str(t), line] for t, line in lines]} for labels, lines in entries]
    return {"resultType": "streams", "result": result}


def control_plane_error(status: int, code: str, message: str, remedy: str = "", **beside: Any) -> Reply:
    error = {"code": code, "message": message, "remedy": remedy, "details": [], **beside}
    return Reply(json.dumps({"error": error, "request_id": "req-1"}), status=status)


class ScriptedServer:
    """Answers each path with what ``reply`` queued for it; the last answer stays."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.url = ""
        self._replies: dict[str, deque[Reply]] = defaultdict(deque)
        self._handlers: dict[str, Handler] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    def reply(self, path: str, *replies: Reply) -> None:
        """Answer ``path`` with these, one after the other."""
        self._replies[path] = deque(replies)

    def handle(self, path: str, handler: Handler) -> None:
        """Answer ``path`` by a function (a WebSocket, a computed answer)."""
        self._handlers[path] = handler

    def only(self) -> Asked:
        """The one request there was."""
        (asked,) = self.asked
        return asked

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        form = await request.post() if request.content_type == "application/x-www-form-urlencoded" else {}
        values: dict[str, list[str]] = defaultdict(list)
        for name, value in [*request.query.items(), *form.items()]:
            values[name].append(str(value))
        body = await request.read()
        self.asked.append(Asked(request.method, request.raw_path.partition("?")[0], values, request.headers, body))
        if handler := self._handlers.get(request.path):
            return await handler(request)
        queue = self._replies.get(request.path)
        if not queue:
            return web.json_response({"status": "error", "errorType": "not_found", "error": "no such path"}, status=404)
        reply = queue.popleft() if len(queue) > 1 else queue[0]
        await asyncio.sleep(reply.delay_s)
        headers = {**reply.headers, "Content-Type": reply.content_type}
        if reply.cut_at is None:
            return web.Response(body=reply.content, status=reply.status, headers=headers)
        return await _cut(request, reply, headers)

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._dispatch)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        started.set()
        await self._stop.wait()
        await runner.cleanup()

    @contextlib.contextmanager
    def running(self) -> Iterator[ScriptedServer]:
        started = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)))
        thread.start()
        try:
            assert started.wait(WAIT_S)
            yield self
        finally:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join(WAIT_S)


async def _cut(request: web.Request, reply: Reply, headers: Mapping[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = len(reply.content)
    await response.prepare(request)
    await response.write(reply.content[: reply.cut_at])
    assert request.transport is not None
    request.transport.close()
    return response
