"""What one query may take, and what all of them together may hold.

A ``Spending`` follows one query while its clusters' answers stream in. Over its budget the query ends at once, with an
error that names the cluster whose answer went over, the limit and how to raise it: the rest is never read.

A ``MemoryPool`` bounds what all queries hold at the same time. Up to half of it all of them read side by side. Past
that only the one that got there first reads on; the others stop reading, so that their clusters stop sending, until it
is done. The others hold half at most, so the first always finds room for the other half and somebody always goes on;
what is larger, and does not fit, is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol, Self

from query.backends.base import Deadline, Take
from query.model.clusters import ClusterName
from query.model.errors import LimitExceededError, OverloadedError
from query.wire.tally import Tally

DEFAULT_MEMORY_BYTES: Final = 2 << 30
BODY_WEIGHT: Final = 2
"""Bytes held for a byte read: what came in, and what it becomes."""
WAIT_S: Final = 10.0
"""How long a query waits for room, at most half of its time: a cluster must not seem slow because we are full."""
SERIES_WEIGHT: Final = 2_048
"""Bytes held for a series beside its text: its labels as objects."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What one query may read from all its clusters together."""

    series: int
    samples: int
    bytes: int

    def lowered(self, series: int = 0, samples: int = 0, bytes_: int = 0) -> Budget:
        """Return the smaller of each limit; 0 leaves it as it is. Nothing can be raised."""
        return Budget(
            min(self.series, series or self.series),
            min(self.samples, samples or self.samples),
            min(self.bytes, bytes_ or self.bytes),
        )


class MemoryPool:
    """The bytes that all queries of a gateway hold."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self._line: dict[Account, None] = {}
        self._freed = asyncio.Event()

    def has_room(self, account: Account, size: int) -> bool:
        """Tell whether an account may hold ``size`` bytes more now; puts it in the line if that is past half."""
        if self.held_bytes + size <= self.limit_bytes // 2:
            return True
        self._line.setdefault(account)
        return next(iter(self._line)) is account and self.held_bytes + size <= self.limit_bytes

    def free(self, account: Account, size: int) -> None:
        """Take bytes back from an account that reads no more; wake those who wait."""
        self.held_bytes -= size
        self._line.pop(account, None)
        self._freed.set()
        self._freed = asyncio.Event()

    async def wait(self, wait_s: float) -> None:
        """Wait until something is freed; ``TimeoutError`` if that takes too long."""
        async with asyncio.timeout(wait_s):
            await self._freed.wait()


class Account:
    """What one query holds of the pool. Whoever has the answer closes it."""

    def __init__(self, pool: MemoryPool) -> None:
        self._pool = pool
        self.held_bytes = 0

    def __del__(self) -> None:
        """Give everything back at the latest when nobody has the answer any more."""
        if self.held_bytes:
            self.close()

    async def take(self, size: int, deadline: Deadline) -> None:
        """Hold ``size`` bytes more; waits for room, raises ``OverloadedError`` if there will be none."""
        pool = self._pool
        patience: Deadline | None = None
        while not pool.has_room(self, size):
            told = f"the answers being made hold {pool.held_bytes} bytes, this one {self.held_bytes}"
            if self.held_bytes + size > pool.limit_bytes // 2:
                raise OverloadedError("memory_bytes", pool.limit_bytes, f"{told}, more than half")
            patience = patience or Deadline.after(min(WAIT_S, deadline.remaining_s() / 2))
            try:
                await pool.wait(patience.remaining_s())
            except TimeoutError as error:
                raise OverloadedError("memory_bytes", pool.limit_bytes, f"{told}, and no other was done") from error
        pool.held_bytes += size
        self.held_bytes += size

    def keep(self, size: int) -> None:
        """Give back all but ``size`` bytes: nothing more will be read."""
        spare = max(0, self.held_bytes - size)
        self.held_bytes -= spare
        self._pool.free(self, spare)

    def close(self) -> None:
        """Give everything back; safe to call more than once."""
        self.keep(0)


class Counting(Protocol):
    """Follows answers while they stream in."""

    def counting(self, cluster: ClusterName) -> Take:
        """Return what is to be told of every piece of one answer of a cluster."""
        ...


class Holding:
    """Follows the answers of a request that has no budget of its own: they only share the memory.

    Use as a context manager around asking and making the answer.
    """

    def __init__(self, pool: MemoryPool, deadline: Deadline) -> None:
        self._account = Account(pool)
        self._deadline = deadline

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._account.close()

    def counting(self, _cluster: ClusterName) -> Take:
        """Return what holds every piece of an answer."""

        async def take(chunk: bytes) -> None:
            await self._account.take(len(chunk) * BODY_WEIGHT, self._deadline)

        return take


class Spending:
    """What one query has read so far, by cluster."""

    def __init__(self, budget: Budget, account: Account, deadline: Deadline) -> None:
        self._budget = budget
        self.account = account
        self._deadline = deadline
        self._tallies: list[tuple[ClusterName, Tally]] = []

    def counting(self, cluster: ClusterName) -> Take:
        """Return what is to be told of every piece of one answer of a cluster.

        It raises ``LimitExceededError`` when the query has read too much, ``OverloadedError`` when all together have.
        """
        tally = Tally()
        self._tallies.append((cluster, tally))

        async def take(chunk: bytes) -> None:
            await self._take(cluster, tally, chunk)

        return take

    async def _take(self, cluster: ClusterName, tally: Tally, chunk: bytes) -> None:
        series = tally.series
        tally.take(chunk)
        held = len(chunk) * BODY_WEIGHT + max(0, tally.series - series) * SERIES_WEIGHT
        await self.account.take(held, self._deadline)
        budget, counted = self._budget, [one for _, one in self._tallies]
        if sum(one.size for one in counted) > budget.bytes:
            self._refuse("bytes_per_query", budget.bytes, cluster, "bytes", (one.size for one in counted))
        if (
            sum(one.series for one in counted) > budget.series
            and sum(one.count_series() for one in counted) > budget.series
        ):
            self._refuse("series_per_query", budget.series, cluster, "series", (one.series for one in counted))
        if (
            sum(one.samples for one in counted) > budget.samples
            and sum(one.count_samples() for one in counted) > budget.samples
        ):
            self._refuse("samples_per_query", budget.samples, cluster, "samples", (one.samples for one in counted))

    def _refuse(self, limit: str, value: int, cluster: ClusterName, what: str, counts: Iterable[int]) -> None:
        by_cluster: dict[ClusterName, int] = {}
        for (name, _), count in zip(self._tallies, counts, strict=True):
            by_cluster[name] = by_cluster.get(name, 0) + count
        read = ", ".join(f"{name} {count}" for name, count in sorted(by_cluster.items()))
        raise LimitExceededError(
            limit,
            value,
            f"{what} read when it was stopped: {read}; aggregate or select more narrowly, ask for fewer steps, "
            f"or raise limits.{limit} (a request can only lower it, by max_{what})",
            cluster=cluster,
        )
