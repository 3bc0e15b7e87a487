"""Bounds on the head of a request (request line and headers), which uvicorn lacks.

In size, or a URL could fill the memory: counted in what arrives from the network, because the parser keeps a header to
itself until it is complete. After the refusal the rest is read and dropped for a moment: closing at once would reset
the connection, and with it the answer on its way. And in time, or clients that never finish their head could use up the
connections. Bodies are the business of whoever reads them.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES: Final = 512 << 10
"""Above the longest query a URL may carry (limits.query_bytes), percent-encoded."""
HEAD_TIMEOUT_S = 30.0
"""How long a head may take to arrive, from its first byte or from the connection."""
LINGER_S: Final = 1.0
"""How long the rest of a refused head is read and dropped."""


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with the two bounds of this module."""

    _in_head = True
    _head_bytes = 0
    _is_refused = False
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_expecting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass on what arrives, unless the head has grown too large."""
        if self._is_refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to count and to wait: the next request of this connection has begun."""
        self._in_head = True
        self._head_bytes = 0
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting and waiting: what follows is a body."""
        self._in_head = False
        self._stop_expecting()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self.transport.close)

    def _stop_expecting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self) -> None:
        self._is_refused = True
        told = f"request line and headers exceed {MAX_HEAD_BYTES} bytes; send a long query by POST\n".encode()
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(told), told)
        )
        self.loop.call_later(LINGER_S, self.transport.close)
