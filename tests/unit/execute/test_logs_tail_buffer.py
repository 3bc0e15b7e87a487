"""What waits between the clusters and the reader of a tail: in order, bounded, the oldest dropped."""

from __future__ import annotations

import asyncio

import pytest

from query.execute.logs_pages import Line
from query.execute.logs_tail_buffer import MOST_DROPPED, TailBuffer
from query.model.clusters import ClusterName
from query.model.errors import BadQueryError

A, B = ClusterName("a"), ClusterName("b")
LABELS = (("app", "x"),)


def lines(*times: int) -> list[Line]:
    return [(at, LABELS, b'["%d","x"]' % at) for at in times]


async def test_lines_wait_for_the_cluster_that_is_behind() -> None:
    buffer = TailBuffer()
    buffer.read_until(A, 100)
    buffer.read_until(B, 20)
    await buffer.add(lines(10, 30))
    assert (await buffer.next_message()).streams == [(LABELS, [b'["10","x"]'])]
    await buffer.add(lines(25))
    buffer.read_until(B, 100)
    assert (await buffer.next_message()).streams == [(LABELS, [b'["25","x"]', b'["30","x"]'])]


async def test_a_cluster_that_is_gone_is_not_waited_for() -> None:
    buffer = TailBuffer()
    buffer.read_until(A, 100)
    buffer.read_until(B, 0)
    await buffer.add(lines(10))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await buffer.next_message()
    buffer.forget(B)
    assert (await buffer.next_message()).streams


async def test_a_slow_reader_is_told_what_was_dropped() -> None:
    buffer = TailBuffer(most_lines=10, patience_s=0.01)
    await buffer.add(lines(*range(1, 11)))
    await buffer.add(lines(11, 12, 13))
    await buffer.add(lines(14))
    message = await buffer.next_message()
    assert message.dropped == [(1, LABELS), (2, LABELS), (3, LABELS)]
    assert len(message.streams[0][1]) == 11


async def test_dropped_lines_are_named_up_to_a_bound_and_counted_beyond() -> None:
    buffer = TailBuffer(most_lines=1, patience_s=0.0)
    await buffer.add(lines(1))
    for at in range(2, MOST_DROPPED + 102):
        await buffer.add(lines(at))
    message = await buffer.next_message()
    assert len(message.dropped) == MOST_DROPPED
    assert message.warnings == ["99 more lines were dropped: they are read too slowly here"]


async def test_who_adds_waits_for_room() -> None:
    buffer = TailBuffer(most_lines=2, patience_s=5.0)
    await buffer.add(lines(1, 2))
    adding = asyncio.create_task(buffer.add(lines(3)))
    assert len((await buffer.next_message()).streams[0][1]) == 2
    await adding
    assert (await buffer.next_message()).dropped == []


async def test_an_error_ends_the_reader_after_what_waits() -> None:
    buffer = TailBuffer()
    buffer.read_until(A, 0)
    await buffer.add(lines(5))
    buffer.fail(BadQueryError("no"))
    assert (await buffer.next_message()).streams
    with pytest.raises(BadQueryError):
        await buffer.next_message()
