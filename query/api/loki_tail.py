"""``/loki/api/v1/tail``: a WebSocket that tells the new lines of all clusters, as Loki's own tells those of one.

What is wrong with the request is answered before the socket is opened, as Loki does. Messages are Loki's: ``streams``,
and ``dropped_entries`` when the client reads too slowly. Beside them ``warnings`` say when a cluster stops answering
and when it is back; clients that don't know them read past them.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Final

import msgspec
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from query.api.loki_errors import error_text, loki_error
from query.api.loki_params import parse_options, parse_timestamp
from query.api.params import Params
from query.execute.logs import LogsQueries
from query.execute.logs_tail import Tail
from query.execute.logs_tail_buffer import TailMessage
from query.execute.settings import ExecuteSettings
from query.logql.syntax import parse_query
from query.logql.syntax.nodes import LogQuery
from query.model.errors import BadQueryError, BadRequestError, GatewayError, LimitExceededError
from query.model.time import NS_PER_S
from query.wire.loki import CATEGORIZE, CATEGORIZE_HEADER, stream_json

MOST_TAILS: Final = 100
MOST_DELAY_S: Final = 5
DEFAULT_SINCE_NS: Final = 3600 * NS_PER_S
INTERNAL_ERROR: Final = 1011
REASON_BYTES: Final = 120
"""As much as a close frame holds."""


class TailEndpoint:
    """Serves tails, at most ``MOST_TAILS`` at once."""

    def __init__(self, queries: LogsQueries, settings: ExecuteSettings) -> None:
        self._queries = queries
        self._settings = settings
        self._open = 0

    async def serve(self, socket: WebSocket) -> None:
        """Serve one client until it goes away."""
        try:
            tail, is_categorized = self._tail_of(socket)
        except GatewayError as error:
            await socket.send_denial_response(loki_error(error))
            return
        if self._open >= MOST_TAILS:
            text = f"max concurrent tail requests limit exceeded, count > limit ({MOST_TAILS} > {MOST_TAILS})"
            await socket.send_denial_response(Response(text, status_code=400, media_type="text/plain"))
            return
        self._open += 1
        try:
            await socket.accept()
            await _until_gone(socket, _tell(socket, tail, is_categorized=is_categorized))
        finally:
            self._open -= 1

    def _tail_of(self, socket: WebSocket) -> tuple[Tail, bool]:
        params = Params(tuple(socket.query_params.multi_items()))
        query = parse_query(params.get("query"), self._settings.syntax)
        if not isinstance(query, LogQuery):
            raise BadQueryError("only log selector is supported")
        options = parse_options(params, self._settings, socket.headers.get(CATEGORIZE_HEADER, ""))
        if options.limit > self._settings.log_lines:
            raise LimitExceededError("log_lines", self._settings.log_lines, "ask for fewer lines")
        start_ns = parse_timestamp("start", params.get("start"), time.time_ns() - DEFAULT_SINCE_NS)
        delay_s = _delay_s(params.get("delay_for"))
        most = self._settings.log_lines
        tail = Tail(self._queries, query, options, start_ns, most_lines=most, delay_s=delay_s)
        return tail, options.categorize


def _delay_s(text: str) -> int:
    if not text:
        return 0
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        raise BadRequestError("delay_for", f'"{text}" is no number of seconds')
    if int(text) > MOST_DELAY_S:
        raise BadRequestError("delay_for", f"delay_for can't be greater than {MOST_DELAY_S}")
    return int(text)


async def _tell(socket: WebSocket, tail: Tail, *, is_categorized: bool) -> None:
    try:
        async with tail:
            while True:
                message = await tail.next_message()
                await socket.send_text(_encoded(message, is_categorized=is_categorized).decode())
    except GatewayError as error:
        await socket.close(INTERNAL_ERROR, error_text(error).encode()[:REASON_BYTES].decode(errors="ignore"))


def _encoded(message: TailMessage, *, is_categorized: bool) -> bytes:
    streams = b",".join(stream_json(labels, entries) for labels, entries in message.streams)
    body = b'{"streams":[' + streams + b"]"
    if message.dropped:
        dropped = [{"timestamp": str(at_ns), "labels": dict(labels)} for at_ns, labels in message.dropped]
        body += b',"dropped_entries":' + msgspec.json.encode(dropped)
    if message.warnings:
        body += b',"warnings":' + msgspec.json.encode(message.warnings)
    if is_categorized:
        body += b',"encodingFlags":["' + CATEGORIZE.encode() + b'"]'
    return body + b"}"


async def _until_gone(socket: WebSocket, telling: Coroutine[None, None, None]) -> None:
    """Run ``telling`` until it ends or the client goes away."""
    tasks = {asyncio.ensure_future(telling), asyncio.ensure_future(_gone(socket))}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            with suppress(WebSocketDisconnect):
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _gone(socket: WebSocket) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
