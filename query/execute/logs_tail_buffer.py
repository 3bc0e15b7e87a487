"""The lines of a tail between the clusters and the one who reads them: put in order, bounded, the oldest given up.

Each cluster's reader tells what it found and how far it has read. A line is given out once every cluster that keeps up
has been read beyond its time, so that lines of several clusters come in order; a cluster that does not keep up for
``LAG_S`` is not waited for, and what it brings later comes when it comes.

``MOST_LINES`` and ``MOST_BYTES`` bound what waits. Who adds more waits for room for ``PATIENCE_S``; then the reader is
too slow, and the oldest lines are dropped and noted, as Loki does.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from query.execute.logs_pages import Line
from query.model.clusters import ClusterName
from query.model.labels import Labels

MOST_LINES: Final = 20_000
MOST_BYTES: Final = 32 << 20
MESSAGE_LINES: Final = 1_000
MESSAGE_BYTES: Final = 1 << 20
MOST_DROPPED: Final = 1_000
"""Dropped lines named one by one; Loki names no more either."""

PATIENCE_S: Final = 5.0
LAG_S: Final = 3.0


@dataclass(slots=True)
class TailMessage:
    """What is told at once: lines by stream, in order of time; lines that were dropped; what happened to clusters."""

    streams: list[tuple[Labels, list[bytes]]] = field(default_factory=list)
    dropped: list[tuple[int, Labels]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Tell whether there is anything to tell."""
        return bool(self.streams or self.dropped or self.warnings)


class TailBuffer:
    """See the module. One reader."""

    def __init__(self, most_lines: int = MOST_LINES, patience_s: float = PATIENCE_S) -> None:
        self._most_lines = most_lines
        self._patience_s = patience_s
        self._waiting: list[tuple[int, int, Labels, bytes]] = []
        self._number = count()
        self._bytes = 0
        self._read: dict[ClusterName, tuple[int, float]] = {}
        self._dropped: list[tuple[int, Labels]] = []
        self._dropped_count = 0
        self._warnings: list[str] = []
        self._error: Exception | None = None
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    async def add(self, lines: Sequence[Line]) -> None:
        """Take lines; waits for room, and makes it if none comes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience_s):
                while not self._room.is_set():
                    await self._room.wait()
        for at_ns, labels, entry in lines:
            heapq.heappush(self._waiting, (at_ns, next(self._number), labels, entry))
            self._bytes += len(entry)
        while self._is_over(slack=len(lines)):
            self._drop_oldest()
        self._note_room()
        self._changed.set()

    def read_until(self, name: ClusterName, until_ns: int) -> None:
        """Note that the cluster was read up to a time."""
        self._read[name] = (until_ns, time.monotonic())
        self._changed.set()

    def forget(self, name: ClusterName) -> None:
        """Wait for the cluster no longer."""
        self._read.pop(name, None)
        self._changed.set()

    def warn(self, texts: Iterable[str]) -> None:
        """Tell these texts with the next message."""
        self._warnings += texts
        self._changed.set()

    def fail(self, error: Exception) -> None:
        """Let the reader end with this error, once it has what waits."""
        self._error = error
        self._changed.set()

    async def next_message(self) -> TailMessage:
        """Wait for something to tell; raises what ``fail`` was given when there is nothing more."""
        while True:
            self._changed.clear()
            if message := self._take():
                return message
            if self._error is not None:
                raise self._error
            # a cluster that stops answering makes no sound: look again when it is no longer waited for
            with suppress(TimeoutError):
                async with asyncio.timeout(LAG_S if self._waiting else None):
                    await self._changed.wait()

    def _take(self) -> TailMessage:
        ready_ns = self._ready_ns()
        found: dict[Labels, list[bytes]] = {}
        taken = size = 0
        while self._waiting and self._waiting[0][0] < ready_ns and taken < MESSAGE_LINES and size < MESSAGE_BYTES:
            _, _, labels, entry = heapq.heappop(self._waiting)
            found.setdefault(labels, []).append(entry)
            taken += 1
            size += len(entry)
        self._bytes -= size
        self._note_room()
        if taken and self._waiting:
            self._changed.set()
        unnamed = self._dropped_count - len(self._dropped)
        if unnamed:
            self._warnings.append(f"{unnamed} more lines were dropped: they are read too slowly here")
        message = TailMessage(sorted(found.items()), self._dropped, self._warnings)
        self._dropped, self._dropped_count, self._warnings = [], 0, []
        return message

    def _ready_ns(self) -> int:
        """Return the time before which no more lines are expected of the clusters that keep up."""
        if self._error is not None:
            return 1 << 63
        oldest_s = time.monotonic() - LAG_S
        return min((until_ns for until_ns, at_s in self._read.values() if at_s >= oldest_s), default=1 << 63)

    def _is_over(self, slack: int = 0) -> bool:
        """Tell whether too much waits; ``slack`` lines may be added at once when there was room before."""
        return len(self._waiting) > self._most_lines + slack or self._bytes > 2 * MOST_BYTES

    def _drop_oldest(self) -> None:
        at_ns, _, labels, entry = heapq.heappop(self._waiting)
        self._bytes -= len(entry)
        self._dropped_count += 1
        if len(self._dropped) < MOST_DROPPED:
            self._dropped.append((at_ns, labels))

    def _note_room(self) -> None:
        if len(self._waiting) < self._most_lines and self._bytes < MOST_BYTES:
            self._room.set()
        else:
            self._room.clear()
