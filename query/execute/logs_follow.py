"""Following one cluster's lines: each once, in pages, across the times it does not answer.

A cluster is asked again and again for what is new (why not over its own tail: docs/decisions). Lines arrive late and
out of order, so a look goes ``OVERLAP_S`` further back than the last one ended, every ``DEEP_EVERY_S`` one goes
``DEEP_S`` back, and what was told already is left out by counting. After the cluster was away (it did not answer, or
answered late because it stood still) its writers catch up with lines as old as the outage, so for a while the deep
looks go back that far.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from query.backends.outcome import Missing
from query.execute.logs_pages import AskPage, GapError, Line, Window, just_before, read_pages
from query.logql.merge import Direction
from query.model.time import NS_PER_S

OVERLAP_S: Final = 5
DEEP_S: Final = 30
DEEP_EVERY_S: Final = 10
LONGEST_GAP_S: Final = 3600
"""A cluster that was away longer is read from so long ago; what is older is given up, and that is told."""

BACKOFF_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)

Tell: TypeAlias = Callable[[list[Line]], Awaitable[None]]


@dataclass(slots=True)
class Follower:
    """One cluster's place in a tail. ``cursor_ns`` is how far everything was read; nothing before ``floor_ns`` is told.

    ``ask`` reads a page, ``tell`` takes new lines and may wait until there is room for them. ``lost`` says, for people,
    what could not be told; who reads it clears it.
    """

    ask: AskPage
    tell: Tell
    floor_ns: int
    cursor_ns: int
    most_lines: int
    history: int
    is_started: bool = False
    lost: list[str] = field(default_factory=list)
    _told: Counter[tuple[int, int]] = field(default_factory=Counter)
    _back_s: float = DEEP_S
    _back_until_s: float = 0.0
    _deep_at_s: float = 0.0
    _failures: int = 0

    async def begin(self) -> list[Line] | Missing:
        """Return the last lines of what was there when the tail began; what is before them is never told."""
        page = await self.ask(Window(self.floor_ns, self.cursor_ns, self.history, Direction.BACKWARD))
        if not isinstance(page, Missing):
            self.is_started = True
            if len(page) >= self.history:
                self.floor_ns = max(self.floor_ns, min(line[0] for line in page) + 1)
            self._told = Counter(map(_key, page))
        return page

    async def look(self, until_ns: int) -> Missing | None:
        """Read and tell what is new up to ``until_ns``; return why the cluster could not be read, if it couldn't."""
        if not self.is_started:
            page = await self.begin()
            if isinstance(page, Missing):
                return self._failed(page)
            await self.tell(page)
        asked_ns = time.time_ns()
        gap = await self._read_on(self._start_ns(until_ns), until_ns)
        if gap is not None:
            return self._failed(gap)
        self._failures = 0
        self._advance(until_ns, max(asked_ns - self.cursor_ns, time.time_ns() - asked_ns) / NS_PER_S)
        return None

    def backoff_s(self) -> float:
        """Return how long to wait after a failed look."""
        return BACKOFF_S[min(max(self._failures, 1), len(BACKOFF_S)) - 1]

    def _failed(self, gap: Missing) -> Missing:
        self._failures += 1
        return gap

    async def _read_on(self, start_ns: int, until_ns: int) -> Missing | None:
        """Tell what is new from ``start_ns`` on. After a gap the next look begins where this one did."""
        found: Counter[tuple[int, int]] = Counter()
        gap = None
        try:
            async with aclosing(read_pages(self.ask, start_ns, until_ns, self.most_lines)) as pages:
                async for page in pages:
                    if page.overfull_ns is not None:
                        text = f"more than {self.most_lines} lines at one instant ({page.overfull_ns} ns)"
                        self.lost.append(f"{text}: some are left out")
                    if fresh := self._fresh(page.lines, found):
                        await self.tell(fresh)
        except GapError as error:
            gap = error.missing
        self._told |= found
        return gap

    def _fresh(self, lines: Iterable[Line], found: Counter[tuple[int, int]]) -> list[Line]:
        """Return the lines that were not told before; a line that stands there twice is told twice."""
        fresh = []
        for line in lines:
            key = _key(line)
            found[key] += 1
            if found[key] > self._told[key]:
                fresh.append(line)
        return fresh

    def _start_ns(self, until_ns: int) -> int:
        """Return where a look begins."""
        now_s = time.monotonic()
        back_s = float(OVERLAP_S)
        if now_s >= self._deep_at_s:
            self._deep_at_s = now_s + DEEP_EVERY_S
            back_s = self._deep_s(now_s)
        earliest_ns = until_ns - LONGEST_GAP_S * NS_PER_S
        if self.cursor_ns < earliest_ns:
            self.lost.append(f"it was away for more than {LONGEST_GAP_S} s: lines older than that are left out")
        start_ns = max(self.cursor_ns - int(back_s * NS_PER_S), earliest_ns)
        return max(just_before(start_ns), self.floor_ns)

    def _deep_s(self, now_s: float) -> float:
        return self._back_s if now_s < self._back_until_s else float(DEEP_S)

    def _advance(self, until_ns: int, held_s: float) -> None:
        """Note a finished look. One that came late, or took long, means that the cluster's writers were held up."""
        self.cursor_ns = max(self.cursor_ns, until_ns)
        now_s = time.monotonic()
        if held_s > OVERLAP_S:
            self._back_s = min(max(held_s + DEEP_S, self._deep_s(now_s)), float(LONGEST_GAP_S))
            self._back_until_s = now_s + held_s + 2 * DEEP_S
            self._deep_at_s = now_s
        oldest_ns = self.cursor_ns - int((self._deep_s(now_s) + OVERLAP_S) * NS_PER_S)
        if self._told and min(self._told)[0] < oldest_ns - DEEP_EVERY_S * NS_PER_S:
            self._told = Counter({key: count for key, count in self._told.items() if key[0] >= oldest_ns})


def _key(line: Line) -> tuple[int, int]:
    return line[0], hash((line[1], line[2]))
