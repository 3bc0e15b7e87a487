"""Both clients following logs over real sockets."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing, closing

import pytest
from aiohttp import web

from lma.client import (
    AsyncClient,
    AuthError,
    BadQueryError,
    Client,
    Event,
    NotFoundError,
    Notice,
    ServerError,
)
from tests.client.scripted_server import Reply, ScriptedServer, streams, success
from tests.client.tail_model import QUERY_RANGE, TAIL, S, T, line, message
from tests.client.tailed import Tailed


def test_a_tail_survives_cut_and_closed_connections_without_loss_or_doubles(
    server: ScriptedServer, client: Client
) -> None:
    one, two, three = (line(T + i * S, f"{i}", app="a") for i in (1, 2, 3))
    tailed = Tailed(server, ([message(one, two)], "cut"), ([message(one, two), message(two, three)], "close"))
    notices: list[Notice] = []
    with closing(client.tail('{app="a"}', T / S, on_notice=notices.append)) as tail:
        assert [next(tail).line for _ in range(3)] == ["1", "2", "3"]
    assert tailed.starts == [T, T]
    assert [notice.event for notice in notices] == [Event.RECONNECTING]


async def test_the_asynchronous_tail_does_the_same(server: ScriptedServer) -> None:
    one, two = line(T + S, "1", app="a"), line(T + 2 * S, "2", app="a")
    Tailed(server, ([message(one)], "close"), ([message(one, two)], "stay"))
    notices: list[Notice] = []
    async with (
        AsyncClient(server.url, timeout_s=5) as client,
        aclosing(client.tail('{app="a"}', T / S, on_notice=notices.append)) as tail,
    ):
        assert [(await anext(tail)).line for _ in range(2)] == ["1", "2"]
    assert [notice.message for notice in notices] == [
        f"{server.url} closed the connection: tail limit reached; trying again in 0.2 s"
    ]


@pytest.mark.parametrize(
    "refusal",
    [
        Reply('{"status":"error","errorType":"not_found","error":"no such endpoint"}', 404),
        Reply("not implemented", 501, "text/plain"),
        Reply("", 403),
        Reply("multiple tenants: no tail", 400, "text/plain"),
    ],
)
def test_without_a_tail_the_server_is_polled(server: ScriptedServer, client: Client, refusal: Reply) -> None:
    server.reply(TAIL, refusal)
    first = ({"app": "a"}, [(T + S, "1"), (T + S, "1 too")])
    second = ({"app": "a"}, [(T + S, "1"), (T + S, "1 too"), (T + S, "1 as well"), (T + 2 * S, "2")])
    server.reply(
        QUERY_RANGE, success(streams(first)), Reply("", 503), success(streams(first)), success(streams(second))
    )
    notices: list[Notice] = []
    with closing(client.tail('{app="a"}', T / S, on_notice=notices.append)) as tail:
        assert [next(tail).line for _ in range(4)] == ["1", "1 too", "1 as well", "2"]
    assert [notice.event for notice in notices] == [Event.POLLING, Event.RECONNECTING]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply("parse error at line 1, col 2: syntax error", 400, "text/plain"), BadQueryError),
        (Reply("", 401), AuthError),
        (Reply("", 404), NotFoundError),
        (Reply("busy", 503, "text/plain"), ServerError),
    ],
)
def test_what_fails_at_first_fails_at_once(
    server: ScriptedServer, client: Client, reply: Reply, kind: type[Exception]
) -> None:
    server.reply(QUERY_RANGE, reply)
    with pytest.raises(kind):
        next(client.tail("{"))


def test_a_token_that_is_refused_later_ends_the_tail(server: ScriptedServer, client: Client) -> None:
    Tailed(server, ([message(line(T, "1", app="a"))], "cut"))
    with closing(client.tail("{}", T / S)) as tail:
        assert next(tail).line == "1"
        server.reply(QUERY_RANGE, Reply("", 401))
        with pytest.raises(AuthError):
            next(tail)


def test_a_tail_that_is_closed_closes_its_socket(server: ScriptedServer, client: Client) -> None:
    ended: list[int | None] = []

    async def hold(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(message(line(T, "1", app="a")).decode())
        await socket.receive()
        ended.append(socket.close_code)
        return socket

    server.handle(TAIL, hold)
    server.reply(QUERY_RANGE, success(streams()))
    tail = client.tail("{}", T / S)
    assert next(tail).line == "1"
    assert ended == []
    tail.close()
    for _ in range(100):
        if ended:
            break
        threading.Event().wait(0.02)
    assert ended == [1000]


async def test_a_tail_can_be_cancelled_while_it_waits(server: ScriptedServer) -> None:
    Tailed(server, ([], "stay"))
    async with AsyncClient(server.url) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), aclosing(client.tail("{}")) as tail:
                await anext(tail)
