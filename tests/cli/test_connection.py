"""Which server, and which token."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from tests.cli.conftest import Lma
from tests.client.scripted_server import ScriptedServer, success, vector

QUERY = "/prometheus/api/v1/query"


@pytest.fixture
def kept_token(environment: Path, server: ScriptedServer) -> str:
    environment.mkdir()
    (environment / "admin-token").write_text("kept\n", encoding="utf-8")
    server.reply(QUERY, success(vector()))
    return "kept"


def sent(server: ScriptedServer) -> str | None:
    return server.asked[-1].headers.get("Authorization")


@pytest.mark.usefixtures("kept_token")
def test_a_local_server_gets_the_token_a_local_service_keeps(server: ScriptedServer, lma: Lma) -> None:
    lma("query", "up")
    assert sent(server) == "Bearer kept"


@pytest.mark.usefixtures("kept_token")
def test_a_token_given_wins_the_nearest_first(
    server: ScriptedServer, lma: Lma, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LMA_TOKEN", "environment")
    lma("query", "up")
    assert sent(server) == "Bearer environment"
    lma("--token", "before", "query", "up")
    assert sent(server) == "Bearer before"
    lma("--token", "before", "query", "up", "--token", "after")
    assert sent(server) == "Bearer after"


@pytest.mark.usefixtures("kept_token")
def test_another_machine_never_gets_the_local_token(
    server: ScriptedServer, lma: Lma, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)  # where a request to elsewhere would arrive
    server.handle(QUERY, _refuse)
    lma("query", "up", "--url", "http://lma.example.org")
    assert server.asked[-1].headers["Host"] == "lma.example.org"
    assert sent(server) is None


def test_a_state_folder_that_can_not_be_read_is_no_failure(environment: Path, server: ScriptedServer, lma: Lma) -> None:
    (environment / "admin-token").mkdir(parents=True)
    server.reply(QUERY, success(vector()))
    assert lma("query", "up").code == 0
    assert sent(server) is None


def test_the_url_may_stand_before_or_after(server: ScriptedServer, lma: Lma, monkeypatch: pytest.MonkeyPatch) -> None:
    server.reply(QUERY, success(vector()))
    monkeypatch.setenv("LMA_URL", "http://127.0.0.1:1")
    assert lma("query", "up").code == 1
    assert lma("--url", server.url, "query", "up").code == 0
    assert lma("query", "up", "--url", server.url).code == 0
    assert lma("--url", "http://127.0.0.1:1", "query", "up", "--url", server.url).code == 0


async def _refuse(_: object) -> web.Response:
    return web.Response(status=401)
