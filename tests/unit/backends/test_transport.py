"""A transport's credential goes to its own server only, is renewed when refused, and its server's errors are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from query.backends.base import BackendError, Deadline, Failure, Request, read_all
from query.backends.http import HttpBackend, open_session
from query.backends.service_proxy import ServiceProxied
from query.backends.transport import Transport


class Tokens:
    """Gives token 1 until it is told to renew."""

    def __init__(self, *, can_renew: bool = True) -> None:
        self.number = 1
        self._can_renew = can_renew

    async def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.number}"}

    async def renew(self, refused: Mapping[str, str]) -> bool:
        assert refused == {"Authorization": f"Bearer {self.number}"}
        self.number += self._can_renew
        return self._can_renew


@asynccontextmanager
async def server(answer: web.Response | None = None) -> AsyncIterator[tuple[str, list[str]]]:
    """Run a server that lets token 2 in; give its URL and the tokens it saw."""
    seen: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        if answer is not None:
            return answer
        return web.Response(status=200 if seen[-1] == "Bearer 2" else 401, text="answer")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session(2) as opened:
        yield opened


async def test_a_refused_token_is_renewed_and_the_request_repeated_once(session: aiohttp.ClientSession) -> None:
    async with server() as (url, seen):
        backend = HttpBackend(session, url, transport=Transport(url, authorizer=Tokens()))
        reply = await backend.send(Request("/x", form=(("a", "b"),)), Deadline.after(5))
        assert (reply.status, seen) == (200, ["Bearer 1", "Bearer 2"])
        assert await read_all(reply, Deadline.after(5), 100) == b"answer"


async def test_what_can_not_be_renewed_is_passed_on_refused(session: aiohttp.ClientSession) -> None:
    async with server() as (url, seen):
        backend = HttpBackend(session, url, transport=Transport(url, authorizer=Tokens(can_renew=False)))
        reply = await backend.send(Request("/x"), Deadline.after(5))
        await reply.aclose()
        assert (reply.status, seen) == (401, ["Bearer 1"])


@pytest.mark.parametrize(
    ("base", "url", "is_covered"),
    [
        ("https://a:6443", "https://a:6443/api/v1/x", True),
        ("https://a:6443", "https://A:6443/api", True),
        ("https://a", "https://a:443/api", True),
        ("https://a/k8s/c1", "https://a/k8s/c1/api", True),
        ("https://a/k8s/c1", "https://a/k8s/c12/api", False),
        ("https://a:6443", "https://a:6444/api", False),
        ("https://a:6443", "http://a:6443/api", False),
        ("https://a:6443", "https://a.evil:6443/api", False),
    ],
)
def test_a_credential_is_for_its_own_server(base: str, url: str, is_covered: bool) -> None:  # noqa: FBT001
    assert Transport(base).covers(url) is is_covered


async def refusal(session: aiohttp.ClientSession, status: int, body: str) -> BackendError | bytes:
    answer = web.Response(status=status, text=body, content_type="application/json")
    async with server(answer) as (url, _):
        backend = ServiceProxied(HttpBackend(session, url))
        try:
            reply = await backend.send(Request("/x"), Deadline.after(5))
        except BackendError as error:
            return error
        return await read_all(reply, Deadline.after(5), 1000)


async def test_the_api_servers_own_errors_are_told_in_its_words(session: aiohttp.ClientSession) -> None:
    body = '{"kind":"Status","apiVersion":"v1","message":"no endpoints available for service \\"loki\\"","code":503}'
    error = await refusal(session, 503, body)
    assert isinstance(error, BackendError)
    assert error.failure is Failure.UNREACHABLE
    assert error.detail == 'the Kubernetes API server answers 503: no endpoints available for service "loki"'
    denied = await refusal(session, 403, '{"kind":"Status","apiVersion":"v1","message":"forbidden"}')
    assert isinstance(denied, BackendError)
    assert denied.failure is Failure.REFUSED


@pytest.mark.parametrize("body", ['{"status":"error","errorType":"bad_data","error":"x"}', "parse error", "[]", ""])
async def test_the_services_own_errors_pass_unchanged(session: aiohttp.ClientSession, body: str) -> None:
    assert await refusal(session, 400, body) == body.encode()
