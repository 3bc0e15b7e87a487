"""Reading all of a cluster's lines in a span of time, page by page, each line once.

Of a full page the lines of its last instant are not taken: the next page begins there and has them all. It begins in
fact one nanosecond before that millisecond, since Loki misses a chunk's last entry when asked from within its own, and
what was taken is left out.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from query.backends.outcome import Missing
from query.logql.merge import Direction
from query.model.labels import Labels
from query.model.time import NS_PER_MS

Line: TypeAlias = tuple[int, Labels, bytes]
"""Nanoseconds, the stream's labels as the union shows them, the entry's JSON."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked: lines with ``start_ns <= time < end_ns``, the first ``limit`` in the direction."""

    start_ns: int
    end_ns: int
    limit: int
    direction: Direction = Direction.FORWARD


AskPage: TypeAlias = Callable[[Window], Awaitable["list[Line] | Missing"]]


class GapError(Exception):
    """The cluster did not answer; what the pages before held is good."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(missing.detail)
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, in no order. ``overfull_ns`` is an instant with more lines than a page: some of them can't be had."""

    lines: list[Line]
    overfull_ns: int | None = None


async def read_pages(ask: AskPage, start_ns: int, end_ns: int, page_lines: int) -> AsyncGenerator[Page, None]:
    """Yield the lines of ``start_ns <= time < end_ns``; raises ``GapError``."""
    taken_ns = start_ns
    is_last = start_ns >= end_ns
    while not is_last:
        page = await ask(Window(start_ns, end_ns, page_lines))
        if isinstance(page, Missing):
            raise GapError(page)
        is_last = len(page) < page_lines
        edge_ns = end_ns if is_last else max(line[0] for line in page)
        if edge_ns <= taken_ns and start_ns < taken_ns:
            start_ns = taken_ns  # the rest of the millisecond before fills a page
            continue
        overfull_ns = edge_ns if edge_ns <= taken_ns else None
        if overfull_ns is not None:
            edge_ns += 1
        yield Page([line for line in page if taken_ns <= line[0] < edge_ns], overfull_ns)
        taken_ns, start_ns = edge_ns, just_before(edge_ns)


def just_before(ns: int) -> int:
    """Return one nanosecond before the millisecond."""
    return ns // NS_PER_MS * NS_PER_MS - 1
