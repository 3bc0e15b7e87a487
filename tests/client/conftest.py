from __future__ import annotations

from collections.abc import Iterator

import pytest

from lma.client import Client
from tests.client.scripted_server import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer().running() as running:
        yield running


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[Client]:
    with Client(server.url, timeout_s=5) as made:
        yield made
