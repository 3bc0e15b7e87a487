"""Running an ASGI application as one process: bind, serve, stop.

The listener is bound before anything else is opened, so that a port in use is one clear message and not a half-started
program. The first SIGTERM or Ctrl-C stops accepting, lets requests in flight finish for at most ``drain_s`` and then
returns, so that the caller's ``async with`` blocks close backends and database in order; a second one cancels those
requests, a third whatever is still going on.

uvicorn does the serving. Its own start messages and signal handling are off. What can fail while starting is opened by
the caller around ``serve`` and fails there with a typed error instead of a traceback.

Example::

    async def main(stop: Stop) -> None:
        async with Gateway(config, registry) as gateway:
            await serve(create_app(gateway), listener, stop)

    with bind("127.0.0.1:9090") as listener:
        return run_until_stopped(main)
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import ipaddress
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Generator
from typing import Final

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from query.app.bounded_http import BoundedHttp
from query.app.config import split_listen
from query.model.errors import ConfigError

DRAIN_S: Final = 10.0
BACKLOG: Final = 2048
RELEASE_S: Final = 2.0
"""How long a cancelled request may take to let go."""
COLLECT_AFTER: Final = (50_000, 20, 50)
"""Objects made before the youngest are looked at, and how often the older generations are."""
KEEP_ALIVE_S: Final = 75
_INTERRUPTED: Final = 130


def bind(listen: str) -> socket.socket:
    """Return a listening socket for ``host:port``; port 0 lets the system choose.

    ``ConfigError`` tells cause and remedy. The socket already listens: with SO_REUSEADDR a merely bound one would let a
    second process bind the same port and fail only later. Nobody is refused meanwhile, connections wait in the backlog.
    """
    try:
        host, port = split_listen(listen)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    try:
        family, kind, protocol, _, address = _resolve(host, port)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {listen}: the host name {host!r} is not known here ({error.strerror}); "
            "listen on an address of this machine, for instance 127.0.0.1 or 0.0.0.0"
        ) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError(f"cannot listen on {listen}: {_explain(error, port)}") from error
    listener.setblocking(False)
    return listener


def _resolve(
    host: str, port: int
) -> tuple[
    socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return min(found, key=lambda info: info[0] != socket.AF_INET)


def _explain(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use by another process; stop that process, or choose another port with "
            "--listen HOST:PORT or `listen:` in the configuration"
        )
    if error.errno == errno.EACCES:
        return f"this user may not open port {port}; choose a port above 1023 with --listen HOST:PORT"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address; use one of its own, or 0.0.0.0 for all of them"
    return f"{error.strerror}; choose another address with --listen HOST:PORT"


def is_loopback(listen: str) -> bool:
    """Tell whether only this machine can reach ``host:port``; a name other than ``localhost`` counts as reachable."""
    host, _ = split_listen(listen)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url_of(listener: socket.socket) -> str:
    """Return the URL a client on this machine uses: the port the system chose, loopback for a wildcard address."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "127.0.0.1" if listener.family == socket.AF_INET else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Stop:
    """How much the end is wanted: ``asked`` lets requests finish, ``insisted`` cancels them."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.insisted = asyncio.Event()


async def serve(app: ASGIApp, listener: socket.socket, stop: Stop, *, drain_s: float = DRAIN_S) -> None:
    """Serve ``app`` until a stop is asked for and what was in flight is done, at most ``drain_s`` seconds later.

    What has not finished by then is cancelled and answered with 503. Returns when the last request has ended. Logs
    ``listening`` and ``stopping``.
    """
    log = structlog.get_logger()
    settle_memory()
    server = _Server(
        uvicorn.Config(
            app,
            http=BoundedHttp,
            ws="websockets-sansio",
            lifespan="auto",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=max(1, round(drain_s)),
        )
    )

    async def follow_stop() -> None:
        await stop.asked.wait()
        log.info("stopping", in_flight=len(server.server_state.tasks), drain_s=drain_s)
        server.should_exit = True
        await stop.insisted.wait()
        await _cancel(server.server_state.tasks)

    log.info("listening", url=url_of(listener), pid=os.getpid())
    async with asyncio.TaskGroup() as group:
        follower = group.create_task(follow_stop())
        try:
            await server.serve(sockets=[listener])
        finally:
            follower.cancel()
            await _cancel(server.server_state.tasks)


def settle_memory() -> None:
    """Take what was made while starting out of the collector's sight, and let it look less often.

    Modules, routes and configuration stay until the end, and decoding a large answer makes many objects that are no
    garbage.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


async def _cancel(requests: set[asyncio.Task[None]]) -> None:
    """Cancel the requests and wait until they have let go of what they hold."""
    going_on = list(requests)
    for task in going_on:
        task.cancel()
    if going_on:
        await asyncio.wait(going_on, timeout=RELEASE_S)


def run_until_stopped(main: Callable[[Stop], Awaitable[None]]) -> int:
    """Run ``main`` on a new event loop and return the exit code: 0, or 130 if the end was insisted on.

    SIGINT and SIGTERM set first ``Stop.asked``, then ``Stop.insisted``; the third cancels ``main``. Its exceptions pass
    through.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run_with_signals(main))


async def _run_with_signals(main: Callable[[Stop], Awaitable[None]]) -> int:
    loop = asyncio.get_running_loop()
    stop = Stop()
    task = asyncio.ensure_future(main(stop))

    def on_signal() -> None:
        if stop.insisted.is_set():
            task.cancel()
        elif stop.asked.is_set():
            stop.insisted.set()
        stop.asked.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        await task
    except asyncio.CancelledError:
        if not stop.insisted.is_set():
            raise
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    return _INTERRUPTED if stop.insisted.is_set() else 0


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: it would raise the signal again after a clean stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
