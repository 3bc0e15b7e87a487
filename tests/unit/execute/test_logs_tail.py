"""A tail tells every line once: what was there, what comes, what comes late, what a cluster had while it was away."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any, Self

from query.backends.base import BackendError, Failure, Request
from query.execute.logs_fetch import LogsOptions
from query.execute.logs_tail import Tail
from query.logql.syntax import parse_query
from query.logql.syntax.nodes import LogQuery
from query.model.time import NS_PER_S
from tests.unit.api.loki_fleet import LokiFleet

PERIOD_S = 0.01


@dataclass(slots=True)
class Store:
    """One cluster's lines; answers ranges of them as Loki does."""

    lines: list[tuple[int, str]] = field(default_factory=list)
    is_down: bool = False
    looked: asyncio.Event = field(default_factory=asyncio.Event)

    def log(self, text: str, age_s: float = 0.0) -> None:
        self.lines.append((time.time_ns() - int(age_s * NS_PER_S), text))

    async def looks(self, count: int) -> None:
        """Wait until the tail has asked this often."""
        for _ in range(count):
            self.looked.clear()
            await self.looked.wait()

    def answer(self, request: Request) -> tuple[int, Any] | BackendError:
        self.looked.set()
        if self.is_down:
            return BackendError(Failure.UNREACHABLE, "down")
        form = dict(request.form or ())
        is_backward = form["direction"] == "backward"
        found = sorted(
            ((at, line) for at, line in self.lines if int(form["start"]) <= at < int(form["end"])), reverse=is_backward
        )[: int(form["limit"])]
        values = [[str(at), line] for at, line in found]
        data = {"resultType": "streams", "result": [{"stream": {"app": "x"}, "values": values}] if values else []}
        return 200, {"status": "success", "data": data}


class Followed:
    """A tail that runs while the block does; ``lines`` is what it told, with the cluster before each."""

    def __init__(self, *, limit: int = 100, most_lines: int = 1000, **stores: Store) -> None:
        fleet = LokiFleet.of({name: {"query_range": store.answer} for name, store in stores.items()})
        self._store = next(iter(stores.values()))
        self._heard = asyncio.Event()
        query = parse_query('{app="x"}')
        assert isinstance(query, LogQuery)
        options = LogsOptions(allow_partial=True, timeout_s=5.0, limit=limit)
        start_ns = time.time_ns() - 3600 * NS_PER_S
        self._tail = Tail(fleet.queries, query, options, start_ns, most_lines=most_lines, period_s=PERIOD_S)
        self.lines: list[str] = []
        self.warnings: list[str] = []

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
        async with self._tail as tail:
            while True:
                message = await tail.next_message()
                for labels, entries in message.streams:
                    self.lines += [f"{dict(labels)['cluster']}:{json.loads(entry)[1]}" for entry in entries]
                self.warnings += message.warnings
                self._heard.set()

    async def until(self, count: int) -> list[str]:
        """Return the lines told once there are ``count``, and a few looks later, to see that there are no more."""
        async with asyncio.timeout(5):
            while len(self.lines) < count:
                self._heard.clear()
                await self._heard.wait()
            await self._store.looks(4)
        return sorted(self.lines)


async def test_history_is_limited_and_news_are_not() -> None:
    store = Store()
    for number in range(10):
        store.log(f"old-{number}", age_s=20 - number)
    async with Followed(limit=3, seoul=store) as followed:
        assert await followed.until(3) == ["seoul:old-7", "seoul:old-8", "seoul:old-9"]
        for number in range(8):
            store.log(f"new-{number}")
        assert len(await followed.until(11)) == 11


async def test_late_lines_are_told_and_nothing_twice() -> None:
    store = Store()
    async with Followed(seoul=store) as followed:
        store.log("a")
        await followed.until(1)
        store.log("late", age_s=2)
        store.log("b")
        assert await followed.until(3) == ["seoul:a", "seoul:b", "seoul:late"]


async def test_equal_lines_are_as_many_as_there_are() -> None:
    store = Store()
    at = time.time_ns()
    store.lines += [(at, "same"), (at, "same")]
    async with Followed(seoul=store) as followed:
        assert await followed.until(2) == ["seoul:same", "seoul:same"]
        store.lines.append((at, "same"))
        assert len(await followed.until(3)) == 3


async def test_a_cluster_that_was_away_is_asked_for_what_was_missed() -> None:
    here, away = Store(), Store(is_down=True)
    async with Followed(seoul=here, tokyo=away) as followed:
        here.log("a")
        away.log("missed")
        assert await followed.until(1) == ["seoul:a"]
        away.is_down = False
        away.log("back")
        assert await followed.until(3) == ["seoul:a", "tokyo:back", "tokyo:missed"]


async def test_no_cluster_answering_ends_nothing() -> None:
    store = Store(is_down=True)
    async with Followed(seoul=store) as followed:
        async with asyncio.timeout(5):
            await store.looks(3)
        store.is_down = False
        store.log("at last")
        assert await followed.until(1) == ["seoul:at last"]


async def test_a_burst_larger_than_one_look_is_told_whole() -> None:
    store = Store()
    async with Followed(most_lines=10, seoul=store) as followed:
        store.log("first")
        await followed.until(1)
        now = time.time_ns()
        store.lines += [(now + number, f"burst-{number}") for number in range(95)]
        assert len(await followed.until(96)) == 96


async def test_a_cluster_that_goes_and_comes_back_is_reported_once() -> None:
    here, away = Store(), Store()
    async with Followed(seoul=here, tokyo=away) as followed:
        away.is_down = True
        async with asyncio.timeout(5):
            await away.looks(3)
        away.is_down = False
        away.log("back")
        await followed.until(1)
    assert followed.warnings[0].startswith('cluster "tokyo" is missing')
    assert followed.warnings[1:] == ['cluster "tokyo" answers again']


async def test_nobody_is_asked_after_the_end() -> None:
    store = Store()
    async with Followed(seoul=store):
        async with asyncio.timeout(5):
            await store.looks(2)
    store.looked.clear()
    await asyncio.sleep(10 * PERIOD_S)
    assert not store.looked.is_set()


async def test_an_instant_with_more_lines_than_a_page_is_passed_and_said() -> None:
    store = Store()
    async with Followed(most_lines=5, seoul=store) as followed:
        store.log("first")
        await followed.until(1)
        at = time.time_ns()
        store.lines += [(at, f"same-{number}") for number in range(9)]
        store.lines.append((at + 1_000, "next"))
        lines = await followed.until(7)
    assert "seoul:next" in lines
    assert "more than 5 lines at one instant" in followed.warnings[0]
