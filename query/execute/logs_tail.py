"""Following logs: the lines of a query as they come, over all clusters.

Each cluster is asked again and again for what is new, rather than kept on a socket: a Loki's own tail silently loses
lines behind parsers, and a socket to a cluster that goes away says nothing of what was missed. Asking anew costs a
range query of a few seconds per cluster and ``PERIOD_S``, and everything that holds for range queries holds here too.

Lines arrive late and out of order, so each look goes ``OVERLAP_S`` further back than the one before and what was told
already is left out. A cluster that does not answer is asked for everything since, up to ``LONGEST_GAP_S``, once it
does.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final, TypeAlias

from query.execute.logs import LogsQueries
from query.execute.logs_fetch import LogsOptions, LogsRange
from query.execute.logs_lines import MergedLines
from query.logql.merge import Direction
from query.logql.syntax.nodes import LogQuery
from query.model.clusters import ClusterName
from query.model.errors import DeadlineError, IncompleteError
from query.model.labels import Labels
from query.model.time import NS_PER_MS, NS_PER_S
from query.wire.loki import timestamp_ns

PERIOD_S: Final = 1.0
OVERLAP_S: Final = 5
LONGEST_GAP_S: Final = 600
MOST_STEPS: Final = 1000
Streams: TypeAlias = list[tuple[Labels, list[bytes]]]


class Tail:
    """One query followed from ``start_ns`` on, ``delay_s`` behind the present.

    Of what is there already the last ``options.limit`` lines are told, as Loki does; of what comes, every line.
    """

    def __init__(
        self,
        queries: LogsQueries,
        query: LogQuery,
        options: LogsOptions,
        start_ns: int,
        *,
        most_lines: int,
        delay_s: int = 0,
        period_s: float = PERIOD_S,
    ) -> None:
        self._queries = queries
        self._query = query
        self._history = replace(options, direction=Direction.BACKWARD, allow_partial=True)
        self._news = replace(options, direction=Direction.FORWARD, allow_partial=True, limit=most_lines)
        self._delay_ns = delay_s * NS_PER_S
        self._period_s = period_s
        self._cursor_ns = start_ns
        self._floor_ns = start_ns
        self._told: Counter[tuple[Labels, bytes]] = Counter()
        self._missing_since: dict[ClusterName, int] = {}
        self._is_started = False

    async def messages(self) -> AsyncIterator[Streams]:
        """Yield new lines as they are found, without end, those of a stream in order of time.

        Raises ``GatewayError`` for what is wrong with the query; clusters that do not answer end nothing.
        """
        while True:
            fresh, is_full = await (self._next() if self._is_started else self._begin())
            if fresh:
                yield fresh
            if not is_full:
                await asyncio.sleep(self._period_s)

    async def _begin(self) -> tuple[Streams, bool]:
        """Return the last lines of what is there already; what is before them is never told."""
        until_ns = self._until_ns()
        found = await self._look(self._history, self._floor_ns, until_ns)
        if found is None:
            return [], False
        self._is_started = True
        ascending = [(labels, entries[::-1]) for labels, entries in found.streams]
        if _count(ascending) >= self._history.limit:
            self._floor_ns = min(timestamp_ns(entries[0]) for _, entries in ascending)
        fresh = self._fresh(ascending)
        self._advance(found, until_ns, is_full=False)
        return fresh, False

    async def _next(self) -> tuple[Streams, bool]:
        """Return what is new, and whether there may be more right now."""
        until_ns = self._until_ns()
        if until_ns <= self._cursor_ns:
            return [], False
        found = await self._look(self._news, self._window_start(until_ns), until_ns)
        if found is None:
            return [], False
        is_full = _count(found.streams) >= self._news.limit
        fresh = self._fresh(found.streams)
        self._advance(found, until_ns, is_full=is_full)
        return fresh, is_full

    def _until_ns(self) -> int:
        return max(time.time_ns() - self._delay_ns, self._floor_ns)

    async def _look(self, options: LogsOptions, start_ns: int, end_ns: int) -> MergedLines | None:
        """Return the lines of the window, or nothing if no cluster answered in time."""
        # a step means nothing to lines, but Loki wants at most 11,000 of them
        step_ms = max(1000, (end_ns - start_ns) // NS_PER_MS // MOST_STEPS)
        try:
            return await self._queries.lines(self._query, LogsRange(start_ns, end_ns, step_ms), options)
        except (IncompleteError, DeadlineError):
            return None

    def _window_start(self, until_ns: int) -> int:
        earliest = min((self._cursor_ns, *self._missing_since.values()))
        start_ns = max(earliest - OVERLAP_S * NS_PER_S, until_ns - LONGEST_GAP_S * NS_PER_S)
        return max(start_ns, self._floor_ns)

    def _fresh(self, streams: Streams) -> Streams:
        """Return what was not told before; a line that stands there twice is told twice."""
        found: Counter[tuple[Labels, bytes]] = Counter()
        fresh: Streams = []
        for labels, entries in streams:
            kept = []
            for entry in entries:
                key = (labels, entry)
                found[key] += 1
                if found[key] > self._told[key]:
                    kept.append(entry)
            if kept:
                fresh.append((labels, kept))
        self._told |= found
        return fresh

    def _advance(self, found: MergedLines, until_ns: int, *, is_full: bool) -> None:
        if is_full:
            newest = max(timestamp_ns(entry) for _, entries in found.streams for entry in entries)
            # a full window is read on from its last line, without looking back, or it would be read for ever
            self._floor_ns = self._cursor_ns = max(newest, self._floor_ns + 1)
        else:
            self._cursor_ns = until_ns
        missing = {gap.cluster for gap in found.completeness.missing}
        self._missing_since = {name: self._missing_since.get(name, until_ns) for name in missing}
        start_ns = self._window_start(until_ns)
        self._told = Counter({key: count for key, count in self._told.items() if timestamp_ns(key[1]) >= start_ns})


def _count(streams: Streams) -> int:
    return sum(len(entries) for _, entries in streams)
