"""The service in this process, over its real database and gateway."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from lma.service.app import create_app
from lma.service.config import ServiceConfig
from lma.service.runtime import Service


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with Service.opened(ServiceConfig(state_dir=tmp_path / "state")) as opened:
        yield opened


@pytest.fixture
async def anonymous(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    transport = httpx.ASGITransport(app=create_app(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://lma.test") as client:
        yield client


@pytest.fixture
async def client(service: Service, anonymous: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client with the admin token."""
    anonymous.headers["Authorization"] = f"Bearer {service.new_admin_token}"
    return anonymous


@pytest.fixture
def dead_url() -> str:
    """A URL where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def untouched_logging() -> Iterator[None]:
    """Put process-wide logging back as it was: the commands set it, and nothing else does."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
