"""A backend that misbehaves on command, in front of one that does not.

Each :class:`Faulty` listens on a port of its own and, told nothing else, hands every request on to the real server
behind it. Set ``fault`` and it answers the way broken networks, proxies and overloaded servers do. Connections stay
open between requests, so a client's pool sees faults on connections that worked a moment ago.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

HUGE_BYTES = 64 << 20
HOLD_S = 20.0
"""How long a silent backend keeps a connection; longer than any deadline tested, shorter than a test's limit."""


class Fault(Enum):
    """What goes wrong."""

    NONE = auto()
    NO_DATA = auto()
    HTML = auto()
    STATUS_500 = auto()
    STATUS_429 = auto()
    STATUS_401 = auto()
    GARBAGE = auto()
    EMPTY = auto()
    WRONG_SHAPE = auto()
    WRONG_TYPE = auto()
    CUT = auto()
    RESET = auto()
    SILENT = auto()
    DRIP = auto()
    HUGE = auto()
    REFUSED = auto()


_PLAIN = {
    Fault.NO_DATA: (200, "application/json", b'{"status":"success","data":{"resultType":"vector","result":[]}}'),
    Fault.HTML: (200, "text/html", b"<!doctype html><html><body><h1>Please log in</h1></body></html>"),
    Fault.STATUS_500: (500, "text/plain", b"panic: runtime error: index out of range"),
    Fault.STATUS_429: (429, "text/plain", b"too many outstanding requests"),
    Fault.STATUS_401: (401, "text/plain", b"unauthorized"),
    Fault.GARBAGE: (
        200,
        "application/json",
        b'{"status":"success","data":{"resultType":"vector","result":[{"metr\xff\xfe',
    ),
    Fault.EMPTY: (200, "application/json", b""),
    Fault.WRONG_SHAPE: (200, "application/json", b'{"status":"success","data":{"result":"nothing like it"}}'),
    Fault.WRONG_TYPE: (200, "application/json", b'["status", "success"]'),
}
_PART = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"cluster_size"},'


class Faulty:
    """A front of the server at ``target`` (a URL); use as a context manager.

    ``seen`` are the paths that were asked for, ``queries`` the query texts among the form fields.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.seen: list[str] = []
        self.queries: list[str] = []
        self._fault = Fault.NONE
        self._released = threading.Event()
        self._server = _listen(self, 0)
        self.port: int = self._server.server_address[1]

    @property
    def url(self) -> str:
        """The address to give to the gateway."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def requests(self) -> int:
        """How many requests came so far."""
        return len(self.seen)

    @property
    def fault(self) -> Fault:
        """What goes wrong at the moment; setting it acts on the next request."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self._released.set()
        self._released = threading.Event()
        if fault is Fault.REFUSED and self._fault is not Fault.REFUSED:
            _close(self._server)
        elif fault is not Fault.REFUSED and self._fault is Fault.REFUSED:
            self._server = _listen(self, self.port)
        self._fault = fault

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        if self._fault is not Fault.REFUSED:
            _close(self._server)

    def hold(self) -> None:
        """Wait until the fault changes, or long enough."""
        self._released.wait(HOLD_S)


class _Server(ThreadingHTTPServer):
    """Quiet, and done with its threads when asked to close."""

    daemon_threads = True
    block_on_close = False
    front: Faulty

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are what this is for."""


def _listen(front: Faulty, port: int) -> _Server:
    server = _Server(("127.0.0.1", port), _Handler)
    server.front = front
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def _close(server: _Server) -> None:
    server.shutdown()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer as the fault wants it."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        front = self.server.front
        front.seen.append(urlsplit(self.path).path)
        front.queries += parse_qs(body.decode("utf-8", "replace")).get("query", [])
        fault = front.fault
        if fault is Fault.NONE:
            self._pass_on(front.target, body)
        elif fault in _PLAIN:
            status, media_type, content = _PLAIN[fault]
            self._answer(status, media_type, content)
        else:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self._break(fault)

    do_POST = do_GET  # noqa: N815 - the base class calls it so

    def _pass_on(self, target: str, body: bytes) -> None:
        address = urlsplit(target)
        connection = http.client.HTTPConnection(address.netloc, timeout=HOLD_S)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answer(self, status: int, media_type: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _break(self, fault: Fault) -> None:
        front = self.server.front
        if fault in (Fault.RESET, Fault.REFUSED):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            self.connection.close()
            return
        if fault is Fault.SILENT:
            front.hold()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if fault is Fault.HUGE:
            self.send_header("Content-Length", str(HUGE_BYTES))
            self.end_headers()
            self.wfile.write(_PART)
            for _ in range(HUGE_BYTES >> 16):
                self.wfile.write(b" " * (1 << 16))
            return
        self.send_header("Content-Length", str(len(_PART) + 1000))
        self.end_headers()
        self.wfile.write(_PART)
        self.wfile.flush()
        while fault is Fault.DRIP and front.fault is fault:
            self.wfile.write(b" ")
            self.wfile.flush()
            front._released.wait(0.1)


_HOP_BY_HOP = frozenset({"connection", "content-length", "host", "transfer-encoding", "keep-alive"})
