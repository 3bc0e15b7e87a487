"""Keeping connected clusters connected: when a way to its data stops working, ways are looked for again.

The conditions come from the inspections (``lma.registry.watch``). A cluster whose API server answers and whose data
does not (or that had none when it was registered) is connected anew, at most every ``AGAIN_S``: a service was renamed,
moved, or installed since.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from lma.clusters.connections import CONNECTED
from lma.clusters.onboarding import Onboarding
from lma.registry.directory import Directory
from lma.registry.errors import RegistryError
from lma.registry.records import ClusterRecord, ConditionStatus, Phase

AGAIN_S: Final = 300.0


@asynccontextmanager
async def tended(directory: Directory, onboarding: Onboarding, every_s: float) -> AsyncIterator[None]:
    """Look after the connected clusters every ``every_s`` seconds while the block lasts."""
    task = asyncio.create_task(_tend(directory, onboarding, every_s))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _tend(directory: Directory, onboarding: Onboarding, every_s: float) -> None:
    tried: dict[str, float] = {}
    while True:
        await asyncio.sleep(every_s)
        try:
            for record in await directory.all():
                name = record.config.name
                if needs_ways(record) and time.monotonic() >= tried.get(name, float("-inf")) + AGAIN_S:
                    tried[name] = time.monotonic()
                    await onboarding.reconnect(record)
        except RegistryError as error:
            structlog.get_logger().error("clusters not tended", cause=error.message)


def needs_ways(record: ClusterRecord) -> bool:
    """Tell whether a cluster that can be reached has data that can't be."""
    if record.kind == "endpoints" or record.phase is not Phase.READY:
        return False
    known = {item.type: item.status for item in record.conditions}
    has_gap = ConditionStatus.FALSE in {known.get("MetricsReachable"), known.get("LogsReachable")}
    has_none = record.config.metrics is None and record.config.logs is None
    return known.get(CONNECTED) is ConditionStatus.TRUE and (has_gap or has_none)
