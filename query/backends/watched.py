"""Telling a server that thinks from one that is gone.

A replica that is frozen, or behind a network that drops packets, neither answers nor fails: waiting for it until the
deadline leaves no time to ask elsewhere. A heavy query is silent for as long. So while nothing comes the server is
asked, every ``PATIENCE_S``, for something that costs it nothing; if it doesn't answer that either, it is given up.
Only worth its price where there is somebody else to ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import Any, Final, TypeVar

from query.backends.base import Backend, BackendError, Deadline, Failure, Reply, Request

PATIENCE_S: Final = 2.0
PROBE_S: Final = 2.0
Result = TypeVar("Result")


class Watched:
    """A backend whose silence is looked into by asking it for ``health_path``; any answer will do."""

    def __init__(self, inner: Backend, health_path: str, *, patience_s: float = PATIENCE_S) -> None:
        self._inner = inner
        self._health = Request(health_path)
        self._patience_s = patience_s

    async def send(self, request: Request, deadline: Deadline) -> Reply:
        """Send; ``Failure.TIMEOUT`` as soon as the server has stopped answering at all."""
        return _WatchedReply(await self.watch(self._inner.send(request, deadline)), self)

    async def watch(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Return what ``work`` returns, unless the server goes silent."""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=self._patience_s))[0]:
                await self._require_life()
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

    async def _require_life(self) -> None:
        try:
            reply = await self._inner.send(self._health, Deadline.after(PROBE_S))
        except BackendError as error:
            raise BackendError(Failure.TIMEOUT, f"it stopped answering: {error.detail}") from error
        await reply.aclose()

    async def aclose(self) -> None:
        """Close what is inside."""
        await self._inner.aclose()


class _WatchedReply:
    """A reply whose body may not stall either."""

    def __init__(self, reply: Reply, watched: Watched) -> None:
        self._reply = reply
        self._watched = watched

    @property
    def status(self) -> int:
        return self._reply.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._reply.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        chunks = self._reply.chunks()
        while (chunk := await self._watched.watch(_next(chunks))) is not None:
            yield chunk

    async def aclose(self) -> None:
        await self._reply.aclose()


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)
