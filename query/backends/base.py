"""The one interface between the gateway and a cluster.

A backend sends a request and returns a reply whose body is a stream of bytes: nobody below the wire layer parses
anything, so a reply can be passed on unread. Every other concern (retry, breaker, concurrency) is a small wrapper of
this same interface. A backend that cannot answer raises ``BackendError``; what that means for the whole answer is
decided by ``query.execute``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeAlias

from query.model.errors import GatewayError


class Failure(Enum):
    """Why a cluster gave no usable answer; the value is used in headers, metrics and conditions."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"
    REFUSED = "refused"
    SERVER_ERROR = "server_error"
    NOT_UNDERSTOOD = "not_understood"
    TOO_LARGE = "too_large"
    CIRCUIT_OPEN = "circuit_open"
    CONFLICT = "partition_conflict"


class BackendError(GatewayError):
    """A backend gave no usable answer. ``failure`` says why, ``detail`` is for people."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(f"{failure.value}: {detail}")
        self.failure = failure
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in monotonic time; passed down instead of a duration, so that waiting is never counted twice."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline ``seconds`` from now."""
        return cls(time.monotonic() + seconds)

    def remaining_s(self) -> float:
        """Return the seconds left, never negative."""
        return max(0.0, self.at - time.monotonic())

    def capped(self, seconds: float) -> Deadline:
        """Return the earlier of this deadline and ``seconds`` from now."""
        return Deadline(min(self.at, time.monotonic() + seconds))


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. ``path`` is relative to the backend's base URL; ``form`` makes it a POST of these fields.

    ``content`` makes it a POST of these bytes, which writes: it is sent once and never again.
    """

    path: str
    params: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] | None = None
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    content: bytes | None = None


class Reply(Protocol):
    """An answer whose body has not been read."""

    @property
    def status(self) -> int:
        """HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Response headers, case-insensitive."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body, once."""
        ...

    async def aclose(self) -> None:
        """Release the connection; safe to call more than once."""
        ...


class Backend(Protocol):
    """Something that answers requests for one signal of one cluster."""

    async def send(self, request: Request, deadline: Deadline) -> Reply:
        """Return the reply once its head is there; ``BackendError`` when there is none before the deadline."""
        ...

    async def aclose(self) -> None:
        """Release what the backend holds."""
        ...


Take: TypeAlias = Callable[[bytes], Awaitable[None]]
"""Told of every piece of a body as it arrives; may hold it up, or raise to end it."""


async def read_all(reply: Reply, deadline: Deadline, limit_bytes: int, take: Take | None = None) -> bytes:
    """Return the whole body and close the reply; ``BackendError`` if it is too large or its end never comes."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(deadline.remaining_s()):
            async for chunk in reply.chunks():
                size += len(chunk)
                if size > limit_bytes:
                    raise BackendError(
                        Failure.TOO_LARGE,
                        f"the answer exceeds {limit_bytes} bytes; narrow the query or raise limits.response_bytes",
                    )
                parts.append(chunk)
                if take is not None:
                    await take(chunk)
    except TimeoutError as error:
        raise BackendError(Failure.TIMEOUT, f"the answer stopped after {size} bytes") from error
    finally:
        await reply.aclose()
    return parts[0] if len(parts) == 1 else b"".join(parts)
