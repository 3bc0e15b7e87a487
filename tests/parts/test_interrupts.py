"""Holding back interruptions, with real signals sent to this process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from lma.parts.interrupts import held_back


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def sign(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """Let a signal raise KeyboardInterrupt."""
    found: signal.Signals = request.param

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(found, interrupt)
    yield found
    signal.signal(found, before)


def test_an_interruption_waits_until_the_end(sign: signal.Signals) -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), held_back():  # noqa: PT012 - the point is how far it gets
        os.kill(os.getpid(), sign)
        steps.append("after the signal")
    assert steps == ["after the signal"]


def test_the_handlers_are_put_back(sign: signal.Signals) -> None:
    before = signal.getsignal(sign)
    with held_back():
        assert signal.getsignal(sign) is not before
    assert signal.getsignal(sign) is before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with held_back():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_holds_nothing_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def look() -> None:
        with held_back():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join(timeout=10)
    assert seen == [before]
