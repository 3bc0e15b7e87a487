"""Who may come in: one 401 for every wrong token, everywhere under /v1, and on queries where it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from lma.api.auth import QueryAuth
from lma.registry.tokens import new_token
from lma.service.app import create_app
from lma.service.config import QueriesConfig, ServiceConfig
from lma.service.runtime import Service

ROUTES = [
    ("GET", "/v1/clusters"),
    ("POST", "/v1/clusters"),
    ("GET", "/v1/clusters/seoul"),
    ("PATCH", "/v1/clusters/seoul"),
    ("DELETE", "/v1/clusters/seoul"),
    ("POST", "/v1/clusters/seoul/inspect"),
    ("GET", "/v1/nothing/here"),
    ("PUT", "/v1/clusters"),
]
WRONG = {
    "none": {},
    "empty": {"Authorization": ""},
    "no scheme": {"Authorization": new_token("admin")},
    "another scheme": {"Authorization": f"Basic {new_token('admin')}"},
    "unknown": {"Authorization": f"Bearer {new_token('admin')}"},
    "malformed": {"Authorization": "Bearer lma_admin_x"},
    "huge": {"Authorization": "Bearer " + "x" * 60_000},
    "not text": {"Authorization": "Bearer \xff\xfe"},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_every_route_gives_the_same_401(anonymous: httpx.AsyncClient, wrong: str) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in WRONG[wrong].items()]
    expected = (await anonymous.get("/v1/clusters")).json()["error"]
    for method, path in ROUTES:
        answer = await anonymous.request(method, path, headers=headers, content=b"{not json")
        assert (answer.status_code, answer.json()["error"]) == (401, expected), (method, path)
        assert answer.headers["www-authenticate"] == 'Bearer realm="lma"'


async def test_two_authorization_headers_are_none(service: Service, anonymous: httpx.AsyncClient) -> None:
    right = (b"authorization", f"Bearer {service.new_admin_token}".encode())
    assert (await anonymous.get("/v1/clusters", headers=[right])).status_code == 200
    assert (await anonymous.get("/v1/clusters", headers=[right, right])).status_code == 401


async def test_the_scheme_is_read_in_any_case(service: Service, anonymous: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"bearer  {service.new_admin_token}"}
    assert (await anonymous.get("/v1/clusters", headers=headers)).status_code == 200


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    config = ServiceConfig(state_dir=tmp_path / "state", queries=QueriesConfig(auth="token"))
    async with Service.opened(config) as service:
        transport = httpx.ASGITransport(app=create_app(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://lma.test") as client:
            yield client, service.new_admin_token or ""


@pytest.mark.parametrize(
    "path",
    [
        "/prometheus/api/v1/query?query=1",
        "/prometheus/api/v1/labels",
        "/prometheus/api/v1/status/buildinfo",
        "/loki/api/v1/labels",
        "/loki/api/v1/query?query=vector(1)",
        "/alertmanager/api/v2/alerts",
        "/prometheus/federate",
        "/loki",
        "/prometheus",
        "/ready",
        "/a/route/of/tomorrow",
    ],
)
async def test_queries_take_a_token_where_it_is_asked_for(guarded: tuple[httpx.AsyncClient, str], path: str) -> None:
    client, token = guarded
    refused = await client.get(path)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Bearer realm="lma"'
    allowed = await client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert allowed.status_code != 401


async def test_a_refused_query_speaks_the_api_that_was_asked(guarded: tuple[httpx.AsyncClient, str]) -> None:
    client, _ = guarded
    prometheus = await client.get("/prometheus/api/v1/query?query=1")
    assert (prometheus.json()["status"], prometheus.json()["errorType"]) == ("error", "unauthorized")
    loki = await client.get("/loki/api/v1/labels")
    assert loki.headers["content-type"].startswith("text/plain")
    assert "a valid token is required" in loki.text


@pytest.mark.parametrize(
    "path",
    ["/-/healthy", "/-/ready", "/prometheus/-/healthy", "/prometheus/-/ready", "/metrics", "/docs", "/openapi.json"],
)
async def test_health_metrics_and_documentation_need_no_token(
    guarded: tuple[httpx.AsyncClient, str], path: str
) -> None:
    assert (await guarded[0].get(path)).status_code == 200


async def test_a_tail_without_a_token_is_closed_before_it_opens() -> None:
    class Nobody:
        def accepts(self, _token: str) -> bool:
            return False

    async def unreachable(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError("the request passed")

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "websocket", "path": "/loki/api/v1/tail", "headers": []}
    await QueryAuth(unreachable, Nobody())(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
