"""Each concern around a backend, alone, against a scripted one."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import pytest

from query.backends.base import BackendError, Deadline, Failure, Request, read_all
from query.backends.guards import Breaker, Gate, Retry, guarded

REQUEST = Request("/api/v1/query")


class FixedReply:
    def __init__(self, body: bytes = b"ok", status: int = 200) -> None:
        self.status = status
        self.headers: Mapping[str, str] = {}
        self._body = body
        self.closed = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._body

    async def aclose(self) -> None:
        self.closed += 1


class Scripted:
    """Answers from a script of replies and errors, then goes on answering."""

    def __init__(self, *script: Failure | None) -> None:
        self.script = list(script)
        self.sent = 0

    async def send(self, _request: Request, _deadline: Deadline, /) -> FixedReply:
        self.sent += 1
        failure = self.script.pop(0) if self.script else None
        if failure is not None:
            raise BackendError(failure, "scripted")
        return FixedReply()

    async def aclose(self) -> None:
        pass


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def soon() -> Deadline:
    return Deadline.after(10)


async def test_a_dropped_connection_is_tried_once_more() -> None:
    inner = Scripted(Failure.BROKEN)
    await Retry(inner).send(REQUEST, soon())
    assert inner.sent == 2


@pytest.mark.parametrize("failure", [Failure.UNREACHABLE, Failure.TIMEOUT, Failure.REFUSED])
async def test_other_failures_are_not_tried_again(failure: Failure) -> None:
    inner = Scripted(failure)
    with pytest.raises(BackendError) as caught:
        await Retry(inner).send(REQUEST, soon())
    assert (caught.value.failure, inner.sent) == (failure, 1)


async def test_the_breaker_opens_after_failures_in_a_row_and_closes_after_an_answer(clock: Clock) -> None:
    inner = Scripted(Failure.UNREACHABLE, Failure.UNREACHABLE)
    breaker = Breaker(inner, failures=2, open_s=60, full_s=10, now_s=clock)
    for _ in range(2):
        with pytest.raises(BackendError):
            await breaker.send(REQUEST, soon())
    with pytest.raises(BackendError) as caught:
        await breaker.send(REQUEST, soon())
    assert (caught.value.failure, inner.sent) == (Failure.CIRCUIT_OPEN, 2)
    assert "last: unreachable: scripted" in caught.value.detail
    clock.now_s += 60.1
    await breaker.send(REQUEST, soon())
    await breaker.send(REQUEST, soon())
    assert inner.sent == 4


async def test_while_one_request_tries_the_circuit_the_others_are_refused(clock: Clock) -> None:
    inner = Scripted(Failure.UNREACHABLE, Failure.UNREACHABLE)
    breaker = Breaker(inner, failures=1, open_s=60, full_s=10, now_s=clock)
    with pytest.raises(BackendError):
        await breaker.send(REQUEST, soon())
    clock.now_s += 60.1
    with pytest.raises(BackendError, match="scripted"):
        await breaker.send(REQUEST, soon())
    with pytest.raises(BackendError, match="not asked"):
        await breaker.send(REQUEST, soon())
    assert inner.sent == 2


async def test_one_answer_between_failures_keeps_the_circuit_closed() -> None:
    inner = Scripted(Failure.BROKEN, None, Failure.BROKEN)
    breaker = Breaker(inner, failures=2, open_s=60, full_s=10)
    with pytest.raises(BackendError):
        await breaker.send(REQUEST, soon())
    await breaker.send(REQUEST, soon())
    with pytest.raises(BackendError):
        await breaker.send(REQUEST, soon())
    assert not breaker.is_open


async def test_a_client_with_a_tiny_timeout_does_not_open_the_circuit() -> None:
    inner = Scripted(Failure.TIMEOUT, Failure.TIMEOUT)
    breaker = Breaker(inner, failures=2, open_s=60, full_s=30)
    for _ in range(2):
        with pytest.raises(BackendError):
            await breaker.send(REQUEST, Deadline.after(0.01))
    assert not breaker.is_open


async def test_a_place_is_held_until_the_reply_is_closed() -> None:
    gate = Gate(Scripted(), concurrency=1)
    first = await gate.send(REQUEST, soon())
    with pytest.raises(BackendError) as caught:
        await gate.send(REQUEST, Deadline.after(0.01))
    assert (caught.value.failure, "concurrency_per_cluster" in caught.value.detail) == (Failure.TIMEOUT, True)
    await first.aclose()
    await first.aclose()
    second = await gate.send(REQUEST, soon())
    with pytest.raises(BackendError):
        await gate.send(REQUEST, Deadline.after(0.01))
    await second.aclose()


async def test_a_failed_request_gives_its_place_back() -> None:
    gate = Gate(Scripted(Failure.UNREACHABLE), concurrency=1)
    with pytest.raises(BackendError):
        await gate.send(REQUEST, soon())
    assert await read_all(await gate.send(REQUEST, soon()), soon(), 100) == b"ok"


async def test_an_answer_over_the_limit_is_refused_and_closed() -> None:
    reply = FixedReply(b"x" * 11)
    with pytest.raises(BackendError, match="exceeds 10 bytes"):
        await read_all(reply, soon(), 10)
    assert reply.closed == 1


async def test_an_open_circuit_sends_nothing_through_the_whole_stack() -> None:
    inner = Scripted(Failure.UNREACHABLE)
    backend = guarded(inner, concurrency=1, breaker_failures=1, breaker_open_s=60, full_timeout_s=10)
    for _ in range(3):
        with pytest.raises(BackendError):
            await backend.send(REQUEST, soon())
    assert inner.sent == 1
