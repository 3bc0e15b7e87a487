"""Following logs: the lines of a query as they come, over all clusters, each line once.

Each cluster has a follower of its own (``logs_follow``), so that one that stands still holds nobody up, and what they
find is put in order in between (``logs_tail_buffer``). Which clusters there are, and what each is asked, is planned
anew every ``REPLAN_S``: clusters come and go while somebody reads.

Example::

    async with Tail(queries, query, options, start_ns, most_lines=5000) as tail:
        while message := await tail.next_message():
            ...
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self

from query.backends.base import Deadline, Failure
from query.backends.outcome import Missing
from query.execute.logs import LogsQueries
from query.execute.logs_fetch import LogsOptions, LogsRange, Reached
from query.execute.logs_follow import Follower
from query.execute.logs_lines import read_page
from query.execute.logs_pages import Line, Window
from query.execute.logs_tail_buffer import TailBuffer, TailMessage
from query.logql.plan import Shard, plan_logs
from query.logql.syntax.nodes import LogQuery
from query.model.clusters import ClusterName
from query.model.time import NS_PER_S

PERIOD_S: Final = 1.0
REPLAN_S: Final = 10.0
HISTORY_WAIT_S: Final = 3.0
"""How long the first message waits for clusters that do not answer."""


class Tail:
    """One query followed from ``start_ns`` on, ``delay_s`` behind the present. Use as an async context manager.

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
        buffer: TailBuffer | None = None,
    ) -> None:
        self._queries = queries
        self._query = query
        self._options = replace(options, allow_partial=True)
        self._start_ns = start_ns
        self._most_lines = most_lines
        self._delay_ns = delay_s * NS_PER_S
        self._period_s = period_s
        self._phase_s = random.random() * period_s  # noqa: S311  (spreads load, keeps no secret)
        self._buffer = buffer or TailBuffer()
        self._shards: dict[ClusterName, Shard] = {}
        self._reached = Reached({}, {}, {})
        self._planned_at_s = 0.0
        self._gone: set[ClusterName] = set()
        self._tasks: dict[ClusterName, asyncio.Task[None]] = {}
        self._minder: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin; raises ``GatewayError`` for what is wrong with the query."""
        await self._plan()
        self._minder = asyncio.create_task(self._guarded(self._mind()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop asking and let go of everything."""
        tasks = [*self._tasks.values(), *([self._minder] if self._minder else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def next_message(self) -> TailMessage:
        """Wait for the next message.

        Raises ``GatewayError`` when a cluster says that the query is wrong; clusters that do not answer end nothing.
        """
        return await self._buffer.next_message()

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001  (handed to whoever reads)
            self._buffer.fail(error)

    async def _plan(self) -> None:
        now_ns = time.time_ns()
        deadline = Deadline.after(min(self._options.timeout_s, self._queries.settings.cluster_timeout_s))
        when = LogsRange(min(self._start_ns, now_ns), now_ns)
        context, self._reached = await self._queries.reach(self._query, when, deadline)
        self._shards = {shard.cluster: shard for shard in plan_logs(self._query, context).shards}
        self._planned_at_s = time.monotonic()

    async def _mind(self) -> None:
        """Start with what is there, then keep one follower for every cluster there is."""
        began_ns = self._until_ns()
        followers = {name: self._follower(name, began_ns) for name in self._shards}
        await self._tell_history(followers)
        self._keep(followers)
        while True:
            unsettled = self._shards.keys() & self._reached.missing.keys()
            await asyncio.sleep(min(REPLAN_S, 20 * self._period_s) if unsettled else REPLAN_S)
            await self._plan()
            now_ns = self._until_ns()
            self._keep({name: self._follower(name, now_ns) for name in self._shards.keys() - self._tasks.keys()})

    def _keep(self, fresh: Mapping[ClusterName, Follower]) -> None:
        """Start these followers, and stop those of clusters that are gone."""
        for name, follower in fresh.items():
            self._buffer.read_until(name, follower.cursor_ns)
            self._tasks[name] = asyncio.create_task(self._guarded(self._follow(name, follower)))
        for name in self._tasks.keys() - self._shards.keys():
            self._tasks.pop(name).cancel()
            self._buffer.forget(name)

    def _follower(self, name: ClusterName, began_ns: int) -> Follower:
        async def ask_page(window: Window) -> list[Line] | Missing:
            return await self._page(name, window)

        floor_ns = min(self._start_ns, began_ns)
        return Follower(ask_page, self._buffer.add, floor_ns, began_ns, self._most_lines, self._options.limit)

    async def _tell_history(self, followers: Mapping[ClusterName, Follower]) -> None:
        """Tell the last lines there are in the clusters that answer soon; the others' come when they come."""
        tasks = [asyncio.create_task(follower.begin()) for follower in followers.values()]
        if not tasks:
            return
        try:
            done, late = await asyncio.wait(tasks, timeout=HISTORY_WAIT_S)
        except asyncio.CancelledError:
            done, late = set(), set(tasks)
            raise
        finally:
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        pages = [page for task in done if not isinstance(page := task.result(), Missing)]
        lines = sorted((line for page in pages for line in page), key=lambda line: line[0])
        await self._buffer.add(lines[-self._options.limit :])

    async def _follow(self, name: ClusterName, follower: Follower) -> None:
        while True:
            until_ns = self._until_ns()
            gap = await follower.look(until_ns)
            lost, follower.lost = follower.lost, []
            self._buffer.warn(f'cluster "{name}": {text}' for text in lost)
            if gap is None:
                self._buffer.read_until(name, until_ns)
            self._report(name, gap)
            if gap is None:
                await asyncio.sleep(self._period_s - (time.monotonic() - self._phase_s) % self._period_s)
            else:
                await asyncio.sleep(follower.backoff_s() * min(1.0, self._period_s))

    def _report(self, name: ClusterName, gap: Missing | None) -> None:
        """Say once that a cluster went, and once that it is back."""
        if gap is not None and name not in self._gone:
            self._gone.add(name)
            self._buffer.warn([f"{gap.warning()}; its lines follow when it answers"])
        elif gap is None and name in self._gone:
            self._gone.discard(name)
            self._buffer.warn([f'cluster "{name}" answers again'])

    def _until_ns(self) -> int:
        return time.time_ns() - self._delay_ns

    async def _page(self, name: ClusterName, window: Window) -> list[Line] | Missing:
        """Return a page of one cluster's lines; raises what its error means for the whole query."""
        shard, reached = self._shards.get(name), self._reached
        if shard is None:
            return Missing(name, Failure.REFUSED, "it was removed")
        if name not in reached.members:
            return reached.missing[name]
        headers = {"Cache-Control": "no-cache"}
        settings = self._queries.settings
        deadline = Deadline.after(settings.cluster_timeout_s)
        return await read_page(shard, window, self._options, reached, deadline, settings.response_bytes, headers)
