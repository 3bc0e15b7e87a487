"""The concerns around a backend: bounded concurrency, one retry, a circuit breaker. Each is a backend itself.

``guarded`` stacks them in the order that makes each right: the breaker outermost, so that an open circuit costs
nothing; the retry inside it, so that a connection that was dropped while idle is no failure; the gate innermost, so
that a retry waits for its turn like everybody else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping

from query.backends.base import Backend, BackendError, Deadline, Failure, Reply, Request


class _GatedReply:
    """A reply that gives its place back when it is closed."""

    def __init__(self, reply: Reply, release: Callable[[], None]) -> None:
        self._reply = reply
        self._release: Callable[[], None] | None = release

    @property
    def status(self) -> int:
        return self._reply.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._reply.headers

    def chunks(self) -> AsyncIterator[bytes]:
        return self._reply.chunks()

    async def aclose(self) -> None:
        release, self._release = self._release, None
        try:
            await self._reply.aclose()
        finally:
            if release is not None:
                release()


class Gate:
    """At most ``concurrency`` requests at once, from sending until the reply is closed."""

    def __init__(self, inner: Backend, concurrency: int) -> None:
        self._inner = inner
        self._places = asyncio.Semaphore(concurrency)

    async def send(self, request: Request, deadline: Deadline) -> Reply:
        """Wait for a place, at most until the deadline, then send."""
        if self._places.locked():
            await self._wait(deadline)
        else:
            await self._places.acquire()  # at once, and without the price of a timeout
        try:
            reply = await self._inner.send(request, deadline)
        except BaseException:
            self._places.release()
            raise
        return _GatedReply(reply, self._places.release)

    async def _wait(self, deadline: Deadline) -> None:
        try:
            async with asyncio.timeout(deadline.remaining_s()):
                await self._places.acquire()
        except TimeoutError as error:
            raise BackendError(
                Failure.TIMEOUT,
                "waited for a free place; raise limits.concurrency_per_cluster or ask less at once",
            ) from error

    async def aclose(self) -> None:
        """Close what is inside."""
        await self._inner.aclose()


class Retry:
    """One second try when the connection broke before a reply began, of requests that only read."""

    def __init__(self, inner: Backend) -> None:
        self._inner = inner

    async def send(self, request: Request, deadline: Deadline) -> Reply:
        """Send, and once more if the connection was dropped."""
        try:
            return await self._inner.send(request, deadline)
        except BackendError as error:
            if error.failure is not Failure.BROKEN or deadline.remaining_s() == 0 or request.content is not None:
                raise
        return await self._inner.send(request, deadline)

    async def aclose(self) -> None:
        """Close what is inside."""
        await self._inner.aclose()


class Breaker:
    """After ``failures`` in a row the circuit opens for ``open_s``; then one request tries it.

    Only failures to answer count (unreachable, broken, timed out); an error answer is an answer. A timeout counts only
    when the full time was given: a client that asks with a tiny timeout says nothing about the cluster.
    """

    def __init__(
        self,
        inner: Backend,
        failures: int,
        open_s: float,
        full_s: float,
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._threshold = failures
        self._open_s = open_s
        self._full_s = full_s
        self._now_s = now_s
        self._failures = 0
        self._open_until = 0.0
        self._trying = False
        self._last = ""

    @property
    def is_open(self) -> bool:
        """True while requests are refused without being sent."""
        return self._failures >= self._threshold and (self._now_s() < self._open_until or self._trying)

    async def send(self, request: Request, deadline: Deadline) -> Reply:
        """Send unless the circuit is open."""
        if self.is_open:
            left = max(0.0, self._open_until - self._now_s())
            raise BackendError(
                Failure.CIRCUIT_OPEN,
                f"not asked: {self._failures} failures in a row, tried again in {left:.0f} s; last: {self._last}",
            )
        is_trial = self._failures >= self._threshold
        self._trying = self._trying or is_trial
        given_s = deadline.remaining_s()
        try:
            reply = await self._inner.send(request, deadline)
        except BackendError as error:
            is_short = error.failure is Failure.TIMEOUT and given_s < self._full_s * 0.9
            if not is_short:
                self._failures += 1
                self._last = str(error)
                if self._failures >= self._threshold:
                    self._open_until = self._now_s() + self._open_s
            raise
        else:
            self._failures = 0
            return reply
        finally:
            if is_trial:
                self._trying = False

    async def aclose(self) -> None:
        """Close what is inside."""
        await self._inner.aclose()


def guarded(
    backend: Backend,
    *,
    concurrency: int,
    breaker_failures: int,
    breaker_open_s: float,
    full_timeout_s: float,
    retries: bool = True,
) -> Backend:
    """Return ``backend`` with all concerns around it; the retry only where a second try may mean the same server."""
    gated: Backend = Gate(backend, concurrency)
    return Breaker(Retry(gated) if retries else gated, breaker_failures, breaker_open_s, full_timeout_s)
