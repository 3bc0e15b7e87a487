"""The tail's WebSocket, over a real server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
import websockets
from websockets.asyncio.client import connect

from tests.unit.api.loki_fleet import LokiFleet, says, streams


@contextlib.asynccontextmanager
async def serving(fleet: LokiFleet) -> AsyncIterator[str]:
    """Serve the fleet's API on a port the system chooses; yields the WebSocket base URL."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(fleet.app, log_config=None, lifespan="off", ws="websockets-sansio"))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"ws://127.0.0.1:{listening.getsockname()[1]}/loki/api/v1/tail"
        finally:
            server.should_exit = True
            await task


async def first_message(url: str, **headers: str) -> Any:
    async with connect(url, additional_headers=headers) as client, asyncio.timeout(10):
        return json.loads(await client.recv())


async def test_lines_of_all_clusters_come_in_one_message() -> None:
    now = time.time_ns()
    fleet = LokiFleet(
        seoul={"query_range": streams(({"app": "x"}, [(now - 1, "b"), (now - 2, "a")]))},
        tokyo={"query_range": streams(({"app": "x"}, [(now - 3, "c")]))},
    )
    async with serving(fleet) as url:
        assert await first_message(f'{url}?query={{app="x"}}') == {
            "streams": [
                {"stream": {"app": "x", "cluster": "seoul"}, "values": [[str(now - 2), "a"], [str(now - 1), "b"]]},
                {"stream": {"app": "x", "cluster": "tokyo"}, "values": [[str(now - 3), "c"]]},
            ]
        }


async def test_categorized_labels() -> None:
    fleet = LokiFleet(seoul={"query_range": streams(({"app": "x"}, [(time.time_ns(), "a")]))})
    async with serving(fleet) as url:
        message = await first_message(
            f'{url}?query={{app="x"}}', **{"X-Loki-Response-Encoding-Flags": "categorize-labels"}
        )
    assert message["encodingFlags"] == ["categorize-labels"]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ("query=sum(", "parse error at line 1, col 5: syntax error: unexpected $end"),
        ('query=rate({app="x"}[5m])', "only log selector is supported"),
        ('query={app="x"}&limit=0', "limit must be a positive value"),
        ('query={app="x"}&delay_for=9', "delay_for can't be greater than 5"),
        ('query={app="x"}&delay_for=x', "is no number of seconds"),
        ('query={app="x"}&start=soon', 'cannot parse "soon" as a timestamp'),
    ],
)
async def test_bad_input_is_refused_before_the_socket_opens(params: str, text: str) -> None:
    async with serving(LokiFleet(seoul={})) as url:
        with pytest.raises(websockets.InvalidStatus) as caught:
            await first_message(f"{url}?{params}")
    assert caught.value.response.status_code == 400
    assert text in (caught.value.response.body or b"").decode()


async def test_what_a_cluster_does_not_accept_closes_the_socket_with_the_reason() -> None:
    fleet = LokiFleet(seoul={"query_range": says(400, b"parse error : template: unclosed action")})
    async with serving(fleet) as url:
        with pytest.raises(websockets.ConnectionClosedError, match="unclosed action"):
            await first_message(f'{url}?query={{app="x"}}')
