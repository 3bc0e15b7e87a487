"""Listening: addresses, clear refusals, bounded heads, a stop that lets requests finish."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from query.app.bounded_http import MAX_HEAD_BYTES
from query.app.logs import RequestLog
from query.app.serve import Stop, bind, is_loopback, serve, url_of
from query.model.errors import ConfigError


async def hello(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@asynccontextmanager
async def serving(
    app: Callable[[Scope, Receive, Send], object], *, drain_s: float = 5
) -> AsyncIterator[tuple[str, Stop, asyncio.Task[None]]]:
    stop = Stop()
    listener = bind("127.0.0.1:0")
    url = url_of(listener)
    task = asyncio.create_task(serve(app, listener, stop, drain_s=drain_s))  # type: ignore[arg-type]
    try:
        yield url, stop, task
    finally:
        stop.asked.set()
        await asyncio.wait_for(task, 10)


async def test_the_address_is_the_one_the_system_chose() -> None:
    async with serving(hello) as (url, _, _), httpx.AsyncClient() as client:
        assert (await client.get(url)).text == "hello"


def test_a_port_in_use_is_one_clear_message() -> None:
    with bind("127.0.0.1:0") as first:
        taken = f"127.0.0.1:{first.getsockname()[1]}"
        with pytest.raises(ConfigError, match=rf"cannot listen on {taken}: port \d+ is in use.*--listen"):
            bind(taken)


@pytest.mark.parametrize(
    ("listen", "told"),
    [
        ("nonsense", "host:port"),
        ("127.0.0.1:99999", "host:port"),
        ("no-such-host.invalid:80", "not known here"),
        ("203.0.113.7:9090", "no such address"),
    ],
)
def test_an_address_that_cannot_be_used_is_explained(listen: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        bind(listen)


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("127.0.0.1:1", True),
        ("127.8.8.8:1", True),
        ("localhost:1", True),
        ("[::1]:1", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("10.0.0.1:1", False),
        ("example.com:1", False),
    ],
)
def test_only_loopback_counts_as_this_machine(listen: str, expected: bool) -> None:  # noqa: FBT001
    assert is_loopback(listen) is expected


def test_the_url_of_a_wildcard_listener_can_be_opened() -> None:
    with bind("0.0.0.0:0") as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


async def test_a_request_in_flight_is_finished_before_the_end() -> None:
    entered = asyncio.Event()
    proceed = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            entered.set()
            await proceed.wait()
        await hello(scope, receive, send)

    async with serving(slow) as (url, stop, task), httpx.AsyncClient() as client:
        asked = asyncio.create_task(client.get(url))
        await asyncio.wait_for(entered.wait(), 5)
        stop.asked.set()
        await wait_until_refused(url)
        assert not task.done()
        proceed.set()
        assert (await asyncio.wait_for(asked, 5)).text == "hello"
        await asyncio.wait_for(task, 5)


async def test_a_request_that_does_not_finish_is_cut_off() -> None:
    entered = asyncio.Event()
    cancelled = asyncio.Event()

    async def endless(scope: Scope, _receive: Receive, _send: Send) -> None:
        if scope["type"] != "http":
            return
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with serving(endless, drain_s=1) as (url, stop, task), httpx.AsyncClient() as client:
        asked = asyncio.create_task(client.get(url, timeout=8))
        await asyncio.wait_for(entered.wait(), 5)
        stop.asked.set()
        await asyncio.wait_for(task, 5)
        await asyncio.wait_for(cancelled.wait(), 5)
        with pytest.raises(httpx.HTTPError):
            (await asked).raise_for_status()


async def test_a_head_without_end_is_refused_and_the_server_lives() -> None:
    async with serving(hello) as (url, _, _), httpx.AsyncClient() as client:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /" + b"a" * (2 * MAX_HEAD_BYTES) + b" HTTP/1.1\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert str(MAX_HEAD_BYTES).encode() in answer
        assert (await client.get(url)).text == "hello"


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX: "])
async def test_a_head_that_never_ends_closes_its_connection(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr("query.app.bounded_http.HEAD_TIMEOUT_S", 0.2)
    async with serving(hello) as (url, _, _):
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        if sent:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await asyncio.wait_for(reader.readuntil(b"hello"), 5)).startswith(b"HTTP/1.1 200 ")
            writer.write(sent)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_an_answer_may_take_longer_than_its_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query.app.bounded_http.HEAD_TIMEOUT_S", 0.05)
    passed = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await passed.wait()
        await hello(scope, receive, send)

    async with serving(slow) as (url, _, _), httpx.AsyncClient() as client:
        asyncio.get_running_loop().call_later(0.3, passed.set)
        assert (await client.get(url)).text == "hello"


async def test_a_body_larger_than_the_bound_on_heads_is_none_of_its_business() -> None:
    async def counts(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        size = 0
        while True:
            message: Message = await receive()
            size += len(message.get("body", b""))
            if not message.get("more_body", False):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(size).encode()})

    async with serving(counts) as (url, _, _), httpx.AsyncClient() as client:
        for _ in range(2):
            assert (await client.post(url, content=b"x" * (4 * MAX_HEAD_BYTES))).text == str(4 * MAX_HEAD_BYTES)


async def test_insisting_cancels_what_is_in_flight() -> None:
    entered = asyncio.Event()

    async def endless(scope: Scope, _receive: Receive, _send: Send) -> None:
        if scope["type"] == "http":
            entered.set()
            await asyncio.Event().wait()

    async with serving(RequestLog(endless), drain_s=60) as (url, stop, task), httpx.AsyncClient() as client:
        asked = asyncio.create_task(client.get(url, timeout=8))
        await asyncio.wait_for(entered.wait(), 5)
        stop.asked.set()
        stop.insisted.set()
        answer = await asyncio.wait_for(asked, 5)
        assert (answer.status_code, "stopping" in answer.text) == (503, True)
        await asyncio.wait_for(task, 5)


async def wait_until_refused(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    async with asyncio.timeout(5):
        while True:
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) != 0:
                    return
            await asyncio.sleep(0.02)
