"""A scripted server with a tail."""

from __future__ import annotations

from aiohttp import web

from tests.client.scripted_server import ScriptedServer, streams, success
from tests.client.tail_model import QUERY_RANGE, TAIL


class Tailed:
    """WebSocket tails by script: per connection, the messages to send, then how it ends."""

    def __init__(self, server: ScriptedServer, *connections: tuple[list[bytes], str]) -> None:
        self.starts: list[int] = []
        self._connections = list(connections)
        server.handle(TAIL, self._tail)
        server.reply(QUERY_RANGE, success(streams()))

    async def _tail(self, request: web.Request) -> web.StreamResponse:
        self.starts.append(int(request.query["start"]))
        messages, end = self._connections.pop(0) if self._connections else ([], "stay")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for one in messages:
            await socket.send_str(one.decode())
        if end == "cut":
            assert request.transport is not None
            request.transport.abort()
        elif end == "close":
            await socket.close(code=1011, message=b"tail limit reached")
        else:
            await socket.receive()
        return socket
