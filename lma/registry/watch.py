"""Looking at every registered cluster again and again, so that what is shown of it is not a memory of its first day.

A cluster that was down when it was registered gets its conditions, and its overlap with another is found, within one
round. A round never begins before the one before it has ended, so a fleet of slow clusters slows the rounds down and
nothing else. What did not change is not written.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from lma.registry.directory import Directory
from lma.registry.errors import RegistryError, UnknownClusterError

AT_ONCE: Final = 8


@asynccontextmanager
async def watched(directory: Directory, every_s: float) -> AsyncIterator[None]:
    """Inspect all clusters every ``every_s`` seconds while the block lasts."""
    task = asyncio.create_task(_watch(directory, every_s))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _watch(directory: Directory, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        await inspect_all(directory)


async def inspect_all(directory: Directory) -> None:
    """Inspect every cluster once, a few at a time; what fails is logged and does not stop the others."""
    places = asyncio.Semaphore(AT_ONCE)
    try:
        names = await directory.names()
    except RegistryError as error:
        structlog.get_logger().error("clusters not inspected", cause=error.message)
        return
    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(_inspect(directory, name, places))


async def _inspect(directory: Directory, name: str, places: asyncio.Semaphore) -> None:
    async with places:
        try:
            await directory.inspect(name)
        except UnknownClusterError:
            return  # removed meanwhile
        except Exception as error:  # noqa: BLE001  one cluster's surprise must not end the watch over the others
            structlog.get_logger().error("cluster not inspected", cluster=name, exc_info=error)
