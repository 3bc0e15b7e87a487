"""Ports that nobody else gets between choosing them and using them.

The usual trick (bind port 0, close, hand the number on) loses a race now and then: with forty processes
starting at once, the kernel gives the number away again. Here the socket stays bound, without listening,
until the owner is done. Linux lets a server with SO_REUSEADDR (Go's, asyncio's and uvicorn's all set it)
listen on a port that is merely bound with SO_REUSEADDR, while neither port 0 nor an outgoing connection
is ever given it. Linux only.

::

    with Ports() as ports:
        port = ports.take()        # start a server on 127.0.0.1:port; it is yours until the block ends
"""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self

from lma.demo.errors import PortInUseError

LOOPBACK = "127.0.0.1"


class Ports:
    """Holds the ports it has given out; ``close`` (or leaving the ``with`` block) gives them back."""

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def take(self) -> int:
        """Reserve a free loopback port, chosen by the system."""
        holder = _bound(0)
        self._held.append(holder)
        port: int = holder.getsockname()[1]
        return port

    def close(self) -> None:
        """Give every port back."""
        while self._held:
            self._held.pop().close()


def require_free(port: int) -> None:
    """Raise PortInUseError when another program listens on the loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as error:
            raise PortInUseError(
                f"{LOOPBACK}:{port} can't be listened on: {error.strerror}",
                f"choose another port (lma demo --port {port + 1}), or stop the program that has it"
                f" (ss -ltnp 'sport = :{port}' names it)",
            ) from error


def _bound(port: int) -> socket.socket:
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((LOOPBACK, port))
    return holder
