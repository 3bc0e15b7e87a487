"""The pool that all queries share: side by side up to half, one after the other past it."""

import asyncio
import gc

import pytest

from query.backends.base import Deadline
from query.execute.budget import Account, Budget, Holding, MemoryPool, Spending
from query.model.clusters import ClusterName
from query.model.errors import LimitExceededError, OverloadedError

SOON = 0.2


async def test_past_half_the_first_reads_on_and_the_second_waits_for_it() -> None:
    pool = MemoryPool(100)
    first, second = Account(pool), Account(pool)
    deadline = Deadline.after(20)
    await first.take(20, deadline)
    await second.take(20, deadline)
    await first.take(20, deadline)
    waiting = asyncio.create_task(second.take(20, deadline))
    await first.take(10, deadline)
    assert not waiting.done()
    assert pool.held_bytes == 70
    first.close()
    await waiting
    assert pool.held_bytes == second.held_bytes == 40


async def test_what_does_not_fit_beside_the_others_is_refused_at_once() -> None:
    pool = MemoryPool(100)
    large, small = Account(pool), Account(pool)
    deadline = Deadline.after(20)
    await small.take(30, deadline)
    await large.take(70, deadline)
    with pytest.raises(
        OverloadedError, match=r"memory_bytes=100 reached: .* more than half; .*raise limits.memory_bytes"
    ):
        await large.take(1, deadline)


async def test_waiting_for_room_ends_before_the_time_of_the_query() -> None:
    pool = MemoryPool(100)
    slow, late = Account(pool), Account(pool)
    await slow.take(60, Deadline.after(SOON))
    with pytest.raises(OverloadedError, match="no other was done"):
        await late.take(10, Deadline.after(SOON))
    slow.close()
    await late.take(10, Deadline.after(SOON))


async def test_an_answer_nobody_has_any_more_holds_nothing() -> None:
    pool = MemoryPool(100)
    account = Account(pool)
    await account.take(30, Deadline.after(SOON))
    account.keep(10)
    assert pool.held_bytes == 10
    del account
    gc.collect()
    assert pool.held_bytes == 0


async def test_the_error_names_the_cluster_that_went_over_and_what_each_had_sent() -> None:
    spending = Spending(Budget(2, 1_000, 10_000), Account(MemoryPool(1 << 20)), Deadline.after(5))
    one, two = spending.counting(ClusterName("one")), spending.counting(ClusterName("two"))
    await one(b'[{"metric":{},"value":[1,"1"]}')
    await two(b'[{"metric":{},"value":[1,"1"]}')
    with pytest.raises(LimitExceededError, match=r"exceeded by cluster 'two': series read .*: one 1, two 2;") as raised:
        await two(b',{"metric":{},"value":[1,"1"]}')
    assert (raised.value.limit, raised.value.value, raised.value.cluster) == ("series_per_query", 2, "two")


def test_a_request_can_only_lower_a_budget() -> None:
    assert Budget(10, 10, 10).lowered(5, 0, 20) == Budget(5, 10, 10)


async def test_what_has_no_budget_shares_the_memory_until_it_is_done() -> None:
    pool = MemoryPool(100)
    with Holding(pool, Deadline.after(SOON)) as holding:
        take = holding.counting(ClusterName("one"))
        await take(b"x" * 40)
        assert pool.held_bytes == 80
        with pytest.raises(OverloadedError, match="memory_bytes=100"):
            await take(b"x" * 40)
    assert pool.held_bytes == 0
