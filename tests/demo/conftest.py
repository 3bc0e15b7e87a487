"""Real binaries, ports from the system, and groups of processes that are gone when a test ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from lma import parts
from lma.demo.cluster import BINARIES
from lma.demo.ports import Ports
from lma.demo.processes import ProcessGroup


@pytest.fixture(scope="session")
def binaries() -> Mapping[str, Path]:
    return parts.ensure(BINARIES)


@pytest.fixture
def ports() -> Iterator[Ports]:
    with Ports() as held:
        yield held


@pytest.fixture
async def group() -> AsyncIterator[ProcessGroup]:
    async with ProcessGroup() as started:
        yield started
